// A check as text, for people and for the programs that read such results in CI. tests/cli/check_schemas has what
// of each format we write, with where it is described.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/check/check.hpp"
#include "results/report/table.hpp"

namespace userqsim {

enum class CheckFormat : std::uint8_t { table, md, json, junit, github, gab, bmf };
template <>
struct EnumNames<CheckFormat> {
  static constexpr std::array entries{std::pair{CheckFormat::table, std::string_view{"table"}},
                                      std::pair{CheckFormat::md, std::string_view{"md"}},
                                      std::pair{CheckFormat::json, std::string_view{"json"}},
                                      std::pair{CheckFormat::junit, std::string_view{"junit"}},
                                      std::pair{CheckFormat::github, std::string_view{"github"}},
                                      std::pair{CheckFormat::gab, std::string_view{"gab"}},
                                      std::pair{CheckFormat::bmf, std::string_view{"bmf"}}};
};

// The text of the baseline: annotations say in which of its lines a statistic stands.
std::string render_check(const CheckReport& report, CheckFormat format, std::string_view baseline_text);

// Each its own format, with a final line break.
std::string check_text(const CheckReport& report, TableFormat format);  // table or md
std::string check_json(const CheckReport& report);
// JUnit XML: a test case for each policy's digests and each statistic.
std::string check_junit(const CheckReport& report);
// GitHub's workflow commands: the ten worst as errors, then one line that sums up.
std::string check_github(const CheckReport& report, std::string_view baseline_text);
// github-action-benchmark's customSmallerIsBetter: the statistics that are better when lower.
std::string check_gab(const CheckReport& report);
// Bencher Metric Format.
std::string check_bmf(const CheckReport& report);

}  // namespace userqsim
