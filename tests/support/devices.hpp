// The built-in devices, for tests that are about one of them.
#pragma once

#include <string>

#include "scenarios/load/profile_store.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::test {

DeviceProfile device_of(const std::string& name);

// That device with its firmware, at no cost.
MachineSpec costless_machine(const std::string& device);

// That device with its firmware and its costs.
MachineSpec machine_of(const std::string& device);

}  // namespace userqsim::test
