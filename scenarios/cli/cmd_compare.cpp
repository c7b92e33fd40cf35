// `compare`: two policies over the same replications.
#include <fmt/format.h>

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
          .policy_a = outcome.comparison.policy_a,
          .policy_b = outcome.comparison.policy_b,
          .pooled_a = outcome.pooled[0],
          .pooled_b = outcome.pooled[1],
          .comparison = outcome.comparison,
          .assumptions = loaded.assumptions,
          .sentences = verdict(outcome.comparison),
          .directory = {},
          .files = {}};
}

void require_two_policies(const std::vector<std::string>& policies) {
  constexpr std::string_view allowed = "allowed: two different policies, such as preempt_restore,unmap_map";
  for (const std::string& policy : policies) require_policy("--policies", policy);
  if (policies.size() != 2) {
    throw InputError(fmt::format("--policies: found {} ({}); {}", policies.size(), joined(policies), allowed));
  }
  if (policies[0] == policies[1])
    throw InputError(fmt::format("--policies: found {} twice; {}", policies[0], allowed));
}

}  // namespace

int cmd_compare(const ExperimentOptions& options) {
  const std::string started = utc_now();
  require_two_policies(options.policies);
  const LoadedScenario loaded = load_experiment(options);
  const ComparePlan plan = plan_comparison({.machine = loaded.machine,
                                            .policies = {options.policies[0], options.policies[1]},
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
  const Published published = publish(directory, "compare", options, loaded, plan.cells, results, outcome.summaries,
                                      &outcome.comparison.rows, started);
  report.directory = published.directory;
  report.files = published.files;
  write_stdout(render(report, options.format));
  return finish(results, published);
}

}  // namespace userqsim
