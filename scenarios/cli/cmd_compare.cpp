// `compare`: policies over the same replications.
#include <fmt/format.h>

#include <algorithm>

#include "results/compare/compare.hpp"
#include "results/report/comparison_report.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/compare.hpp"
#include "scenarios/load/place.hpp"

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

ComparisonReport make_report(const ExperimentOptions& options, const LoadedScenario& loaded,
                             const CompareOutcome& outcome) {
  const MachineSpec& machine = *loaded.machine;
  return {.scenario = loaded.scenario.name,
          .question = loaded.scenario.question,
          .expected = loaded.scenario.expected,
          .device = loaded.scenario.device,
          .kernel = loaded.scenario.kernel,
          .pre_wait = describe_pre_wait(machine.kernel),
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

// Throws InputError unless there are at least two, each a policy and different from the others.
void require_policies(const std::vector<std::string>& policies) {
  constexpr std::string_view allowed = "allowed: two or more different policies, such as preempt_restore,unmap_map";
  for (const std::string& policy : policies) require_policy("--policies", policy);
  if (policies.size() < 2) {
    throw InputError(fmt::format("--policies: found {} ({}); {}", policies.size(), joined(policies), allowed));
  }
  for (std::size_t i = 0; i < policies.size(); ++i) {
    if (std::count(policies.begin(), policies.end(), policies[i]) == 1) continue;
    throw InputError(fmt::format("--policies: found {} more than once; {}", policies[i], allowed));
  }
}

// The scenario's machine under each policy.
std::vector<CompareSide> sides_of(const LoadedScenario& loaded, const std::vector<std::string>& policies) {
  std::vector<CompareSide> sides;
  for (const std::string& policy : policies) {
    auto machine = std::make_shared<MachineSpec>(*loaded.machine);
    machine->policy = policy;
    sides.push_back({policy, std::move(machine)});
  }
  return sides;
}

}  // namespace

int cmd_compare(const ExperimentOptions& options) {
  const std::string started = utc_now();
  require_policies(options.policies);
  const LoadedScenario loaded = load_experiment(options);
  const ComparePlan plan = plan_comparison({.sides = sides_of(loaded, options.policies),
                                            .first_replication = options.first_rep,
                                            .replications = options.reps});
  if (options.dry_run) {
    print_plan(plan.cells, loaded, options.format);
    return exit_status::ok;
  }
  RunDirectory directory(output_path(options, loaded), options.force);
  const PoolResult results = run_experiment(plan.cells, options, loaded);
  const CompareOutcome outcome = assess(plan, results);
  ComparisonReport report = make_report(options, loaded, outcome);
  const std::vector<ComparisonRow> rows = all_rows(outcome.comparison);
  const Published published =
      publish(directory, "compare", options, loaded, plan.cells, results, outcome.summaries, &rows, started);
  report.directory = published.directory;
  report.files = published.files;
  write_stdout(render(report, options.format));
  return finish(results, published);
}

}  // namespace userqsim
