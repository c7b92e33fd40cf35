// `run`: one policy, one scenario, some replications.
#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>

#include "results/report/row_tables.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/ftrace_option.hpp"
#include "scenarios/cli/statistics_options.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/cells.hpp"

namespace userqsim {
namespace {

std::string report(const LoadedScenario& loaded, const std::vector<SummaryRow>& pooled, const Published& published,
                   const std::optional<std::string>& trace, TableFormat format) {
  if (format == TableFormat::csv || format == TableFormat::json) {
    return render(summary_table(loaded.scenario.name, loaded.machine->policy, pooled), format);
  }
  const std::string head = fmt::format("{} on {}, kernel {}, policy {}\n\n", loaded.scenario.name,
                                       loaded.scenario.device, loaded.scenario.kernel, loaded.machine->policy);
  const std::string files =
      fmt::format("\nwritten to {}: {}", published.directory, fmt::join(published.files, ", "));
  return head + render(summary_overview(pooled), format) + "\n" + wrap(files.substr(1), page_width, 0) +
         (trace ? *trace + "\n" : "");
}

}  // namespace

int cmd_run(const ExperimentOptions& options) {
  Experiment experiment;
  experiment.command = "run";
  experiment.started_utc = utc_now();
  LoadedScenario loaded = load_timed_experiment(options);
  const std::optional<PrecisionRule> rule = precision_rule(options);
  experiment.cells = plan_run(loaded.machine, options.first_rep,
                              rule && !options.dry_run ? rule->most
                              : rule                   ? rule->round
                                                       : options.reps);
  const TraceRequest traced = trace_request(options, loaded);
  if (options.dry_run) {
    print_plan(experiment.cells, loaded, options.format);
    return exit_status::ok;
  }
  settle_warm_up(loaded, {loaded.machine});
  RunDirectory directory(output_path(options, loaded), options.force);
  ExperimentTraces traces(traced, experiment.cells, loaded.scenario.name, directory.partial());
  RunTables tables(directory.partial(), loaded.scenario.name, experiment.cells);
  std::optional<FtraceOutput> ftrace;
  if (!options.ftrace.empty()) ftrace.emplace(options, output_path(options, loaded));
  const CellAttach attach = [&](Machine& machine, const Cell& cell, std::size_t index) {
    if (ftrace) ftrace->attach(machine, cell);
    return both(traces.attach(machine, cell, index), tables.of(index));
  };
  experiment.results = run_replications(experiment.cells, rule, options, loaded, attach, experiment);
  experiment.summaries =
      summarize(experiment.cells, experiment.results, whole_base_cells(experiment.cells, experiment.results));
  const Published published = publish(directory, options, loaded, experiment, traces, tables);
  std::optional<std::string> trace;
  if (ftrace) trace = ftrace->publish(experiment.cells.front(), experiment.results.cells.front());
  const std::vector<SummaryRow> pooled =
      experiment.summaries.empty() ? std::vector<SummaryRow>{} : experiment.summaries.back().rows;
  write_stdout(report(loaded, pooled, published, trace, options.format));
  return finish(experiment.results, published);
}

}  // namespace userqsim
