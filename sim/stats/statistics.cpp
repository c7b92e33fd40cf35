#include "sim/stats/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

void append(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
  const std::size_t count = from.size();  // taken first: a collection may be merged with itself
  to.reserve(to.size() + count);
  for (std::size_t i = 0; i < count; ++i) to.push_back(from[i]);
}

// With fewer uncensored values a high quantile is the outcome of a handful of runs (docs/outputs.md).
constexpr std::size_t least_for_high_quantile = 200;

}  // namespace

void Samples::merge(const Samples& other) {
  append(values_, other.values_);
  append(censored_, other.censored_);
  sorted_ = false;
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

std::optional<std::int64_t> Samples::quantile_permille(std::int64_t p) {
  ensure(p > 0 && p <= 1000, "a quantile is given in parts per thousand, from 1 to 1000");
  if (p > 950 && values_.size() < least_for_high_quantile) return std::nullopt;
  const auto observations = static_cast<std::int64_t>(values_.size() + censored_.size());
  if (observations == 0) return std::nullopt;
  const auto rank = static_cast<std::size_t>(ceil_div(p * observations, 1000));
  if (rank > values_.size()) return std::nullopt;  // among the censored, which count as infinite
  if (!sorted_) {
    std::sort(values_.begin(), values_.end());
    sorted_ = true;
  }
  return values_[rank - 1];
}

Interval t_interval(const std::vector<double>& samples) {
  if (samples.empty()) return {};
  const auto n = static_cast<double>(samples.size());
  double sum = 0.0;
  for (const double sample : samples) sum += sample;
  const double mean = sum / n;
  if (samples.size() < 2) return {.mean = mean, .half_width = std::nullopt};
  double squares = 0.0;  // around the mean, in a second pass: one pass would cancel
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double standard_error = std::sqrt(squares / (n - 1.0) / n);
  return {.mean = mean, .half_width = t_quantile_95(samples.size()) * standard_error};
}

double t_quantile_95(std::size_t n) {
  ensure(n >= 2, "a Student interval needs two samples");
  const boost::math::students_t distribution(static_cast<double>(n - 1));
  const double quantile = boost::math::quantile(boost::math::complement(distribution, 0.025));
  return std::round(quantile * 1e6) / 1e6;
}

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
