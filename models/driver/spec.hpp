// What one kernel release does around an eviction: waits, delays, time-outs, placement. The lifecycle tables of
// the release are code, in lifecycle/lifecycle.hpp, found by `lifecycle`.
#pragma once

#include <cstdint>
#include <string>

#include "models/firmware/spec.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

// What the suspend worker does before it stops queues: each queue's last fence is waited for in turn.
enum class PreWait : std::uint8_t {
  none,
  abort,        // up to the limit; on time-out the eviction is given up and its fence never signals
  continue_on,  // up to the limit; on time-out the eviction goes on
  unbounded,
};

// What validation does with a buffer that lives in GTT when VRAM is full.
enum class RestorePlacement : std::uint8_t {
  settle_in_gtt,
  evict_others,   // and settle in GTT when nobody can be evicted
  evict_or_fail,  // what was asked for in VRAM alone has no other place
};

// When a victim's eviction fence is enabled: when its copy reaches the head of the move queue, or at once.
enum class FenceEnabling : std::uint8_t { lazy, eager };

// What an eviction does when a queue could not be stopped: up to 6.18 it is given up and its fence never signals,
// later releases log it and signal.
enum class StopFailure : std::uint8_t { give_up, go_on };

// What the restore worker holds between the new eviction fence and the restart of the queues, and so who can come
// between: nobody (6.16 to 7.0: userq_mutex from the first step on, so the next eviction's worker waits), the next
// eviction (7.1 before its final order: neither mutex nor reservations), or nobody again (newest: the buffers'
// reservations, so that nobody can begin an eviction for memory).
enum class RestoreLocks : std::uint8_t { userq_mutex, none, buffers };

// How long a fence of each queue type may stay unsignalled before the release looks for a hang.
struct JobTimeouts {
  Duration gfx = std::chrono::seconds{2};
  Duration compute = std::chrono::seconds{2};
  Duration sdma = std::chrono::seconds{2};
  Duration of(QueueType type) const {
    return type == QueueType::gfx ? gfx : type == QueueType::compute ? compute : sdma;
  }
};

// Wait longer before each restore of a process that is stopped again after a run shorter than its stop: `first`,
// then twice as long each time, up to `most`.
struct BackOff {
  Duration first{0};
  Duration most{0};
};
// And after so many of them nobody's victim for a time, from its restore on.
struct ThrashPin {
  std::uint32_t after = 1;
  Duration time{0};
};

struct KernelSpec {
  std::string name;
  std::string title;
  std::string source;
  std::string lifecycle;      // name of the release's tables
  std::string native_policy;  // what the release itself does
  PreWait pre_wait = PreWait::abort;
  Duration pre_wait_limit = std::chrono::milliseconds{100};
  StopFailure stop_failure = StopFailure::give_up;
  Duration restore_delay{0};
  Duration min_run{0};
  bool suspend_fence_wait = true;  // the driver polls SUSPEND's second fence; v8 of the series did not
  RestorePlacement restore_placement = RestorePlacement::settle_in_gtt;
  FenceEnabling fence_enabling = FenceEnabling::lazy;
  ProcessContext process_context = ProcessContext::queue;
  bool cwsr = false;                  // compute stops at an instruction boundary and saves its waves
  Domain context_area = Domain::gtt;  // where CWSR saves them
  Duration mes_timeout = std::chrono::milliseconds{2100};
  Duration api_poll = std::chrono::microseconds{2};
  Duration suspend_poll = std::chrono::microseconds{1};
  Duration destroy_wait = std::chrono::milliseconds{100};  // for a queue's last fence, where that is limited
  bool suspend_overlap = false;  // a process's SUSPENDs are all sent before their suspend fences are waited for
  bool restore_failure_kills = false;     // a process whose restore finds no room exits
  std::optional<Duration> restore_retry;  // a restore that found no room is tried again; default: never
  // KFD: an invalidation stops its process in the notifier itself, without min_run, under no lock of the device,
  // and restores it after this time, which is also that of another try (AMDGPU_USERPTR_RESTORE_DELAY_MS).
  std::optional<Duration> userptr_quiesce;
  std::uint32_t move_rate = 8;   // what submissions through the kernel may move, in MB/s (amdgpu.moverate)
  bool bump_on_restore = false;  // a restored process's buffers go to the LRU's tail
  std::uint32_t move_entities = 1;
  bool gtt_is_fallback = true;     // for what belongs in VRAM: free VRAM is looked for before it settles in GTT
  bool dmem_evicts_first = false;  // who is within its cgroup's dmem.min or .low evicts before it settles in GTT
  bool evicts_itself = true;       // a process's own buffers may be its victims
  bool evicts_itself_for_piece = true;  // for a contiguous buffer, also where they are not else
  bool vm_buffers = true;               // buffers share their VM's reservation
  bool wipe_on_release = true;          // VRAM is overwritten when it is freed or left
  RestoreLocks restore_locks = RestoreLocks::userq_mutex;
  Duration restart_gap{0};  // with `none`: from the new fence to the attempt at userq_mutex
  std::optional<BackOff> back_off;
  std::optional<ThrashPin> thrash_pin;
  bool keep_idle_evicted = false;  // who has nothing to run is not restored before its next doorbell
  bool restore_ordered = false;    // one restore at a time on the whole device
  bool restore_freezes = false;    // the restore worker rests while the system sleeps or falls asleep
  bool exit_evicts = false;  // a process that exits is evicted first, and its exit waits for that without limit
  bool gpu_recovery = true;  // amdgpu.gpu_recovery: 0 means no hang detection and no reset
  bool hang_timer = false;   // a fence that does not signal in time starts hang detection
  JobTimeouts job_timeout;
};

template <>
struct EnumNames<PreWait> {
  static constexpr std::array entries{std::pair{PreWait::none, std::string_view{"none"}},
                                      std::pair{PreWait::abort, std::string_view{"abort"}},
                                      std::pair{PreWait::continue_on, std::string_view{"continue"}},
                                      std::pair{PreWait::unbounded, std::string_view{"unbounded"}}};
};
template <>
struct EnumNames<StopFailure> {
  static constexpr std::array entries{std::pair{StopFailure::give_up, std::string_view{"give_up"}},
                                      std::pair{StopFailure::go_on, std::string_view{"go_on"}}};
};
template <>
struct EnumNames<RestorePlacement> {
  static constexpr std::array entries{
      std::pair{RestorePlacement::settle_in_gtt, std::string_view{"settle_in_gtt"}},
      std::pair{RestorePlacement::evict_others, std::string_view{"evict_others"}},
      std::pair{RestorePlacement::evict_or_fail, std::string_view{"evict_or_fail"}}};
};
template <>
struct EnumNames<FenceEnabling> {
  static constexpr std::array entries{std::pair{FenceEnabling::lazy, std::string_view{"lazy"}},
                                      std::pair{FenceEnabling::eager, std::string_view{"eager"}}};
};

template <>
struct EnumNames<RestoreLocks> {
  static constexpr std::array entries{std::pair{RestoreLocks::userq_mutex, std::string_view{"userq_mutex"}},
                                      std::pair{RestoreLocks::none, std::string_view{"none"}},
                                      std::pair{RestoreLocks::buffers, std::string_view{"buffers"}}};
};

template <class V>
void describe(V& v, JobTimeouts& t) {
  v.optional("gfx", t.gfx, "Of a graphics queue", positive());
  v.optional("compute", t.compute, "Of a compute queue", positive());
  v.optional("sdma", t.sdma, "Of an SDMA queue", positive());
}
template <class V>
void describe(V& v, BackOff& b) {
  v.required("first", b.first, "Beside restore_delay, after the first short run", positive());
  v.required("most", b.most, "Twice as long each time, up to this", positive());
}
template <class V>
void describe(V& v, ThrashPin& t) {
  v.required("after", t.after, "Short runs in a row", within(1, 1000));
  v.required("time", t.time, "Nobody's victim for this long from its restore on", positive());
}
template <class V>
void describe(V& v, KernelSpec& k) {
  v.required("name", k.name, "Profile name");
  v.required("title", k.title, "What it is");
  v.required("source", k.source, "Where the numbers come from");
  v.required("lifecycle", k.lifecycle, "Lifecycle tables of the release");
  v.required("native_policy", k.native_policy, "Policy the release itself follows");
  v.required("pre_wait", k.pre_wait, "What the suspend worker does about work that still runs");
  v.optional("pre_wait_limit", k.pre_wait_limit, "Longest wait for one queue's last fence");
  v.optional("stop_failure", k.stop_failure, "What an eviction does when a queue could not be stopped");
  v.optional("restore_delay", k.restore_delay, "From the fence's signal to the restore worker's queueing");
  v.optional("min_run", k.min_run, "A restored process is not stopped before it ran this long");
  v.optional("suspend_fence_wait", k.suspend_fence_wait, "The driver waits for SUSPEND's suspend fence");
  v.optional("restore_placement", k.restore_placement, "What validation does when VRAM is full");
  v.optional("fence_enabling", k.fence_enabling, "When a victim's eviction fence is enabled");
  v.optional("process_context", k.process_context, "Whose process context in MES a queue has");
  v.optional("cwsr", k.cwsr, "Compute waves are saved at an instruction boundary instead of drained");
  v.optional("context_area", k.context_area, "Where saved waves live");
  v.optional("mes_timeout", k.mes_timeout, "The driver gives a MES answer up after this", positive());
  v.optional("api_poll", k.api_poll, "Step of the busy poll on an API fence", positive());
  v.optional("suspend_poll", k.suspend_poll, "Step of the busy poll on a suspend fence", positive());
  v.optional("destroy_wait", k.destroy_wait,
             "Longest wait for a last fence before a queue is destroyed, if limited");
  v.optional("suspend_overlap", k.suspend_overlap,
             "An eviction sends all its SUSPENDs before it waits for their suspend fences");
  v.optional("restore_failure_kills", k.restore_failure_kills, "A process whose restore finds no room exits");
  v.optional("restore_retry", k.restore_retry,
             "A restore that found no room is tried again after this; default: never");
  v.optional(
      "userptr_quiesce", k.userptr_quiesce,
      "An invalidation stops its process in the notifier itself, and restores it after this; default: through "
      "the eviction fence");
  v.optional("bump_on_restore", k.bump_on_restore, "A restore moves the process's buffers to the tail of the LRU");
  v.optional("move_rate", k.move_rate,
             "What submissions through the kernel may move, in MB/s: rounded down to a power of two; 1: nothing",
             within(1, 1 << 20));
  v.optional("move_entities", k.move_entities, "Queues of moves, each first in first out", within(1, 8));
  v.optional("gtt_is_fallback", k.gtt_is_fallback,
             "A restore looks for free VRAM before it leaves a buffer in GTT");
  v.optional("dmem_evicts_first", k.dmem_evicts_first,
             "Who is within its cgroup's dmem.min or .low evicts others before it settles in GTT");
  v.optional("evicts_itself", k.evicts_itself, "A process's own buffers may be its victims");
  v.optional("evicts_itself_for_piece", k.evicts_itself_for_piece,
             "Without evicts_itself: a process's own buffers may be victims of its contiguous ones");
  v.optional("vm_buffers", k.vm_buffers, "Buffers share their VM's reservation unless they say otherwise");
  v.optional("wipe_on_release", k.wipe_on_release, "VRAM is overwritten when it is freed or left");
  v.optional("restore_locks", k.restore_locks, "What the restore worker holds from the new fence to the restart");
  v.optional("restart_gap", k.restart_gap,
             "With restore_locks none: how long between the two the worker is off the CPU");
  v.optional("back_off", k.back_off, "A process that thrashes waits longer and longer to be restored");
  v.optional("thrash_pin", k.thrash_pin, "A process that thrashes is nobody's victim for a while");
  v.optional("keep_idle_evicted", k.keep_idle_evicted,
             "A process that has nothing to run is not restored before its next doorbell");
  v.optional("restore_ordered", k.restore_ordered, "One restore at a time on the whole device");
  v.optional("restore_freezes", k.restore_freezes,
             "The restore worker rests from the beginning of a system suspend on");
  v.optional("exit_evicts", k.exit_evicts, "A process that exits is evicted first, and waits for it without limit");
  v.optional("gpu_recovery", k.gpu_recovery, "Hang detection and resets are on");
  v.optional("hang_timer", k.hang_timer, "A fence that does not signal in time starts hang detection");
  v.optional("job_timeout", k.job_timeout, "How long a fence may take before that");
}

}  // namespace userqsim
