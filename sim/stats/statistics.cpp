#include "sim/stats/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <cmath>
#include <limits>

#include "sim/core/ensure.hpp"
#include "sim/stats/estimate.hpp"
#include "sim/stats/in_double.hpp"

namespace userqsim {
namespace {

// With fewer uncensored values a high quantile is the outcome of a handful of runs (docs/outputs.md).
constexpr std::size_t least_for_high_quantile = 200;

// The smallest k in [0, n] of which `is` holds, which holds of all above one of which it does; n + 1 when of none.
template <class Is>
std::size_t first_of(std::size_t n, Is is) {
  std::size_t low = 0;
  for (std::size_t above = n + 1; low < above;) {
    const std::size_t middle = low + (above - low) / 2;
    if (is(middle)) {
      above = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

QuantileRanks quantile_ranks(std::size_t n, std::int64_t p, double level) {
  ensure(p > 0 && p < 1000, "a quantile with bounds is given in parts per thousand, from 1 to 999");
  ensure(level > 0.0 && level < 1.0, "an interval's level lies between 0 and 1");
  QuantileRanks ranks;
  if (n == 0) return ranks;
  // How many of n lie at or below the quantile is binomial.
  const boost::math::binomial_distribution<double, InDouble> below(static_cast<double>(n),
                                                                   static_cast<double>(p) / 1000.0);
  const double tail = (1.0 - level) / 2.0;
  // P(at most k below) > tail for k from here on; the k-th smallest still lies below the quantile often enough.
  const std::size_t low =
      first_of(n, [&](std::size_t k) { return boost::math::cdf(below, static_cast<double>(k)) > tail; });
  if (low >= 1) ranks.low = low;
  const std::size_t high = first_of(n, [&](std::size_t k) {
    return boost::math::cdf(boost::math::complement(below, static_cast<double>(k))) <= tail;
  });
  if (high + 1 <= n) ranks.high = high + 1;
  return ranks;
}

Samples Samples::joined(const std::vector<Samples>& parts) {
  std::size_t count = 0, censored = 0;
  for (const Samples& part : parts) {
    count += part.values_.size();
    censored += part.censored_.size();
  }
  Samples all;
  all.values_.reserve(count);
  all.censored_.reserve(censored);
  for (const Samples& part : parts) {
    all.values_.insert(all.values_.end(), part.values_.begin(), part.values_.end());
    all.censored_.insert(all.censored_.end(), part.censored_.begin(), part.censored_.end());
  }
  return all;
}

std::int64_t Samples::sum() const {
  Wide sum = 0;
  for (const std::int64_t value : values_) sum += value;
  ensure(sum >= std::numeric_limits<std::int64_t>::min() && sum <= std::numeric_limits<std::int64_t>::max(),
         "the sum of the samples does not fit into 64 bits");
  return static_cast<std::int64_t>(sum);
}

std::optional<double> Samples::mean() const {
  if (values_.empty()) return std::nullopt;
  return static_cast<double>(sum()) / static_cast<double>(values_.size());
}

std::optional<std::int64_t> Samples::max() const {
  if (values_.empty()) return std::nullopt;
  return *std::max_element(values_.begin(), values_.end());
}

KaplanMeier Samples::kaplan_meier() {
  sort();
  return {values_, censored_};
}

std::optional<std::int64_t> Samples::quantile_permille(std::int64_t p) {
  ensure(p > 0 && p <= 1000, "a quantile is given in parts per thousand, from 1 to 1000");
  if (p > 950 && values_.size() < least_for_high_quantile) return std::nullopt;
  const auto observations = static_cast<std::int64_t>(values_.size() + censored_.size());
  if (observations == 0) return std::nullopt;
  const auto rank = static_cast<std::size_t>(ceil_div(p * observations, 1000));
  if (rank > values_.size()) return std::nullopt;  // among the censored, which count as infinite
  sort();
  return values_[rank - 1];
}

Bounds Samples::quantile_bounds(std::int64_t p) {
  if (!quantile_permille(p)) return {};
  const QuantileRanks ranks = quantile_ranks(values_.size() + censored_.size(), p);
  Bounds bounds;
  if (ranks.low) bounds.low = values_[*ranks.low - 1];  // below the quantile's own rank, which is of a value
  if (ranks.high && *ranks.high <= values_.size()) bounds.high = values_[*ranks.high - 1];
  return bounds;
}

// By digits: a comparing sort of the pool of a hundred replications guesses wrong millions of times.
void Samples::sort() {
  if (sorted_) return;
  boost::sort::spreadsort::integer_sort(values_.begin(), values_.end());
  boost::sort::spreadsort::integer_sort(censored_.begin(), censored_.end());
  sorted_ = true;
}

Interval t_interval(const std::vector<double>& samples) {
  const std::optional<Estimate> estimate = mean_of(samples);
  if (!estimate) return {};
  return {.mean = estimate->value, .half_width = half_width(*estimate)};
}

double t_quantile_95(std::size_t n) { return t_quantile(n, 0.95); }

void TimeWeightedMean::update(std::int64_t time_ns, std::int64_t value) {
  ensure(time_ns >= 0 && (start_ < 0 || time_ns >= last_), "a time-weighted mean must not go back in time");
  if (start_ < 0) {
    start_ = time_ns;
    max_ = value;
  } else {
    area_ += static_cast<Wide>(value_) * (time_ns - last_);
  }
  max_ = std::max(max_, value);
  last_ = time_ns;
  value_ = value;
}

double TimeWeightedMean::mean(std::int64_t end_ns) const {
  if (start_ < 0) return 0.0;
  ensure(end_ns >= last_, "a time-weighted mean ends after its last update");
  if (end_ns == start_) return static_cast<double>(value_);
  const Wide area = area_ + static_cast<Wide>(value_) * (end_ns - last_);
  return static_cast<double>(area) / static_cast<double>(end_ns - start_);
}

}  // namespace userqsim
