// The driver's threads of control as data: each is a step and what that step needs, so that a machine can be copied
// and hashed in the middle of any of them. A step that waits (for a lock, a fence, an answer, a timer) returns; a
// Wake goes on from there.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <tuple>
#include <vector>

#include "models/driver/messages.hpp"
#include "models/policy/policies.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/event.hpp"

namespace userqsim {

// A mutex with a FIFO queue. Ownership is handed over, so nobody overtakes.
struct Lock {
  ThreadId owner;
  std::deque<ThreadId> waiters;
  SimTime since;  // of the present ownership
  auto fields() const { return std::tie(owner, waiters); }
};

// One packet to MES and the waits around it: the device's MES mutex, the API fence polled under it, and for SUSPEND
// the suspend fence polled after it was dropped.
struct MesCall {
  enum class Step : std::uint8_t { idle, lock, wait_ack, acked, wait_fence, fence_seen };
  Step step = Step::idle;
  Packet packet;
  bool wait_suspend_fence = false;
  bool fence_written = false;  // SUSPEND's second fence came before it was polled for
  PacketResult result = PacketResult::ok;
  SimTime issued;
  SimTime poll_began;
  std::uint32_t serial = 0;  // of this thread's calls: a late answer names an older one
  EventHandle timeout;
  // Between calls nothing of the last one matters but its serial, which a late answer may name.
  auto fields() const {
    const bool busy = step != Step::idle;
    return std::tuple(step, serial, busy ? packet : Packet{}, busy && wait_suspend_fence, busy && fence_written,
                      busy ? result : PacketResult::ok, TimeIf{step == Step::wait_ack, issued},
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

// amdgpu_eviction_fence_suspend_worker.
struct SuspendWorker {
  enum class Step : std::uint8_t { idle, held, queued, lock, fence_wait, stop };
  Step step = Step::idle;
  EvictionId eviction;
  SimTime since;             // of the step whose time is being measured
  std::uint32_t cursor = 0;  // queue waited for, or plan step
  std::vector<PlanStep> plan;
  bool failed = false;
  FenceWait wait;
  MesCall call;
  auto fields() const { return std::tie(step, eviction.ordinal, cursor, plan, failed, wait, call); }
};

// amdgpu_userq_restore_worker.
struct RestoreWorker {
  enum class Step : std::uint8_t { idle, delayed, queued, lock, validate, userptr, page_table, tlb, restart };
  Step step = Step::idle;
  EvictionId eviction;
  SimTime since;
  std::int64_t fragments = 0;
  std::int64_t userptr_pages = 0;
  bool translations_changed = false;
  std::uint32_t cursor = 0;
  std::vector<PlanStep> plan;
  MesCall call;
  auto fields() const {
    return std::tie(step, eviction.ordinal, fragments, userptr_pages, translations_changed, cursor, plan, call);
  }
};

// The process's main thread: allocates its buffers and creates its queues.
struct Opener {
  enum class Step : std::uint8_t { idle, allocate, validate, lock, create };
  Step step = Step::idle;
  RequestId request;  // its buffers
  std::uint32_t cursor = 0;
  MesCall call;
  auto fields() const { return std::tie(step, cursor, call); }
};

// The process's exit: destroys its queues and frees everything.
struct Closer {
  enum class Step : std::uint8_t { idle, lock, fence_wait, destroy, gone };
  Step step = Step::idle;
  std::uint32_t cursor = 0;
  FenceWait wait;
  MesCall call;
  auto fields() const { return std::tie(step, cursor, wait, call); }
};

// Whoever submits to one queue: jobs in the order they were wanted.
struct Client {
  enum class Step : std::uint8_t { idle, lock, submit };
  Step step = Step::idle;
  std::deque<JobId> backlog;
  SimTime submitted_at;  // when the signal ioctl is through
  auto fields() const {
    return std::tuple<Step, const std::deque<JobId>&, TimeIf>(step, backlog, {step == Step::submit, submitted_at});
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

}  // namespace userqsim
