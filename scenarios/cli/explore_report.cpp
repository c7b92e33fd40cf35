#include "scenarios/cli/explore_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/cli/explore_story.hpp"

namespace userqsim {
namespace {

std::string number(std::uint64_t value) { return fmt::format("{}", value); }

ReportTable hazard_table(const Exploration& exploration) {
  ReportTable table{{{"hazard"}, {"process"}, {"queue"}, {"steps", true}}, {}};
  for (const Finding& f : exploration.findings) {
    table.rows.push_back({f.hazard, f.process, f.queue, number(f.sequence.size())});
  }
  return table;
}

// An order that was followed to its end is complete as an order, and as a search it is none.
ReportTable count_table(const Exploration& exploration) {
  const SearchCounts& counts = exploration.counts;
  const std::string whole = exploration.is_order ? "order" : "yes";
  return {{{"states", true}, {"transitions", true}, {"depth", true}, {"ends", true}, {"complete"}},
          {{number(counts.states), number(counts.transitions), number(counts.depth), number(counts.ends),
            counts.complete ? whole : "no"}}};
}

ReportTable coverage_table(const Exploration& exploration) {
  ReportTable table{{{"operation"}, {"helper"}, {"from"}, {"to"}, {"result"}, {"transitions", true}}, {}};
  for (const TableRow& row : exploration.coverage) {
    table.rows.push_back({std::string(name_of(row.operation)), std::string(helper_of(row)),
                          std::string(name_of(row.from)), std::string(name_of(row.to)), row.ok ? "ok" : "failed",
                          number(row.taken)});
  }
  return table;
}

// What of some rows was never taken.
std::string never_taken(const std::vector<const TableRow*>& rows) {
  std::string text;
  bool is_all = true;
  for (const TableRow* row : rows) {
    if (row->taken != 0) {
      is_all = false;
      continue;
    }
    text += fmt::format("{}{} -> {}{}", text.empty() ? "" : ", ", name_of(row->from), name_of(row->to),
                        row->ok ? "" : " (fails)");
  }
  return is_all && rows.size() > 1 ? fmt::format("all {}", rows.size()) : text;
}

// A line for each operation and helper; one for an operation of which nothing was taken.
std::string coverage_text(const LoadedScenario& loaded, const std::vector<TableRow>& rows, TableFormat format) {
  ReportTable table{{{"operation"}, {"helper"}, {"never taken"}}, {}};
  std::size_t taken = 0;
  std::vector<std::pair<std::string, std::vector<const TableRow*>>> groups;  // by operation, in order
  for (const TableRow& row : rows) {
    taken += row.taken != 0 ? 1 : 0;
    const std::string operation(name_of(row.operation));
    const auto is_same = [&](const auto& group) { return group.first == operation; };
    auto group = std::find_if(groups.begin(), groups.end(), is_same);
    if (group == groups.end()) group = groups.insert(group, {operation, {}});
    group->second.push_back(&row);
  }
  for (const auto& [operation, all] : groups) {
    if (std::all_of(all.begin(), all.end(), [](const TableRow* row) { return row->taken == 0; })) {
      table.rows.push_back({operation, "", never_taken(all)});
      continue;
    }
    for (auto row = all.begin(); row != all.end();) {
      const auto end =
          std::find_if(row, all.end(), [&](const TableRow* each) { return helper_of(*each) != helper_of(**row); });
      const std::string words = never_taken({row, end});
      if (!words.empty()) table.rows.push_back({operation, std::string(helper_of(**row)), words});
      row = end;
    }
  }
  const std::string head = fmt::format("\nof {} rows of the tables of {} under {} {} were taken\n", rows.size(),
                                       loaded.machine->kernel.lifecycle, loaded.machine->policy, taken);
  return table.rows.empty() ? head : head + "\n" + render(table, format);
}

ReportTable step_table(const Exploration& exploration) {
  ReportTable table{{{"hazard"}, {"process"}, {"queue"}, {"step", true}, {"what"}}, {}};
  for (const Finding& f : exploration.findings) {
    for (std::size_t i = 0; i < f.sequence.size(); ++i) {
      table.rows.push_back({f.hazard, f.process, f.queue, number(i + 1), text_of(f.sequence[i])});
    }
    for (const std::string& wait : f.waits) table.rows.push_back({f.hazard, f.process, f.queue, {}, wait});
  }
  return table;
}

// Of those that last for ever, who waits for whom as Graphviz text.
ReportTable wait_table(const Exploration& exploration) {
  ReportTable table{{{"hazard"}, {"graph"}}, {}};
  for (const Finding& f : exploration.findings) {
    if (!f.waits_dot.empty()) table.rows.push_back({f.hazard, f.waits_dot});
  }
  return table;
}

std::string sequence_text(const Finding& finding) {
  std::string text = fmt::format("\n{}:\n", title_of(finding));
  for (std::size_t i = 0; i < finding.sequence.size(); ++i)
    text += fmt::format("{:>5}  {}\n", i + 1, text_of(finding.sequence[i]));
  for (const std::string& wait : finding.waits) text += fmt::format("       {}\n", wait);
  return text;
}

std::string without_line_end(std::string text) {
  text.resize(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

std::string explore_report(const LoadedScenario& loaded, const Exploration& exploration, TableFormat format) {
  if (format == TableFormat::csv) return render(step_table(exploration), format);
  if (format == TableFormat::json) {
    return fmt::format("{{\"counts\": {}, \"hazards\": {}, \"steps\": {}, \"coverage\": {}, \"waits\": {}}}\n",
                       without_line_end(render(count_table(exploration), format)),
                       without_line_end(render(hazard_table(exploration), format)),
                       without_line_end(render(step_table(exploration), format)),
                       without_line_end(render(coverage_table(exploration), format)),
                       without_line_end(render(wait_table(exploration), format)));
  }
  std::string text = render(count_table(exploration), format);
  text += "\n" + (exploration.findings.empty() ? "no hazard was met\n" : render(hazard_table(exploration), format));
  for (const Finding& finding : exploration.findings) text += sequence_text(finding);
  return text + coverage_text(loaded, exploration.coverage, format);
}

}  // namespace userqsim
