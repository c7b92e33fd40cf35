// What may be said of differences: Holm over the headline metrics, bands, and intervals of batch means.
#include "results/compare/judge.hpp"

#include <cmath>

#include "results/compare/compare.hpp"
#include "results/record/metrics.hpp"
#include "results/record/summary.hpp"
#include "results/report/verdict.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/summaries.hpp"

namespace userqsim::judge_test {

using namespace test;

namespace {

// Both sides' downtime in each replication.
Comparison compared(const std::vector<double>& a, const std::vector<double>& b) {
  return {.policies = {"a", "b"},
          .pairs = {{"a", "b", compare_policies(side("a", a), side("b", b), "base")}},
          .means = {},
          .variants = {}};
}

const ComparisonRow& only(const Comparison& comparison) { return comparison.pairs.front().rows.front(); }

bool says(const Comparison& comparison, const std::string& words) {
  for (const std::string& sentence : verdict(comparison.pairs.front(), comparison.variants)) {
    if (sentence.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a difference, one within the band, none that matters, undecided, none at all", "[compare]") {
  struct Case {
    std::vector<double> b;
    std::string_view answer;
    std::string words;
  };
  // The band is 5 % of 1000: 50. Differences of spread 1 around 100 and 10; of spread 20 around 0 (90 % half-width
  // 2.353 * 20 * sqrt(4/3) / 2 = 27.2); of spread 100 around 0 (136).
  const auto [b, answer, words] = GENERATE(values<Case>({
      {{1101, 1099, 1101, 1099}, comparison_answer::difference, "100 ns (10.0 % of a's downtime) shorter with a"},
      {{1011, 1009, 1011, 1009},
       comparison_answer::difference_within_band,
       "which does not matter: it is less than 50.0 ns"},
      {{1020, 980, 1020, 980}, comparison_answer::no_difference_that_matters, "no difference that matters"},
      {{1100, 900, 1100, 900}, comparison_answer::undecided, "is not decided"},
      {{1000, 1000, 1000, 1000}, comparison_answer::same, "the same under both"},
  }));
  Comparison comparison = compared({1000, 1000, 1000, 1000}, b);
  judge(comparison, {});
  CHECK(only(comparison).band == 50.0);
  CHECK(only(comparison).answer == answer);
  CHECK(says(comparison, words));
}

TEST_CASE("one replication has no answer", "[compare]") {
  Comparison comparison = compared({1000}, {1001});
  judge(comparison, {});
  CHECK(only(comparison).answer.empty());
  CHECK_FALSE(only(comparison).p);
}

TEST_CASE("a band is what the user says, for one metric or all", "[compare]") {
  Bands bands;
  bands.all = Band{0.01, true};
  CHECK(bands.of("downtime_ns").size == 0.01);
  bands.named["downtime_ns"] = {7.0, false};
  Comparison comparison = compared({1000, 1000, 1000}, {1002, 998, 1001});
  judge(comparison, bands);
  CHECK(only(comparison).band == 7.0);
  CHECK(bands.of("mes_busy_ns").size == 0.01);
}

TEST_CASE("every metric has a default band", "[compare]") {
  for (const MetricInfo& metric : metric_catalogue()) {
    const Band band = default_band(metric.name);
    CAPTURE(metric.name);
    CHECK(band.is_share == (metric.kind != MetricKind::share && band.size > 0.0));
  }
  CHECK(default_band("hazards").size == 0.0);
  CHECK(default_band("slot_used").size == 0.01);
  CHECK(text_of(default_band("downtime_ns"), "ns") == "5 %");
}

// Two headline metrics with p of 0.04 each: together 0.08, so that neither is a difference, though each interval
// leaves zero out.
TEST_CASE("metrics that are read together are corrected, others are not", "[compare]") {
  Comparison comparison = compared({1000, 1000, 1000}, {1010, 1011, 1012});
  std::vector<ComparisonRow>& rows = comparison.pairs.front().rows;
  rows.push_back(rows.front());
  rows.back().metric = "evict_latency_ns";
  rows.push_back(rows.front());
  rows.back().metric = "lock_wait_ns";  // no headline
  for (ComparisonRow& row : rows) row.p = 0.04;
  judge(comparison, {});
  CHECK(rows[0].p_holm == 0.08);
  CHECK(rows[1].p_holm == 0.08);
  CHECK_FALSE(rows[2].p_holm);
  CHECK_FALSE(differs(rows[0]));
  CHECK(differs(rows[2]));
  CHECK(says(comparison, "one such interval may be chance: corrected p 0.080"));
}

TEST_CASE("variants are families of their own", "[compare]") {
  Comparison comparison = compared({1000, 1000, 1000}, {1010, 1011, 1012});
  std::vector<ComparisonRow>& rows = comparison.pairs.front().rows;
  rows.push_back(rows.front());
  rows.back().variant = "unique_zero";
  for (ComparisonRow& row : rows) row.p = 0.04;
  judge(comparison, {});
  CHECK(rows[0].p_holm == 0.04);
  CHECK(rows[1].p_holm == 0.04);
}

// Windows (sum, count) of a: (10, 2) (30, 2); of b: (14, 2) (34, 2): means 10 and 12, the same spread in both, so
// that the difference has none. With b's second window at (44, 2): means 10 and 14.5, residuals of b -7.5 and 7.5,
// of a -5 and 5: 2.5 apart, error sqrt(2 * 6.25 / 1 / 2) = 2.5.
TEST_CASE("one long replication has intervals of batch means", "[compare]") {
  auto a = side("a", {10.0});
  auto b = side("b", {12.0});
  a[0].rows[0].batches = {{10, 2}, {30, 2}};
  b[0].rows[0].batches = {{14, 2}, {34, 2}};
  ComparisonRow row = compare_policies(a, b, "base").front();
  CHECK(row.basis == estimate_basis::batches);
  CHECK(row.difference == 2.0);
  CHECK(near(*row.ci_low, 2.0));
  CHECK(row.replications == 1);
  b = side("b", {14.5});
  b[0].rows[0].batches = {{14, 2}, {44, 2}};
  row = compare_policies(a, b, "base").front();
  CHECK(row.difference == 4.5);
  CHECK(near(*row.estimate.standard_error, 2.5));
  CHECK(row.estimate.samples == 2);
  // Of several replications the replications count.
  const auto several = compare_policies(side("a", {1, 2}), side("b", {2, 4}), "base");
  CHECK(several.front().basis == estimate_basis::replications);
}

// Evictions at 100, 300, 600 and 900 ns of 1000 with downtimes 10, 30, 20, 40; the second is not restored.
TEST_CASE("measures: Kaplan-Meier rows, batch means, and means over replications", "[record]") {
  RunRecord record;
  record.process_names = {"p"};
  record.end_ns = 1000;
  const auto add = [&](std::int64_t start, OptionalNs downtime) {
    EvictionRow row;
    row.process = 0;
    row.start_ns = start;
    row.first_stop_ns = start;
    row.downtime_ns = downtime;
    row.restored_ns = downtime ? OptionalNs{start + *downtime} : std::nullopt;
    row.ended_ns = start + downtime.value_or(30);
    record.evictions.push_back(row);
  };
  add(100, 10);
  add(300, std::nullopt);
  add(600, 20);
  add(900, 40);
  const auto find = [](const std::vector<SummaryRow>& rows, std::string_view stat) {
    for (const SummaryRow& row : rows) {
      if (row.metric == "downtime_ns" && row.stat == stat) return row;
    }
    return SummaryRow{};
  };
  Measures measures(record, 0, 2);
  const std::vector<SummaryRow> rows = measures.rows();
  // Windows (10 of 1) and (60 of 2): mean 70/3, residuals (10 - 70/3) / 1.5 and its opposite.
  const SummaryRow mean = find(rows, "mean");
  REQUIRE(mean.batches.size() == 2);
  CHECK(mean.batches[0].sum == 10.0);
  CHECK(mean.batches[1].count == 2.0);
  const double error = (70.0 / 3.0 - 10.0) / 1.5;
  CHECK(near(*mean.ci_high - 70.0 / 3.0, 12.706205 * error));
  // 10, 20, 30+, 40: the curve is 3/4 from 10 on, 1/2 from 20 on, 0 from 40 on: 10 + 7.5 + 10.
  CHECK(near(std::get<double>(find(rows, "km_mean").value), 27.5));
  CHECK(std::get<std::int64_t>(find(rows, "km_p50").value) == 20);
  CHECK(std::get<std::int64_t>(find(rows, "km_p95").value) == 40);
  // Pooled with itself: two replications of the same mean.
  const SummaryRow pooled = find(Measures::pooled_rows({measures, measures}, 2), "mean");
  CHECK(near(*pooled.ci_low, *pooled.ci_high));
  CHECK(pooled.batches.empty());
  Measures plain(record, 0);
  CHECK_FALSE(find(plain.rows(), "mean").ci_low);
}

}  // namespace userqsim::judge_test
