// Statistics of samples, with censoring, and intervals for paired replications. Quantiles are exact nearest-rank
// quantiles of integers, so they are the same on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/core/time.hpp"
#include "sim/core/wide.hpp"
#include "sim/stats/kaplan_meier.hpp"

namespace userqsim {

// Which of n sorted independent observations bound a quantile, whatever their distribution: the k-th smallest,
// from 1. An end that no observation bounds is missing.
struct QuantileRanks {
  std::optional<std::size_t> low;
  std::optional<std::size_t> high;
};
// The quantile lies below the lower, and above the upper, with a probability of at most half of 1 - level each
// (Conover, Practical Nonparametric Statistics, 3.2). p in parts per thousand. REQUIRES: 1 <= p <= 999, 0 < level
// < 1.
QuantileRanks quantile_ranks(std::size_t n, std::int64_t p, double level = 0.95);

// What is known of where a value lies.
struct Bounds {
  std::optional<std::int64_t> low;
  std::optional<std::int64_t> high;
};

// Durations observed to the end, and those cut off by the horizon (known only to exceed their value).
class Samples {
 public:
  void add(std::int64_t value) { values_.push_back(value), sorted_ = false; }
  void add_censored(std::int64_t at_least) { censored_.push_back(at_least), sorted_ = false; }
  // All of them as one.
  static Samples joined(const std::vector<Samples>& parts);

  std::size_t count() const { return values_.size(); }  // uncensored
  std::size_t censored() const { return censored_.size(); }
  std::int64_t sum() const;
  std::optional<double> mean() const;       // of the uncensored; nothing when there are none
  std::optional<std::int64_t> max() const;  // of the uncensored
  // The nearest-rank p-quantile over all observations, p in parts per thousand (500, 950, 990). Nothing when there
  // are none, when it may fall among the censored (rank counted from the smallest with each censored value taken as
  // infinite), or for p > 950 with fewer than 200 uncensored.
  std::optional<std::int64_t> quantile_permille(std::int64_t p);
  // Its 95 % bounds by order statistics: as of independent observations. None where there is no quantile; no upper
  // one where it falls among the censored.
  Bounds quantile_bounds(std::int64_t p);
  // What the censored say too. It looks at the samples here, and ends with the next one.
  KaplanMeier kaplan_meier();

 private:
  void sort();

  std::vector<std::int64_t> values_;
  std::vector<std::int64_t> censored_;
  bool sorted_ = false;
};

// A mean and the half-width of its 95 % Student interval.
struct Interval {
  double mean = 0.0;
  std::optional<double> half_width;  // nothing for fewer than two samples
};
Interval t_interval(const std::vector<double>& samples);

// The two-sided 95 % Student quantile for n samples (n - 1 degrees of freedom), rounded to 1e-6 so that libm's last
// bit cannot reach a result file. REQUIRES: n >= 2.
double t_quantile_95(std::size_t n);

// Mean of a quantity over time: value(t) integrated from the first update to the end asked for. Zero before any
// update; the value itself over an empty span.
class TimeWeightedMean {
 public:
  void update(std::int64_t time_ns, std::int64_t value);  // the value from now on; times must not decrease
  double mean(std::int64_t end_ns) const;                 // REQUIRES: end_ns >= the last update's time
  std::int64_t max() const { return max_; }

 private:
  std::int64_t start_ = -1, last_ = 0, value_ = 0, max_ = 0;
  Wide area_ = 0;  // exact, so that the order of updates at one time cannot move a last bit
};

}  // namespace userqsim
