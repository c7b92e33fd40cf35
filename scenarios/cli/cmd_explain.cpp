// `explain`: the story of one eviction of a run.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "models/machine/model_version.hpp"
#include "models/policy/policies.hpp"
#include "results/explain/story_text.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/explain.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/run_manifest.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

void require_model_version(const RunManifest& run) {
  if (run.model_version == model_version) return;
  throw InputError(fmt::format(
      "{}: /model_version: made by model {}, this program has model {}: its numbers would not be those of the run; "
      "allowed: a run of model {}",
      run.file, in_quotes(run.model_version, 40), in_quotes(model_version), in_quotes(model_version)));
}

const RunSide& side_of(const RunManifest& run, const std::optional<std::string>& policy) {
  if (!policy) return run.sides.front();
  std::vector<std::string> keys;
  for (const RunSide& side : run.sides) {
    if (side.key == *policy) return side;
    keys.push_back(side.key);
  }
  throw InputError(fmt::format("--policy: {}", unknown_name("policy of the run", *policy, keys)));
}

const RunReplication& replication_of(const RunManifest& run, const RunSide& side,
                                     const std::optional<std::uint32_t>& wanted) {
  std::vector<std::string> there_are;
  for (const RunReplication& replication : run.replications) {
    if (replication.key != side.key) continue;
    if (!wanted || replication.replication == *wanted) return replication;
    there_are.push_back(fmt::format("{}", replication.replication));
  }
  if (there_are.empty()) {
    throw InputError(fmt::format("{}: holds no whole replication under {}", run.file, in_quotes(side.key, 80)));
  }
  throw InputError(fmt::format("--rep: found {}; allowed: {}", *wanted, joined(there_are)));
}

std::optional<std::size_t> whole_number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[noreturn]] void fail_eviction(std::string_view found, const std::string& allowed) {
  throw InputError(fmt::format("--eviction: found {}; allowed: {}", in_quotes(found, 80), allowed));
}

// "3": the row; "game/3": the process's own count. A process's name may hold a slash.
std::size_t eviction_of(const std::string& text, const RunRecord& record, const std::string& run) {
  const std::size_t count = record.evictions.size();
  if (count == 0) throw InputError(fmt::format("{}: nobody was evicted in this replication", printable(run, 200)));
  const std::string rows = fmt::format("0 to {}, the rows of evictions.csv in order of their start", count - 1);
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos) {
    const std::optional<std::size_t> number = whole_number_of(text);
    if (!number || *number >= count) fail_eviction(text, rows + ", or PROCESS/K");
    return *number;
  }
  const std::string name = text.substr(0, slash);
  const std::vector<std::string>& names = record.process_names;
  const auto process = std::find(names.begin(), names.end(), name);
  if (process == names.end()) {
    throw InputError(fmt::format("--eviction: {}", unknown_name("process", name, names)));
  }
  const auto index = static_cast<std::uint32_t>(process - names.begin());
  const std::optional<std::size_t> ordinal = whole_number_of(std::string_view(text).substr(slash + 1));
  std::size_t of_process = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (record.evictions[i].process != index) continue;
    if (ordinal == of_process++) return i;
  }
  if (of_process == 0)
    fail_eviction(text, fmt::format("{} (process {} was never evicted)", rows, in_quotes(name, 80)));
  fail_eviction(text, fmt::format("{}/0 to {}/{}", name, name, of_process - 1));
}

// Why the machine cannot run under the policy: HWS knows but one. Empty: it can.
std::string objection(const MachineSpec& machine, const std::string& policy) {
  MachineSpec other = machine;
  other.policy = policy;
  // Alone what is said of the policy: a run that ended early has events behind its end.
  for (const SpecProblem& problem : check(other)) {
    if (problem.pointer == "/policy") return problem.message;
  }
  return {};
}

// Those that are named have to be possible; of the others those that are.
std::vector<std::string> against_of(const ExplainOptions& options, const MachineSpec& machine) {
  std::vector<std::string> against;
  const auto add_if_possible = [&](const std::string& policy) {
    if (policy != machine.policy && objection(machine, policy).empty()) against.push_back(policy);
  };
  for (const std::string& policy : options.against) {
    if (policy == "all") {
      for (const std::string& name : policy_names()) add_if_possible(name);
      continue;
    }
    require_policy("--against", policy);
    const std::string problem = objection(machine, policy);
    if (!problem.empty()) throw InputError(fmt::format("--against: {}", problem));
    against.push_back(policy);
  }
  if (options.against.empty()) add_if_possible(counterpart_of(machine));
  for (const std::string& policy : against) {
    if (std::count(against.begin(), against.end(), policy) == 1) continue;
    throw InputError(fmt::format("--against: found {} more than once", policy));
  }
  return against;
}

int interrupted_explain() {
  say(fmt::format("userqsim: interrupted by signal {}; nothing is told", received_signal()));
  return exit_status::signal_base + received_signal();
}

}  // namespace

int cmd_explain(const ExplainOptions& options) {
  const RunManifest run = read_run_manifest(options.run);
  require_model_version(run);
  const RunSide& side = side_of(run, options.policy);
  require_policy(run.file, side.policy);
  const RunReplication& replication = replication_of(run, side, options.rep);
  const LoadedScenario loaded = load_side(run, side, {.profiles_dir = options.profiles, .sets = {}});
  const std::vector<std::string> against = against_of(options, *loaded.machine);

  const auto replayed = replay(loaded.machine, replication.replication, interrupt_flag());
  if (!replayed) return interrupted_explain();
  ensure(replayed->digest == replication.digest,
         fmt::format("replication {} under {} has the digest {:016x} when it is run again, and {:016x} in {}",
                     replication.replication, side.key, replayed->digest, replication.digest, run.file));
  const std::size_t number = eviction_of(options.eviction, replayed->record, options.run);
  const auto story =
      explain(loaded.machine, replication.replication, *replayed, {number, against}, interrupt_flag());
  if (!story) return interrupted_explain();
  const StoryHead head{.scenario = loaded.scenario.name,
                       .device = loaded.scenario.device,
                       .kernel = loaded.scenario.kernel,
                       .policy = side.policy,
                       .label = side.key,
                       .replication = replication.replication,
                       .seed = loaded.machine->seed};
  write_stdout(render_story(*story, head, options.format));
  return exit_status::ok;
}

}  // namespace userqsim
