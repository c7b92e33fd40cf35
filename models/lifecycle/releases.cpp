// The tables, transcribed from each release's amdgpu_userq.c (kfd: kfd_device_queue_manager.c). Where a release's
// helper, path and escalation come from is said beside it; docs/lifecycle.md draws them.
#include <algorithm>
#include <array>

#include "models/lifecycle/lifecycle.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

using enum UserqState;
using enum Opcode;
using P = Primitive;
using O = Operation;
using E = Escalation;

constexpr bool early = false, late = true;  // when a failure makes a queue HUNG
constexpr bool brought_along = true;

// 6.16 and 6.17 know no PREEMPTED. A policy that preempts brings the two helpers along as the v8 series wrote them,
// and with them unmap's row for PREEMPTED; nothing else of these releases changes.
constexpr std::array helpers_6_16{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung, E::nothing, early, brought_along},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung, E::nothing, early, brought_along},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung, E::nothing, early, brought_along},
};

// The v8 series (11 August 2025, patches 1 and 10) and 6.18: a failure leaves HUNG and sets nothing off.
constexpr std::array helpers_6_18{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung},
};

// Patch 11 of v8: a failed preempt asks who hangs and is HUNG only then, any other failure resets the GPU and waits
// for it.
constexpr std::array helpers_v8_reset{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung, E::reset},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung, E::reset},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung, E::reset},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung, E::detect, late},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung, E::reset},
    PrimitiveRow{P::reset_unmap, mapped, remove_queue, hung, hung},
    PrimitiveRow{P::reset_map, hung, add_queue, mapped, hung},
};

// 290f46cf5726: every failure but restore's asks who hangs.
constexpr std::array helpers_6_19{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung, E::detect},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung, E::detect},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung, E::detect},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung, E::detect},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung},
    PrimitiveRow{P::reset_unmap, mapped, remove_queue, hung, hung},
    PrimitiveRow{P::reset_map, hung, add_queue, mapped, hung},
};

// torvalds/linux 04b48274e985: helpers set nothing off, paths do; a queue is reset on its own by RESET and
// REMOVE_QUEUE, which do not touch its state field.
constexpr std::array helpers_7_1{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung},
    PrimitiveRow{P::reset_unmap, mapped, remove_queue, hung, hung},
    PrimitiveRow{P::reset_map, hung, add_queue, mapped, hung},
    PrimitiveRow{P::reset, unmapped, reset, unmapped, unmapped},
    PrimitiveRow{P::reset, mapped, reset, mapped, mapped},
    PrimitiveRow{P::reset, preempted, reset, preempted, preempted},
    PrimitiveRow{P::reset, hung, reset, hung, hung},
    PrimitiveRow{P::reset, invalid_va, reset, invalid_va, invalid_va},
    PrimitiveRow{P::remove_after_reset, unmapped, remove_queue, unmapped, unmapped},
    PrimitiveRow{P::remove_after_reset, mapped, remove_queue, mapped, mapped},
    PrimitiveRow{P::remove_after_reset, preempted, remove_queue, preempted, preempted},
    PrimitiveRow{P::remove_after_reset, hung, remove_queue, hung, hung},
    PrimitiveRow{P::remove_after_reset, invalid_va, remove_queue, invalid_va, invalid_va},
};

// KFD with MES: add_queue_mes and remove_queue_mes, whose failure is kfd_hws_hang: a reset of the GPU is queued. A
// reset takes all compute processes' queues with it, without a word to MES (dqm->is_hws_hang). HUNG stands for a
// queue that KFD calls inactive and never starts again.
constexpr std::array helpers_kfd{
    PrimitiveRow{P::map, unmapped, add_queue, mapped, hung, E::reset_later},
    PrimitiveRow{P::unmap, mapped, remove_queue, unmapped, hung, E::reset_later},
    PrimitiveRow{P::unmap, preempted, remove_queue, unmapped, hung, E::reset_later, early, brought_along},
    PrimitiveRow{P::preempt, mapped, suspend, preempted, hung, E::reset_later, early, brought_along},
    PrimitiveRow{P::restore, preempted, resume, mapped, hung, E::reset_later, early, brought_along},
    PrimitiveRow{P::reset_unmap, mapped, std::nullopt, hung, hung},
    PrimitiveRow{P::reset_unmap, unmapped, std::nullopt, hung, hung},
    PrimitiveRow{P::reset_unmap, preempted, std::nullopt, hung, hung, E::nothing, early, brought_along},
};

constexpr PathRow on_graphics_and_compute(O operation, P primitive, Detect detect = Detect::no) {
  return {operation, primitive, OnError::go_on, Which::graphics_and_compute, detect};
}
constexpr PathRow after_last_fence(O operation, P primitive, LastFence wait, Detect detect = Detect::no,
                                   OnError on_error = OnError::go_on) {
  return {operation, primitive, on_error, Which::every_queue, detect, wait};
}
constexpr PathRow stops_at_error(O operation, P primitive, Detect detect = Detect::no) {
  return {operation, primitive, OnError::stop, Which::every_queue, detect};
}
constexpr PathRow checks_va(O operation, P primitive) {
  PathRow row{operation, primitive};
  row.check_va = true;
  return row;
}
constexpr PathRow sets_off(PathRow row, Escalation escalation) {
  row.at_failure = escalation;
  return row;
}
constexpr PathRow completes(PathRow row, ForceCompletion complete) {
  row.complete = complete;
  return row;
}

constexpr auto limited = LastFence::limited;
constexpr auto unbounded = LastFence::unbounded;

constexpr std::array paths_6_16{
    PathRow{O::create, P::map},
    PathRow{O::evict, P::unmap},
    PathRow{O::restore, P::map},
    after_last_fence(O::destroy, P::unmap, limited),
    after_last_fence(O::process_exit, P::unmap, limited, Detect::no, OnError::ignore),
    PathRow{O::suspend_s3, P::unmap},
    PathRow{O::suspend_s0ix, P::unmap},
    PathRow{O::resume_s3, P::map},
    PathRow{O::resume_s0ix, P::map},
    on_graphics_and_compute(O::isolation_stop, P::unmap),
    on_graphics_and_compute(O::isolation_start, P::map),
};

constexpr std::array paths_v8{
    PathRow{O::create, P::map},
    PathRow{O::evict, P::preempt},
    PathRow{O::restore, P::restore},
    after_last_fence(O::destroy, P::unmap, limited),
    after_last_fence(O::process_exit, P::unmap, limited, Detect::no, OnError::ignore),
    PathRow{O::suspend_s3, P::unmap},
    PathRow{O::suspend_s0ix, P::unmap},
    PathRow{O::resume_s3, P::map},
    PathRow{O::resume_s0ix, P::map},
    on_graphics_and_compute(O::isolation_stop, P::unmap),
    on_graphics_and_compute(O::isolation_start, P::map),
};

constexpr PathRow detects_first(O operation, P primitive) {
  return {operation, primitive, OnError::go_on, Which::every_queue, Detect::each_process};
}

constexpr std::array paths_v8_reset{
    PathRow{O::create, P::map},
    PathRow{O::evict, P::preempt},
    PathRow{O::restore, P::restore},
    after_last_fence(O::destroy, P::unmap, limited, Detect::each_queue),
    after_last_fence(O::process_exit, P::unmap, limited, Detect::each_process, OnError::ignore),
    detects_first(O::suspend_s3, P::unmap),
    detects_first(O::suspend_s0ix, P::unmap),
    PathRow{O::resume_s3, P::map},
    PathRow{O::resume_s0ix, P::map},
    on_graphics_and_compute(O::isolation_stop, P::unmap, Detect::each_process),
    on_graphics_and_compute(O::isolation_start, P::map),
    detects_first(O::hang, P::nothing),
    completes(after_last_fence(O::pre_reset, P::reset_unmap, limited, Detect::no, OnError::ignore),
              ForceCompletion::acted_on),
    PathRow{O::post_reset, P::reset_map, OnError::go_on_loosely},
};

constexpr std::array paths_6_18{
    PathRow{O::create, P::map},
    PathRow{O::evict, P::preempt},
    PathRow{O::restore, P::restore},
    after_last_fence(O::destroy, P::unmap, limited),
    after_last_fence(O::process_exit, P::unmap, limited, Detect::no, OnError::ignore),
    PathRow{O::suspend_s3, P::unmap},
    PathRow{O::suspend_s0ix, P::preempt},
    PathRow{O::resume_s3, P::map},
    PathRow{O::resume_s0ix, P::restore},
    on_graphics_and_compute(O::isolation_stop, P::preempt),
    on_graphics_and_compute(O::isolation_start, P::restore),
};

// System suspend and isolation stop ask who hangs before each queue, not once. A reset waits for the last fence of
// each MAPPED queue without limit before it completes that fence by force.
constexpr std::array paths_6_19{
    PathRow{O::create, P::map},
    detects_first(O::evict, P::preempt),
    checks_va(O::restore, P::restore),
    after_last_fence(O::destroy, P::unmap, unbounded, Detect::each_queue),
    after_last_fence(O::process_exit, P::unmap, unbounded, Detect::each_process, OnError::ignore),
    stops_at_error(O::suspend_s3, P::unmap, Detect::each_queue),
    stops_at_error(O::suspend_s0ix, P::preempt, Detect::each_queue),
    stops_at_error(O::resume_s3, P::map),
    stops_at_error(O::resume_s0ix, P::restore),
    on_graphics_and_compute(O::isolation_stop, P::preempt, Detect::each_queue),
    on_graphics_and_compute(O::isolation_start, P::restore),
    detects_first(O::hang, P::nothing),
    completes(after_last_fence(O::pre_reset, P::reset_unmap, unbounded, Detect::no, OnError::ignore),
              ForceCompletion::acted_on),
    PathRow{O::post_reset, P::reset_map, OnError::go_on_loosely},
};

constexpr std::array paths_7_1{
    PathRow{O::create, P::map},
    sets_off({O::evict, P::unmap}, E::reset),
    checks_va(O::restore, P::map),
    sets_off(after_last_fence(O::destroy, P::unmap, unbounded), E::reset_later),
    sets_off(after_last_fence(O::process_exit, P::unmap, unbounded), E::reset_later),
    stops_at_error(O::suspend_s3, P::unmap),
    stops_at_error(O::suspend_s0ix, P::preempt),
    stops_at_error(O::resume_s3, P::map),
    stops_at_error(O::resume_s0ix, P::restore),
    on_graphics_and_compute(O::isolation_stop, P::preempt),
    on_graphics_and_compute(O::isolation_start, P::restore),
    sets_off(completes(stops_at_error(O::hang, P::reset), ForceCompletion::everybodys), E::reset),
    sets_off(completes(stops_at_error(O::hang, P::remove_after_reset), ForceCompletion::everybodys), E::reset),
    completes({O::pre_reset, P::reset_unmap, OnError::ignore}, ForceCompletion::everybodys),
    PathRow{O::post_reset, P::reset_map, OnError::go_on_loosely},
};

constexpr PathRow on_failure(O operation, P primitive, OnError on_error) {
  return {operation, primitive, on_error};
}

// S0ix leaves compute queues alone; isolation and per-queue resets are not KFD's. kfd_suspend_all_processes returns
// nothing, kfd_resume_all_processes an error of any process; the order of their walk is that of a hash table, and
// here that of the other releases.
constexpr std::array paths_kfd{
    PathRow{O::create, P::map},
    stops_at_error(O::evict, P::unmap),
    stops_at_error(O::restore, P::map),
    PathRow{O::destroy, P::unmap},
    on_failure(O::process_exit, P::unmap, OnError::go_on_loosely),
    on_failure(O::suspend_s3, P::unmap, OnError::ignore_process),
    on_failure(O::resume_s3, P::map, OnError::stop_process),
    completes({O::pre_reset, P::reset_unmap, OnError::ignore}, ForceCompletion::everybodys),
};

constexpr std::array releases{
    Lifecycle{.name = "6.16",
              .source = "Linux 6.16; 6.17 reads the same",
              .primitives = helpers_6_16,
              .paths = paths_6_16,
              .cancels_restore = true},
    Lifecycle{.name = "seed-v8",
              .source = "amd-gfx 20250811095937.1978747, patches 1 to 10",
              .primitives = helpers_6_18,
              .paths = paths_v8,
              .cancels_restore = true},
    Lifecycle{.name = "seed-v8+reset",
              .source = "the same with patch 11",
              .primitives = helpers_v8_reset,
              .paths = paths_v8_reset,
              .cancels_restore = true,
              .reset_cancels_restore = true,
              .asks_regardless = true},
    Lifecycle{.name = "6.18",
              .source = "Linux 6.18",
              .primitives = helpers_6_18,
              .paths = paths_6_18,
              .cancels_restore = true},
    Lifecycle{.name = "6.19",
              .source = "Linux 6.19; 7.0 reads the same and adds a timer that looks for hangs",
              .primitives = helpers_6_19,
              .paths = paths_6_19,
              .walk = Walk::creation,
              .cancels_restore = true,
              .reset_cancels_restore = true,
              .hang_takes_mutex = true},
    Lifecycle{.name = "7.1",
              .source = "torvalds/linux 04b48274e985 (August 2026), the newest mainline",
              .primitives = helpers_7_1,
              .paths = paths_7_1,
              .walk = Walk::creation,
              .cancels_restore = true,
              .destroy_cancels_hang = true},
    Lifecycle{.name = "kfd",
              .source = "Linux KFD with MES, for comparison",
              .primitives = helpers_kfd,
              .paths = paths_kfd,
              .newest_queue_first = true,
              .stops_calling = true,
              .counts_evictions = true},
};

}  // namespace

std::span<const Lifecycle> lifecycles() { return releases; }

const Lifecycle& lifecycle(std::string_view name) {
  const auto* it =
      std::find_if(releases.begin(), releases.end(), [&](const Lifecycle& l) { return l.name == name; });
  ensure(it != releases.end(), "no lifecycle tables of that name");
  return *it;
}

const PathRow* find_path(const Lifecycle& lifecycle, Operation operation) {
  const auto it = std::find_if(lifecycle.paths.begin(), lifecycle.paths.end(),
                               [&](const PathRow& row) { return row.operation == operation; });
  return it == lifecycle.paths.end() ? nullptr : &*it;
}

const PrimitiveRow* find_primitive(const Lifecycle& lifecycle, Primitive primitive, UserqState from) {
  const auto it =
      std::find_if(lifecycle.primitives.begin(), lifecycle.primitives.end(),
                   [&](const PrimitiveRow& row) { return row.primitive == primitive && row.from == from; });
  return it == lifecycle.primitives.end() ? nullptr : &*it;
}

}  // namespace userqsim
