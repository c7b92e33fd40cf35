// One eviction's facts, turned into its row.
#pragma once

#include <optional>
#include <vector>

#include "models/hardware/spec.hpp"
#include "models/workload/layout.hpp"
#include "results/record/eviction_facts.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// For each queue, the compute units of the widest job that any stream sends to it; 0 for SDMA queues.
std::vector<std::int64_t> queue_widths(const Layout& layout);

// The row, all but the requester's stall, which is the request's. `end` is when the run ended.
//
// cu_lost_ns is the compute time that switching contexts took from the machine: for each queue of the process that
// had work pending, the time that its slot was mapping, loading, connecting, saving or unmapping on behalf of this
// eviction, times the queue's width (see queue_widths), summed, and divided by the device's compute units, rounded
// down. "On behalf of this eviction" is between the issue of the queue's stop packet and QueueStopped, and between
// GangReady and QueueRan. Draining is not in it: waves still work then.
EvictionRow eviction_row(const EvictionFacts& eviction, const std::vector<std::int64_t>& widths,
                         std::uint32_t compute_units, SimTime end);

}  // namespace userqsim
