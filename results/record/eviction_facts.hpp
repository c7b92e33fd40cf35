// The facts of one eviction as they were heard, and the few decisions that need them in order: which queues it
// stopped, and when each was restored. Rows and parts are derived from here (eviction_rows.hpp,
// eviction_parts.hpp).
//
// "Restored" of a queue with work pending at its stop is its next QueueRan, of an idle one its GangReady.
// QueueStopped is stated of every queue that a stop reaches, with a slot or without, before its GangReady. Only
// where the driver does not wait for the suspend fence (seed-v8) it may come after, or never when RESUME overtakes
// it; then the facts that are there decide:
//   - QueueStopped after GangReady: it did leave the hardware, and the rule above applies from then on;
//   - never stopped, its waves running at GangReady: it did not leave, and is restored at GangReady;
//   - never stopped otherwise: it had work if EvictionStarted said that queues of the process had.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/machine/probes.hpp"

namespace userqsim {

// What a queue's slot does from `time` on; `free` when it has none.
struct SlotSpan {
  SimTime time;
  SlotState state = SlotState::free;
};

// One queue of the evicted process.
struct QueueFacts {
  QueueId queue;
  std::vector<SlotSpan> slots;  // the first is its state at the eviction's start
  std::vector<ContextMoved> contexts;
  bool told_to_stop = false;  // by a driver transition or a packet of this eviction
  bool carried = false;       // not yet restored when the eviction before this one was cut off
  bool carried_pending = false;
  bool hung = false;  // went HUNG while this eviction was the process's newest, or by its worker
  bool lost = false;  // went HUNG before this eviction began: none of its business
  std::optional<SimTime> stopped;
  bool pending = false;  // at `stopped`
  std::optional<SimTime> ready;
  std::optional<SimTime> ran;

  bool affected() const { return told_to_stop || carried || hung || stopped.has_value(); }
};

struct EvictionFacts {
  EvictionStarted started;
  std::optional<SimTime> requested;  // when the request came that set it off
  std::vector<EvictionStep> steps;   // in order of start
  std::vector<PacketEnded> packets;
  std::vector<MesLockHeld> locks;
  std::vector<QueueFacts> queues;  // every queue of the process, in order of creation
  std::int64_t moved_bytes = 0;
  std::int64_t restores_cancelled = 0;
  std::optional<SimTime> signaled;
  std::optional<SimTime> resumed;
  std::optional<SimTime> aborted;
  std::optional<SimTime> exited;
  std::optional<SimTime> next_started;  // the next eviction of the same process

  QueueFacts* find(QueueId queue);
};

// Whether the packet takes queues off the machine.
bool stops_queues(const PacketEnded& packet);

// Whether the queue had work in its ring when it was stopped.
bool had_work(const EvictionFacts& eviction, const QueueFacts& queue);

// When the queue was restored; nothing when it was not. REQUIRES: queue.affected().
std::optional<SimTime> restored_time(const EvictionFacts& eviction, const QueueFacts& queue);

// The queue that was restored last (the first created among equals); nothing when none was affected or one of them
// was not restored.
const QueueFacts* last_restored(const EvictionFacts& eviction);

// When the process was restored: with its last queue; with no queue to restore, when the restore worker was done,
// if it was before the next eviction began.
std::optional<SimTime> restored_time(const EvictionFacts& eviction);

// The issue time of the first packet of the eviction that stops `queue`, or any queue with none(). A packet for all
// gangs names no queue of its own, so the eviction's first stands in for it.
std::optional<SimTime> first_stop(const EvictionFacts& eviction, QueueId queue);

// When observation of the eviction ended: restored, or the first of what cut it off.
SimTime observed_until(const EvictionFacts& eviction, SimTime end);

}  // namespace userqsim
