// The tables of a comparison: they fit the page, whatever the number of policies.
#include "results/report/side_by_side.hpp"

#include <algorithm>

#include "results/compare/compare.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/summaries.hpp"

namespace userqsim::side_by_side_test {

using namespace test;

namespace {

Comparison comparison_of(const std::vector<std::string>& policies) {
  std::vector<std::vector<ReplicationSummary>> sides;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const double by = 10e3 * static_cast<double>(i);
    sides.push_back(side(policies[i], {200e3 + by, 201e3 + by, 202e3 + 2 * by}));
  }
  Comparison comparison;
  comparison.policies = policies;
  for (const auto& rows : compare_pairs(sides, "base")) {
    comparison.pairs.push_back({rows.front().policy_a, rows.front().policy_b, rows});
  }
  for (const auto& one : sides) comparison.means.push_back(means_of(one));
  return comparison;
}

std::vector<std::string> names_of(const ReportTable& table) {
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace

TEST_CASE("sides have letters") {
  CHECK(side_letter(0) == "a");
  CHECK(side_letter(25) == "z");
  CHECK(side_letter(26) == "aa");
  CHECK(side_letter(53) == "bb");
}

TEST_CASE("two policies and their difference stand in one table") {
  const std::vector<ReportTable> tables = means_and_differences(comparison_of({"preempt_restore", "unmap_map"}));
  REQUIRE(tables.size() == 1);
  CHECK(names_of(tables.front()) ==
        std::vector<std::string>{"mean of", "a preempt_restore", "b unmap_map", "b - a", "95 % interval", "share"});
  REQUIRE(tables.front().rows.size() == 1);
  // 200, 201, 202 us against 210, 211, 222: differences 10, 10, 20.
  CHECK(tables.front().rows.front()[1] == "201 us");
  CHECK(tables.front().rows.front()[2] == "214 us");
  CHECK(tables.front().rows.front()[3] == "+13.3 us");
  CHECK(tables.front().rows.front()[5] == "+6.63 %");
}

TEST_CASE("many policies stand in a table of means, and their differences from the first below") {
  const std::vector<std::string> policies{"seed-v8:preempt_restore",
                                          "seed-v8+reset:preempt_restore",
                                          "6.16:unmap_map",
                                          "6.18:preempt_restore",
                                          "6.19:preempt_restore",
                                          "7.1:unmap_map",
                                          "kfd:unmap_map"};
  const std::vector<ReportTable> tables = means_and_differences(comparison_of(policies));
  REQUIRE(tables.size() == 4);
  CHECK(names_of(tables.front()) == std::vector<std::string>{"mean of", "a", "b", "c", "d", "e", "f", "g"});
  std::vector<std::string> differences;
  for (std::size_t t = 1; t < tables.size(); ++t) {
    for (const TableColumn& column : tables[t].columns) {
      if (column.name.ends_with(" - a")) differences.push_back(column.name);
    }
    CHECK(tables[t].columns.size() == 1 + 2 * 3);  // a difference is never parted from its interval
  }
  CHECK(differences == std::vector<std::string>{"b - a", "c - a", "d - a", "e - a", "f - a", "g - a"});
  for (const ReportTable& table : tables) CHECK(fits_page(table));
}

TEST_CASE("a table too wide for the page is folded") {
  ReportTable table{{{"key"}}, {{"x"}, {"only the first half"}}};
  for (int c = 0; c < 12; ++c) {
    table.columns.push_back({std::string(18, static_cast<char>('a' + c))});
    table.rows[0].push_back("1");
    table.rows[1].push_back(c < 6 ? "2" : "");
  }
  SECTION("between groups") {
    const std::vector<ReportTable> parts = folded(table, {3, 3, 3, 3});
    REQUIRE(parts.size() == 4);
    for (const ReportTable& part : parts) CHECK((part.columns.size() == 4 && fits_page(part)));
    CHECK(parts[1].rows.size() == 2);
    CHECK(parts[2].rows.size() == 1);  // nothing is left of the other
  }
  SECTION("within a group that is too wide alone") {
    const std::vector<ReportTable> parts = folded(table, {12});
    std::size_t columns = 0;
    for (const ReportTable& part : parts) {
      CHECK(fits_page(part));
      columns += part.columns.size() - 1;
    }
    CHECK(columns == 12);
  }
  SECTION("a column that no page holds stands alone") {
    table.columns[1].name = std::string(2 * page_width, 'z');
    CHECK(folded(table, {1, 11}).front().columns.size() == 2);
  }
}

}  // namespace userqsim::side_by_side_test
