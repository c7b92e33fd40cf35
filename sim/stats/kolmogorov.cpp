#include "sim/stats/kolmogorov.hpp"

#include <algorithm>
#include <cmath>

#include "sim/core/ensure.hpp"

namespace userqsim {

double ks_distance(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  ensure(!a.empty() && !b.empty(), "a distance needs two samples");
  double largest = 0.0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const std::int64_t value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    const double share_a = static_cast<double>(i) / static_cast<double>(a.size());
    const double share_b = static_cast<double>(j) / static_cast<double>(b.size());
    largest = std::max(largest, std::fabs(share_a - share_b));
  }
  return largest;
}

double ks_distance(const std::vector<std::int64_t>& sample, double half, const std::function<double(double)>& cdf) {
  ensure(!sample.empty(), "a distance needs a sample");
  const auto n = static_cast<double>(sample.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < sample.size();) {
    const auto value = static_cast<double>(sample[i]);
    const double below = static_cast<double>(i) / n;
    while (i < sample.size() && static_cast<double>(sample[i]) == value) ++i;
    const double up_to = static_cast<double>(i) / n;
    largest = std::max(largest, std::fabs(up_to - cdf(value + half)));
    largest = std::max(largest, std::fabs(below - cdf(value - half)));
  }
  return largest;
}

double ks_two_sample_p(double distance, std::size_t a, std::size_t b) {
  ensure(a > 0 && b > 0, "a test needs two samples");
  const double m = static_cast<double>(a), n = static_cast<double>(b);
  const double root = std::sqrt(m * n / (m + n));
  const double x = (root + 0.12 + 0.11 / root) * distance;
  if (x < 0.2) return 1.0;  // the series converges slowly there, and is 1 to twelve digits
  double sum = 0.0;
  for (int k = 1; k <= 100; ++k) {
    const double term = std::exp(-2.0 * k * k * x * x);
    sum += k % 2 == 1 ? term : -term;
    if (term < 1e-16) break;
  }
  return std::clamp(2.0 * sum, 0.0, 1.0);
}

}  // namespace userqsim
