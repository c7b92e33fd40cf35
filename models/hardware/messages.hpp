// What the hardware sends, and what it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

#include "models/hardware/facts.hpp"
#include "models/memory/messages.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/messages.hpp"

namespace userqsim {

// From the client, through the driver's doorbell page: the job is in the ring.
struct Doorbell {
  QueueId queue;
  JobId job;
  auto fields() const { return std::tie(queue, job); }
};
// From the driver: the queue is freed; what its ring holds will never run.
struct DropRing {
  QueueId queue;
  JobOutcome outcome = JobOutcome::exited;  // of what was in it
  auto fields() const { return std::tie(queue, outcome); }
};

// From the driver: the job that the pipe's kernel queue runs next. REQUIRES: it has run the one before.
struct RunKernelJob {
  QueueId queue;  // whose job it is
  JobId job;
  std::uint32_t pipe = 0;
  auto fields() const { return std::tie(queue, job, pipe); }
};

// From MES, by way of the command processor.
struct MapQueue {
  QueueId queue;
  SlotId slot;                   // REQUIRES: free
  std::uint32_t stops = 0;       // packets that have stopped the queue so far
  std::uint32_t gpu_resets = 0;  // that MES has seen: one posted before the last is void
  auto fields() const { return std::tie(queue, slot, stops, gpu_resets); }
};
struct UnmapQueue {
  QueueId queue;
  SlotId slot;
  bool for_packet = false;                  // REMOVE_QUEUE or SUSPEND asked for it; else MES's own scheduling
  std::uint32_t stops = 0;                  // packets that have stopped the queue before this
  FaultId fault{};                          // no_preempt or slow_preempt, where one hits this stop
  std::optional<std::uint32_t> eviction{};  // whose stop that is, when it is one's
  auto fields() const { return std::tie(queue, slot, for_packet, stops, fault, eviction); }
};
// The queue's waves are killed, its slot is free at once, a hang is over. Its ring stays: it is memory.
struct ResetQueue {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// From the driver: the whole device is reset. As it begins, every slot is emptied without a word to MES, all waves
// are killed, no queue hangs any more; the kernel's copy under way starts anew when it is over. Rings stay.
// REQUIRES: the driver posts FirmwareReset at the same time as it begins.
struct GpuReset {
  bool over = false;
  auto fields() const { return std::tie(over); }
};
// From the driver, which completes the queue's fences by force: every job in the ring that has one leaves it.
struct CancelFenced {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// To itself.
struct SlotTimer {
  SlotId slot;
  auto fields() const { return std::tie(slot); }
};
struct ShareTimer {
  bool copy = false;  // the copy engine's share; else the compute units'
  auto fields() const { return std::tie(copy); }
};
struct PipeTimer {
  std::uint32_t pipe = 0;
  auto fields() const { return std::tie(pipe); }
};

using HardwareEvent = std::variant<Doorbell, DropRing, DependencyMet, MapQueue, UnmapQueue, StartCopy, SlotTimer,
                                   ShareTimer, PipeTimer, Hang, ResetQueue, GpuReset, CancelFenced, RunKernelJob>;

// To MES.
struct SlotFreed {
  QueueId queue;
  SlotId slot;
  auto fields() const { return std::tie(queue, slot); }
};
// The pipe runs the queue; it has given the pipe to another, or has nothing to run.
struct QueueConnected {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
struct QueueDisconnected {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
// A mapped queue has nothing to run.
struct QueueIdle {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
// A queue that had nothing to run has work.
struct QueueHasWork {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// To the driver: a job has left the ring; if the driver emitted a fence for it, that has signalled.
struct JobRetired {
  QueueId queue;
  JobId job;
  auto fields() const { return std::tie(queue, job); }
};

}  // namespace userqsim
