#include "scenarios/cli/compare_sides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "scenarios/load/input_hash.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/profile_store.hpp"

namespace userqsim {
namespace {

constexpr std::string_view resolved_file = "scenario.resolved.json";

// Options that say the same thing twice, or of which one has no meaning without the other.
void require_no_contradiction(const ExperimentOptions& options) {
  if (options.vary == Vary::policy) {
    if (options.kernels.empty()) return;
    throw InputError(
        "--kernels: found without --vary kernel; allowed: with it, to name the kernel profiles to compare, or "
        "--kernel with the one under which policies are compared");
  }
  if (!options.policies.empty()) {
    throw InputError(
        "--policies: found with --vary kernel, which compares kernel profiles, each with its native policy; "
        "allowed: "
        "one of the two");
  }
  if (options.kernel) {
    throw InputError(
        "--kernel: found with --vary kernel, which replaces the scenario's kernel; allowed: --kernels with the "
        "kernel profiles to compare");
  }
}

void require_several(const std::string& option, const std::vector<std::string>& names, std::string_view allowed) {
  if (names.size() < 2) {
    throw InputError(fmt::format("{}: found {} ({}); {}", option, names.size(), joined(names), allowed));
  }
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) == 1) continue;
    throw InputError(fmt::format("{}: found {} more than once; {}", option, name, allowed));
  }
}

std::vector<std::string> policies_of(const ExperimentOptions& options) {
  if (options.policies.empty()) return {"preempt_restore", "unmap_map"};
  for (const std::string& policy : options.policies) require_policy("--policies", policy);
  const std::string allowed =
      "allowed: two or more different policies, such as preempt_restore,unmap_map (with --fork also one twice)";
  if (options.fork && options.policies.size() >= 2) return options.policies;
  require_several("--policies", options.policies, allowed);
  return options.policies;
}

// All kernel profiles that there are, unless the options name some.
std::vector<std::string> kernels_of(const ExperimentOptions& options) {
  std::vector<std::string> known;
  for (const ProfileFile& file : ProfileStore(options.profiles).list("kernels")) known.push_back(file.name);
  for (const std::string& kernel : options.kernels) {
    if (std::find(known.begin(), known.end(), kernel) != known.end()) continue;
    throw InputError(fmt::format("--kernels: {}", unknown_name("kernel profile", kernel, known)));
  }
  const std::vector<std::string>& kernels = options.kernels.empty() ? known : options.kernels;
  require_several("--kernels", kernels, "allowed: two or more different kernel profiles, such as 6.18,seed-v8");
  return kernels;
}

ComparedSides sides_of_policies(const ExperimentOptions& options) {
  const std::vector<std::string> policies = policies_of(options);
  ComparedSides sides;
  sides.loaded = load_timed_experiment(options);
  sides.varied.what = "policy";
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const std::string& policy = policies[i];
    // One that is named again is the same under another key: forks of it must not differ.
    const auto before = std::count(policies.begin(), policies.begin() + static_cast<std::ptrdiff_t>(i), policy);
    const std::string key = before == 0 ? policy : fmt::format("{}:{}", before + 1, policy);
    auto machine = std::make_shared<MachineSpec>(*sides.loaded.machine);
    machine->policy = policy;
    sides.machines.push_back({key, std::move(machine)});
    sides.varied.sides.push_back({key, sides.loaded.scenario.kernel, policy, std::string{resolved_file}});
  }
  return sides;
}

ComparedSides sides_of_kernels(const ExperimentOptions& options) {
  std::vector<LoadedScenario> scenarios = load_experiment_under_kernels(options, kernels_of(options));
  ComparedSides sides;
  sides.varied.what = "kernel";
  InputHash hash;
  for (const LoadedScenario& loaded : scenarios) {
    const std::string& kernel = loaded.scenario.kernel;
    const std::string& policy = loaded.machine->policy;
    const std::string key = fmt::format("{}:{}", kernel, policy);
    const bool first = sides.machines.empty();
    const std::string file = first ? std::string{resolved_file} : fmt::format("scenario.resolved.{}.json", kernel);
    sides.machines.push_back({key, loaded.machine});
    sides.varied.sides.push_back({key, kernel, policy, file});
    if (!first) sides.varied.files.emplace_back(file, loaded.resolved_json);
    hash.add(loaded.input_hash);
  }
  sides.loaded = std::move(scenarios.front());
  sides.loaded.input_hash = hash.hexadecimal();
  return sides;
}

}  // namespace

ComparedSides load_sides(const ExperimentOptions& options) {
  require_no_contradiction(options);
  return options.vary == Vary::kernel ? sides_of_kernels(options) : sides_of_policies(options);
}

}  // namespace userqsim
