#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "models/lifecycle/lifecycle.hpp"
#include "models/machine/check_parts.hpp"
#include "models/policy/policies.hpp"
#include "models/profiles/cost_limits.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

// Visits the cost profile's field list.
class CostCheck {
 public:
  CostCheck(Pointer at, Findings& found) : at_(std::move(at)), found_(found) {}

  void required(std::string_view key, Cost& cost, std::string_view, Limits = {}) {
    const Pointer at = at_ / key;
    if (!check_distribution(cost.value, at / "value", found_) || !check_range(cost.range, at)) return;
    if (cost.range[1] > cost_most) {
      found_.add(at / "range", fmt::format("reaches beyond what is allowed: at most {}", to_text(cost_most)));
      return;
    }
    const Duration mean = mean_of(cost.value);
    if (mean >= cost.range[0] && mean <= cost.range[1]) return;
    found_.add(at / "value",
               fmt::format("the mean {} is outside the cost's range, {} to {}; give a range with it if "
                           "you know better",
                           to_text(mean), to_text(cost.range[0]), to_text(cost.range[1])));
  }

  void required(std::string_view key, Factor& factor, std::string_view, Limits = {}) {
    const Pointer at = at_ / key;
    const bool is_share = key == "context_fill";
    const double least = is_share ? 0.0 : 1.0, most = is_share ? 1.0 : 1e6;
    const std::string_view allowed = is_share ? "0 to 1" : "1 to 1000000";
    if (!std::isfinite(factor.value) || factor.value < least || factor.value > most) {
      found_.add(at / "value", fmt::format("{} is out of range; allowed: {}", factor.value, allowed));
      return;
    }
    if (!check_range(factor.range, at)) return;
    if (factor.range[0] < least || factor.range[1] > most) {
      found_.add(at / "range", fmt::format("reaches beyond what is allowed: {}", allowed));
    } else if (factor.value < factor.range[0] || factor.value > factor.range[1]) {
      found_.add(at / "value",
                 fmt::format("{} is outside the factor's range, {} to {}; give a range with it if you "
                             "know better",
                             factor.value, factor.range[0], factor.range[1]));
    }
  }

 private:
  template <class T>
  bool check_range(const std::vector<T>& range, const Pointer& at) {
    if (range.size() == 2 && range[0] <= range[1]) return true;
    found_.add(at / "range", range.size() == 2
                                 ? "the least value is larger than the most"
                                 : fmt::format("expected two values, least and most; found {}", range.size()));
    return false;
  }

  Pointer at_;
  Findings& found_;
};

void check_policy(const std::string& policy, const Pointer& at, Findings& found) {
  const std::vector<std::string> known = policy_names();
  if (std::find(known.begin(), known.end(), policy) == known.end()) {
    found.add(at, no_such("policy", policy, "", known));
  }
}

bool is_one_line(const std::string& name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

std::string no_such(std::string_view noun, std::string_view name, std::string_view where,
                    const std::vector<std::string>& there_are) {
  const std::string nearest = nearest_name(name, there_are);
  return fmt::format("no {} \"{}\"{}{}{}{}", noun, name, where,
                     nearest.empty() ? ";" : fmt::format("; did you mean \"{}\"?", nearest),
                     " there are: ", there_are.empty() ? "none" : fmt::format("{}", fmt::join(there_are, ", ")));
}

bool check_distribution(const Distribution& distribution, const Pointer& at, Findings& found) {
  const std::size_t before = found.count();
  if (const auto* exponential = std::get_if<ExponentialDuration>(&distribution)) {
    if (exponential->mean <= Duration{0}) found.add(at / "mean", "must be positive; a constant zero is \"0ns\"");
  } else if (const auto* lognormal = std::get_if<LognormalDuration>(&distribution)) {
    if (lognormal->mean <= Duration{0}) found.add(at / "mean", "must be positive; a constant zero is \"0ns\"");
    if (!(lognormal->sigma >= 0.0 && lognormal->sigma <= sigma_most)) {
      found.add(at / "sigma", fmt::format("{} is out of range; allowed: 0 to {}", lognormal->sigma, sigma_most));
    }
  } else if (const auto* hyper = std::get_if<HyperexponentialDuration>(&distribution)) {
    if (hyper->shorter <= Duration{0}) found.add(at / "shorter", "must be positive; a constant zero is \"0ns\"");
    if (hyper->longer < hyper->shorter) found.add(at / "longer", "is shorter than \"shorter\"");
    if (!(hyper->longer_share >= 0.0 && hyper->longer_share <= 1.0)) {
      found.add(at / "longer_share", fmt::format("{} is out of range; allowed: 0 to 1", hyper->longer_share));
    }
  } else if (const auto* empirical = std::get_if<EmpiricalDuration>(&distribution)) {
    if (empirical->values.empty()) found.add(at / "values", "expected at least one time, found an empty array");
  }
  return found.count() == before;
}

void check_name(const std::string& name, std::string_view scope, std::set<std::string>& taken, const Pointer& at,
                Findings& found) {
  if (name.empty()) {
    found.add(at, "the name is empty");
  } else if (!is_one_line(name)) {
    found.add(at, "the name holds a control character");
  } else if (!taken.insert(name).second) {
    found.add(at, fmt::format("the name \"{}\" is taken; names must be unique in the {}", name, scope));
  }
}

void check_profiles(const MachineSpec& spec, Findings& found) {
  const Pointer overrides{"/overrides"};
  CostCheck costs(overrides / "costs", found);
  CostSpec copy = spec.costs;  // a field list is over a mutable spec
  describe(costs, copy);
  check_policy(spec.policy, Pointer{"/policy"}, found);
  check_policy(spec.kernel.native_policy, overrides / "kernel" / "native_policy", found);
  std::vector<std::string> releases;
  for (const Lifecycle& tables : lifecycles()) releases.emplace_back(tables.name);
  if (std::find(releases.begin(), releases.end(), spec.kernel.lifecycle) == releases.end()) {
    found.add(overrides / "kernel" / "lifecycle", no_such("lifecycle", spec.kernel.lifecycle, "", releases));
  }
  if (spec.policy_options.hybrid_wait < Duration{0}) {
    found.add(overrides / "policy" / "hybrid_wait", "must not be negative");
  }
  if (spec.kernel.restart_gap > Duration{0} && spec.kernel.restore_locks != RestoreLocks::none) {
    found.add(overrides / "kernel" / "restart_gap", "\"restart_gap\" goes only with restore_locks \"none\"");
  }
  if (spec.device.visible_vram.value_or(Bytes{0}) > spec.device.vram) {
    found.add(overrides / "device" / "visible_vram",
              fmt::format("the CPU cannot see more than the {} of vram", to_text(spec.device.vram)));
  }
  if (spec.kernel.context_area == Domain::vram_or_gtt) {
    found.add(overrides / "kernel" / "context_area", "saved waves live in one place; allowed: vram, gtt");
  }
}

// HWS takes a runlist from KFD. It has no SUSPEND, no RESET and no TLB flush of MES's.
void check_scheduler(const MachineSpec& spec, Findings& found) {
  if (spec.firmware.scheduler != Scheduler::hws) {
    if (spec.firmware.runlist_change != RunlistChange::takes_all) {
      found.add(Pointer{"/overrides/firmware/runlist_change"},
                "MES has no runlist; only the scheduler \"hws\" has");
    }
    return;
  }
  const std::string device = fmt::format("the device \"{}\" has HWS and no MES", spec.device.name);
  if (spec.kernel.lifecycle != "kfd") {
    found.add(Pointer{"/kernel"}, fmt::format("{}: only the kernel profile kfd drives it", device));
  }
  if (spec.policy != "unmap_map") {
    found.add(Pointer{"/policy"}, fmt::format("{}: \"{}\" asks for more than unmap_map", device, spec.policy));
  }
  if (spec.device.tlb_flush_path != TlbFlushPath::second_pipe) {
    found.add(Pointer{"/overrides/device/tlb_flush_path"}, fmt::format("{}; allowed: second_pipe", device));
  }
}

std::vector<SpecProblem> check(const MachineSpec& spec) {
  Findings found;
  if (spec.horizon <= Duration{0}) found.add(Pointer{"/horizon"}, "must be positive");
  check_profiles(spec, found);
  check_scheduler(spec, found);
  check_processes(spec, found);
  check_events(spec, found);
  check_faults(spec, found);
  return std::move(found).take();
}

}  // namespace userqsim
