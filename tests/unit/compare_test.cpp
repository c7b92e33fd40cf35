#include "results/compare/compare.hpp"

#include <cmath>

#include "results/compare/judge.hpp"
#include "results/report/human.hpp"
#include "results/report/verdict.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/summaries.hpp"

namespace userqsim::compare_test {

using namespace test;

TEST_CASE("the interval is the paired Student interval") {
  // Differences 1, 2, 3, 4: mean 2.5, standard deviation sqrt(5/3), t(3 degrees) = 3.182446.
  const auto rows = compare_policies(side("a", {10, 20, 30, 40}), side("b", {11, 22, 33, 44}), "base");
  REQUIRE(rows.size() == 1);
  const ComparisonRow& row = rows.front();
  CHECK(near(row.value_a, 25.0));
  CHECK(near(row.value_b, 27.5));
  CHECK(near(row.difference, 2.5));
  const double half = 3.182446 * std::sqrt(5.0 / 3.0) / 2.0;
  REQUIRE(row.ci_low);
  CHECK(near(*row.ci_low, 2.5 - half));
  CHECK(near(*row.ci_high, 2.5 + half));
  CHECK(row.replications == 4);
  CHECK(row.policy_a == "a");
  CHECK(row.policy_b == "b");
  CHECK(differs(row));
}

TEST_CASE("replications that lack the statistic are left out of the values, too") {
  auto a = side("a", {10, 20, 30});
  auto b = side("b", {12, 22, 32});
  a[1].rows[0].value = Value{};
  const auto rows = compare_policies(a, b, "base");
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().replications == 2);
  CHECK(near(rows.front().value_a, 20.0));
  CHECK(near(rows.front().value_b, 22.0));
  CHECK(near(*rows.front().ci_low, 2.0));  // no spread: the interval is a point
}

TEST_CASE("one replication has no interval and proves nothing") {
  const auto rows = compare_policies(side("a", {10}), side("b", {12}), "base");
  REQUIRE(rows.size() == 1);
  CHECK_FALSE(rows.front().ci_low.has_value());
  CHECK_FALSE(differs(rows.front()));
}

namespace {

// Rows of downtime for the verdict.
struct VerdictRows {
  PairComparison pair{.policy_a = "a", .policy_b = "b", .rows = {}};
  VariantNames variants{
      .corners = {{"ack=before", "before", "before", ""}, {"ack=after", "after", "after", ""}},
      .costs = {{"teardown_zero", "teardown", "teardown"},
                {"registration_zero", "registration", "registration"},
                {"book_zero", "book", "book"}},
      .highs = {{"teardown_high", "teardown 200us", "teardown"}, {"book_high", "book 300us", "book"}}};

  void add(const std::string& variant, const std::vector<double>& a, const std::vector<double>& b) {
    for (const ComparisonRow& row : compare_policies(side("a", a), side("b", b), variant)) pair.rows.push_back(row);
  }
  std::vector<std::string> sentences() const {
    Comparison comparison{{pair.policy_a, pair.policy_b}, {pair}, {}, variants};
    judge(comparison, {});
    return verdict(comparison.pairs.front(), variants);
  }
};

}  // namespace

TEST_CASE("the verdict on a difference says what it rests on") {
  VerdictRows rows;
  SECTION("a difference, its structure, its corners and its cost") {
    rows.add("base", {1000, 1010, 1020}, {1100, 1111, 1119});
    rows.add("unique_zero", {1000, 1010, 1020}, {1010, 1021, 1029});
    rows.add("ack=before", {1000, 1010, 1020}, {1100, 1111, 1119});
    rows.add("ack=after", {1000, 1010, 1020}, {990, 1000, 1010});
    rows.add("teardown_zero", {1000, 1010, 1020}, {1090, 1101, 1109});
    rows.add("registration_zero", {1000, 1010, 1020}, {1020, 1031, 1039});
    const std::vector<std::string> sentences = rows.sentences();
    REQUIRE(sentences.size() == 1);
    CAPTURE(sentences.front());
    CHECK(sentences.front().find("Downtime of a victim: 100 ns (9.90 % of a's downtime) shorter with a than with b "
                                 "[95 % CI 97.5 to 102 ns]") == 0);
    CHECK(sentences.front().find("at zero it is 10.0 ns shorter with a") != std::string::npos);
    CHECK(sentences.front().find("in 1 of 2 firmware corners (not with ack=after: 10.0 ns longer with a") !=
          std::string::npos);
    CHECK(sentences.front().find("rests most on registration") != std::string::npos);
    CHECK(sentences.front().find("without") == std::string::npos);
    CHECK(sentences.front().find("range of an unknown") == std::string::npos);
  }
  SECTION("a corner of the same sign in which it is too small to matter") {
    rows.add("base", {1000, 1010, 1020}, {1100, 1111, 1119});
    rows.add("ack=before", {1000, 1010, 1020}, {1100, 1111, 1119});
    rows.add("ack=after", {1000, 1010, 1020}, {1010, 1021, 1029});  // 1 %; the band is 5 % of 1010
    CHECK_THAT(rows.sentences().front(),
               Catch::Contains("; the sign is the same in all 2 firmware corners, but it is too small to matter in "
                               "some (ack=after: 10.0 ns shorter with a"));
  }
  SECTION("a corner in which it matters, though not by itself") {
    rows.add("base", {1000, 1010, 1020}, {1010, 1021, 1029});
    rows.add("ack=before", {1000, 1010, 1020}, {1010, 1021, 1029});
    rows.add("ack=after", {1000, 1010, 1020}, {1100, 1111, 1119});
    CHECK_THAT(rows.sentences().front(),
               Catch::Contains("firmware corners, but it matters in some (ack=after: 100 ns shorter with a"));
  }
  SECTION("every cost that it rests on, not the heaviest alone") {
    rows.add("base", {1000, 1010, 1020}, {1100, 1111, 1119});
    rows.add("registration_zero", {1000, 1010, 1020}, {900, 911, 919});
    rows.add("teardown_zero", {1000, 1010, 1020}, {950, 961, 969});
    rows.add("book_zero", {1000, 1010, 1020}, {1000, 1011, 1019});
    rows.add("teardown_high", {1000, 1010, 1020}, {2000, 2011, 2019});
    rows.add("book_high", {1000, 1010, 1020}, {700, 711, 719});
    const std::string sentence = rows.sentences().front();
    CAPTURE(sentence);
    CHECK(sentence.find("rests most on registration (at zero its sign turns: 100 ns longer with a") !=
          std::string::npos);
    CHECK(sentence.find("; without teardown the sign turns (50.0 ns longer with a") != std::string::npos);
    CHECK(sentence.find(", without book no difference is shown (none)") != std::string::npos);
    CHECK(sentence.find(
              ". The range of an unknown decides it: with book 300us the sign turns (300 ns longer with a") !=
          std::string::npos);
    CHECK(sentence.find("teardown 200us") == std::string::npos);
  }
  SECTION("variants that were not run say nothing") {
    rows.add("base", {1000, 1010, 1020}, {1100, 1111, 1119});
    CHECK(rows.sentences().front().find("cost") == std::string::npos);
  }
}

TEST_CASE("the verdict on no difference says what it rests on") {
  VerdictRows rows;
  SECTION("no difference that rests on equal costs") {
    rows.add("base", {1000, 1010, 1020}, {1001, 1009, 1020});
    rows.add("unique_zero", {1000, 1010, 1020}, {1001, 1009, 1020});
    rows.add("teardown_zero", {1000, 1010, 1020}, {980, 991, 999});
    rows.add("registration_zero", {1000, 1010, 1020}, {970, 981, 989});
    rows.add("book_zero", {1000, 1010, 1020}, {1050, 1061, 1069});
    rows.add("teardown_high", {1000, 1010, 1020}, {2000, 2011, 2019});
    const std::string sentence = rows.sentences().back();
    CAPTURE(sentence);
    CHECK(sentence.find(
              "; it rests on the costs unique to a scheme being equal: without teardown or registration b is "
              "shorter (by 20.0 ns, 30.0 ns), without book a is (by 50.0 ns).") != std::string::npos);
    CHECK(sentence.find(" The range of an unknown decides it: with teardown 200us a is shorter (by 1.00 us).") !=
          std::string::npos);
  }
  SECTION("no difference") {
    rows.add("base", {1000, 1010, 1020}, {1001, 1009, 1020});
    const std::vector<std::string> sentences = rows.sentences();
    REQUIRE(sentences.size() == 2);
    CHECK(sentences.front().find("No difference between a and b is shown") == 0);
    CHECK(sentences.back().find("no difference that matters") != std::string::npos);  // within 5 %
  }
}

TEST_CASE("the verdict claims no more than the rows show") {
  VerdictRows rows;
  SECTION("every share is of a's downtime") {
    rows.add("base", {1000, 1000, 1000}, {2000, 2001, 1999});
    for (ComparisonRow row : std::vector<ComparisonRow>(rows.pair.rows)) {
      row.metric = "evict_latency_ns";
      row.value_a = 100.0;
      row.value_b = 600.0;
      row.difference = 500.0;
      rows.pair.rows.push_back(row);
    }
    const std::vector<std::string> sentences = rows.sentences();
    REQUIRE(sentences.size() == 2);
    CHECK(sentences[0].find("(100 % of a's downtime)") != std::string::npos);
    CHECK(sentences[1].find("(50.0 % of a's downtime)") != std::string::npos);
  }
  SECTION("one replication shows nothing") {
    rows.add("base", {1000}, {1100});
    const std::vector<std::string> sentences = rows.sentences();
    REQUIRE(sentences.size() == 1);
    CHECK(sentences.front().find("with one replication") != std::string::npos);
  }
  SECTION("no whole replication") { CHECK(rows.sentences().front().find("No replication is whole") == 0); }
  SECTION("nothing was evicted") {
    rows.add("base", {1000}, {1100});
    rows.pair.rows.front().metric = "evictions";
    CHECK(rows.sentences().front().find("Nothing was evicted") == 0);
  }
}

TEST_CASE("numbers as people read them") {
  CHECK(human(38'100, "ns") == "38.1 us");
  CHECK(human(0, "ns") == "0 ns");
  CHECK(human(1.5 * 1024 * 1024 * 1024, "bytes") == "1.50 GiB");
  CHECK(human(0.125, "1") == "12.5 %");
  CHECK(human(6.0, "packets") == "6.00");
  CHECK(human_signed(-1'230'000, "ns") == "-1.23 ms");
  CHECK(human_interval(30'000, 46'200, "ns") == "[+30.0, +46.2] us");
  CHECK(human_range(-46'200, -30'000, "ns") == "-46.2 to -30.0 us");
  CHECK(human_share(12, 1000) == "+1.20 %");
  CHECK(human(999.9e3, "ns") == "1.00 ms");  // the scale is chosen after rounding
  CHECK(human(999.4e3, "ns") == "999 us");
  CHECK(human(9.996e3, "ns") == "10.0 us");
  CHECK(human(99.96e3, "ns") == "100 us");
  CHECK(human(1023.9 * 1024, "bytes") == "1.00 MiB");
  CHECK(human_signed(-999'700, "ns") == "-1.00 ms");
  CHECK(human_interval(-999'900, 3, "ns") == "[-1.00, +0.00] ms");
}

}  // namespace userqsim::compare_test
