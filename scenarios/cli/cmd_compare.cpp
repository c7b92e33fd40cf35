// `compare`: policies over the same replications, or kernels.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "results/compare/compare.hpp"
#include "results/report/comparison_report.hpp"
#include "scenarios/cli/compare_sides.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/compare.hpp"
#include "scenarios/load/kernel_fields.hpp"

namespace userqsim {
namespace {

std::string describe_pre_wait(const KernelSpec& kernel) {
  const std::string limit = format_duration(kernel.pre_wait_limit);
  switch (kernel.pre_wait) {
    case PreWait::none:
      return "none: queues are stopped at once, whatever runs";
    case PreWait::abort:
      return fmt::format("each queue's last fence up to {}; then the eviction is given up", limit);
    case PreWait::continue_on:
      return fmt::format("each queue's last fence up to {}; then on with the eviction", limit);
    case PreWait::unbounded:
      return "each queue's last fence without limit: long jobs under a fence end before their queue is stopped";
  }
  return {};
}

// What each kernel does about running work, when all do the same; else the table of kernels says it.
std::string pre_wait_of_all(const ComparedSides& sides) {
  std::set<std::string> texts;
  for (const CompareSide& side : sides.machines) texts.insert(describe_pre_wait(side.machine->kernel));
  return texts.size() == 1 ? *texts.begin() : std::string{};
}

// The fields in which kernels differ, a column for each; no columns when it is not they that are compared.
ReportTable kernels_side_by_side(const ComparedSides& sides) {
  ReportTable table;
  if (sides.varied.what != "kernel") return table;
  table.columns.push_back({"field"});
  std::vector<KernelFields> kernels;
  for (const CompareSide& side : sides.machines) {
    table.columns.push_back({side.machine->kernel.name});
    kernels.push_back(kernel_fields(side.machine->kernel));
  }
  table.rows = differing_fields(kernels);
  return table;
}

ComparisonReport make_report(const ExperimentOptions& options, const ComparedSides& sides,
                             const CompareOutcome& outcome) {
  const LoadedScenario& loaded = sides.loaded;
  const MachineSpec& machine = *loaded.machine;
  const bool kernels = options.vary == Vary::kernel;
  return {.scenario = loaded.scenario.name,
          .question = loaded.scenario.question,
          .expected = loaded.scenario.expected,
          .device = loaded.scenario.device,
          .kernel = kernels ? std::string{} : loaded.scenario.kernel,
          .pre_wait = pre_wait_of_all(sides),
          .kernels = kernels_side_by_side(sides),
          .firmware = fmt::format("suspend_ack={}, api_during_unmap={}", name_of(machine.firmware.suspend_ack),
                                  name_of(machine.firmware.api_during_unmap)),
          .horizon = format_duration(machine.horizon),
          .seed = machine.seed,
          .replications = outcome.replications.size(),
          .replications_asked = options.reps,
          .comparison = outcome.comparison,
          .pooled = outcome.pooled,
          .assumptions = loaded.assumptions,
          .directory = {},
          .files = {}};
}

}  // namespace

int cmd_compare(const ExperimentOptions& options) {
  Experiment experiment;
  experiment.command = "compare";
  experiment.started_utc = utc_now();
  const ComparedSides sides = load_sides(options);
  const LoadedScenario& loaded = sides.loaded;
  const ComparePlan plan = plan_comparison(
      {.sides = sides.machines, .first_replication = options.first_rep, .replications = options.reps});
  const TraceRequest traced = trace_request(options, loaded);
  if (options.dry_run) {
    print_plan(plan.cells, loaded, options.format);
    return exit_status::ok;
  }
  RunDirectory directory(output_path(options, loaded), options.force);
  ExperimentTraces traces(traced, plan.cells, loaded.scenario.name, directory.partial());
  experiment.results = run_experiment(
      plan.cells, options, loaded,
      [&](Machine& machine, const Cell& cell, std::size_t index) { return traces.attach(machine, cell, index); });
  const CompareOutcome outcome = assess(plan, experiment.results);
  experiment.cells = plan.cells;
  experiment.summaries = outcome.summaries;
  experiment.varied = sides.varied;
  experiment.comparison = all_rows(outcome.comparison);
  ComparisonReport report = make_report(options, sides, outcome);
  const Published published = publish(directory, options, loaded, experiment, traces);
  report.directory = published.directory;
  report.files = published.files;
  write_stdout(render(report, options.format));
  return finish(experiment.results, published);
}

}  // namespace userqsim
