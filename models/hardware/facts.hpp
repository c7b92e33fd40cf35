// Facts the hardware states.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

using SlotId = Id<struct SlotTag>;  // one HQD, numbered gfx first, then compute, then SDMA; pipe by pipe

// What an HQD slot is doing. Each slot is in exactly one state at any time.
enum class SlotState : std::uint8_t {
  free,
  mapping,  // MES puts a queue in
  loading,  // its context comes back
  mapped,   // in the slot, not connected to the pipe (idle, or waiting for the pipe)
  connecting,
  running,    // connected; waves of its jobs run
  draining,   // asked to stop; waves run to the end of their round
  saving,     // waves stand; their context is written
  unmapping,  // MES takes the queue out
};

struct SlotChanged {
  SimTime time;
  SlotId slot;
  SlotState from = SlotState::free;
  SlotState to = SlotState::free;
  QueueId queue;  // the queue in the slot during `to` (or, for free, the queue that left)
  auto fields() const { return std::tie(time, slot, from, to, queue); }
};

// Waves of a job run: the first ones, or the first after a stop or a rotation.
struct QueueRan {
  SimTime time;
  QueueId queue;
  JobId job;
  bool resumed = false;  // the job had run before
  auto fields() const { return std::tie(time, queue, job, resumed); }
};

// A queue has left the hardware because a packet asked for it, or in a reset.
struct QueueStopped {
  SimTime time;
  QueueId queue;
  bool pending = false;  // work was left in its ring
  auto fields() const { return std::tie(time, queue, pending); }
};

// A context was saved (CWSR waves, the graphics shadow) or loaded.
struct ContextMoved {
  SimTime time;
  QueueId queue;
  Bytes bytes{0};
  bool save = false;  // else load
  auto fields() const { return std::tie(time, queue, bytes.value, save); }
};

enum class HazardKind : std::uint8_t {
  moved_while_running,      // a buffer's copy began while waves of its process were on the machine
  fence_never_signals,      // an aborted eviction: whoever waits for the fence waits for ever
  queue_lost,               // a queue went HUNG: nothing restarts it
  queue_without_va,         // a queue went INVALID_VA: its buffers are unmapped
  freed_under_queue,        // its buffers were unmapped while it could run
  job_timeout,              // a fence of the queue did not signal in time
  late_fence_write,         // MES wrote a suspend fence that the driver had given up and freed
  restore_failed,           // a restore found no room for some buffer; the process stays evicted
  restore_cancelled,        // nobody will restore the process until it needs a live fence
  restarted_while_evicted,  // queues restarted though their process had been evicted again
  reset_deadlock,           // a reset waits for a restore work that waits for the reset
  vram_lost,                // a reset lost what was in VRAM
  gpu_wedged,               // a reset of the GPU failed
  suspend_aborted,          // no room for what lies in VRAM: the system does not sleep
  submission_refused,       // no memory for a submission through the kernel
  // By who watches the machine (machine/watch.hpp).
  isolation_breach,        // waves of a user queue run though enforced isolation has stopped all
  mapped_without_address,  // a queue is on the machine, and its page tables do not say where its buffers are
  never_mapped,            // a MAPPED queue has work, and will never have a slot
  driver_mes_disagree,     // the driver's state of a queue is not what MES's lists say
  work_lost,               // jobs of a process that lives ended in a reset
  mutex_held_long,         // userq_mutex or the MES mutex was held for longer than the scenario's limit
  stopped_for_ever,        // a process is stopped, and nobody will restore it
  waits_for_ever,          // a thread waits for what will never be
};

struct Hazard {
  SimTime time;
  HazardKind kind = HazardKind::queue_lost;
  ProcessId process;
  QueueId queue;  // none where it is the whole process's
  auto fields() const { return std::tie(time, kind, process, queue); }
};

template <>
struct EnumNames<SlotState> {
  static constexpr std::array entries{std::pair{SlotState::free, std::string_view{"free"}},
                                      std::pair{SlotState::mapping, std::string_view{"mapping"}},
                                      std::pair{SlotState::loading, std::string_view{"loading"}},
                                      std::pair{SlotState::mapped, std::string_view{"mapped"}},
                                      std::pair{SlotState::connecting, std::string_view{"connecting"}},
                                      std::pair{SlotState::running, std::string_view{"running"}},
                                      std::pair{SlotState::draining, std::string_view{"draining"}},
                                      std::pair{SlotState::saving, std::string_view{"saving"}},
                                      std::pair{SlotState::unmapping, std::string_view{"unmapping"}}};
};

template <>
struct EnumNames<HazardKind> {
  static constexpr std::array entries{
      std::pair{HazardKind::moved_while_running, std::string_view{"moved_while_running"}},
      std::pair{HazardKind::fence_never_signals, std::string_view{"fence_never_signals"}},
      std::pair{HazardKind::queue_lost, std::string_view{"queue_lost"}},
      std::pair{HazardKind::queue_without_va, std::string_view{"queue_without_va"}},
      std::pair{HazardKind::freed_under_queue, std::string_view{"freed_under_queue"}},
      std::pair{HazardKind::job_timeout, std::string_view{"job_timeout"}},
      std::pair{HazardKind::late_fence_write, std::string_view{"late_fence_write"}},
      std::pair{HazardKind::restore_failed, std::string_view{"restore_failed"}},
      std::pair{HazardKind::restore_cancelled, std::string_view{"restore_cancelled"}},
      std::pair{HazardKind::restarted_while_evicted, std::string_view{"restarted_while_evicted"}},
      std::pair{HazardKind::reset_deadlock, std::string_view{"reset_deadlock"}},
      std::pair{HazardKind::vram_lost, std::string_view{"vram_lost"}},
      std::pair{HazardKind::gpu_wedged, std::string_view{"gpu_wedged"}},
      std::pair{HazardKind::suspend_aborted, std::string_view{"suspend_aborted"}},
      std::pair{HazardKind::submission_refused, std::string_view{"submission_refused"}},
      std::pair{HazardKind::isolation_breach, std::string_view{"isolation_breach"}},
      std::pair{HazardKind::mapped_without_address, std::string_view{"mapped_without_address"}},
      std::pair{HazardKind::never_mapped, std::string_view{"never_mapped"}},
      std::pair{HazardKind::driver_mes_disagree, std::string_view{"driver_mes_disagree"}},
      std::pair{HazardKind::work_lost, std::string_view{"work_lost"}},
      std::pair{HazardKind::mutex_held_long, std::string_view{"mutex_held_long"}},
      std::pair{HazardKind::stopped_for_ever, std::string_view{"stopped_for_ever"}},
      std::pair{HazardKind::waits_for_ever, std::string_view{"waits_for_ever"}}};
};

}  // namespace userqsim
