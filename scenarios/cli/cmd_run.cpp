// `run`: one policy, one scenario, some replications.
#include <fmt/format.h>

#include <cstdio>

#include "results/report/row_tables.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/cells.hpp"

namespace userqsim {
namespace {

std::string report(const LoadedScenario& loaded, const std::vector<SummaryRow>& pooled, const Published& published,
                   TableFormat format) {
  if (format == TableFormat::csv || format == TableFormat::json) {
    return render(summary_table(loaded.scenario.name, loaded.machine->policy, pooled), format);
  }
  const std::string head = fmt::format("{} on {}, kernel {}, policy {}\n\n", loaded.scenario.name,
                                       loaded.scenario.device, loaded.scenario.kernel, loaded.machine->policy);
  const std::string files =
      fmt::format("\nwritten to {}: {}", published.directory, fmt::join(published.files, ", "));
  return head + render(summary_overview(pooled), format) + "\n" + wrap(files.substr(1), page_width, 0);
}

}  // namespace

int cmd_run(const ExperimentOptions& options) {
  const std::string started = utc_now();
  const LoadedScenario loaded = load_experiment(options);
  const std::vector<Cell> cells = plan_run(loaded.machine, options.first_rep, options.reps);
  if (options.dry_run) {
    print_plan(cells, loaded, options.format);
    return exit_status::ok;
  }
  RunDirectory directory(output_path(options, loaded), options.force);
  const PoolResult results = run_experiment(cells, options, loaded);
  const std::vector<SummaryBlock> summaries = summarize(cells, results, whole_base_cells(cells, results));
  const Published published =
      publish(directory, "run", options, loaded, cells, results, summaries, nullptr, started);
  const std::vector<SummaryRow> pooled = summaries.empty() ? std::vector<SummaryRow>{} : summaries.back().rows;
  write_stdout(report(loaded, pooled, published, options.format));
  return finish(results, published);
}

}  // namespace userqsim
