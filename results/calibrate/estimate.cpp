#include "results/calibrate/estimate.hpp"

#include <algorithm>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <cmath>
#include <numeric>

#include "models/profiles/cost_limits.hpp"
#include "sim/core/portable_math.hpp"
#include "sim/stats/in_double.hpp"
#include "sim/stats/kolmogorov.hpp"

namespace userqsim {
namespace {

constexpr std::size_t least_for_family = 50;
constexpr std::size_t most_values = 256;

Duration mean_of_samples(const std::vector<std::int64_t>& samples) {
  Wide sum = 0;
  for (const std::int64_t sample : samples) sum += sample;
  const auto count = static_cast<Wide>(samples.size());
  return Duration{static_cast<std::int64_t>((2 * sum + count) / (2 * count))};  // halves up
}

struct Fit {
  Distribution value;
  double distance = 1.0;
  bool plausible = false;
};

// 5 % points of the modified statistics: Stephens, "EDF Statistics for Goodness of Fit", 1974, tables 1A.2 and
// 1A.3.
Fit fit_exponential(const std::vector<std::int64_t>& sorted, double half) {
  const Duration mean = mean_of_samples(sorted);
  if (mean.count() <= 0) return {};
  const boost::math::exponential_distribution<double, InDouble> family(1.0 / static_cast<double>(mean.count()));
  const auto cdf = [&](double x) { return x <= 0.0 ? 0.0 : boost::math::cdf(family, x); };
  const double d = ks_distance(sorted, half, cdf);
  const auto n = static_cast<double>(sorted.size());
  const double root = std::sqrt(n);
  return {ExponentialDuration{mean}, d, (d - 0.2 / n) * (root + 0.26 + 0.5 / root) < 1.094};
}

Fit fit_lognormal(const std::vector<std::int64_t>& sorted, double half) {
  if (sorted.front() <= 0) return {};
  const auto n = static_cast<double>(sorted.size());
  double sum = 0.0, squares = 0.0;
  for (const std::int64_t sample : sorted) sum += portable_log(static_cast<double>(sample));
  const double location = sum / n;
  for (const std::int64_t sample : sorted) {
    const double off = portable_log(static_cast<double>(sample)) - location;
    squares += off * off;
  }
  const double sigma = std::round(std::sqrt(squares / (n - 1.0)) * 1e4) / 1e4;
  if (sigma <= 0.0 || sigma > sigma_most) return {};
  const boost::math::lognormal_distribution<double, InDouble> family(location, sigma);
  const auto cdf = [&](double x) { return x <= 0.0 ? 0.0 : boost::math::cdf(family, x); };
  const double d = ks_distance(sorted, half, cdf);
  const double exact = portable_exp(location + sigma * sigma / 2.0);
  if (!(exact <= static_cast<double>(cost_most.count()))) return {};
  const Duration mean = duration_from_double(exact);
  const double root = std::sqrt(n);
  return {LognormalDuration{mean, sigma}, d, d * (root - 0.01 + 0.85 / root) < 0.895};
}

Distribution empirical(const std::vector<std::int64_t>& sorted) {
  EmpiricalDuration distribution;
  const std::size_t count = std::min(sorted.size(), most_values);
  for (std::size_t i = 0; i < count; ++i) {  // the middle of each of `count` equal shares
    distribution.values.emplace_back(sorted[(2 * i + 1) * sorted.size() / (2 * count)]);
  }
  return distribution;
}

Distribution choose(const std::vector<std::int64_t>& sorted, double half) {
  if (sorted.size() < least_for_family) return empirical(sorted);
  const Fit one = fit_exponential(sorted, half), other = fit_lognormal(sorted, half);
  const Fit& best = one.plausible && (!other.plausible || one.distance <= other.distance) ? one : other;
  return best.plausible ? best.value : empirical(sorted);
}

}  // namespace

std::optional<CostEstimate> estimate(std::vector<std::int64_t> samples, const Resolution& resolution,
                                     Duration given) {
  CostEstimate result;
  result.too_long = std::erase_if(samples, [](std::int64_t sample) { return sample > cost_most.count(); });
  if (samples.empty()) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  const std::int64_t late = resolution.rounds_up ? resolution.step_ns / 2 : 0;
  if (given > Duration{0}) {
    const auto end = std::upper_bound(samples.begin(), samples.end(), given.count() + late);
    result.negative = static_cast<std::size_t>(end - samples.begin());
  }
  result.identified = result.negative == 0 || 2 * result.negative < samples.size();
  result.samples = samples.size();
  if (!result.identified) return result;
  const bool is_constant = samples.back() - samples.front() <= resolution.step_ns;
  for (std::int64_t& sample : samples) sample = std::max<std::int64_t>(sample - late - given.count(), 0);
  const std::int64_t half = resolution.step_ns / 2;
  if (is_constant) {
    // A clock rounds both stamps, each by up to half a step.
    const std::int64_t off = resolution.rounds_up ? half : resolution.step_ns;
    result.value = constant(mean_of_samples(samples));
    result.least = Duration{std::max<std::int64_t>(samples.front() - off, 0)};
    result.most = std::min(Duration{samples.back() + off}, cost_most);
    return result;
  }
  result.value = choose(samples, static_cast<double>(half));
  const Duration mean = mean_of(result.value);  // a family's may lie outside few samples, a range must hold it
  result.least = std::min(Duration{samples.front()}, mean);
  result.most = std::max(Duration{samples.back()}, mean);
  return result;
}

}  // namespace userqsim
