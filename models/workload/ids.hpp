// The entities every part of the machine speaks of.
#pragma once

#include "sim/core/containers.hpp"
#include "sim/core/id.hpp"

namespace userqsim {

using ProcessId = Id<struct ProcessTag>;
using QueueId = Id<struct QueueTag>;    // a user-mode queue, numbered over all processes in order of creation
using StreamId = Id<struct StreamTag>;  // an arrival process: one `jobs` entry of a scenario
using JobId = Id<struct JobTag>;        // one job (one node of one arrival), numbered in order of arrival
using BufferId = Id<struct BufferTag>;
using PressureId = Id<struct PressureTag>;  // one entry of a scenario's `events`
using FaultId = Id<struct FaultTag>;        // one entry of a scenario's `faults`

using QueueList = SmallVector<QueueId, 8>;

// The n-th eviction of a process, counted from 0. The pair is the name of an eviction everywhere.
struct EvictionId {
  ProcessId process;
  std::uint32_t ordinal = 0;
  constexpr auto operator<=>(const EvictionId&) const = default;
};

}  // namespace userqsim
