// The driver's threads of control as data: each is a step and what that step needs, so that a machine can be copied
// and hashed in the middle of any of them. A step that waits (for a lock, a fence, an answer, a timer) returns; a
// Wake goes on from there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "models/driver/messages.hpp"
#include "models/hardware/spec.hpp"
#include "models/lifecycle/operation.hpp"
#include "models/workload/spec.hpp"
#include "models/workload/waits.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/event.hpp"

namespace userqsim {

// A mutex with a FIFO queue. Ownership is handed over, so nobody overtakes.
struct Lock {
  ThreadId owner;
  Fifo<ThreadId> waiters;
  SimTime since;      // of the present ownership
  ProcessId process;  // whose it is; none: the device's
  auto fields() const { return std::tie(owner, waiters); }
};

// One packet to MES and the waits around it: the device's MES mutex, the API fence polled under it, and for SUSPEND
// the suspend fence polled after it was dropped.
struct MesCall {
  enum class Step : std::uint8_t { idle, lock, wait_ack, acked, wait_fence, fence_seen };
  Step step = Step::idle;
  Packet packet;
  bool wait_suspend_fence = false;
  bool overlaps = false;       // or the next call does, for this one too
  bool fence_written = false;  // SUSPEND's second fence came before it was polled for
  PacketResult result = PacketResult::ok;
  HungQueues hung;  // that a detection found
  SimTime began;    // before the mutex
  SimTime issued;
  SimTime poll_began;
  std::uint32_t serial = 0;  // of this thread's calls: a late answer names an older one
  EventHandle timeout;
  // Between calls nothing of the last one matters but its serial, which a late answer may name.
  auto fields() const {
    const bool busy = step != Step::idle;
    return std::tuple(step, CallNumber{serial}, busy ? packet : Packet{}, busy && wait_suspend_fence,
                      busy && overlaps, busy && fence_written, busy ? result : PacketResult::ok,
                      busy ? hung : HungQueues{}, TimeIf{step == Step::wait_ack, issued},
                      TimeIf{step == Step::wait_fence, poll_began});
  }
};

// A wait for one queue's last fence, with or without a limit.
struct FenceWait {
  bool armed = false;
  bool timed_out = false;
  EventHandle timeout;
  auto fields() const { return std::tie(armed, timed_out); }
};

// An operation of the lifecycle tables under way, and what it waits for.
struct OperationThread {
  // A SUSPEND that the next calls do not wait for.
  struct Stopping {
    std::uint32_t serial = 0;
    QueueId queue;
    auto fields() const { return std::tuple(CallNumber{serial}, queue); }
  };
  enum class Wait : std::uint8_t { nothing, mes, last_fence, gpu_reset, userq_mutex };
  OperationRun run;
  Wait waits_for = Wait::nothing;
  MesCall call;
  std::vector<Stopping> stopping;  // whose suspend fences are still to come, with suspend_overlap
  FenceWait fence;
  QueueId fence_of;
  bool fence_limited = false;
  bool error = false;  // what the operation that is over returned
  auto fields() const { return std::tie(run, waits_for, call, stopping, fence, fence_of, fence_limited, error); }
};

// amdgpu_eviction_fence_suspend_worker.
struct SuspendWorker {
  enum class Step : std::uint8_t { idle, held, queued, lock, fence_wait, stop };
  Step step = Step::idle;
  EvictionId eviction;
  SimTime since;             // of the step whose time is being measured
  std::uint32_t cursor = 0;  // queue waited for
  FenceWait wait;
  OperationThread op;
  auto fields() const {
    return std::tuple<Step, Ordinal, std::uint32_t, const FenceWait&, const OperationThread&>(
        step, {eviction.ordinal}, cursor, wait, op);
  }
};

// amdgpu_userq_restore_worker.
struct RestoreWorker {
  enum class Step : std::uint8_t {
    idle,
    delayed,
    queued,
    lock,
    validate,
    userptr,
    page_table,
    tlb,
    gap,
    relock,
    restart,
  };
  struct Again {
    SimTime since, due;
    auto fields() const { return std::tie(since, due); }
  };
  Step step = Step::idle;
  EvictionId eviction;
  SimTime since;
  std::int64_t entries = 0;  // of the page tables, to write
  std::int64_t userptr_pages = 0;
  bool translations_changed = false;
  std::uint32_t hubs_flushed = 0;
  std::optional<Again> again;        // queued once more while it runs
  std::optional<SimTime> cancelled;  // since when nothing would restore the process
  EventHandle timer;                 // until it runs
  bool rests = false;                // queued, until the system wakes up
  bool needed = false;               // somebody needs the live fence
  OperationThread op;
  auto fields() const {
    return std::tuple_cat(std::tuple(Ordinal{eviction.ordinal}),
                          std::tie(step, entries, userptr_pages, translations_changed, hubs_flushed, again,
                                   cancelled, rests, needed, op));
  }
};

// The process's main thread: allocates its buffers and creates its queues.
struct Opener {
  enum class Step : std::uint8_t { idle, allocate, validate, retry, lock, create };
  Step step = Step::idle;
  RequestId request;           // its buffers
  std::uint32_t failures = 0;  // to validate them
  EventHandle timer;           // until it tries again
  std::uint32_t cursor = 0;
  OperationThread op;
  auto fields() const { return std::tie(step, failures, cursor, op); }
};

// Destroys queues: one that the user gives back, or all when the process exits, which then frees everything.
struct Closer {
  enum class Step : std::uint8_t { idle, evicted, quiet, lock, next, destroy, let_go, rings };
  Step step = Step::idle;
  Fifo<QueueId> queues;  // still to destroy
  bool exiting = false;
  std::optional<SimTime> flush_until;  // for its submissions through the kernel
  OperationThread op;
  auto fields() const {
    const TimeIf flush{flush_until.has_value(), flush_until.value_or(SimTime{})};
    return std::tuple<const Step&, const Fifo<QueueId>&, bool, TimeIf, const OperationThread&>(step, queues,
                                                                                               exiting, flush, op);
  }
};

// What stops and starts the queues of every process: system suspend and resume, enforced isolation. One request
// after the other.
struct DeviceWorker {
  // A system suspend empties VRAM, stops all queues, and empties VRAM of what has come back meanwhile.
  enum class Step : std::uint8_t { walk, prepare, evict_again };
  Step step = Step::walk;
  Fifo<Operation> requests;
  bool running = false;     // the first of them
  ProcessId entered;        // whose userq_mutex it holds or waits for
  Sleep sleep = Sleep::s3;  // how the system was suspended last
  bool aborted = false;     // it was not, for there was no room for what lay in VRAM
  OperationThread op;
  auto fields() const { return std::tie(step, requests, running, entered, sleep, aborted, op); }
};

// The ordered reset work queue: hung queues one by one, and resets of the whole GPU.
struct ResetRequest {
  QueueId queue;                      // none: the whole GPU
  std::optional<ResetMethod> method;  // default: the device's
  auto fields() const { return std::tie(queue, method); }
};
struct ResetWorker {
  enum class Step : std::uint8_t { idle, lock, queue, quiet, pre_reset, hardware, resources, status, post_reset };
  Step step = Step::idle;
  Fifo<ResetRequest> requests;  // the first is under way
  Fifo<ThreadId> waiters;       // for a reset of the whole GPU
  std::uint32_t resets = 0;     // of the whole GPU, so far
  bool deadlocked = false;      // with a restore work, and said so
  SimTime began;
  SimTime done_at;  // of the hardware's part
  OperationThread op;
  auto fields() const {
    return std::tuple(step, requests, waiters, resets, deadlocked, TimeIf{step == Step::hardware, done_at}, op);
  }
};

// A submission through the kernel that has not run.
struct KernelJob {
  JobId job;
  std::uint64_t submitted = 0;  // its turn among all submissions
  bool bound = false;           // its buffers are where they will be
  bool runs = false;            // a kernel queue has it
  auto fields() const { return std::tie(job, bound, runs); }
};

// Whoever submits to one queue: jobs in the order they were wanted.
struct Client {
  enum class Step : std::uint8_t { idle, lock, submit };
  Step step = Step::idle;
  Fifo<JobId> backlog;
  SimTime submitted_at;  // when the signal ioctl is through
  auto fields() const {
    return std::tuple<Step, const Fifo<JobId>&, TimeIf>(step, backlog, {step == Step::submit, submitted_at});
  }
};

// A CPU thread in the MMU notifier of a userptr registration.
struct Notifier {
  RequestId request;
  PressureId pressure;
  ProcessId process;
  Bytes bytes{0};
  SimTime requested;
  bool waited = false;  // for its process to stop
  auto fields() const { return std::tie(request, pressure, process); }
};

// A thread in the middle of something.
struct ThreadWait {
  ThreadId thread;              // none: a CPU thread that is none of the driver's
  std::string name;             // "restore worker of game"
  std::string what;             // it waits for: "userq_mutex"
  WaitPoint who;                // itself, for the wait graph
  std::optional<WaitPoint> on;  // none: its own time has not come
  bool held = false;            // by `on`
};

}  // namespace userqsim
