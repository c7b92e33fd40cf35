// What the hardware sends, and what it is sent.
#pragma once

#include <cstdint>
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
  JobOutcome outcome = JobOutcome::exited;
  auto fields() const { return std::tie(queue, outcome); }
};
// From the driver: the queue's fences were completed by force; their jobs leave the ring.
struct CancelFenced {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// From MES, by way of the command processor.
struct MapQueue {
  QueueId queue;
  SlotId slot;              // REQUIRES: free
  std::uint32_t stops = 0;  // packets that have stopped the queue so far
  auto fields() const { return std::tie(queue, slot, stops); }
};
struct UnmapQueue {
  QueueId queue;
  SlotId slot;
  bool for_packet = false;  // REMOVE_QUEUE or SUSPEND asked for it; else MES's own scheduling
  bool never = false;       // a fault: the queue will not leave
  Duration slow{0};         // a fault: its stop takes that much longer
  std::uint32_t stops = 0;  // packets that have stopped the queue before this
  auto fields() const { return std::tie(queue, slot, for_packet, never, slow, stops); }
};
// The queue's waves die, its slot is free at once: RESET.
struct ResetQueue {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
// Every slot, every wave: a reset of the GPU.
struct GpuReset {
  auto fields() const { return std::tuple<>{}; }
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

using HardwareEvent = std::variant<Doorbell, DropRing, CancelFenced, DependencyMet, MapQueue, UnmapQueue,
                                   ResetQueue, GpuReset, FaultDue, StartCopy, SlotTimer, ShareTimer, PipeTimer>;

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
