// More than two policies: every pair by itself, and what is said of all of them against the first.
#include <cmath>

#include "results/compare/compare.hpp"
#include "results/report/overview.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/summaries.hpp"

namespace userqsim::compare_pairs_test {

using namespace test;

TEST_CASE("each pair stands once, the smaller index first, and those of the baseline come first") {
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  CHECK(pairs_of(2) == Pairs{{0, 1}});
  CHECK(pairs_of(4) == Pairs{{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}});
}

TEST_CASE("a pair is compared over the replications that its own two policies have") {
  auto c = side("c", {9, 0, 33});
  c[1].rows[0].value = Value{};
  const std::vector<std::vector<ReplicationSummary>> sides{side("a", {10, 20, 30}), side("b", {13, 22, 34}), c};
  const auto pairs = compare_pairs(sides, "base");
  REQUIRE(pairs.size() == 3);
  for (const auto& rows : pairs) REQUIRE(rows.size() == 1);

  // b - a: 3, 2, 4; standard deviation 1; t(2 degrees) = 4.302653.
  const ComparisonRow& ab = pairs[0].front();
  CHECK((ab.policy_a == "a" && ab.policy_b == "b"));
  CHECK((near(ab.value_a, 20) && near(ab.value_b, 23) && near(ab.difference, 3)));
  CHECK(near(*ab.ci_low, 3 - 4.302653 / std::sqrt(3.0)));
  CHECK(near(*ab.ci_high, 3 + 4.302653 / std::sqrt(3.0)));
  CHECK(ab.replications == 3);

  // c - a without the second: -1, 3; standard deviation 2 sqrt(2), of the mean 2; t(1 degree) = 12.706205.
  const ComparisonRow& ac = pairs[1].front();
  CHECK((ac.policy_a == "a" && ac.policy_b == "c"));
  CHECK((near(ac.value_a, 20) && near(ac.value_b, 21) && near(ac.difference, 1)));
  CHECK(near(*ac.ci_low, 1 - 12.706205 * 2));
  CHECK(near(*ac.ci_high, 1 + 12.706205 * 2));
  CHECK(ac.replications == 2);

  // c - b without the second: -4, -1; of the mean 1.5.
  const ComparisonRow& bc = pairs[2].front();
  CHECK((bc.policy_a == "b" && bc.policy_b == "c"));
  CHECK((near(bc.value_a, 23.5) && near(bc.value_b, 21) && near(bc.difference, -2.5)));
  CHECK(near(*bc.ci_low, -2.5 - 12.706205 * 1.5));
  CHECK(near(*bc.ci_high, -2.5 + 12.706205 * 1.5));

  // A policy's own mean is over all that it has.
  const std::vector<SummaryRow> means = means_of(c);
  REQUIRE(means.size() == 1);
  CHECK(near(std::get<double>(means.front().value), 21));
  CHECK(means.front().count == 2);
  CHECK(near(std::get<double>(means_of(sides[1]).front().value), 23));
}

namespace {

// A comparison of downtime.
struct Rows {
  Comparison comparison;

  explicit Rows(std::vector<std::string> policies) {
    comparison.policies = std::move(policies);
    for (const auto& [a, b] : pairs_of(comparison.policies.size())) {
      comparison.pairs.push_back({comparison.policies[a], comparison.policies[b], {}});
    }
    comparison.variants = {.corners = {{"before blocked", "", "before", "blocked"},
                                       {"before free", "", "before", "free"},
                                       {"after blocked", "", "after", "blocked"},
                                       {"after free", "", "after", "free"}},
                           .costs = {{"teardown_zero", "teardown", "teardown"}, {"book_zero", "book", "book"}},
                           .highs = {{"teardown_high", "teardown 200us", "teardown"}}};
  }

  // Each policy's values are the baseline's 1000, 1010, 1020 and this, give or take one.
  void add(const std::string& variant, const std::vector<double>& offsets) {
    std::vector<std::vector<ReplicationSummary>> sides{side(comparison.policies[0], {1000, 1010, 1020})};
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      const double by = offsets[i];
      sides.push_back(side(comparison.policies[i + 1], {999 + by, 1010 + by, 1021 + by}));
    }
    const auto rows = compare_pairs(sides, variant);
    for (std::size_t p = 0; p < rows.size(); ++p) {
      for (const ComparisonRow& row : rows[p]) comparison.pairs[p].rows.push_back(row);
    }
  }
  void add_to_all(const std::vector<std::string>& variants, const std::vector<double>& offsets) {
    for (const std::string& variant : variants) add(variant, offsets);
  }
};

}  // namespace

TEST_CASE("unknowns that move no number of a pair do not apply to it") {
  Rows rows({"a", "b", "c"});
  rows.add_to_all({"base", "before blocked", "before free", "teardown_zero", "book_zero"}, {100, 7});
  rows.add_to_all({"after blocked", "after free"}, {100, 8});
  rows.add("teardown_high", {100, 300});
  const VariantNames& variants = rows.comparison.variants;
  CHECK(without_effect(rows.comparison.pairs[0], variants) ==
        std::vector<std::string>{"suspend_ack", "api_during_unmap", "teardown", "book"});
  CHECK(without_effect(rows.comparison.pairs[1], variants) == std::vector<std::string>{"api_during_unmap", "book"});
  CHECK(without_effect({"a", "b", {}}, variants).empty());  // nothing was run
}

TEST_CASE("two of which no number differs are the same, in every replication and every variant") {
  PairComparison pair{"a", "b", compare_policies(side("a", {1, 2, 3}), side("b", {1, 2, 3}), "base")};
  CHECK(is_same(pair));
  pair.rows.push_back(compare_policies(side("a", {1, 2, 3}), side("b", {2, 1, 3}), "variant").front());
  CHECK(pair.rows.back().difference == 0);
  CHECK_FALSE(is_same(pair));  // equal on average is not the same
  CHECK_FALSE(is_same(PairComparison{"a", "b", {}}));
}

TEST_CASE("the overview says who is shorter, who longer, who the same, and that the assumptions agree") {
  Rows rows({"a", "b", "c", "d", "e", "f", "g"});
  rows.add_to_all({"base", "unique_zero", "before blocked", "before free", "after blocked", "after free",
                   "teardown_zero", "book_zero", "teardown_high"},
                  {100, 0, -50, 300, 100, 0});
  const std::vector<double> values{1000, 1010, 1020};
  rows.comparison.pairs[5].rows = compare_policies(side("a", values), side("g", values), "base");
  const std::vector<std::string> sentences = overview(rows.comparison);
  REQUIRE(sentences.size() == 1);
  CHECK(sentences.front() ==
        "Downtime of a victim, 1.01 us with a: shorter with d (by 50.0 ns); longer with b and f (by 100 ns), e (by "
        "300 ns); no difference shown with c; the same with g. The firmware corners agree. The costs unique to a "
        "scheme do not change this.");
}

TEST_CASE("the overview says plainly about whom the assumptions disagree") {
  Rows rows({"a", "b", "c"});
  rows.add_to_all({"base", "before blocked", "before free", "book_zero"}, {100, 0});
  rows.add("after blocked", {0, 0});
  rows.add("after free", {-100, 0});
  rows.add("unique_zero", {-40, 0});
  rows.add("teardown_zero", {100, -60});
  rows.add("teardown_high", {100, 500});
  const std::string sentence = overview(rows.comparison).front();
  CHECK(
      sentence ==
      "Downtime of a victim, 1.01 us with a: longer with b (by 100 ns); no difference shown with c. The firmware "
      "corners disagree about b (of 4: shorter in 1, longer in 2, no difference shown in 1). With the costs unique "
      "to a scheme at zero: shorter with b. One unique cost alone, at zero or at the top of its range, changes it "
      "for c (of 3: shorter in 1, longer in 1, no difference shown in 1).");
}

TEST_CASE("the overview says when the metrics disagree about a policy") {
  Rows rows({"a", "b", "c"});
  rows.add("base", {100, 100});
  for (PairComparison& pair : rows.comparison.pairs) {
    ComparisonRow row = pair.rows.front();
    row.metric = "mes_lock_hold_ns";
    row.role = "device";
    if (pair.policy_b == "c") {
      row.difference = -100;
      row.ci_low = -101;
      row.ci_high = -99;
    }
    pair.rows.push_back(row);
  }
  const std::vector<std::string> sentences = overview(rows.comparison);
  REQUIRE(sentences.size() == 3);
  CHECK(
      sentences.back() ==
      "The metrics disagree about c: against a it is better in MES mutex hold of an eviction, worse in Downtime of "
      "a victim.");
}

TEST_CASE("the overview claims no more than the rows show") {
  Rows rows({"a", "b", "c"});
  SECTION("no difference") {
    rows.add("base", {0, 0});
    CHECK(overview(rows.comparison).front() == "No difference from a is shown in any headline metric.");
  }
  SECTION("a policy without the statistic") {
    rows.add("base", {100, 100});
    rows.comparison.pairs[1].rows.clear();
    CHECK(overview(rows.comparison).front().find("longer with b (by 100 ns); not measured with c.") !=
          std::string::npos);
  }
  SECTION("a policy that has the statistic in one replication alone") {
    rows.add("base", {100, 0});
    rows.comparison.pairs[1].rows = compare_policies(side("a", {1}), side("c", {2}), "base");
    const std::string sentence = overview(rows.comparison).front();
    CAPTURE(sentence);
    CHECK(sentence.find("longer with b (by 100 ns); too few replications with c.") != std::string::npos);
  }
  SECTION("one replication") {
    for (PairComparison& pair : rows.comparison.pairs) {
      pair.rows = compare_policies(side(pair.policy_a, {1}), side(pair.policy_b, {2}), "base");
    }
    const std::vector<std::string> sentences = overview(rows.comparison);
    REQUIRE(sentences.size() == 1);
    CHECK(sentences.front().find("one replication says nothing") != std::string::npos);
  }
  SECTION("no whole replication") { CHECK(overview(rows.comparison).front().find("No replication is whole") == 0); }
}

}  // namespace userqsim::compare_pairs_test
