// `explore`: every order of what may happen in a small scenario.
#include <fmt/format.h>

#include <chrono>

#include "models/machine/untimed.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/explore_report.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/explore.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

void require_an_end(const LoadedScenario& loaded) {
  const std::vector<SpecProblem> problems = check_untimed(*loaded.machine);
  if (problems.empty()) return;
  throw InputError(
      fmt::format("{}: {}: {}", printable(loaded.path, 200), problems.front().pointer, problems.front().message));
}

// How fast it was is no result: it differs each time.
void print_speed(const SearchCounts& counts, std::chrono::duration<double> time) {
  fmt::print(stderr, "userqsim: {} states in {:.1f} s: {:.0f} states/s\n", counts.states, time.count(),
             static_cast<double>(counts.states) / std::max(time.count(), 1e-9));
}

}  // namespace

int cmd_explore(const ExperimentOptions& options, const SearchLimits& limits) {
  const LoadedScenario loaded = load_experiment(options);
  require_an_end(loaded);
  const auto begin = std::chrono::steady_clock::now();
  const Exploration exploration = explore(loaded.machine, limits, Orders::distinct, interrupt_flag());
  print_speed(exploration.counts, std::chrono::steady_clock::now() - begin);
  write_stdout(explore_report(exploration, options.format));
  if (received_signal() != 0) {
    fmt::print(stderr, "userqsim: interrupted by signal {}; what was found until then is told\n",
               received_signal());
    return exit_status::signal_base + received_signal();
  }
  if (exploration.counts.complete) return exit_status::ok;
  fmt::print(stderr, "userqsim: the search is not complete: --max-states or --depth was reached\n");
  return exit_status::limit;
}

}  // namespace userqsim
