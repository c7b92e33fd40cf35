// A scenario file as a spec of its own: what its top level may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/driver/spec.hpp"
#include "models/firmware/spec.hpp"
#include "models/hardware/spec.hpp"
#include "models/machine/spec.hpp"
#include "models/policy/spec.hpp"
#include "models/profiles/costs.hpp"
#include "models/workload/faults.hpp"
#include "models/workload/spec.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

inline constexpr std::string_view scenario_format = "userqsim-scenario/1";
// A scenario's name is also a directory's.
inline constexpr std::string_view scenario_name_pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$";

// Profile values with the scenario's own in their place.
struct Overrides {
  CostSpec costs;
  FirmwareSpec firmware;
  KernelSpec kernel;
  DeviceSpec device;
  PolicySpec policy;
};

struct ScenarioDocument {
  std::string format;
  std::string name;
  std::string question;
  std::string expected;
  std::string device;
  std::string kernel;
  std::optional<std::string> policy;
  std::uint64_t seed = 1;
  Duration horizon{0};
  Duration measure_from{0};
  Analysis analysis = Analysis::terminating;
  WarmUp warm_up = WarmUp::none;
  Duration mutex_held_limit = MachineSpec{}.mutex_held_limit;
  std::vector<ProcessSpec> processes;
  std::vector<PressureSpec> events;
  std::vector<FaultSpec> faults;
  Overrides overrides;
  std::optional<std::vector<std::string>> order;
};

// A device profile: the hardware, its generation's firmware defaults, and the cost profile that fits it.
struct DeviceProfile {
  DeviceSpec device;
  FirmwareSpec firmware;
  std::string costs = "default";
};

template <class V>
void describe(V& v, Overrides& o) {
  v.optional("costs", o.costs, "Costs and factors");
  v.optional("firmware", o.firmware, "MES");
  v.optional("kernel", o.kernel, "Kernel profile");
  v.optional("device", o.device, "Device profile");
  v.optional("policy", o.policy, "Numbers that a policy itself brings");
}
template <class V>
void describe(V& v, ScenarioDocument& s) {
  v.required("format", s.format, "Version of this format");
  v.required("name", s.name, "Name; also the default name of the output directory");
  v.optional("question", s.question, "What the scenario is meant to answer");
  v.optional("expected", s.expected, "What its author expected before running it");
  v.required("device", s.device, "Device profile");
  v.required("kernel", s.kernel, "Kernel profile");
  v.optional("policy", s.policy, "How evictions stop and restart queues; default: what the kernel itself does");
  v.optional("seed", s.seed, "Seed of every random draw");
  v.required("horizon", s.horizon, "Simulated time", positive());
  v.optional("measure_from", s.measure_from, "What begins before this is left out of statistics");
  v.optional("analysis", s.analysis, "Whether what is measured has an end of its own, or goes on for ever");
  v.optional("warm_up", s.warm_up, "How the end of a steady state's warm-up is found, in place of measure_from");
  v.optional("mutex_held_limit", s.mutex_held_limit,
             "Whoever holds userq_mutex or the MES mutex for longer is a hazard", positive());
  v.required("processes", s.processes, "Who uses the device");
  v.optional("events", s.events, "What happens to processes or to the device: pressure, suspend, reset");
  v.optional("faults", s.faults, "What breaks, and what triggers it");
  v.partial("overrides", s.overrides, "Values in place of the profiles'");
  v.optional("order", s.order, "What explore is to follow, step by step and by name, in place of every order");
}
template <class V>
void describe(V& v, DeviceProfile& p) {
  describe(v, p.device);
  v.optional("costs", p.costs, "Cost profile");
  v.optional("firmware", p.firmware, "Firmware of this generation");
}

}  // namespace userqsim
