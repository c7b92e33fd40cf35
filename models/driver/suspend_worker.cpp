// The suspend worker: takes userq_mutex, waits for last fences as the release does, stops the queues as the policy
// plans, signals the eviction fence.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::run(ProcessId process, SuspendWorker& worker, const DriverChannels& channels) {
  using Step = SuspendWorker::Step;
  const ThreadId self = thread_of(process, Role::suspend);
  for (;;) {
    switch (worker.step) {
      case Step::idle:
        return;
      case Step::held:
        end_step(self, EvictionStepKind::min_run, QueueId::none(), channels);
        worker.step = Step::queued;
        channels.worker_moved->state({channels.wake.now(), worker.eviction, false, WorkStep::queued});
        channels.wake.post_in(
            channels.costs->of(CostName::worker_latency, process.value, std::uint64_t{2} * worker.eviction.ordinal),
            {self});
        return;
      case Step::queued:
        end_step(self, EvictionStepKind::suspend_start, QueueId::none(), channels);
        channels.worker_moved->state({channels.wake.now(), worker.eviction, false, WorkStep::began});
        worker.step = Step::lock;
        if (!acquire(file(process).userq_mutex, self, channels.wake.now())) return;
        break;
      case Step::lock:
        if (file(process).userq_mutex.owner != self) return;
        end_step(self, EvictionStepKind::userq_lock, QueueId::none(), channels);
        if (file(process).fence != FenceState::enabled) {  // the process has exited meanwhile
          return leave_suspend(process, worker, channels);
        }
        file(process).stopped_by = setup_.policy;
        worker.step = Step::fence_wait;
        worker.cursor = 0;
        break;
      case Step::fence_wait:
        switch (wait_last_fences(process, worker, channels)) {
          case WaitState::waiting:
            return;
          case WaitState::timed_out:
            return give_up(process, worker, channels);
          case WaitState::signaled:
            break;
        }
        begin(worker.op, Operation::evict, file(process).stopped_by->plan_stop(StopView{view_of(process)}),
              process);
        worker.step = Step::stop;
        break;
      case Step::stop:
        if (!advance(self, worker.op, channels)) return;
        return end_suspend(process, worker, channels);
    }
  }
}

// Waits for each queue's last fence in turn, each up to the limit of the release, or of a policy that has its own.
// The release's first time-out ends the waiting.
// Work that no fence covers goes on all the while, and doorbells still ring: the wait is not a drain. Who goes on
// after a time-out has "signaled" too.
Driver::WaitState Driver::wait_last_fences(ProcessId process, SuspendWorker& worker,
                                           const DriverChannels& channels) {
  const KernelSpec& kernel = setup_.kernel;
  const std::optional<Duration> own = file(process).stopped_by->fence_wait(setup_.policy_spec);
  if (!own && kernel.pre_wait == PreWait::none) return WaitState::signaled;
  std::optional<Duration> limit = own;
  if (!own && kernel.pre_wait != PreWait::unbounded) limit = kernel.pre_wait_limit;
  const bool aborts = !own && kernel.pre_wait == PreWait::abort;
  const ThreadId self = thread_of(process, Role::suspend);
  const std::vector<QueueId>& queues = queues_of(process);
  while (worker.cursor < queues.size()) {
    const QueueId id = queues[worker.cursor];
    const WaitState state = wait_last_fence(self, id, worker.wait, limit, channels);
    if (state == WaitState::waiting) return state;
    end_step(self, EvictionStepKind::fence_wait, id, channels);
    if (state == WaitState::timed_out && aborts) return state;
    if (state == WaitState::timed_out && !own) break;  // amdgpu_userq_wait_for_signal returns at the first
    ++worker.cursor;
  }
  return WaitState::signaled;
}

void Driver::end_suspend(ProcessId process, SuspendWorker& worker, const DriverChannels& channels) {
  // The other queues have been walked all the same.
  if (worker.op.error && setup_.kernel.stop_failure == StopFailure::give_up)
    return give_up(process, worker, channels);
  if (file(process).fence == FenceState::enabled) {
    signal_fence(process, channels);
    if (file(process).state == FileState::open || file(process).state == FileState::opening) {
      const Duration delay = file(process).quiesced ? *setup_.kernel.userptr_quiesce : setup_.kernel.restore_delay;
      schedule_restore(process, delay + back_off_of(process), channels);
    }
  }
  leave_suspend(process, worker, channels);
}

// "Not evicting userqueue": nothing reschedules the worker and nothing signals the fence.
void Driver::give_up(ProcessId process, SuspendWorker& worker, const DriverChannels& channels) {
  kill_fence(process, channels);
  leave_suspend(process, worker, channels);
}

void Driver::leave_suspend(ProcessId process, SuspendWorker& worker, const DriverChannels& channels) {
  worker.step = SuspendWorker::Step::idle;
  release(file(process).userq_mutex, channels);
  channels.worker_moved->state({channels.wake.now(), worker.eviction, false, WorkStep::ended});
}

}  // namespace userqsim
