// Facts the driver states: the life of each eviction, step by step, and of each queue.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "models/firmware/facts.hpp"
#include "models/lifecycle/lifecycle.hpp"
#include "models/memory/facts.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

// Why an eviction fence was enabled: for memory, by a request (allocation) or by somebody's restore or submission
// (validation); or for another reason.
enum class Trigger : std::uint8_t { allocation, userptr, event, va_unmap, exit, sleep, svm, validation };

// What a worker was doing. The steps of one worker follow each other without gap or overlap.
enum class EvictionStepKind : std::uint8_t {
  min_run,            // held back: the process has not run long enough since its last restore
  suspend_start,      // suspend worker queued, not yet running
  userq_lock,         // waits for the process's userq_mutex
  fence_wait,         // waits for a queue's last fence
  mes_lock,           // waits for the device's MES mutex
  mes_packet,         // holds it: packet written, API fence polled
  suspend_fence,      // MES mutex dropped: SUSPEND's second fence polled
  restore_delay,      // the kernel's delay before the restore worker is queued
  restore_start,      // restore worker queued, not yet running
  restore_cancelled,  // a restore was cancelled, or failed: until somebody queues it again
  move,               // waits for its buffers to arrive
  userptr_fault,      // re-faults userptr pages
  page_table,         // page-table update
  tlb_flush,          // TLB flush (with mes_lock before it where it goes through MES)
  gpu_reset,          // waits for a reset of the whole GPU
  restart_gap,        // off the CPU between the new eviction fence and userq_mutex
};

struct EvictionStarted {
  SimTime time;  // the fence's enabling
  EvictionId eviction;
  Trigger trigger = Trigger::event;
  RequestId request;                 // who asked for memory; none for an explicit event
  std::uint32_t queues = 0;          // queues the process has mapped
  std::uint32_t queues_running = 0;  // of these, with work in their ring
  auto fields() const {
    return std::tie(time, eviction.process, eviction.ordinal, trigger, request, queues, queues_running);
  }
};

struct EvictionStep {
  SimTime start;
  SimTime end;
  EvictionId eviction;
  EvictionStepKind kind = EvictionStepKind::suspend_start;
  QueueId queue;  // none where the step is the whole process's
  auto fields() const { return std::tie(start, end, eviction.process, eviction.ordinal, kind, queue); }
};

struct EvictionSignaled {
  SimTime time;
  EvictionId eviction;
  auto fields() const { return std::tie(time, eviction.process, eviction.ordinal); }
};

// The suspend worker gave up; the fence will not signal.
struct EvictionAborted {
  SimTime time;
  EvictionId eviction;
  auto fields() const { return std::tie(time, eviction.process, eviction.ordinal); }
};

// The restore worker is done with the driver's part: every queue that may restart was told to.
struct EvictionResumed {
  SimTime time;
  EvictionId eviction;
  auto fields() const { return std::tie(time, eviction.process, eviction.ordinal); }
};

struct QueueTransition {
  SimTime time;
  ProcessId process;
  QueueId queue;
  Operation operation = Operation::create;
  UserqState from = UserqState::unmapped;
  UserqState to = UserqState::unmapped;
  std::optional<Opcode> call;
  PacketResult result = PacketResult::ok;
  std::optional<EvictionId> eviction;
  SimTime began{};  // when the helper was called that moved it (amdgpu_userq_map_helper and its like)
  Primitive helper = Primitive::nothing;  // which it was; none where the queue was found hanging or is freed
  UserqState seen = from;                 // and in which state it saw the queue
  auto fields() const { return std::tie(time, process, queue, operation, from, to, call, result, began); }
};

// The MES mutex was held.
struct MesLockHeld {
  SimTime start;
  SimTime end;
  ProcessId process;
  std::optional<EvictionId> eviction;
  auto fields() const { return std::tie(start, end, process); }
};

// Who of the driver holds a process's userq_mutex.
enum class LockHolder : std::uint8_t { suspend_worker, restore_worker, open, close, device_worker, reset, submit };

// A process's userq_mutex was held.
struct UserqLockHeld {
  SimTime start;
  SimTime end;
  ProcessId process;
  LockHolder holder = LockHolder::open;
  auto fields() const { return std::tie(start, end, process, holder); }
};

// The suspend worker or the restore worker of a process is on its way through a work queue: queued (a delayed work
// when its delay is over), begun, done.
enum class WorkStep : std::uint8_t { queued, began, ended };
struct WorkerMoved {
  SimTime time;
  EvictionId eviction;
  bool restores = false;  // else it suspends
  WorkStep step = WorkStep::queued;
  auto fields() const { return std::tie(time, eviction.process, eviction.ordinal, restores, step); }
};

// A new eviction fence is on all buffers of the process: that of the eviction to come.
struct FenceArmed {
  SimTime time;
  EvictionId eviction;
  auto fields() const { return std::tie(time, eviction.process, eviction.ordinal); }
};

// A job is in its ring, or handed to the kernel's scheduler.
struct JobSubmitted {
  SimTime time;
  JobId job;
  ProcessId process;
  QueueId queue;
  bool fence = false;  // it has one
  auto fields() const { return std::tie(time, job, process, queue, fence); }
};

struct ProcessExited {
  SimTime time;
  ProcessId process;
  auto fields() const { return std::tie(time, process); }
};

// A reset of the whole GPU is over.
struct GpuResetDone {
  SimTime time;
  SimTime began;
  ResetMethod method = ResetMethod::mode1;
  bool ok = true;
  auto fields() const { return std::tie(time, began, method, ok); }
};

template <>
struct EnumNames<LockHolder> {
  static constexpr std::array entries{std::pair{LockHolder::suspend_worker, std::string_view{"suspend_worker"}},
                                      std::pair{LockHolder::restore_worker, std::string_view{"restore_worker"}},
                                      std::pair{LockHolder::open, std::string_view{"open"}},
                                      std::pair{LockHolder::close, std::string_view{"close"}},
                                      std::pair{LockHolder::device_worker, std::string_view{"device_worker"}},
                                      std::pair{LockHolder::reset, std::string_view{"reset"}},
                                      std::pair{LockHolder::submit, std::string_view{"submit"}}};
};
template <>
struct EnumNames<WorkStep> {
  static constexpr std::array entries{std::pair{WorkStep::queued, std::string_view{"queued"}},
                                      std::pair{WorkStep::began, std::string_view{"began"}},
                                      std::pair{WorkStep::ended, std::string_view{"ended"}}};
};
template <>
struct EnumNames<Trigger> {
  static constexpr std::array entries{std::pair{Trigger::allocation, std::string_view{"allocation"}},
                                      std::pair{Trigger::userptr, std::string_view{"userptr"}},
                                      std::pair{Trigger::svm, std::string_view{"svm"}},
                                      std::pair{Trigger::event, std::string_view{"event"}},
                                      std::pair{Trigger::va_unmap, std::string_view{"va_unmap"}},
                                      std::pair{Trigger::exit, std::string_view{"exit"}},
                                      std::pair{Trigger::sleep, std::string_view{"sleep"}},
                                      std::pair{Trigger::validation, std::string_view{"validation"}}};
};
template <>
struct EnumNames<EvictionStepKind> {
  static constexpr std::array entries{
      std::pair{EvictionStepKind::min_run, std::string_view{"min_run"}},
      std::pair{EvictionStepKind::suspend_start, std::string_view{"suspend_start"}},
      std::pair{EvictionStepKind::userq_lock, std::string_view{"userq_lock"}},
      std::pair{EvictionStepKind::fence_wait, std::string_view{"fence_wait"}},
      std::pair{EvictionStepKind::mes_lock, std::string_view{"mes_lock"}},
      std::pair{EvictionStepKind::mes_packet, std::string_view{"mes_packet"}},
      std::pair{EvictionStepKind::suspend_fence, std::string_view{"suspend_fence"}},
      std::pair{EvictionStepKind::restore_delay, std::string_view{"restore_delay"}},
      std::pair{EvictionStepKind::restore_start, std::string_view{"restore_start"}},
      std::pair{EvictionStepKind::restore_cancelled, std::string_view{"restore_cancelled"}},
      std::pair{EvictionStepKind::move, std::string_view{"move"}},
      std::pair{EvictionStepKind::userptr_fault, std::string_view{"userptr_fault"}},
      std::pair{EvictionStepKind::page_table, std::string_view{"page_table"}},
      std::pair{EvictionStepKind::tlb_flush, std::string_view{"tlb_flush"}},
      std::pair{EvictionStepKind::gpu_reset, std::string_view{"gpu_reset"}},
      std::pair{EvictionStepKind::restart_gap, std::string_view{"restart_gap"}}};
};

}  // namespace userqsim
