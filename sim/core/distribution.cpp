#include "sim/core/distribution.hpp"

#include "sim/core/ensure.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

struct MeanOf {
  Duration operator()(const ConstantDuration& d) const { return d.value; }
  Duration operator()(const ExponentialDuration& d) const { return d.mean; }
  Duration operator()(const LognormalDuration& d) const { return d.mean; }
  Duration operator()(const HyperexponentialDuration& d) const {
    const auto shorter = static_cast<double>(d.shorter.count()), longer = static_cast<double>(d.longer.count());
    return duration_from_double(shorter + (longer - shorter) * d.longer_share);
  }
  Duration operator()(const EmpiricalDuration& d) const {
    ensure(!d.values.empty(), "an empirical distribution needs a value");
    Wide sum = 0;
    for (const Duration value : d.values) sum += value.count();
    const Wide count = static_cast<Wide>(d.values.size());
    const Wide half = sum < 0 ? -count : count;  // halves away from zero, as in duration_from_double
    return Duration{static_cast<Duration::rep>((2 * sum + half) / (2 * count))};
  }
};

}  // namespace

bool is_zero(const Distribution& distribution) {
  const auto* fixed = std::get_if<ConstantDuration>(&distribution);
  return fixed != nullptr && fixed->value == Duration{0};
}

Duration mean_of(const Distribution& distribution) { return std::visit(MeanOf{}, distribution); }

}  // namespace userqsim
