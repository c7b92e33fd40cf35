// What is done to every process's queues at once: system suspend and resume, enforced isolation. Each queue is
// walked in the release's order under its own process's userq_mutex.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::begin_device_event(const PressureSpec& spec, const DriverChannels& channels) {
  DeviceWorker& worker = device_worker_;
  switch (spec.kind) {
    case PressureKind::suspend:
      frozen_ = true;
      worker.in_s0ix = spec.s0ix.value_or(false);
      worker.requests.push_back(worker.in_s0ix ? Operation::suspend_s0ix : Operation::suspend_s3);
      return run(worker, channels);
    case PressureKind::resume:
      worker.requests.push_back(worker.in_s0ix ? Operation::resume_s0ix : Operation::resume_s3);
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
    case PressureKind::cpu_fault:
    case PressureKind::evict:
    case PressureKind::restore:
    case PressureKind::destroy_queue:
      break;
  }
  fail_invariant("an event of one process names none", SourceLocation::current());
}

void Driver::run(DeviceWorker& worker, const DriverChannels& channels) {
  for (;;) {
    if (!worker.running) {
      if (worker.requests.empty()) return;
      const Operation operation = worker.requests.front();
      if (operation == Operation::isolation_stop) book_.halted = find_path(*lifecycle_, operation) != nullptr;
      if (operation == Operation::isolation_start) book_.halted = false;
      begin_on_device(worker.op, operation);
      worker.running = true;
    }
    if (!advance(device_thread(), worker.op, channels)) return;
    end_device_operation(worker, channels);
  }
}

// True when the process's userq_mutex is held; before it, what the release cancels there is cancelled.
bool Driver::enter_process(DeviceWorker& worker, const DriverChannels& channels) {
  const ProcessId process = worker.entered;
  const Operation operation = worker.requests.front();
  const bool stops = operation == Operation::suspend_s3 || operation == Operation::suspend_s0ix ||
                     operation == Operation::isolation_stop;
  Lock& mutex = file(process).userq_mutex;
  if (mutex.owner == device_thread()) return true;
  if (stops && lifecycle_->cancels_restore) {
    cancel_restore(process, channels);
    if (restore_runs(process) && setup_.kernel.restore_locks != RestoreLocks::userq_mutex) return false;
  }
  return acquire(mutex, device_thread(), channels.wake.now());
}

void Driver::end_device_operation(DeviceWorker& worker, const DriverChannels& channels) {
  const Operation operation = worker.requests.front();
  worker.requests.pop_front();
  worker.running = false;
  if (worker.entered.exists()) release(file(worker.entered).userq_mutex, channels);
  worker.entered = ProcessId::none();
  if (operation != Operation::resume_s3 && operation != Operation::resume_s0ix) return;
  frozen_ = false;
  for (std::size_t p = 0; p < files_.size(); ++p) wake_clients(ProcessId::of(p), channels);
}

}  // namespace userqsim
