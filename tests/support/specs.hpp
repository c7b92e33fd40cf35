// Machines for tests, built without files: a device on which everything is free, and the pieces of a scenario.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "models/machine/machine.hpp"
#include "models/machine/spec.hpp"

namespace userqsim::test {

using namespace std::chrono_literals;

Cost cost(Duration value);

// Every cost zero, one slot and one pipe for each engine, one compute unit, plenty of memory, no pre-wait.
MachineSpec ideal_machine();

JobSpec job(Duration work, std::uint32_t width = 1);

StreamSpec stream(Arrival arrival, JobSpec j, std::optional<std::uint64_t> count = std::nullopt);

QueueSpec queue(std::string name, QueueType type, std::optional<StreamSpec> jobs = std::nullopt);

ProcessSpec process(std::string name, std::vector<QueueSpec> queues);

// An event of one process, or of the whole device.
PressureSpec event_at(Duration at, PressureKind kind, std::optional<std::string> process = std::nullopt);
PressureSpec evict_at(Duration at, std::string process);

std::shared_ptr<const MachineSpec> share(MachineSpec spec);

}  // namespace userqsim::test
