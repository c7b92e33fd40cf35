#include "sim/core/draw.hpp"

#include <Random123/philox.h>

#include <cmath>

#include "sim/core/ensure.hpp"
#include "sim/core/portable_math.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

using Words = r123::Philox4x64::ctr_type;

// A rejection loop that runs this long is a bug: the likeliest rejection (of the polar method, 21 %) would need
// 0.21^1000.
constexpr std::uint64_t max_attempts = 1000;

// Four random words for one attempt at one point, for one (seed, replication). A distribution that rejects takes
// the next attempt, so rejections never shift another point's draw.
class Source {
 public:
  Source(std::uint64_t seed, std::uint32_t replication, DrawPoint point)
      : key_{{seed, replication}},
        high_{std::uint64_t{point.purpose} << 32 | point.entity},
        ordinal_{point.ordinal} {}

  // Inlined, so that of the last rounds only what is used is computed.
  [[gnu::always_inline]] Words words(std::uint64_t attempt) const {
    ensure(attempt < max_attempts, "a draw was rejected a thousand times");
    const Words counter{{high_, ordinal_, attempt, 0}};
    return r123::Philox4x64{}(counter, key_);
  }

 private:
  r123::Philox4x64::key_type key_;
  std::uint64_t high_;
  std::uint64_t ordinal_;
};

// An odd multiple of 2^-53: never 0, never 1, symmetric about 1/2, and exact (adding 1/2 to a 53-bit integer would
// round to 1).
double to_uniform(std::uint64_t word) {
  const std::uint64_t odd = (word >> 12) * 2 + 1;
  return static_cast<double>(odd) * 0x1p-53;
}

// Marsaglia's polar method: a point in the unit disc gives a normal with one logarithm and one square root, which
// IEEE defines to the last bit.
double standard_normal(const Source& source) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    const Words words = source.words(attempt);
    const double x = 2.0 * to_uniform(words[0]) - 1.0;
    const double y = 2.0 * to_uniform(words[1]) - 1.0;
    const double square = x * x + y * y;  // never 0: neither coordinate can be
    if (square < 1.0) return x * std::sqrt(-2.0 * portable_log(square) / square);
  }
}

// An index below `count`, each equally likely: the high half of word * count, without the words whose low half
// falls in the first (2^64 mod count), which would make some indices likelier.
std::size_t uniform_index(const Source& source, std::uint64_t count) {
  const std::uint64_t surplus = (0 - count) % count;
  for (std::uint64_t attempt = 0;; ++attempt) {
    const Wide product = static_cast<Wide>(source.words(attempt)[0]) * static_cast<Wide>(count);
    if (static_cast<std::uint64_t>(product) >= surplus) return static_cast<std::size_t>(product >> 64);
  }
}

// A tail that reaches beyond any run ends at `never`.
Duration at_most_never(double ns) {
  return ns < static_cast<double>(never.count()) ? duration_from_double(ns) : never;
}

// mean * -log(uniform), to the nearest nanosecond. The quick logarithm says which that is, but where the result
// lies so near the middle of two that its error could decide: there, and where a nanosecond is nothing to the mean,
// the portable one is asked. So the result is always the portable one's.
Duration exponential(Duration mean, double uniform) {
  const auto scale = static_cast<double>(mean.count());
  constexpr double quick_max = 0x1p42;  // beyond, the error may be more than half a nanosecond
  if (scale <= quick_max) [[likely]] {
    const double ns = scale * -quick_log(uniform);
    const auto whole = static_cast<Duration::rep>(ns);
    const double from_middle = ns - static_cast<double>(whole) - 0.5;
    // Twice the error: once for the logarithm, and more than enough for the two products' rounding.
    if (std::fabs(from_middle) > scale * (2 * quick_log_error)) [[likely]]
      return Duration{whole + static_cast<Duration::rep>(from_middle > 0.0)};
  }
  return at_most_never(scale * -portable_log(uniform));
}

struct Sampler {
  Source source;

  Duration operator()(const ConstantDuration& d) const { return d.value; }
  Duration operator()(const ExponentialDuration& d) const {
    return exponential(d.mean, to_uniform(source.words(0)[0]));
  }
  Duration operator()(const HyperexponentialDuration& d) const {
    const auto words = source.words(0);
    const Duration mean = to_uniform(words[0]) < d.longer_share ? d.longer : d.shorter;
    return exponential(mean, to_uniform(words[1]));
  }
  // exp(mu + sigma z) with mu = log(mean) - sigma^2 / 2, written as mean * exp(...): exact for sigma = 0, and
  // defined for a mean of zero.
  Duration operator()(const LognormalDuration& d) const {
    const double z = standard_normal(source);
    const double scale = portable_exp(d.sigma * z - d.sigma * d.sigma / 2.0);
    return at_most_never(static_cast<double>(d.mean.count()) * scale);
  }
  Duration operator()(const EmpiricalDuration& d) const {
    ensure(!d.values.empty(), "an empirical distribution needs a value");
    return d.values[uniform_index(source, d.values.size())];
  }
};

}  // namespace

double Draws::uniform(DrawPoint point) const { return to_uniform(Source{seed_, replication_, point}.words(0)[0]); }

Duration Draws::sample(const Distribution& distribution, DrawPoint point) const {
  const Sampler sampler{Source{seed_, replication_, point}};
  const Duration drawn = std::visit(sampler, distribution);
  ensure(drawn >= Duration{0}, "a sampled duration is negative");
  return drawn;
}

}  // namespace userqsim
