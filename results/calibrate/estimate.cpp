#include "results/calibrate/estimate.hpp"

#include <algorithm>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <cmath>
#include <numeric>

#include "sim/core/portable_math.hpp"
#include "sim/stats/kolmogorov.hpp"

namespace userqsim {
namespace {

constexpr std::size_t least_for_family = 50;
constexpr std::size_t most_values = 256;
constexpr std::int64_t straggler_factor = 16;
constexpr std::size_t least_for_constant = 5;
constexpr std::int64_t longest_cost = 3'600'000'000'000;  // an hour: what a profile may state at most

// Whether the least of the sorted samples are those of a constant, and not the beginning of something that spreads.
bool begins_constant(const std::vector<std::int64_t>& sorted, std::int64_t step) {
  const auto up_to = [&](std::int64_t steps) {
    return std::upper_bound(sorted.begin(), sorted.end(), sorted.front() + steps * step) - sorted.begin();
  };
  const auto count = static_cast<std::ptrdiff_t>(sorted.size());
  const std::ptrdiff_t first = up_to(1), next = up_to(5) - first;
  return first == count || (first >= 2 && 10 * first >= count && 4 * next <= first);
}

// Takes the stragglers off the sorted samples.
std::size_t drop_stragglers(std::vector<std::int64_t>& sorted, std::int64_t step) {
  const std::int64_t quartile = sorted[(sorted.size() - 1) / 4];
  const std::int64_t most =
      begins_constant(sorted, step) ? sorted.front() + step : straggler_factor * std::max(quartile, step);
  const auto end = std::upper_bound(sorted.begin(), sorted.end(), most);
  const auto dropped = static_cast<std::size_t>(sorted.end() - end);
  sorted.erase(end, sorted.end());
  return dropped;
}

// Takes the stops without a slot off the sorted samples, where a second constant lies `slot` behind the least. What
// a poll saw may be late by a step, on either side.
std::size_t drop_without_slot(std::vector<std::int64_t>& sorted, std::int64_t slot, std::int64_t step) {
  if (slot <= 2 * step) return 0;  // nothing could lie between
  const auto up_to = [&](std::int64_t time) {
    const auto end = std::upper_bound(sorted.begin(), sorted.end(), sorted.front() + time);
    return static_cast<std::size_t>(end - sorted.begin());
  };
  const std::size_t lower = up_to(step), before = up_to(slot - step - 1), upper = up_to(slot + step) - before;
  const std::size_t fewer = std::min(lower, upper);
  if (fewer < least_for_constant || 10 * fewer < sorted.size() || 4 * (before - lower) > fewer) return 0;
  sorted.erase(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(before));
  return before;
}

// Takes those that are less than `given` off the sorted samples, where they are the minority.
std::size_t drop_shorter(std::vector<std::int64_t>& sorted, std::int64_t given) {
  const auto begin = std::lower_bound(sorted.begin(), sorted.end(), given);
  const auto shorter = static_cast<std::size_t>(begin - sorted.begin());
  if (2 * shorter >= sorted.size()) return 0;
  sorted.erase(sorted.begin(), begin);
  return shorter;
}

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
  const boost::math::exponential_distribution<double> family(1.0 / static_cast<double>(mean.count()));
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
  if (sigma <= 0.0) return {};
  const boost::math::lognormal_distribution<double> family(location, sigma);
  const auto cdf = [&](double x) { return x <= 0.0 ? 0.0 : boost::math::cdf(family, x); };
  const double d = ks_distance(sorted, half, cdf);
  const double exact = portable_exp(location + sigma * sigma / 2.0);
  if (!(exact <= static_cast<double>(longest_cost))) return {};  // no profile may state it
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

std::optional<Estimate> estimate(std::vector<std::int64_t> samples, const Resolution& resolution, Duration given,
                                 Measured what, Duration slot) {
  const bool stops = what == Measured::stop;
  Estimate result;
  result.stragglers = std::erase_if(samples, [](std::int64_t sample) { return sample > longest_cost; });
  if (samples.empty()) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  if (stops) {
    result.shorter = drop_without_slot(samples, slot.count(), resolution.step_ns);
    result.shorter += drop_shorter(samples, given.count());
  }
  const std::int64_t late = resolution.rounds_up ? resolution.step_ns / 2 : 0;
  if (given > Duration{0}) {
    const auto end = std::upper_bound(samples.begin(), samples.end(), given.count() + late);
    result.negative = static_cast<std::size_t>(end - samples.begin());
  }
  result.identified = result.negative == 0 || 2 * result.negative < samples.size();
  result.samples = samples.size();
  if (!result.identified) return result;
  if (stops) result.stragglers += drop_stragglers(samples, resolution.step_ns);
  const bool is_constant = samples.back() - samples.front() <= resolution.step_ns;
  result.upper_bound =
      stops && !(is_constant && samples.size() >= least_for_constant && 2 * samples.size() >= result.samples);
  result.samples = samples.size();
  for (std::int64_t& sample : samples) sample = std::max<std::int64_t>(sample - late - given.count(), 0);
  const std::int64_t half = resolution.step_ns / 2;
  if (is_constant) {
    result.value = constant(mean_of_samples(samples));
    result.least = Duration{std::max<std::int64_t>(samples.front() - half, 0)};
    result.most = Duration{std::min(samples.back() + half, longest_cost)};
    return result;
  }
  result.value = choose(samples, static_cast<double>(half));
  const Duration mean = mean_of(result.value);  // a family's may lie outside few samples, a range must hold it
  result.least = std::min(Duration{samples.front()}, mean);
  result.most = std::max(Duration{samples.back()}, mean);
  return result;
}

}  // namespace userqsim
