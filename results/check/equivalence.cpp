#include "results/check/equivalence.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "sim/core/ensure.hpp"
#include "sim/stats/in_double.hpp"

namespace userqsim {
namespace {

struct Moments {
  double mean = 0.0;
  double variance = 0.0;  // of the mean
};

Moments moments_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Moments moments;
  for (const double value : values) moments.mean += value;
  moments.mean /= n;
  for (const double value : values) moments.variance += (value - moments.mean) * (value - moments.mean);
  moments.variance /= (n - 1.0) * n;
  return moments;
}

// One-sided 5 %, rounded so that libm's last bit reaches no output.
double quantile(double freedom) {
  const boost::math::students_t_distribution<double, InDouble> distribution(freedom);
  return std::round(boost::math::quantile(boost::math::complement(distribution, 0.05)) * 1e6) / 1e6;
}

MeanDifference with_interval(double old_mean, double difference, double variance, double freedom) {
  const double half = variance > 0.0 ? quantile(freedom) * std::sqrt(variance) : 0.0;
  return {.difference = difference, .low = difference - half, .high = difference + half, .old_mean = old_mean};
}

}  // namespace

std::optional<MeanDifference> paired_difference(const std::vector<double>& old_values,
                                                const std::vector<double>& new_values) {
  ensure(old_values.size() == new_values.size(), "values are paired one by one");
  if (old_values.size() < 2) return std::nullopt;
  std::vector<double> differences;
  for (std::size_t i = 0; i < old_values.size(); ++i) differences.push_back(new_values[i] - old_values[i]);
  const Moments moments = moments_of(differences);
  MeanDifference result = with_interval(moments_of(old_values).mean, moments.mean, moments.variance,
                                        static_cast<double>(differences.size() - 1));
  result.count = differences.size();
  result.paired = true;
  return result;
}

std::optional<MeanDifference> unpaired_difference(const std::vector<double>& old_values,
                                                  const std::vector<double>& new_values) {
  if (old_values.size() < 2 || new_values.size() < 2) return std::nullopt;
  const Moments old_moments = moments_of(old_values);
  const Moments new_moments = moments_of(new_values);
  const double variance = old_moments.variance + new_moments.variance;
  const auto part = [](const Moments& moments, std::size_t n) {
    return moments.variance * moments.variance / static_cast<double>(n - 1);
  };
  const double parts = part(old_moments, old_values.size()) + part(new_moments, new_values.size());
  const double freedom = parts > 0.0 ? variance * variance / parts : 1.0;  // Welch and Satterthwaite
  MeanDifference result = with_interval(old_moments.mean, new_moments.mean - old_moments.mean, variance, freedom);
  result.count = std::min(old_values.size(), new_values.size());
  return result;
}

}  // namespace userqsim
