#include "sim/stats/estimate.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "sim/core/ensure.hpp"
#include "sim/stats/in_double.hpp"

namespace userqsim {
namespace {

double to_millionths(double value) { return std::round(value * 1e6) / 1e6; }

Cluster total(const std::vector<Cluster>& clusters) {
  Cluster sum;
  for (const Cluster& cluster : clusters) {
    sum.sum += cluster.sum;
    sum.count += cluster.count;
  }
  return sum;
}

// How far each cluster lies from what the ratio would make of it, in units of the ratio.
std::vector<double> residuals(const std::vector<Cluster>& clusters, double ratio, double mean_count) {
  std::vector<double> residuals;
  residuals.reserve(clusters.size());
  for (const Cluster& cluster : clusters) residuals.push_back((cluster.sum - ratio * cluster.count) / mean_count);
  return residuals;
}

// The standard error of a mean of values whose sum is zero.
std::optional<double> standard_error(const std::vector<double>& around_zero) {
  if (around_zero.size() < 2) return std::nullopt;
  double squares = 0.0;
  for (const double value : around_zero) squares += value * value;
  const auto n = static_cast<double>(around_zero.size());
  return std::sqrt(squares / (n - 1.0) / n);
}

}  // namespace

std::optional<Estimate> mean_of(const std::vector<double>& samples) {
  if (samples.empty()) return std::nullopt;
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  std::vector<double> around;
  around.reserve(samples.size());
  for (const double sample : samples) around.push_back(sample - mean);
  return Estimate{mean, standard_error(around), samples.size()};
}

std::optional<Estimate> ratio_of(const std::vector<Cluster>& clusters) {
  const Cluster all = total(clusters);
  if (all.count <= 0.0) return std::nullopt;
  const double ratio = all.sum / all.count;
  const double mean_count = all.count / static_cast<double>(clusters.size());
  return Estimate{ratio, standard_error(residuals(clusters, ratio, mean_count)), clusters.size()};
}

std::optional<Estimate> ratio_difference(const std::vector<Cluster>& a, const std::vector<Cluster>& b) {
  ensure(a.size() == b.size(), "clusters are paired");
  const Cluster all_a = total(a), all_b = total(b);
  if (all_a.count <= 0.0 || all_b.count <= 0.0) return std::nullopt;
  const double ratio_a = all_a.sum / all_a.count, ratio_b = all_b.sum / all_b.count;
  const auto n = static_cast<double>(a.size());
  const std::vector<double> rest_a = residuals(a, ratio_a, all_a.count / n);
  std::vector<double> rest = residuals(b, ratio_b, all_b.count / n);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= rest_a[i];
  return Estimate{ratio_b - ratio_a, standard_error(rest), a.size()};
}

double t_quantile(std::size_t n, double level) {
  ensure(n >= 2, "a Student interval needs two samples");
  ensure(level > 0.0 && level < 1.0, "an interval's level lies between 0 and 1");
  const boost::math::students_t_distribution<double, InDouble> distribution(static_cast<double>(n - 1));
  return to_millionths(boost::math::quantile(boost::math::complement(distribution, (1.0 - level) / 2.0)));
}

std::optional<double> half_width(const Estimate& estimate, double level) {
  if (!estimate.standard_error) return std::nullopt;
  return t_quantile(estimate.samples, level) * *estimate.standard_error;
}

std::optional<double> t_test_p(const Estimate& estimate) {
  if (!estimate.standard_error) return std::nullopt;
  if (estimate.value == 0.0) return 1.0;
  if (*estimate.standard_error == 0.0) return 0.0;
  const boost::math::students_t_distribution<double, InDouble> distribution(
      static_cast<double>(estimate.samples - 1));
  const double t = std::fabs(estimate.value) / *estimate.standard_error;
  if (!std::isfinite(t)) return 0.0;
  return to_millionths(2.0 * boost::math::cdf(boost::math::complement(distribution, t)));
}

bool is_equivalent(const Estimate& estimate, double band) {
  const std::optional<double> half = half_width(estimate, 0.90);
  return half && std::fabs(estimate.value) + *half < band;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0.0;  // of those before: an order by p stays one
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace userqsim
