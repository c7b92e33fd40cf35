#include "scenarios/experiment/sweep_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <variant>

#include "results/record/csv.hpp"

namespace userqsim {
namespace {

std::string keys_of(const Study& study, std::uint64_t run) {
  const StudyRun at = study.run_at(run);
  return fmt::format("{},{},{},{}", csv_field(study.base.scenario.name), at.point,
                     csv_field(study.sides[at.side].key), at.replication);
}

std::string text_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* fraction = std::get_if<double>(&value)) return fmt::format("{}", *fraction);
  return {};
}

bool is_kept(const Study& study, std::string_view metric) {
  return study.metrics.empty() ||
         std::find(study.metrics.begin(), study.metrics.end(), metric) != study.metrics.end();
}

std::string text_of(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : std::string{};
}

std::string timing_of(const std::string& keys, const CellResult& result) {
  const double rate = result.wall_seconds > 0.0 ? static_cast<double>(result.events) / result.wall_seconds : 0.0;
  return fmt::format("{},{},{},{:.0f}\n", keys, result.wall_seconds, result.events, rate);
}

}  // namespace

RunRows rows_of(const Study& study, std::uint64_t run, const CellResult& result) {
  const std::string keys = keys_of(study, run);
  const bool whole = result.stop == StopReason::horizon;
  RunRows rows;
  rows.run = run;
  rows.status = fmt::format("{},{},{},{:016x},{},\n", keys, whole ? run_ok : run_limited, result.events,
                            result.digest, result.waits.size());
  rows.timing = timing_of(keys, result);
  if (!whole) return rows;
  for (const SummaryRow& row : result.summary) {
    if (!is_kept(study, row.metric)) continue;
    fmt::format_to(std::back_inserter(rows.summary), "{},{},{},{},{},{},{},{},{},{}\n", keys, row.metric, row.role,
                   row.stat, text_of(row.value), row.unit, row.count, row.censored, text_of(row.ci_low),
                   text_of(row.ci_high));
  }
  return rows;
}

RunRows rows_of_failure(const Study& study, std::uint64_t run, const std::string& message) {
  const std::string keys = keys_of(study, run);
  std::string line = message;
  std::replace(line.begin(), line.end(), '\n', ' ');
  return {.run = run,
          .status = fmt::format("{},{},,,,{}\n", keys, run_failed, csv_field(line)),
          .summary = {},
          .timing = {}};
}

std::string points_header(const Study& study) {
  std::string header = "scenario,point";
  for (const std::string& column : study.columns()) header += "," + column;
  return header + "\n";
}

std::string points_row(const Study& study, std::uint64_t point) {
  std::string row = fmt::format("{},{}", csv_field(study.base.scenario.name), point);
  for (const std::string& value : study.values(point)) row += "," + csv_field(value);
  return row + "\n";
}

}  // namespace userqsim
