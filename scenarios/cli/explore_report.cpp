#include "scenarios/cli/explore_report.hpp"

#include <fmt/format.h>

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

ReportTable count_table(const SearchCounts& counts) {
  return {{{"states", true}, {"transitions", true}, {"depth", true}, {"ends", true}, {"complete"}},
          {{number(counts.states), number(counts.transitions), number(counts.depth), number(counts.ends),
            counts.complete ? "yes" : "no"}}};
}

ReportTable step_table(const Exploration& exploration) {
  ReportTable table{{{"hazard"}, {"process"}, {"queue"}, {"step", true}, {"what"}}, {}};
  for (const Finding& f : exploration.findings) {
    for (std::size_t i = 0; i < f.sequence.size(); ++i) {
      table.rows.push_back({f.hazard, f.process, f.queue, number(i + 1), f.sequence[i]});
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
  std::string whose = finding.process;
  if (!finding.queue.empty()) whose += "/" + finding.queue;
  std::string text = fmt::format("\n{}{}{}:\n", finding.hazard, whose.empty() ? "" : " of ", whose);
  for (std::size_t i = 0; i < finding.sequence.size(); ++i)
    text += fmt::format("{:>5}  {}\n", i + 1, finding.sequence[i]);
  for (const std::string& wait : finding.waits) text += fmt::format("       {}\n", wait);
  return text;
}

std::string without_line_end(std::string text) {
  text.resize(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

std::string explore_report(const Exploration& exploration, TableFormat format) {
  if (format == TableFormat::csv) return render(step_table(exploration), format);
  if (format == TableFormat::json) {
    return fmt::format("{{\"counts\": {}, \"hazards\": {}, \"steps\": {}, \"waits\": {}}}\n",
                       without_line_end(render(count_table(exploration.counts), format)),
                       without_line_end(render(hazard_table(exploration), format)),
                       without_line_end(render(step_table(exploration), format)),
                       without_line_end(render(wait_table(exploration), format)));
  }
  std::string text = render(count_table(exploration.counts), format);
  if (exploration.findings.empty()) return text + "\nno hazard was met\n";
  text += "\n" + render(hazard_table(exploration), format);
  for (const Finding& finding : exploration.findings) text += sequence_text(finding);
  return text;
}

}  // namespace userqsim
