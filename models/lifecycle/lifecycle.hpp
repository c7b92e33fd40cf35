// The queue's life as the driver tells it, one set of tables for each release. The tables are the code: the
// simulated driver and the replay (scenarios/replay) look every call up here and nowhere else.
//
// Primitives: in which state a helper acts, which MES call it makes, and where the queue is after success or
// failure. In every other state the helper does nothing and succeeds.
//
// Paths: which helper an operation uses on which queues, and what the operation does around it: hang detection
// first, waits, what a failure stops and what it sets off, whose fences are completed by force. An operation
// without a path does nothing on that release. A policy replaces the helper of evict and restore, and nothing else.
//
// operation.hpp runs a path; tests/conformance holds what each release must do, written from the driver by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "models/firmware/facts.hpp"
#include "models/policy/queue_state.hpp"

namespace userqsim {

enum class Operation : std::uint8_t {
  create,
  evict,
  restore,
  destroy,
  process_exit,  // amdgpu_userq_mgr_fini
  suspend_s3,    // amdgpu_userq_suspend, and with in_s0ix
  suspend_s0ix,
  resume_s3,
  resume_s0ix,
  isolation_stop,  // amdgpu_userq_stop_sched_for_enforce_isolation
  isolation_start,
  hang,  // hang detection finds the queue
  pre_reset,
  post_reset,  // of a reset that kept VRAM
  post_reset_vram_lost,
};

// What a failure sets off.
enum class Escalation : std::uint8_t {
  nothing,
  detect,       // amdgpu_userq_detect_and_reset_queues
  reset,        // a reset of the whole GPU, waited for (schedule, then flush)
  reset_later,  // a reset of the whole GPU, queued
};

struct PrimitiveRow {
  Primitive primitive;
  UserqState from;
  std::optional<Opcode> call;  // none: the state changes without MES
  UserqState ok;
  UserqState failed;
  Escalation on_failure = Escalation::nothing;
  bool hung_last = false;  // a failure sets the state when what it sets off is over, not before
  bool by_policy = false;  // the release has no such row: a policy that is not its own brings it along
};

enum class Which : std::uint8_t { every_queue, graphics_and_compute };
// What an operation does behind a queue that failed, and which result it returns.
enum class OnError : std::uint8_t {
  stop,            // returns the error at once
  stop_process,    // leaves the rest of that process alone, walks the other processes; returns the error
  go_on,           // walks the rest; returns the last error
  go_on_loosely,   // walks the rest; returns what the last call returned, be it success
  ignore,          // walks the rest; returns success
  ignore_process,  // as stop_process, but returns success
};
// The wait for a queue's last fence before the helper. That of evict is a knob of its own (KernelSpec::pre_wait).
enum class LastFence : std::uint8_t { no_wait, limited, unbounded };
// Whose fences are completed by force, with -ECANCELED.
enum class ForceCompletion : std::uint8_t { nobodys, acted_on, everybodys };
// amdgpu_userq_detect_and_reset_queues: one RESET for each type of queue that the process has.
enum class Detect : std::uint8_t {
  no,
  each_process,  // when a process's first queue is reached
  each_queue,    // right before the helper, however often that is
};

struct PathRow {
  Operation operation;
  Primitive primitive;
  OnError on_error = OnError::go_on;
  Which which = Which::every_queue;
  Detect detect = Detect::no;
  LastFence last_fence = LastFence::no_wait;
  bool check_va = false;                        // a queue whose buffers are unmapped goes INVALID_VA instead
  Escalation at_failure = Escalation::nothing;  // once, when the walk is over
  ForceCompletion complete = ForceCompletion::nobodys;
};

// In which order an operation of the whole device walks the queues.
enum class Walk : std::uint8_t {
  processes,  // process by process, the one that opened the device last first; within it in order of creation
  creation,   // in order of creation, whosever they are (in the driver: of doorbell index)
};

struct Lifecycle {
  std::string_view name;
  std::string_view source;  // what it was transcribed from, and what other releases read the same
  std::span<const PrimitiveRow> primitives;
  std::span<const PathRow> paths;
  Walk walk = Walk::processes;
  bool cancels_restore = false;     // suspend, isolation stop and destroy cancel a queued restore work, and nobody
                                    // queues it again but the next who needs a live eviction fence
  bool newest_queue_first = false;  // the queues of one process are walked backwards; else by id
  bool reset_cancels_restore = false;  // so does pre_reset, and it waits for one that runs
  bool asks_regardless = false;        // hang detection does not look whether the device resets queues one by one
  bool stops_calling = false;          // after a failure MES is not called until a reset is over: helpers that
                                       // would call it fail at once (KFD: dqm->is_hws_hang)
  bool counts_evictions = false;       // a resume starts nobody who is evicted as well (KFD: qpd->evicted)
  bool hang_takes_mutex = false;       // hang detection works under userq_mutex, and destroy cancels it there
  bool destroy_cancels_hang = false;  // destroy cancels a queue's hang detection before it waits for the last fence
};

// The tables of a release. REQUIRES: lifecycles() has the name.
const Lifecycle& lifecycle(std::string_view name);
// Oldest release first.
std::span<const Lifecycle> lifecycles();

// The release's path for an operation; nothing when it has none. Where an operation has several rows, the first.
const PathRow* find_path(const Lifecycle& lifecycle, Operation operation);

// What `primitive` does to a queue in `from`; nothing when the helper ignores that state.
const PrimitiveRow* find_primitive(const Lifecycle& lifecycle, Primitive primitive, UserqState from);

template <>
struct EnumNames<Operation> {
  static constexpr std::array entries{
      std::pair{Operation::create, std::string_view{"create"}},
      std::pair{Operation::evict, std::string_view{"evict"}},
      std::pair{Operation::restore, std::string_view{"restore"}},
      std::pair{Operation::destroy, std::string_view{"destroy"}},
      std::pair{Operation::process_exit, std::string_view{"process_exit"}},
      std::pair{Operation::suspend_s3, std::string_view{"suspend_s3"}},
      std::pair{Operation::suspend_s0ix, std::string_view{"suspend_s0ix"}},
      std::pair{Operation::resume_s3, std::string_view{"resume_s3"}},
      std::pair{Operation::resume_s0ix, std::string_view{"resume_s0ix"}},
      std::pair{Operation::isolation_stop, std::string_view{"isolation_stop"}},
      std::pair{Operation::isolation_start, std::string_view{"isolation_start"}},
      std::pair{Operation::hang, std::string_view{"hang"}},
      std::pair{Operation::pre_reset, std::string_view{"pre_reset"}},
      std::pair{Operation::post_reset, std::string_view{"post_reset"}},
      std::pair{Operation::post_reset_vram_lost, std::string_view{"post_reset_vram_lost"}}};
};

}  // namespace userqsim
