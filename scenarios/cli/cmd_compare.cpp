// `compare`: policies over the same replications, or kernels.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "results/compare/compare.hpp"
#include "results/compare/judge.hpp"
#include "results/report/comparison_report.hpp"
#include "scenarios/cli/compare_sides.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/statistics_options.hpp"
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

std::vector<std::shared_ptr<const MachineSpec>> machines_of(const ComparedSides& sides) {
  std::vector<std::shared_ptr<const MachineSpec>> machines;
  for (const CompareSide& side : sides.machines) machines.push_back(side.machine);
  return machines;
}

// From when on, and why there are so many replications; empty where neither needs a word.
std::string describe_measured(const LoadedScenario& loaded, const Experiment& experiment) {
  const Scenario& scenario = loaded.scenario;
  std::string text;
  if (scenario.analysis == Analysis::steady_state || scenario.measure_from > Duration{0}) {
    text = fmt::format(
        "{}, from {} on{}", scenario.analysis == Analysis::steady_state ? "steady state" : "terminating",
        format_duration(scenario.measure_from), scenario.warm_up == WarmUp::mser5 ? " (found by MSER-5)" : "");
  }
  if (!experiment.stopping) return text;
  const ManifestStopping& rule = *experiment.stopping;
  return fmt::format("{}{}until half the interval of {} is at most {:g} % of the first: {}", text,
                     text.empty() ? "" : "; ", rule.metric, rule.half_width * 100.0,
                     rule.reached ? "reached" : "not reached");
}

ForkReport make_fork_report(const ExperimentOptions& options, const CompareOutcome& outcome,
                            const Experiment& experiment) {
  if (!experiment.forks) return {};
  return {.made = true,
          .sample = options.fork_sample,
          .window = options.fork_window,
          .effects = fork_effects(*experiment.forks, outcome.comparison.policies)};
}

ComparisonReport make_report(const ExperimentOptions& options, const ComparedSides& sides,
                             const CompareOutcome& outcome, const Experiment& experiment) {
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
          .replications_asked = experiment.replications_asked,
          .measured = describe_measured(loaded, experiment),
          .comparison = outcome.comparison,
          .pooled = outcome.pooled,
          .forks = make_fork_report(options, outcome, experiment),
          .assumptions = loaded.assumptions,
          .directory = {},
          .files = {}};
}

// The base first, in rounds if a rule says so; then the variants, of as many replications.
PoolResult run_plan(ComparePlan& plan, CompareRequest request, const std::optional<PrecisionRule>& rule,
                    const ExperimentOptions& options, const LoadedScenario& loaded, const CellAttach& attach,
                    Experiment& experiment) {
  if (!rule) return run_replications(plan.cells, rule, options, loaded, attach, experiment);
  const auto is_variant = [](const Cell& cell) { return cell.variant != base_variant; };
  std::vector<Cell> base(plan.cells.begin(), std::find_if(plan.cells.begin(), plan.cells.end(), is_variant));
  PoolResult results = run_replications(base, rule, options, loaded, attach, experiment);
  request.replications = experiment.replications_asked;
  plan = plan_comparison(request);
  if (results.stop == PoolStop::none) {
    const auto first = plan.cells.begin() + static_cast<std::ptrdiff_t>(base.size());
    const CellAttach nothing = [](Machine&, const Cell&, std::size_t) { return CellFinisher{}; };
    PoolResult rest = run_experiment({first, plan.cells.end()}, options, loaded, nothing, results.seconds);
    std::move(rest.cells.begin(), rest.cells.end(), std::back_inserter(results.cells));
    results.stop = rest.stop;
  }
  results.cells.resize(plan.cells.size());
  return results;
}

// The forks of whole replications. One that was interrupted while it was forked has none.
void take_forks(const Forks& forks, const CompareOutcome& outcome, Experiment& experiment) {
  experiment.forks = forks.rows(outcome.replications);
  const bool all = std::all_of(outcome.replications.begin(), outcome.replications.end(),
                               [&](std::uint32_t replication) { return forks.has(replication); });
  if (all || experiment.results.stop != PoolStop::none) return;
  experiment.results.stop = received_signal() != 0 ? PoolStop::interrupted : PoolStop::timeout;
}

}  // namespace

int cmd_compare(const ExperimentOptions& options) {
  Experiment experiment;
  experiment.command = "compare";
  experiment.started_utc = utc_now();
  ComparedSides sides = load_sides(options);
  LoadedScenario& loaded = sides.loaded;
  const Bands bands = equivalence_bands(options);
  const std::optional<PrecisionRule> rule = precision_rule(options);
  CompareRequest request{sides.machines, options.first_rep, rule ? rule->round : options.reps};
  const TraceRequest traced = trace_request(options, loaded);
  std::optional<ForkRequest> asked = fork_request(options, sides.machines, Duration{0});
  if (options.dry_run) {
    print_plan(plan_comparison(request).cells, loaded, options.format);
    return exit_status::ok;
  }
  settle_warm_up(loaded, machines_of(sides));
  if (rule) request.replications = rule->most;
  ComparePlan plan = plan_comparison(request);
  std::optional<Forks> forks;
  if (asked) {
    asked->measure_from = loaded.scenario.measure_from;
    forks.emplace(*asked);
  }
  RunDirectory directory(output_path(options, loaded), options.force);
  ExperimentTraces traces(traced, plan.cells, loaded.scenario.name, directory.partial());
  RunTables tables(directory.partial(), loaded.scenario.name, plan.cells);
  // Traces, forks and tables are made on a cell's thread, each for itself.
  const CellAttach attach = [&](Machine& machine, const Cell& cell, std::size_t index) {
    return both(both(traces.attach(machine, cell, index), forks ? forks->attach(machine, cell) : CellFinisher{}),
                tables.of(index));
  };
  experiment.results = run_plan(plan, request, rule, options, loaded, attach, experiment);
  CompareOutcome outcome = assess(plan, experiment.results);
  judge(outcome.comparison, bands);
  experiment.cells = plan.cells;
  experiment.summaries = outcome.summaries;
  experiment.varied = sides.varied;
  experiment.comparison = all_rows(outcome.comparison);
  if (forks) take_forks(*forks, outcome, experiment);
  ComparisonReport report = make_report(options, sides, outcome, experiment);
  const Published published = publish(directory, options, loaded, experiment, traces, tables);
  report.directory = published.directory;
  report.files = published.files;
  write_stdout(render(report, options.format));
  return finish(experiment.results, published);
}

}  // namespace userqsim
