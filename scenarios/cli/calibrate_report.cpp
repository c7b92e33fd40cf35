#include "scenarios/cli/calibrate_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "results/report/human.hpp"
#include "scenarios/load/assumptions.hpp"
#include "sim/config/units.hpp"
#include "sim/core/wide.hpp"
#include "sim/stats/kolmogorov.hpp"
#include "sim/stats/statistics.hpp"

namespace userqsim {
namespace {

std::string number(std::uint64_t value) { return fmt::format("{}", value); }

std::vector<std::string> time_cells(TimeClass what, const std::string& whose,
                                    const std::vector<std::int64_t>& times) {
  Samples samples;
  for (const std::int64_t time : times) samples.add(time);
  const auto cell = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string{}; };
  Wide sum = 0;  // a recording's times may be years
  for (const std::int64_t time : times) sum += time;
  const double mean = static_cast<double>(sum) / static_cast<double>(std::max<std::size_t>(times.size(), 1));
  return {std::string(name_of(what)),
          whose,
          number(times.size()),
          times.empty() ? std::string{} : fmt::format("{}", *std::min_element(times.begin(), times.end())),
          cell(samples.quantile_permille(500)),
          cell(samples.quantile_permille(950)),
          cell(samples.max()),
          times.empty() ? std::string{} : fmt::format("{:.1f}", mean)};
}

std::vector<std::int64_t> sorted_times(const TimesByClass& times, TimeClass what) {
  const auto found = times.find(what);
  if (found == times.end()) return {};
  std::vector<std::int64_t> sorted = found->second;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// The same with times for people.
ReportTable readable(ReportTable table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::string& name = table.columns[c].name;
    if (!name.ends_with("_ns")) continue;
    name.resize(name.size() - 3);
    for (auto& row : table.rows) {
      if (!row[c].empty()) row[c] = human(std::stod(row[c]), "ns");
    }
  }
  return table;
}

ReportTable without_column(ReportTable table, std::size_t column) {
  const auto at = static_cast<std::ptrdiff_t>(column);
  table.columns.erase(table.columns.begin() + at);
  for (auto& row : table.rows) row.erase(row.begin() + at);
  return table;
}

std::string for_people(const Calibration& calibration, const ReportTable& costs, const ReportTable& lines,
                       const ReportTable& calls, const ReportTable& times) {
  std::string out = render(without_column(costs, costs.columns.size() - 1), TableFormat::table) + "\n";
  for (const CostFinding& finding : calibration.findings) {
    out += wrap(fmt::format("{}: {}", finding.cost, finding.how), page_width, 0);
  }
  out += "\n" + render(lines, TableFormat::table) + "\n" + render(calls, TableFormat::table);
  if (!times.rows.empty()) out += "\n" + render(readable(times), TableFormat::table);
  return out;
}

}  // namespace

ReportTable cost_table(const Calibration& calibration) {
  ReportTable table{{{"cost"}, {"value"}, {"kind"}, {"samples", true}, {"least"}, {"most"}, {"how"}}, {}};
  CostSpec costs = calibration.costs;
  for (const CostFinding& finding : calibration.findings) {
    const Cost* cost = find_cost(costs, finding.cost);
    if (cost == nullptr) {
      const Factor& factor = finding.cost == "gtt_slowdown" ? costs.gtt_slowdown : costs.context_fill;
      table.rows.push_back({std::string(finding.cost), fmt::format("{}", factor.value),
                            std::string(name_of(factor.kind)), "0", fmt::format("{}", factor.range.front()),
                            fmt::format("{}", factor.range.back()), finding.how});
      continue;
    }
    table.rows.push_back({std::string(finding.cost), text_of(cost->value), std::string(name_of(cost->kind)),
                          number(finding.estimate ? finding.estimate->samples : 0), to_text(cost->range.front()),
                          to_text(cost->range.back()), finding.how});
  }
  return table;
}

ReportTable line_table(const LineCounts& lines) {
  ReportTable table{{{"lines"}, {"count", true}}, {}};
  for (const auto& [fate, name] : EnumNames<LineFate>::entries) {
    table.rows.push_back({std::string(name), number(lines.of(fate))});
  }
  table.rows.push_back({"total", number(lines.total())});
  return table;
}

ReportTable call_table(const TraceSamples& samples) {
  ReportTable table{{{"call"}, {"succeeded", true}}, {}};
  for (const auto& [how, name] : EnumNames<StartKnown>::entries) table.columns.push_back({std::string(name), true});
  for (const auto& [why, name] : EnumNames<LeftOut>::entries) table.columns.push_back({std::string(name), true});
  for (const auto& [service, name] : EnumNames<Service>::entries) {
    const ServiceSamples& calls = samples.of(service);
    std::vector<std::string> row{std::string(name), number(calls.whole.size())};
    for (const std::uint64_t count : calls.known) row.push_back(number(count));
    for (const std::uint64_t count : calls.left_out) row.push_back(number(count));
    table.rows.push_back(std::move(row));
  }
  std::vector<std::string> flush{"TLB flush", number(samples.flushes())};
  for (const auto& [how, name] : EnumNames<StartKnown>::entries) {
    flush.push_back(how == StartKnown::emission ? number(samples.tlb_flush.size()) : "0");
  }
  for (const std::uint64_t count : samples.flushes_left_out) flush.push_back(number(count));
  table.rows.push_back(std::move(flush));
  return table;
}

ReportTable time_table(const TimesByClass& recorded, const std::map<std::string, TimesByClass>& simulated) {
  ReportTable table{{{"time"},
                     {"whose"},
                     {"count", true},
                     {"min_ns", true},
                     {"p50_ns", true},
                     {"p95_ns", true},
                     {"max_ns", true},
                     {"mean_ns", true},
                     {"ks_distance", true}},
                    {}};
  for (const auto& [what, name] : EnumNames<TimeClass>::entries) {
    const std::vector<std::int64_t> ours = sorted_times(recorded, what);
    table.rows.push_back(time_cells(what, "recorded", ours));
    table.rows.back().emplace_back();
    for (const auto& [policy, times] : simulated) {
      const std::vector<std::int64_t> theirs = sorted_times(times, what);
      table.rows.push_back(time_cells(what, policy, theirs));
      const bool both = !ours.empty() && !theirs.empty();
      table.rows.back().push_back(both ? fmt::format("{:.4f}", ks_distance(ours, theirs)) : std::string{});
    }
  }
  return table;
}

std::string calibrate_report(const Calibration& calibration, const TraceSamples& samples, const LineCounts& lines,
                             const ReportTable& times, TableFormat format) {
  const ReportTable costs = cost_table(calibration), fates = line_table(lines), calls = call_table(samples);
  if (format == TableFormat::table) return for_people(calibration, costs, fates, calls, times);
  const bool compared = !times.rows.empty();
  if (format != TableFormat::json) {
    std::string out = render(costs, format) + "\n" + render(fates, format) + "\n" + render(calls, format);
    return compared ? out + "\n" + render(times, format) : out;
  }
  std::string out = "{\"costs\": " + render(costs, format) + ",\n\"lines\": " + render(fates, format) +
                    ",\n\"calls\": " + render(calls, format);
  if (compared) out += ",\n\"times\": " + render(times, format);
  return out + "}\n";
}

}  // namespace userqsim
