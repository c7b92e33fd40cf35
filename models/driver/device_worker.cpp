// What is done to every process's queues at once: system suspend and resume, enforced isolation. Each queue is
// walked in the release's order under its own process's userq_mutex.
#include <utility>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

bool is_suspend(Operation operation) {
  return operation == Operation::suspend_s3 || operation == Operation::suspend_s0ix;
}
bool is_resume(Operation operation) {
  return operation == Operation::resume_s3 || operation == Operation::resume_s0ix;
}
Operation resume_from(Sleep sleep) { return sleep == Sleep::s0ix ? Operation::resume_s0ix : Operation::resume_s3; }

}  // namespace

void Driver::begin_device_event(const PressureSpec& spec, const DriverChannels& channels) {
  DeviceWorker& worker = device_worker_;
  switch (spec.kind) {
    case PressureKind::suspend:
      if (frozen_) return;  // who sleeps does not fall asleep
      frozen_ = true;
      worker.sleep = spec.sleep.value_or(Sleep::s3);
      worker.requests.push_back(worker.sleep == Sleep::s0ix ? Operation::suspend_s0ix : Operation::suspend_s3);
      return run(worker, channels);
    case PressureKind::resume:
      worker.requests.push_back(resume_from(worker.sleep));
      return run(worker, channels);
    case PressureKind::isolation_stop:
      worker.requests.push_back(Operation::isolation_stop);
      return run(worker, channels);
    case PressureKind::isolation_start:
      worker.requests.push_back(Operation::isolation_start);
      return run(worker, channels);
    case PressureKind::gpu_reset:
      return request_reset({QueueId::none(), spec.method}, ThreadId::none(), channels);
    case PressureKind::allocate:
    case PressureKind::invalidate_userptr:
    case PressureKind::invalidate_svm:
    case PressureKind::cpu_fault:
    case PressureKind::evict:
    case PressureKind::restore:
    case PressureKind::destroy_queue:
      break;
  }
  fail_invariant("an event of one process names none", SourceLocation::current());
}

void Driver::run(DeviceWorker& worker, const DriverChannels& channels) {
  using Step = DeviceWorker::Step;
  for (;;) {
    if (!worker.running) {
      if (worker.requests.empty()) return;
      const Operation operation = worker.requests.front();
      if (is_resume(operation) && worker.aborted) {
        worker.requests.pop_front();
        continue;
      }
      worker.running = true;
      if (is_suspend(operation) && vram_is_emptied()) return empty_vram(Step::prepare, channels);
      begin_walk(worker);
    }
    if (worker.step != Step::walk) return;  // the memory manager answers with Emptied
    if (!advance(device_thread(), worker.op, channels)) return;
    leave_process(worker, channels);
    if (is_suspend(worker.requests.front())) {
      asleep_ = true;
      if (vram_is_emptied()) return empty_vram(Step::evict_again, channels);
    }
    end_device_operation(worker, channels);
  }
}

void Driver::begin_walk(DeviceWorker& worker) {
  const Operation operation = worker.requests.front();
  if (operation == Operation::isolation_stop) book_.halted = find_path(*lifecycle_, operation) != nullptr;
  if (operation == Operation::isolation_start) book_.halted = false;
  if (is_suspend(operation)) worker.aborted = false;
  begin_on_device(worker.op, operation);
}

// amdgpu_device_evict_resources: what is a part of system memory stays, but for a hibernation.
bool Driver::vram_is_emptied() const { return !setup_.apu || device_worker_.sleep == Sleep::hibernate; }

void Driver::empty_vram(DeviceWorker::Step step, const DriverChannels& channels) {
  device_worker_.step = step;
  channels.empty_vram.post({device_worker_.sleep == Sleep::hibernate});
}

// Without room the suspend is given up: the queues that were stopped are started again, and nobody sleeps.
void Driver::on(const Emptied& message, const DriverChannels& channels) {
  DeviceWorker& worker = device_worker_;
  const bool prepared = std::exchange(worker.step, DeviceWorker::Step::walk) == DeviceWorker::Step::prepare;
  if (!message.ok) {
    worker.aborted = true;
    channels.hazard->state({channels.wake.now(), HazardKind::suspend_aborted, ProcessId::none(), QueueId::none()});
    if (prepared) {
      end_device_operation(worker, channels);
      wake_up(channels);
    } else {
      worker.requests.front() = resume_from(worker.sleep);
      begin_walk(worker);
    }
  } else if (prepared) {
    begin_walk(worker);
  } else {
    end_device_operation(worker, channels);
  }
  run(worker, channels);
}

// True when the process's userq_mutex is held; before it, what the release cancels there is cancelled.
bool Driver::enter_process(DeviceWorker& worker, const DriverChannels& channels) {
  const ProcessId process = worker.entered;
  const Operation operation = worker.requests.front();
  const bool stops = is_suspend(operation) || operation == Operation::isolation_stop;
  Lock& mutex = file(process).userq_mutex;
  if (mutex.owner == device_thread()) return true;
  if (stops && lifecycle_->cancels_restore) {
    cancel_restore(process, channels);
    if (restore_runs(process) && setup_.kernel.restore_locks != RestoreLocks::userq_mutex) return false;
  }
  return acquire(mutex, device_thread(), channels.wake.now());
}

void Driver::leave_process(DeviceWorker& worker, const DriverChannels& channels) {
  if (worker.entered.exists()) release(file(worker.entered).userq_mutex, channels);
  worker.entered = ProcessId::none();
}

void Driver::end_device_operation(DeviceWorker& worker, const DriverChannels& channels) {
  const Operation operation = worker.requests.front();
  worker.requests.pop_front();
  worker.running = false;
  if (is_resume(operation)) wake_up(channels);
}

// Clients go on, and do what they would have done meanwhile; so do the restore workers that rested.
void Driver::wake_up(const DriverChannels& channels) {
  frozen_ = asleep_ = false;
  for (std::size_t p = 0; p < files_.size(); ++p) {
    const ProcessId process = ProcessId::of(p);
    wake_clients(process, channels);
    if (!std::exchange(restore_[p].rests, false)) continue;
    channels.wake.post({thread_of(process, Role::restore)});
  }
  for (const DriverEvent& event : std::exchange(frozen_events_, {})) handle(event, channels);
}

}  // namespace userqsim
