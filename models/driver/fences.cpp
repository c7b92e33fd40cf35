// The eviction fence of a process, and who waits for it: the memory manager's moves, and CPU threads in MMU
// notifiers.
#include <algorithm>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::on(const FenceNeeded& message, const DriverChannels& channels) {
  enable_fence(message.process, Trigger::allocation, message.request, channels);
}

// dma_fence_enable_signaling on the process's eviction fence: schedules the suspend worker, once a generation.
void Driver::enable_fence(ProcessId process, Trigger trigger, RequestId request, const DriverChannels& channels) {
  File& f = file(process);
  switch (f.fence) {
    case FenceState::none:
    case FenceState::signaled:
      channels.fence_signaled.post({EvictionId{process, f.generation}});
      return;
    case FenceState::enabled:
    case FenceState::dead:
      return;  // the wait has its answer when the fence signals, or never
    case FenceState::live:
      break;
  }
  f.fence = FenceState::enabled;
  EvictionStarted fact;
  fact.time = channels.wake.now();
  fact.eviction = {process, f.generation};
  fact.trigger = trigger;
  fact.request = request;
  for (const QueueId q : queues_of(process)) {
    if (queue(q).state != UserqState::mapped) continue;
    ++fact.queues;
    if (channels.hardware->has_work(q, *channels.workload)) ++fact.queues_running;
  }
  channels.started->state(fact);

  SuspendWorker& worker = suspend_[process.index()];
  ensure(worker.step == SuspendWorker::Step::idle, "a suspend worker is scheduled twice");
  worker.eviction = fact.eviction;
  worker.failed = false;
  worker.since = channels.wake.now();
  const SimTime earliest = f.was_restored ? f.restored_at + kernel_.min_run : channels.wake.now();
  worker.step = SuspendWorker::Step::held;
  channels.wake.post_at(std::max(earliest, channels.wake.now()), {suspend_thread(process)});
}

void Driver::signal_fence(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  f.fence = FenceState::signaled;
  channels.signaled->state({channels.wake.now(), EvictionId{process, f.generation}});
  channels.fence_signaled.post({EvictionId{process, f.generation}});
  finish_notifiers(process, RequestOutcome::ready, channels);
}

// The suspend worker gave up (6.16 to 6.18): nobody will signal this fence any more.
void Driver::kill_fence(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  f.fence = FenceState::dead;
  channels.aborted->state({channels.wake.now(), EvictionId{process, f.generation}});
  channels.hazard->state({channels.wake.now(), HazardKind::fence_never_signals, process, QueueId::none()});
}

void Driver::on(const PressureDue& message, const DriverChannels& channels) {
  const PressureSpec& spec = channels.workload->pressure_spec(message.pressure);
  const ProcessId process = channels.workload->pressure_process(message.pressure);
  if (!process.exists()) fail_invariant("the driver does not handle this event yet", SourceLocation::current());
  File& f = file(process);
  if (f.state != FileState::open && f.state != FileState::opening) return;  // no process, no pressure on it
  switch (spec.kind) {
    case PressureKind::evict:
      if (f.fence == FenceState::live) enable_fence(process, Trigger::event, RequestId::none(), channels);
      return;
    case PressureKind::allocate:
      ++f.allocations_pending;
      channels.allocate.post({RequestId{next_request_++}, process, message.pressure, message.ordinal});
      return;
    case PressureKind::invalidate_userptr:
      notifiers_.push_back(
          {RequestId{next_request_++}, message.pressure, process, *spec.size, channels.wake.now(), false});
      if (notifiers_.size() == 1) start_notifier(channels);
      return;
    case PressureKind::suspend:
    case PressureKind::resume:
    case PressureKind::isolation_stop:
    case PressureKind::isolation_start:
    case PressureKind::destroy_queue:
    case PressureKind::restore:
    case PressureKind::gpu_reset:
      fail_invariant("the driver does not handle this event yet", SourceLocation::current());
  }
}

// amdgpu_hmm_invalidate_gfx: under the device-wide notifier_lock, invalidate, then wait for the eviction fence.
void Driver::start_notifier(const DriverChannels& channels) {
  const Notifier n = notifiers_.front();
  File& f = file(n.process);
  if (std::find(f.userptr_invalid.begin(), f.userptr_invalid.end(), n.pressure) == f.userptr_invalid.end()) {
    f.userptr_invalid.push_back(n.pressure);
  }
  if (f.fence == FenceState::none || f.fence == FenceState::signaled) {
    const bool gone = f.state == FileState::gone;
    return finish_notifiers(n.process, gone ? RequestOutcome::exited : RequestOutcome::ready, channels);
  }
  notifiers_.front().waited = true;
  enable_fence(n.process, Trigger::userptr, n.request, channels);
}

// The process's fence has signalled: the notifier at the front goes on if it waited for that, and the next may
// start.
void Driver::finish_notifiers(ProcessId process, RequestOutcome outcome, const DriverChannels& channels) {
  if (notifiers_.empty() || notifiers_.front().process != process) return;
  const Notifier n = notifiers_.front();
  notifiers_.pop_front();
  channels.request_ended->state(
      {channels.wake.now(), n.request, RequestKind::userptr, n.process, n.bytes, n.requested, outcome, n.waited});
  if (!notifiers_.empty()) start_notifier(channels);
}

}  // namespace userqsim
