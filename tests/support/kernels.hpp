// Machines with a real release's driver, and what goes wrong in them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "scenarios/load/profile_store.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::test {

// Every release that has tables of its own.
inline constexpr std::array releases{"6.16", "seed-v8", "seed-v8+reset", "6.18", "6.19", "7.1", "kfd"};

// A built-in kernel profile.
KernelSpec kernel_of(const std::string& name);

// The ideal machine with that driver and the release's own policy.
MachineSpec ideal_machine_with(const std::string& kernel);

FaultSpec fault(FaultKind kind, std::optional<std::string> of = {}, std::optional<std::string> queue = {});
FaultSpec fault_at(Duration at, FaultKind kind, std::optional<std::string> of = {},
                   std::optional<std::string> queue = {});
FaultSpec fault_of_eviction(std::uint32_t eviction, FaultKind kind, std::string of, std::string queue);

}  // namespace userqsim::test
