// `explore`: every order of what may happen in a small scenario, or the one that it states.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "models/machine/untimed.hpp"
#include "results/record/run_directory.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/explore_files.hpp"
#include "scenarios/cli/explore_report.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/explore.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/units.hpp"

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
  say(fmt::format("userqsim: {} states in {:.1f} s: {:.0f} states/s", counts.states, time.count(),
                  static_cast<double>(counts.states) / std::max(time.count(), 1e-9)));
}

Exploration follow_order(const LoadedScenario& loaded, const SearchLimits& limits) {
  const std::vector<std::string>& order = *loaded.scenario.order;
  Followed followed = follow(loaded.machine, order, limits);
  if (!followed.impossible) return std::move(followed.exploration);
  const std::size_t at = followed.impossible->index;
  std::vector<std::string> possible;
  for (const std::string& name : followed.impossible->possible) possible.push_back(in_quotes(name));
  Place{printable(loaded.path, 200), {}}.at("order").at(at).fail(
      fmt::format("{} cannot happen there under kernel {} and policy {}; what can: {}", in_quotes(order[at], 200),
                  loaded.scenario.kernel, loaded.machine->policy, possible.empty() ? "nothing" : joined(possible)));
}

Exploration search(const LoadedScenario& loaded, const ExploreLimits& limits) {
  const auto begin = std::chrono::steady_clock::now();
  Exploration exploration = explore(loaded.machine, limits, Orders::distinct, interrupt_flag());
  print_speed(exploration.counts, std::chrono::steady_clock::now() - begin);
  return exploration;
}

bool is_for_people(TableFormat format) { return format == TableFormat::table || format == TableFormat::md; }

}  // namespace

int cmd_explore(const ExperimentOptions& options, const ExploreOptions& given) {
  const ExploreLimits limits{given.search, quantity_of("--max-memory", parse_bytes(given.memory))};
  const LoadedScenario loaded = load_experiment(options);
  require_an_end(loaded);
  std::optional<RunDirectory> directory;
  if (!options.out.empty()) directory.emplace(options.out, options.force);
  const Exploration exploration =
      loaded.scenario.order ? follow_order(loaded, limits.search) : search(loaded, limits);
  std::string report = explore_report(loaded, exploration, options.format);
  if (directory) {
    const std::vector<std::string> files = write_findings(directory->partial(), loaded, exploration);
    directory->publish();
    const std::string written = fmt::format("written to {}: {}", options.out, joined(files));
    if (is_for_people(options.format)) report += "\n" + wrap(written, page_width, 0);
  }
  write_stdout(report);
  if (received_signal() != 0) {
    say(fmt::format("userqsim: interrupted by signal {}; what was found until then is told", received_signal()));
    return exit_status::signal_base + received_signal();
  }
  if (exploration.counts.complete) return exit_status::ok;
  say(fmt::format("userqsim: the {} is not complete: --max-states, --max-memory or --depth was reached",
                  exploration.is_order ? "order" : "search"));
  return exit_status::limit;
}

}  // namespace userqsim
