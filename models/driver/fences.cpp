// The eviction fence of a process, and who waits for it: the memory manager's moves, and CPU threads in MMU
// notifiers.
#include <algorithm>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

bool is_invalidation(Trigger trigger) { return trigger == Trigger::userptr || trigger == Trigger::svm; }

}  // namespace

void Driver::on(const FenceNeeded& message, const DriverChannels& channels) {
  const Trigger by_claim = message.request.exists() ? Trigger::allocation : Trigger::validation;
  enable_fence(message.process, message.sleeps ? Trigger::sleep : by_claim, message.request, channels);
}

// dma_fence_enable_signaling on the process's eviction fence: schedules the suspend worker, once a generation.
void Driver::enable_fence(ProcessId process, Trigger trigger, RequestId request, const DriverChannels& channels) {
  File& f = file(process);
  const bool for_memory =
      trigger == Trigger::allocation || trigger == Trigger::validation || trigger == Trigger::sleep;
  switch (f.fence) {
    case FenceState::signaled:
      if (f.quiesced && for_memory) postpone_restore(process, channels);
      [[fallthrough]];
    case FenceState::none:
      channels.fence_signaled.post({EvictionId{process, f.generation}});
      return;
    case FenceState::enabled:
      if (for_memory) f.quiesced = false;  // restored as its memory is
      return;
    case FenceState::dead:
      return;  // the wait has its answer when the fence signals, or never
    case FenceState::live:
      break;
  }
  f.fence = FenceState::enabled;
  note_run(process, channels.wake.now());
  EvictionStarted fact;
  fact.time = channels.wake.now();
  fact.eviction = {process, f.generation};
  fact.trigger = trigger;
  fact.request = request;
  for (const QueueId q : queues_of(process)) {
    if (state_of(q) != UserqState::mapped) continue;
    ++fact.queues;
    if (channels.hardware->has_work(q, *channels.workload)) ++fact.queues_running;
  }
  channels.started->state(fact);
  if (channels.faults->size() > 0) meet_eviction_faults(fact.eviction, channels);

  SuspendWorker& worker = suspend_[process.index()];
  ensure(worker.step == SuspendWorker::Step::idle, "a suspend worker is scheduled twice");
  worker.eviction = fact.eviction;
  worker.since = channels.wake.now();
  f.quiesced = is_invalidation(trigger) && setup_.kernel.userptr_quiesce;
  const bool held = f.was_restored && !f.quiesced;
  const SimTime earliest = held ? f.restored_at + setup_.kernel.min_run : channels.wake.now();
  worker.step = f.quiesced ? SuspendWorker::Step::queued : SuspendWorker::Step::held;
  if (f.quiesced) channels.worker_moved->state({fact.time, worker.eviction, false, WorkStep::queued});
  channels.wake.post_at(std::max(earliest, channels.wake.now()), {thread_of(process, Role::suspend)});
}

// The process is stopped for an invalidation, and now for its memory too: it stays until both let it go
// (qpd->evicted counts them).
void Driver::postpone_restore(ProcessId process, const DriverChannels& channels) {
  RestoreWorker& worker = restore_[process.index()];
  file(process).quiesced = false;
  if (worker.step != RestoreWorker::Step::delayed) return;
  const Wake restore{thread_of(process, Role::restore)};
  worker.timer = channels.wake.rearm_in(worker.timer, setup_.kernel.restore_delay, restore);
}

void Driver::signal_fence(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  f.fence = FenceState::signaled;
  f.stopped_at = channels.wake.now();
  channels.signaled->state({channels.wake.now(), EvictionId{process, f.generation}});
  // KFD's fence for memory is another: who needs it asks, and is told at once.
  if (!f.quiesced) channels.fence_signaled.post({EvictionId{process, f.generation}});
  finish_notifiers(process, RequestOutcome::ready, channels);
  channels.wake.post({thread_of(process, Role::closer)});
}

// The suspend worker gave up (6.16 to 6.18): nobody will signal this fence any more.
void Driver::kill_fence(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  f.fence = FenceState::dead;
  channels.aborted->state({channels.wake.now(), EvictionId{process, f.generation}});
  channels.hazard->state({channels.wake.now(), HazardKind::fence_never_signals, process, QueueId::none()});
}

// Who would do it sleeps with the system; an eviction, a need of a live fence and a reset come from elsewhere.
bool Driver::waits_for_resume(PressureKind kind) const {
  const bool from_elsewhere = kind == PressureKind::suspend || kind == PressureKind::resume ||
                              kind == PressureKind::evict || kind == PressureKind::restore ||
                              kind == PressureKind::gpu_reset;
  return frozen_ && !from_elsewhere;
}

void Driver::on(const PressureDue& message, const DriverChannels& channels) {
  const PressureSpec& spec = channels.workload->pressure_spec(message.pressure);
  const ProcessId process = channels.workload->pressure_process(message.pressure);
  if (waits_for_resume(spec.kind)) return frozen_events_.push_back(message);
  if (!process.exists()) return begin_device_event(spec, channels);
  File& f = file(process);
  if (f.state != FileState::open && f.state != FileState::opening) return;  // no process, no pressure on it
  switch (spec.kind) {
    case PressureKind::evict:
      if (f.fence == FenceState::live) enable_fence(process, Trigger::event, RequestId::none(), channels);
      return;
    case PressureKind::restore:
      if (f.fence == FenceState::signaled) need_live_fence(process, channels);
      return;
    case PressureKind::destroy_queue:
      closers_[process.index()].queues.push_back(channels.workload->pressure_queue(message.pressure));
      return start_closer(process, channels);
    case PressureKind::allocate:
      ++f.allocations_pending;
      channels.allocate.post({RequestId{next_request_++}, process, message.pressure, message.ordinal});
      return;
    case PressureKind::cpu_fault:
      channels.cpu_fault.post({RequestId{next_request_++}, process, message.pressure});
      return;
    case PressureKind::invalidate_userptr:
    case PressureKind::invalidate_svm:
      notifiers_.push_back(
          {RequestId{next_request_++}, message.pressure, process, *spec.size, channels.wake.now(), false});
      if (notifiers_.size() == 1 || setup_.kernel.userptr_quiesce) start_notifier(notifiers_.size() - 1, channels);
      return;
    case PressureKind::suspend:
    case PressureKind::resume:
    case PressureKind::isolation_stop:
    case PressureKind::isolation_start:
    case PressureKind::gpu_reset:
      break;
  }
  fail_invariant("an event of the whole device has a process", SourceLocation::current());
}

// amdgpu_hmm_invalidate_gfx: under the device-wide notifier_lock, invalidate, then wait for the eviction fence.
void Driver::start_notifier(std::size_t which, const DriverChannels& channels) {
  const Notifier n = notifiers_[which];
  File& f = file(n.process);
  if (std::find(f.userptr_invalid.begin(), f.userptr_invalid.end(), n.pressure) == f.userptr_invalid.end()) {
    f.userptr_invalid.push_back(n.pressure);
  }
  if (f.fence == FenceState::none || f.fence == FenceState::signaled) {
    const bool gone = f.state == FileState::gone;
    return finish_notifiers(n.process, gone ? RequestOutcome::exited : RequestOutcome::ready, channels);
  }
  notifiers_[which].waited = true;
  const bool svm = channels.workload->pressure_spec(n.pressure).kind == PressureKind::invalidate_svm;
  enable_fence(n.process, svm ? Trigger::svm : Trigger::userptr, n.request, channels);
}

// The process's fence has signalled: the notifier at the front goes on if it waited for that, and the next may
// start; without a lock of the device all of the process's go on.
void Driver::finish_notifiers(ProcessId process, RequestOutcome outcome, const DriverChannels& channels) {
  const auto end = [&](const Notifier& n) {
    channels.request_ended->state(
        {channels.wake.now(), n.request, RequestKind::userptr, n.process, n.bytes, n.requested, outcome, n.waited});
  };
  if (setup_.kernel.userptr_quiesce) {
    for (const Notifier& n : notifiers_) {
      if (n.process == process) end(n);
    }
    erase_where(notifiers_, [&](const Notifier& n) { return n.process == process; });
    return;
  }
  if (notifiers_.empty() || notifiers_.front().process != process) return;
  const Notifier n = notifiers_.front();
  notifiers_.pop_front();
  end(n);
  if (!notifiers_.empty()) start_notifier(0, channels);
}

}  // namespace userqsim
