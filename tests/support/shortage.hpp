// Machines with too few slots or VMIDs, where nothing costs anything, and what each queue gets of them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/specs.hpp"

namespace userqsim::test {

// One job that comes at `at`; in rounds of 100 us unless `whole`.
QueueSpec once(std::string name, QueueType type, Duration at, Duration work, bool whole = false);
QueueSpec busy(std::string name, QueueType type);

MachineSpec short_of(std::uint32_t vmids, EngineSpec compute, std::vector<ProcessSpec> processes);

std::map<std::uint32_t, Duration> time_running(const MachineSpec& spec);

}  // namespace userqsim::test
