// Statistics by hand-worked examples; Student's quantiles from the closed forms for one and two degrees of freedom.
#include <cmath>
#include <limits>

#include "sim/core/ensure.hpp"
#include "sim/stats/statistics.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_stats_test {
namespace {

Samples one_to(std::int64_t n) {
  Samples samples;
  for (std::int64_t i = n; i >= 1; --i) samples.add(i);
  return samples;
}

TEST_CASE("an empty sample answers nothing", "[sim][stats]") {
  Samples none;
  CHECK(none.count() == 0);
  CHECK(none.sum() == 0);
  CHECK_FALSE(none.mean().has_value());
  CHECK_FALSE(none.max().has_value());
  CHECK_FALSE(none.quantile_permille(500).has_value());
}

TEST_CASE("quantiles are nearest-rank", "[sim][stats]") {
  Samples ten = one_to(10);
  CHECK(ten.quantile_permille(500) == 5);  // rank ceil(0.5 * 10)
  CHECK(ten.quantile_permille(501) == 6);
  CHECK(ten.quantile_permille(950) == 10);  // rank ceil(9.5)
  CHECK(ten.quantile_permille(1) == 1);
  ten.add(0);
  CHECK(ten.quantile_permille(1) == 0);  // sorted again after a late value
  CHECK(ten.max() == 10);
  CHECK(ten.sum() == 55);
  CHECK(ten.mean() == 5.0);
  CHECK_THROWS_AS(ten.quantile_permille(0), InvariantError);
  CHECK_THROWS_AS(ten.quantile_permille(1001), InvariantError);
}

TEST_CASE("above 95 % a quantile needs 200 uncensored values", "[sim][stats]") {
  Samples few = one_to(199);
  CHECK_FALSE(few.quantile_permille(990).has_value());
  CHECK_FALSE(few.quantile_permille(951).has_value());
  CHECK(few.quantile_permille(950) == 190);  // ceil(189.05)
  few.add_censored(1000);
  CHECK_FALSE(few.quantile_permille(990).has_value());  // 200 observations, but 199 of them whole
  CHECK(one_to(200).quantile_permille(990) == 198);
  CHECK(one_to(200).quantile_permille(1000) == 200);
}

TEST_CASE("a quantile among the censored is not known", "[sim][stats]") {
  Samples samples = one_to(8);
  samples.add_censored(3);  // counts as infinite, whatever it had reached
  samples.add_censored(100);
  CHECK(samples.count() == 8);
  CHECK(samples.censored() == 2);
  CHECK(samples.quantile_permille(500) == 5);
  CHECK(samples.quantile_permille(800) == 8);
  CHECK_FALSE(samples.quantile_permille(801).has_value());
  CHECK(samples.max() == 8);
}

TEST_CASE("samples that are joined are all there, values and censored", "[sim][stats]") {
  Samples a = one_to(2);
  Samples b;
  b.add(7);
  b.add_censored(9);
  CHECK(a.quantile_permille(500) == 1);
  Samples both = Samples::joined({a, b});
  CHECK(both.count() == 3);
  CHECK(both.censored() == 1);
  CHECK(both.sum() == 1 + 2 + 7);
  CHECK(both.quantile_permille(500) == 2);  // 1 2 7 and one unknown: rank 2
  Samples again = Samples::joined({b, both, {}});
  CHECK(again.count() == 4);
  CHECK(again.censored() == 2);
  CHECK(again.quantile_permille(500) == 7);  // 1 2 7 7 and two unknown: rank 3
  CHECK(Samples::joined({}).count() == 0);
}

// Past a thousand values they are sorted by their digits.
TEST_CASE("quantiles of many values of either sign", "[sim][stats]") {
  constexpr std::int64_t n = 4001, step = 1543;  // have no common divisor: each of 0 to 4000 once, not in order
  constexpr std::int64_t unit = 1'000'000'007;
  Samples samples;
  for (std::int64_t i = 0; i < n; ++i) samples.add((i * step % n - 2000) * unit);
  CHECK(samples.quantile_permille(500) == 0);            // rank 2001
  CHECK(samples.quantile_permille(1) == -1996 * unit);   // rank ceil(4.001) = 5
  CHECK(samples.quantile_permille(950) == 1800 * unit);  // rank ceil(3800.95) = 3801
  CHECK(samples.quantile_permille(1000) == 2000 * unit);
}

TEST_CASE("a sum that does not fit is an error, not a wrong number", "[sim][stats]") {
  Samples samples;
  samples.add(std::numeric_limits<std::int64_t>::max());
  samples.add(1);
  CHECK_THROWS_AS(samples.sum(), InvariantError);
}

TEST_CASE("Student's quantile agrees with its closed forms", "[sim][stats]") {
  // One degree of freedom is Cauchy: tan(pi (p - 1/2)). Two: (2p - 1) sqrt(2 / (4 p (1 - p))).
  const double p = 0.975;
  const double pi = std::acos(-1.0);
  CHECK(std::fabs(t_quantile_95(2) - std::tan(pi * (p - 0.5))) <= 0.51e-6);
  CHECK(std::fabs(t_quantile_95(3) - (2 * p - 1) * std::sqrt(2.0 / (4 * p * (1 - p)))) <= 0.51e-6);
  // Published tables, three decimals (e.g. NIST/SEMATECH e-Handbook 1.3.6.7.2).
  CHECK(std::fabs(t_quantile_95(11) - 2.228) <= 0.0006);
  CHECK(std::fabs(t_quantile_95(101) - 1.984) <= 0.0006);
  CHECK(std::fabs(t_quantile_95(10'000'000) - 1.959964) <= 2e-6);  // the normal's
  for (std::size_t n = 2; n < 200; ++n) {
    const double millionths = t_quantile_95(n) * 1e6;
    CHECK(std::fabs(millionths - std::round(millionths)) < 1e-6);
    CHECK(t_quantile_95(n) > t_quantile_95(n + 1));
  }
  CHECK_THROWS_AS(t_quantile_95(1), InvariantError);
}

TEST_CASE("a Student interval", "[sim][stats]") {
  CHECK(t_interval({}).mean == 0.0);
  CHECK_FALSE(t_interval({}).half_width.has_value());
  CHECK(t_interval({4.0}).mean == 4.0);
  CHECK_FALSE(t_interval({4.0}).half_width.has_value());
  // 1 2 3 4 5: mean 3, variance 10/4, standard error sqrt(2.5 / 5).
  const Interval interval = t_interval({1.0, 2.0, 3.0, 4.0, 5.0});
  CHECK(interval.mean == 3.0);
  CHECK(interval.half_width.value() == Approx(t_quantile_95(5) * std::sqrt(0.5)).epsilon(1e-14));
  CHECK(t_interval({6.0, 6.0, 6.0}).half_width == 0.0);
  // A large offset must not drown the variance.
  CHECK(t_interval({1e15 + 1, 1e15 + 2, 1e15 + 3}).half_width.value() ==
        Approx(t_quantile_95(3) * std::sqrt(1.0 / 3.0)).epsilon(1e-12));
}

TEST_CASE("a mean over time weighs each value by how long it held", "[sim][stats]") {
  TimeWeightedMean mean;
  CHECK(mean.mean(100) == 0.0);
  mean.update(100, 4);  // the span starts here
  CHECK(mean.mean(100) == 4.0);
  mean.update(200, 10);
  mean.update(200, 1);  // held for no time
  CHECK(mean.mean(500) == (4.0 * 100 + 1.0 * 300) / 400);
  CHECK(mean.max() == 10);
  CHECK_THROWS_AS(mean.update(199, 0), InvariantError);
  CHECK_THROWS_AS(mean.mean(199), InvariantError);
}

TEST_CASE("a mean over time neither overflows nor drops small parts", "[sim][stats]") {
  TimeWeightedMean mean;
  const std::int64_t large = std::int64_t{1} << 60;
  mean.update(0, large);
  mean.update(large, 0);
  mean.update(large + 1, 1);
  CHECK(mean.mean(2 * large) == static_cast<double>(large) / 2);
  TimeWeightedMean negative;
  negative.update(0, -3);
  CHECK(negative.max() == -3);
}

}  // namespace
}  // namespace userqsim::sim_stats_test
