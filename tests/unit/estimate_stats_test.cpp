// Estimates, tests and Holm's correction by hand-worked and published examples.
#include <algorithm>
#include <cmath>

#include "sim/core/ensure.hpp"
#include "sim/stats/estimate.hpp"
#include "sim/stats/kaplan_meier.hpp"
#include "sim/stats/series.hpp"
#include "sim/stats/statistics.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::estimate_stats_test {
namespace {

std::optional<Estimate> samples_of(const std::vector<double>& samples) { return mean_of(samples); }

TEST_CASE("Student's quantiles of any level are those of the printed tables", "[sim][stats]") {
  // NIST/SEMATECH e-Handbook 1.3.6.7.2, upper one-sided columns .95, .975, .995.
  CHECK(t_quantile(11, 0.90) == Approx(1.812).margin(0.0006));
  CHECK(t_quantile(11, 0.95) == Approx(2.228).margin(0.0006));
  CHECK(t_quantile(11, 0.99) == Approx(3.169).margin(0.0006));
  CHECK(t_quantile(2, 0.5) == 1.0);  // Cauchy: its quartile
  CHECK_THROWS_AS(t_quantile(1, 0.95), InvariantError);
  CHECK_THROWS_AS(t_quantile(5, 1.0), InvariantError);
}

// Student's own sleep data (Biometrika 6, 1908): hours gained by ten patients under two drugs, in pairs. R's manual
// prints for t.test(extra ~ group, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833, interval -2.46 to
// -0.70.
TEST_CASE("a paired test of the sleep data", "[sim][stats]") {
  const std::vector<double> one{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const std::vector<double> two{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  std::vector<double> differences;
  for (std::size_t i = 0; i < one.size(); ++i) differences.push_back(one[i] - two[i]);
  const auto estimate = mean_of(differences);
  REQUIRE(estimate);
  CHECK(estimate->value == Approx(-1.58));
  CHECK(estimate->value / *estimate->standard_error == Approx(-4.0621).margin(5e-5));
  CHECK(t_test_p(*estimate).value() == Approx(0.002833).margin(5e-7));
  CHECK(estimate->value - *half_width(*estimate) == Approx(-2.4598858).margin(1e-6));
  CHECK(estimate->value + *half_width(*estimate) == Approx(-0.7001142).margin(1e-6));
}

TEST_CASE("a test without spread, and of one sample", "[sim][stats]") {
  CHECK_FALSE(samples_of({}));
  CHECK_FALSE(samples_of({3.0})->standard_error);
  CHECK_FALSE(t_test_p(*samples_of({3.0})));
  CHECK_FALSE(is_equivalent(*samples_of({0.0}), 1.0));
  CHECK(t_test_p(*samples_of({0.0, 0.0})) == 1.0);
  CHECK(t_test_p(*samples_of({2.0, 2.0})) == 0.0);
  CHECK(is_equivalent(*samples_of({2.0, 2.0}), 2.5));
  CHECK_FALSE(is_equivalent(*samples_of({2.0, 2.0}), 2.0));  // the band is open
}

// 1 2 3 4 5: mean 3, standard error sqrt(0.5), t(4 degrees, 90 %) = 2.131847: the interval is 1.4926 to 4.5074.
TEST_CASE("equivalence is whether the 90 % interval lies in the band", "[sim][stats]") {
  const auto estimate = samples_of({1.0, 2.0, 3.0, 4.0, 5.0});
  CHECK(*half_width(*estimate, 0.90) == Approx(2.131847 * std::sqrt(0.5)).epsilon(1e-6));
  CHECK(is_equivalent(*estimate, 4.508));
  CHECK_FALSE(is_equivalent(*estimate, 4.507));
  CHECK(is_equivalent(*samples_of({-1.0, -2.0, -3.0, -4.0, -5.0}), 4.508));
}

// Sorted 0.005 0.01 0.03 0.04 times 4 3 2 1: 0.02, 0.03, 0.06, and 0.04, which may not be less than 0.06.
TEST_CASE("Holm's step-down correction", "[sim][stats]") {
  const std::vector<double> adjusted = holm({0.01, 0.04, 0.03, 0.005});
  REQUIRE(adjusted.size() == 4);
  CHECK(adjusted[0] == Approx(0.03));
  CHECK(adjusted[1] == Approx(0.06));
  CHECK(adjusted[2] == Approx(0.06));
  CHECK(adjusted[3] == Approx(0.02));
  CHECK(holm({}).empty());
  CHECK(holm({0.7, 0.6}) == std::vector<double>{1.0, 1.0});  // no more than 1
}

// Clusters (sum 10 of 2, 12 of 4, 8 of 4): ratio 30 / 10 = 3. Residuals 10 - 6, 12 - 12, 8 - 12 over the mean count
// 10/3: 1.2, 0, -1.2; error sqrt(2.88 / 2 / 3).
TEST_CASE("a ratio over clusters", "[sim][stats]") {
  const std::vector<Cluster> parts{{10, 2}, {12, 4}, {8, 4}};
  const auto ratio = ratio_of(parts);
  REQUIRE(ratio);
  CHECK(ratio->value == 3.0);
  CHECK(*ratio->standard_error == Approx(std::sqrt(0.48)));
  CHECK(ratio->samples == 3);
  // With one observation in each cluster it is the mean of them.
  const auto plain = ratio_of({{1, 1}, {2, 1}, {3, 1}, {6, 1}});
  const auto mean = samples_of({1, 2, 3, 6});
  CHECK(plain->value == mean->value);
  CHECK(*plain->standard_error == Approx(*mean->standard_error));
  CHECK_FALSE(ratio_of({{0, 0}, {0, 0}}));
  CHECK_FALSE(ratio_of({{7, 2}})->standard_error);
  // Paired with itself nothing differs; with each sum one more a count, the difference is 1 without an error.
  const auto same = ratio_difference(parts, parts);
  CHECK(same->value == 0.0);
  CHECK(*same->standard_error == 0.0);
  const auto one_more = ratio_difference(parts, {{12, 2}, {16, 4}, {12, 4}});
  CHECK(one_more->value == Approx(1.0));
  CHECK(*one_more->standard_error == Approx(0.0).margin(1e-12));
}

// Coverage by the binomial: n = 10, p = 1/2: P(at most 1) = 11/1024 = 0.0107, at most 2: 56/1024 = 0.0547; so ranks
// 2 and 9. n = 20: P(at most 5) = 21700/2^20 = 0.0207, at most 6: 0.0577: ranks 6 and 15. For p = 0.95, n = 59 is
// the first n with 0.95^n < 0.05, but 2.5 % a side needs 72.
TEST_CASE("the ranks that bound a quantile", "[sim][stats]") {
  CHECK(quantile_ranks(10, 500).low == 2U);
  CHECK(quantile_ranks(10, 500).high == 9U);
  CHECK(quantile_ranks(20, 500).low == 6U);
  CHECK(quantile_ranks(20, 500).high == 15U);
  CHECK_FALSE(quantile_ranks(5, 500).low);  // 1/32 is more than 2.5 %
  CHECK_FALSE(quantile_ranks(5, 500).high);
  CHECK(quantile_ranks(6, 500).low == 1U);  // 1/64
  CHECK(quantile_ranks(6, 500).high == 6U);
  CHECK_FALSE(quantile_ranks(71, 950).high);
  CHECK(quantile_ranks(72, 950).high == 72U);
  CHECK(quantile_ranks(59, 950, 0.90).high == 59U);
  CHECK_FALSE(quantile_ranks(58, 950, 0.90).high);
  CHECK_FALSE(quantile_ranks(0, 500).low);
}

TEST_CASE("the bounds of a quantile are observations", "[sim][stats]") {
  Samples samples;
  for (std::int64_t i = 20; i >= 1; --i) samples.add(10 * i);
  CHECK(samples.quantile_bounds(500).low == 60);
  CHECK(samples.quantile_bounds(500).high == 150);
  CHECK_FALSE(samples.quantile_bounds(990).low);  // there is no such quantile of 20
  Samples cut;                                    // ranks 6 and 15 of 20, of which 14 are complete
  for (std::int64_t i = 1; i <= 14; ++i) cut.add(10 * i);
  for (std::int64_t i = 1; i <= 6; ++i) cut.add_censored(1);
  CHECK(cut.quantile_bounds(500).low == 60);
  CHECK_FALSE(cut.quantile_bounds(500).high);
}

// Weeks in remission under 6-MP (Freireich and others, Blood 21, 1963), the standard worked example; the curve is
// that of the textbooks (Kleinbaum and Klein, Survival Analysis, table of the product-limit estimates).
TEST_CASE("Kaplan-Meier of the remission data", "[sim][stats]") {
  const std::vector<std::int64_t> complete{6, 6, 6, 7, 10, 13, 16, 22, 23};
  const std::vector<std::int64_t> censored{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35};
  const KaplanMeier curve(complete, censored);
  CHECK(curve.survival(5) == 1.0);
  CHECK(curve.survival(6) == Approx(0.857).margin(0.0005));
  CHECK(curve.survival(9) == Approx(0.807).margin(0.0005));
  CHECK(curve.survival(10) == Approx(0.753).margin(0.0005));
  CHECK(curve.survival(13) == Approx(0.690).margin(0.0005));
  CHECK(curve.survival(16) == Approx(0.627).margin(0.0005));
  CHECK(curve.survival(22) == Approx(0.538).margin(0.0005));
  CHECK(curve.survival(100) == Approx(0.448).margin(0.0005));
  CHECK(curve.quantile_permille(500) == 23);
  CHECK(curve.quantile_permille(250) == 13);
  CHECK_FALSE(curve.quantile_permille(600));
  // 6 + 0.857143 + 3 (0.806723 + 0.752941 + 0.690196) + 6 (0.627451) + 0.537815 + 12 (0.448179)
  CHECK(*curve.restricted_mean(35) == Approx(23.2874).margin(0.0001));
  CHECK(*curve.restricted_mean(1000) == *curve.restricted_mean(35));  // nothing is known behind the longest
  CHECK(*curve.restricted_mean(7) == Approx(6.0 + 0.857143).margin(1e-6));
  CHECK(*curve.restricted_mean(4) == 4.0);
}

TEST_CASE("Kaplan-Meier without censoring is the sample itself", "[sim][stats]") {
  Samples samples;
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < 49; ++i) {
    samples.add(i * i % 31);
    values.push_back(i * i % 31);
  }
  std::sort(values.begin(), values.end());
  const KaplanMeier curve(values, {});
  for (std::int64_t p = 1; p <= 950; ++p) CHECK(curve.quantile_permille(p) == samples.quantile_permille(p));
  CHECK(*curve.restricted_mean(1'000'000) == Approx(*samples.mean()).epsilon(1e-12));
}

TEST_CASE("Kaplan-Meier of nothing, and of the censored alone", "[sim][stats]") {
  CHECK_FALSE(KaplanMeier({}, {}).restricted_mean(10));
  CHECK_FALSE(KaplanMeier({}, {}).quantile_permille(500));
  const std::vector<std::int64_t> censored{5, 9};
  CHECK(KaplanMeier({}, censored).restricted_mean(100) == 9.0);  // nobody is known to have ended before
  CHECK_FALSE(KaplanMeier({}, censored).quantile_permille(1));
  CHECK(KaplanMeier({}, censored).survival(9) == 1.0);
}

// Means of five: 100, then 19 that alternate around 10. Leaving one out is best: each further one makes the sum of
// squares 1 less and the count 1 less, and s / n^2 larger. Left out none: about 90^2 / 20.
TEST_CASE("MSER-5 leaves out what is not like the rest", "[sim][stats]") {
  std::vector<double> series(5, 100.0);
  for (int batch = 0; batch < 19; ++batch) series.insert(series.end(), 5, batch % 2 == 0 ? 9.0 : 11.0);
  CHECK(mser5(series) == 5U);
  CHECK(mser5(std::vector<double>(50, 3.0)) == 0U);  // nothing to leave out
  CHECK_FALSE(mser5(std::vector<double>(49, 3.0)));  // nine means of five
  std::vector<double> rising;
  for (int i = 0; i < 100; ++i) rising.push_back(static_cast<double>(i) * i);
  CHECK_FALSE(mser5(rising));  // it never settles
}

}  // namespace
}  // namespace userqsim::estimate_stats_test
