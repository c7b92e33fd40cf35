#include "results/compare/compare.hpp"

#include <cmath>

#include "results/report/human.hpp"
#include "results/report/verdict.hpp"
#include "tests/support/catch.hpp"

using namespace userqsim;

namespace {

ReplicationSummary replication(const std::string& policy, std::uint32_t number, Value value) {
  return {policy, number, {{"downtime_ns", "victim", "mean", value, "ns", 5, 0}}};
}

std::vector<ReplicationSummary> side(const std::string& policy, const std::vector<double>& values) {
  std::vector<ReplicationSummary> summaries;
  for (std::size_t i = 0; i < values.size(); ++i) {
    summaries.push_back(replication(policy, static_cast<std::uint32_t>(i), values[i]));
  }
  return summaries;
}

bool near(double a, double b) { return std::fabs(a - b) < 1e-9 * std::max(1.0, std::fabs(b)); }

}  // namespace

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

TEST_CASE("the verdict says what the rows show") {
  VerdictInput input{.rows = {}, .policy_a = "a", .policy_b = "b", .corners = {}, .costs = {}};
  const auto add = [&](const std::string& variant, const std::vector<double>& a, const std::vector<double>& b) {
    for (const ComparisonRow& row : compare_policies(side("a", a), side("b", b), variant))
      input.rows.push_back(row);
  };
  input.corners = {{"ack=before", "before"}, {"ack=after", "after"}};
  input.costs = {{"teardown_zero", "teardown"}, {"registration_zero", "registration"}};

  SECTION("a difference, its structure, its corners and its cost") {
    add("base", {1000, 1010, 1020}, {1100, 1111, 1119});
    add("unique_zero", {1000, 1010, 1020}, {1010, 1021, 1029});
    add("ack=before", {1000, 1010, 1020}, {1100, 1111, 1119});
    add("ack=after", {1000, 1010, 1020}, {990, 1000, 1010});
    add("teardown_zero", {1000, 1010, 1020}, {1090, 1101, 1109});
    add("registration_zero", {1000, 1010, 1020}, {1020, 1031, 1039});
    const std::vector<std::string> sentences = verdict(input);
    REQUIRE(sentences.size() == 1);
    CAPTURE(sentences.front());
    CHECK(sentences.front().find(
              "Downtime of a victim: 100 ns (9.01 %) shorter with a than with b [95 % CI 97.5 to 102 ns]") == 0);
    CHECK(sentences.front().find("at zero it is 10.0 ns shorter with a") != std::string::npos);
    CHECK(sentences.front().find("in 1 of 2 firmware corners (not with ack=after: 10.0 ns longer with a") !=
          std::string::npos);
    CHECK(sentences.front().find("rests most on registration") != std::string::npos);
  }
  SECTION("no difference") {
    add("base", {1000, 1010, 1020}, {1001, 1009, 1020});
    const std::vector<std::string> sentences = verdict(input);
    REQUIRE(sentences.size() == 2);
    CHECK(sentences.front().find("No difference between a and b is shown") == 0);
    CHECK(sentences.back().find("no difference shown") != std::string::npos);
  }
  SECTION("nothing to compare") { CHECK(verdict(input).front().find("Nothing was evicted") == 0); }
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
}
