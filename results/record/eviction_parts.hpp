// Where an eviction's time went: its parts, and the check that the critical ones tile it.
//
// The critical chain is one sequence without gap or overlap: the suspend worker's steps from the fence's enabling
// to its signal, the restore worker's steps from there to the GangReady of the queue that was restored last, then
// that queue's way through the hardware to its first wave. GangReady is the firmware's time, inside the step in
// which the driver still polls for the packet's end, so that step is cut there. What other queues did, and what the
// restore worker did after that moment, is kept with critical = 0. The chain of an eviction that was not restored
// reaches the end of its observation; its last part is what the facts tell of it. Parts of no length are left out.
//
// Parts are the driver's steps under their own names, and of the hardware:
//   drain         its waves run to the end of their round      waits_for waves
//   context_save  its context is written                       waits_for memory
//   unmap         MES takes it out of its slot                 waits_for MES
//   slot_wait     it has no HQD slot                           waits_for slot
//   map           MES puts it into one                         waits_for MES
//   context_load  its context is read                          waits_for memory
//   pipe_wait     in its slot, another queue has the pipe      waits_for pipe
//   connect       the pipe connects it                         waits_for queue_manager
//   run           connected, before its first wave             waits_for waves
// before it, with critical = 0:
//   queued        from the request that set it off             waits_for move_queue
// and of an eviction that was not restored:
//   given_up      aborted or HUNG: nothing restores it         waits_for nothing
//   unfinished    which step it was in is not known            waits_for unknown
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/record/eviction_facts.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// What a worker waits for in a step of that kind.
std::string_view waited_for(EvictionStepKind kind);

// Appends the parts of one eviction to `parts`, by start. `end` is when the run ended.
void append_parts(const EvictionFacts& eviction, SimTime end, std::vector<PartRow>& parts);

// Checks every eviction of the record, to the nanosecond: the critical parts follow each other without gap or
// overlap from the start, one ends at the signal (so those up to it sum to evict_latency), and the last ends with
// the observation, at `restored` of a restored one. Returns the first violation in words; empty when there is none.
std::string verify_parts(const RunRecord& record);

}  // namespace userqsim
