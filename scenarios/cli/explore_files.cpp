#include "scenarios/cli/explore_files.hpp"

#include <algorithm>

#include "results/record/csv.hpp"
#include "results/record/manifest.hpp"
#include "scenarios/cli/explore_story.hpp"

namespace userqsim {
namespace {

// "restore_cancelled-a-q", of what any file system takes. There is one finding of each hazard, so no two are alike.
std::string file_name_of(const Finding& finding) {
  constexpr std::size_t longest = 100;
  std::string name = finding.hazard;
  for (const std::string& part : {finding.process, finding.queue}) {
    if (!part.empty()) name += "-" + part;
  }
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_plain(c); }, '_');
  return name.substr(0, longest);
}

std::vector<std::string> order_of(const Finding& finding) {
  std::vector<std::string> order;
  for (const FoundStep& step : finding.sequence) order.push_back(step.name);
  return order;
}

std::string write_coverage(const std::filesystem::path& to, const LoadedScenario& loaded,
                           const std::vector<TableRow>& rows) {
  CsvWriter csv(to / "coverage.csv",
                {"lifecycle", "policy", "operation", "helper", "from", "to", "result", "transitions"});
  for (const TableRow& row : rows) {
    csv << loaded.machine->kernel.lifecycle << loaded.machine->policy << name_of(row.operation) << helper_of(row)
        << name_of(row.from) << name_of(row.to) << (row.ok ? "ok" : "failed") << row.taken;
    csv.end_row();
  }
  return csv.close().name;
}

}  // namespace

std::vector<std::string> write_findings(const std::filesystem::path& to, const LoadedScenario& loaded,
                                        const Exploration& exploration) {
  std::vector<std::string> files;
  const auto write = [&](const std::string& name, const std::string& text) {
    files.push_back(write_text(to / name, text).name);
  };
  for (const Finding& finding : exploration.findings) {
    const std::string name = file_name_of(finding);
    write(name + ".json", with_order(loaded, order_of(finding)));
    write(name + ".md", story_of(finding, loaded, exploration.is_order, name + ".json"));
    write(name + ".dot", picture_of(finding));
  }
  files.push_back(write_coverage(to, loaded, exploration.coverage));
  return files;
}

}  // namespace userqsim
