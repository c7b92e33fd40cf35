// From samples to distributions, by samples whose answer is known.
#include "results/calibrate/estimate.hpp"

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "sim/stats/kolmogorov.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::estimate_test {
namespace {

using namespace std::chrono_literals;
using Samples = std::vector<std::int64_t>;

constexpr Resolution poll{2'000, true};
constexpr Resolution clock_us{1'000, false};

// The n quantiles of a distribution at the middles of equal shares.
template <class Quantile>
Samples quantiles(std::size_t n, Quantile quantile) {
  Samples samples;
  for (std::size_t i = 0; i < n; ++i) {
    samples.push_back(std::llround(quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n))));
  }
  return samples;
}

TEST_CASE("equal samples are the middle of their step", "[calibrate]") {
  const auto found = estimate({14'000, 14'000, 14'000}, poll, 10us);
  REQUIRE(found);
  CHECK(found->value == constant(3us));  // seen at 14 us: between 12 and 14 us; less 10
  CHECK(found->least == 2us);
  CHECK(found->most == 4us);
  CHECK(found->samples == 3);
  CHECK(found->negative == 0);
}

TEST_CASE("a clock rounds to the nearest", "[calibrate]") {
  const auto found = estimate({5'000, 6'000, 5'000, 5'000}, clock_us, 0ns);
  CHECK(found->value == constant(5250ns));
  CHECK(found->least == 4us);  // two stamps, each half a step off
  CHECK(found->most == 7us);
}

TEST_CASE("no sample, no estimate", "[calibrate]") { CHECK_FALSE(estimate({}, poll, 0ns)); }

TEST_CASE("a few samples that leave nothing count as 0", "[calibrate]") {
  const auto found = estimate({8'000, 20'000, 30'000}, poll, 10us);
  CHECK(found->identified);
  CHECK(found->negative == 1);
  CHECK(found->value == Distribution{EmpiricalDuration{{0us, 9us, 19us}}});
}

TEST_CASE("where half of the samples leave nothing, nothing is identified", "[calibrate]") {
  const auto all = estimate({8'000, 8'000}, poll, 10us);
  CHECK_FALSE(all->identified);
  CHECK(all->negative == 2);
  // Seen at 11 us is 10 us by the middle of its step.
  CHECK_FALSE(estimate({11'000, 20'000}, poll, 10us)->identified);
  CHECK(estimate({11'000, 20'000, 20'000}, poll, 10us)->identified);
  CHECK(estimate({0, 0}, clock_us, 0ns)->identified);  // nothing is taken off
}

TEST_CASE("few samples that differ stand for themselves", "[calibrate]") {
  const auto found = estimate({20'000, 12'000, 30'000}, poll, 10us);
  CHECK(found->value == Distribution{EmpiricalDuration{{1us, 9us, 19us}}});
  CHECK(found->least == 1us);
  CHECK(found->most == 19us);
}

TEST_CASE("the family that fits is chosen, else quantiles", "[calibrate]") {
  const Samples exponential = quantiles(400, [](double p) { return -200e3 * std::log(1.0 - p); });
  const auto as_exponential = estimate(exponential, clock_us, 0ns);
  REQUIRE(std::holds_alternative<ExponentialDuration>(as_exponential->value));
  const Duration mean = std::get<ExponentialDuration>(as_exponential->value).mean;
  CHECK(std::abs(mean.count() - 200'000) < 1'000);

  // Quantiles of exp(z / 2) with z logistic, scaled to the normal's deviation: close to a lognormal of sigma 0.5.
  const Samples heavy = quantiles(
      60, [](double p) { return 50e3 * std::exp(0.5 * std::sqrt(3.0) / M_PI * std::log(p / (1.0 - p))); });
  const auto as_lognormal = estimate(heavy, clock_us, 0ns);
  REQUIRE(std::holds_alternative<LognormalDuration>(as_lognormal->value));
  CHECK(std::get<LognormalDuration>(as_lognormal->value).sigma == Approx(0.5).margin(0.03));

  const Samples uniform = quantiles(1000, [](double p) { return 1e6 + 9e6 * p; });
  const auto as_values = estimate(uniform, clock_us, 0ns);
  REQUIRE(std::holds_alternative<EmpiricalDuration>(as_values->value));
  CHECK(std::get<EmpiricalDuration>(as_values->value).values.size() == 256);
}

TEST_CASE("no cost is longer than a profile may say", "[calibrate]") {
  const std::int64_t two_hours = 7'200'000'000'000;
  const auto found = estimate({14'000, two_hours}, poll, 0ns);
  CHECK(found->value == constant(13us));
  CHECK(found->too_long == 1);
  CHECK_FALSE(estimate({two_hours}, poll, 0ns));
  // A lognormal of location 14.4 and sigma 5.8, whose mean is exp(14.4 + 16.8) ns, ten hours; the most is 0.5
  // hours.
  const boost::math::normal_distribution<double> normal(14.4, 5.8);
  const Samples wide = quantiles(60, [&](double p) { return std::exp(boost::math::quantile(normal, p)); });
  CHECK(std::holds_alternative<EmpiricalDuration>(estimate(wide, clock_us, 0ns)->value));
}

TEST_CASE("a lognormal wider than a profile may state is none", "[calibrate]") {
  const auto family = [](double sigma) {
    const boost::math::normal_distribution<double> normal(11.0, sigma);
    const Samples samples = quantiles(60, [&](double p) { return std::exp(boost::math::quantile(normal, p)); });
    return estimate(samples, {1, false}, 0ns)->value;
  };
  CHECK(std::holds_alternative<LognormalDuration>(family(3.9)));
  // exp(11 + 4.3^2 / 2) ns is 10 min: the mean might be stated, the sigma not.
  CHECK(std::holds_alternative<EmpiricalDuration>(family(4.3)));
}

TEST_CASE("Kolmogorov-Smirnov distances", "[sim][stats]") {
  CHECK(ks_distance({1, 2, 3, 4}, {1, 2, 3, 4}) == 0.0);
  CHECK(ks_distance({1, 2}, {3, 4}) == 1.0);
  CHECK(ks_distance({1, 2, 3, 4}, {2, 3, 4, 5}) == Approx(0.25));
  CHECK(ks_distance({1, 1, 5}, {1, 5, 5}) == Approx(1.0 / 3.0));
  const auto uniform = [](double x) { return std::min(std::max(x / 4.0, 0.0), 1.0); };
  CHECK(ks_distance(Samples{1, 3}, 0.0, uniform) == Approx(0.25));
  CHECK(ks_distance(Samples{1, 3}, 1.0, uniform) == 0.0);  // cells (0, 2] and (2, 4]
}

TEST_CASE("the probability of a distance", "[sim][stats]") {
  CHECK(ks_two_sample_p(0.0, 10, 10) == 1.0);
  CHECK(ks_two_sample_p(1.0, 100, 100) < 1e-12);
  // The asymptotic 5 % point is 1.358: at 10000 each the correction for small samples is 0.2 %.
  const double root = std::sqrt(5000.0);
  CHECK(ks_two_sample_p(1.358 / (root + 0.12 + 0.11 / root), 10'000, 10'000) == Approx(0.05).margin(1e-4));
}

}  // namespace
}  // namespace userqsim::estimate_test
