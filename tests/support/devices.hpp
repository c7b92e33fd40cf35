// The built-in devices, for tests that are about one of them.
#pragma once

#include <string>

#include "scenarios/load/profile_store.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::test {

inline DeviceProfile device_of(const std::string& name) {
  return read_device(ProfileStore("").find("devices", name, Place{"test", {}}));
}

// That device with its firmware, at no cost.
inline MachineSpec costless_machine(const std::string& device) {
  const DeviceProfile profile = device_of(device);
  MachineSpec spec = ideal_machine();
  spec.device = profile.device;
  spec.firmware = profile.firmware;
  return spec;
}

// That device with its firmware and its costs.
inline MachineSpec machine_of(const std::string& device) {
  MachineSpec spec = costless_machine(device);
  spec.costs = read_costs(ProfileStore("").find_costs(device_of(device).costs, Place{"test", {}}));
  return spec;
}

}  // namespace userqsim::test
