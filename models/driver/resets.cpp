// Hang detection and resets: a queue's fence that does not signal, the per-queue reset, the reset of the whole GPU.
// All run one after the other on the ordered work queue of the reset domain.
#include <algorithm>
#include <utility>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// amdgpu_userq_start_hang_detect_work and its cancelling: the timer runs while a fence is pending, and starts anew
// when one signals and others remain.
void Driver::watch_fences(QueueId id, const DriverChannels& channels) {
  const KernelSpec& kernel = setup_.kernel;
  if (!kernel.hang_timer || !kernel.gpu_recovery) return;
  Queue& q = queue(id);
  const bool signaled = q.watched && (q.fences.empty() || q.fences.front() != q.watched_fence);
  if (q.watched && !signaled) return;
  if (q.watched) channels.hang_timeout.cancel(q.hang_timer);
  q.watched = !q.fences.empty();
  if (!q.watched) return;
  q.watched_fence = q.fences.front();
  q.hang_timer = channels.hang_timeout.post_in(kernel.job_timeout.of(layout_->queue(id).type), {id});
}

void Driver::on(const HangTimeout& message, const DriverChannels& channels) {
  queue(message.queue).watched = false;
  channels.hazard->state(
      {channels.wake.now(), HazardKind::job_timeout, layout_->queue(message.queue).process, message.queue});
  request_reset({message.queue, std::nullopt}, ThreadId::none(), channels);
}

// A reset of the whole GPU that is queued already serves whoever asks again; one that runs does not.
void Driver::request_reset(ResetRequest request, ThreadId waiter, const DriverChannels& channels) {
  if (waiter.exists()) resetter_.waiters.push_back(waiter);
  const bool begun = resetter_.step != ResetWorker::Step::idle;
  const auto first = resetter_.requests.begin() + (begun ? 1 : 0);
  const bool queued = std::any_of(first, resetter_.requests.end(), [&](const ResetRequest& other) {
    return other.queue == request.queue && other.method == request.method;
  });
  if (!queued) resetter_.requests.push_back(request);
  if (!begun) channels.wake.post({resetter_thread()});
  if (!request.queue.exists()) step_aside(channels);
}

// Hang detection that waits for a userq_mutex is a work of its own: it holds no reset up.
void Driver::step_aside(const DriverChannels& channels) {
  if (resetter_.step != ResetWorker::Step::lock) return;
  Lock& mutex = file(layout_->queue(resetter_.requests.front().queue).process).userq_mutex;
  if (mutex.owner == resetter_thread()) return;
  erase_value(mutex.waiters, resetter_thread());
  std::rotate(resetter_.requests.begin(), resetter_.requests.begin() + 1, resetter_.requests.end());
  resetter_.step = ResetWorker::Step::idle;
  channels.wake.post({resetter_thread()});
}

bool Driver::detects_hang_of(QueueId id) const {
  return resetter_.step != ResetWorker::Step::idle && resetter_.requests.front().queue == id;
}

// cancel_delayed_work_sync on the queue's hang_detect_work. True when it does not run.
bool Driver::cancel_hang_detection(QueueId id, const DriverChannels& channels) {
  Queue& q = queue(id);
  if (q.watched) channels.hang_timeout.cancel(q.hang_timer);
  q.watched = false;
  if (detects_hang_of(id)) return false;
  erase_where(resetter_.requests, [&](const ResetRequest& request) { return request.queue == id; });
  return true;
}

void Driver::run(ResetWorker& worker, const DriverChannels& channels) {
  using Step = ResetWorker::Step;
  const ThreadId self = resetter_thread();
  for (;;) {
    switch (worker.step) {
      case Step::idle:
        if (worker.requests.empty()) return;
        begin_request(worker, channels);
        break;
      case Step::lock: {
        const QueueId queue = worker.requests.front().queue;
        const ProcessId process = layout_->queue(queue).process;
        if (lifecycle_->hang_takes_mutex && file(process).userq_mutex.owner != self) return;
        begin(worker.op, Operation::hang, plan_operation(*lifecycle_, Operation::hang, {queue}), process);
        worker.step = Step::queue;
        break;
      }
      case Step::queue:
        if (!advance(self, worker.op, channels)) return;
        end_hang_detection(worker, channels);
        break;
      case Step::quiet:
        // cancel_delayed_work_sync on every process's restore work, which may itself wait for this very reset.
        for (std::size_t p = 0; p < files_.size() && lifecycle_->reset_cancels_restore; ++p) {
          if (restore_runs(ProcessId::of(p))) return state_deadlock(ProcessId::of(p), worker, channels);
        }
        begin_pre_reset(worker, channels);
        break;
      case Step::pre_reset:
        if (!advance(self, worker.op, channels)) return;
        return begin_hardware_reset(worker, channels);
      case Step::hardware:
        if (channels.wake.now() < worker.done_at) return;
        if (reset_fails(worker.resets, channels)) {
          end_gpu_reset(worker, false, channels);
          break;
        }
        channels.firmware_reset.post({true});
        if (!setup_.has_mes) {
          begin_post_reset(worker, channels);
          break;
        }
        begin_call(self, {Opcode::set_hw_rsrc, ProcessId::none(), QueueId::none()}, channels);
        worker.step = Step::resources;
        break;
      case Step::resources:
      case Step::status:
        if (!advance_call(self, worker.op.call, channels)) return;
        set_up_mes(worker, channels);
        break;
      case Step::post_reset:
        if (!advance(self, worker.op, channels)) return;
        end_gpu_reset(worker, true, channels);
        break;
    }
  }
}

void Driver::begin_request(ResetWorker& worker, const DriverChannels& channels) {
  const ResetRequest& request = worker.requests.front();
  if (request.queue.exists()) {
    worker.step = ResetWorker::Step::lock;
    Lock& mutex = file(layout_->queue(request.queue).process).userq_mutex;
    if (lifecycle_->hang_takes_mutex) acquire(mutex, resetter_thread(), channels.wake.now());
    return;
  }
  worker.began = channels.wake.now();
  for (std::size_t p = 0; p < files_.size() && lifecycle_->reset_cancels_restore; ++p) {
    cancel_restore(ProcessId::of(p), channels);
  }
  worker.step = ResetWorker::Step::quiet;
}

void Driver::end_hang_detection(ResetWorker& worker, const DriverChannels& channels) {
  const ProcessId process = layout_->queue(worker.requests.front().queue).process;
  worker.requests.pop_front();
  worker.step = ResetWorker::Step::idle;
  if (lifecycle_->hang_takes_mutex) release(file(process).userq_mutex, channels);
  channels.wake.post({thread_of(process, Role::closer)});  // which may have to wait for it
}

// cancel_delayed_work_sync on a restore work that itself waits for this reset, or for a userq_mutex whose holder
// does.
void Driver::state_deadlock(ProcessId process, ResetWorker& worker, const DriverChannels& channels) {
  const auto waits_here = [&](ThreadId thread) {
    const OperationThread* op = thread.exists() ? operation_of(thread) : nullptr;
    return op != nullptr && op->waits_for == OperationThread::Wait::gpu_reset;
  };
  const bool deadlock =
      waits_here(thread_of(process, Role::restore)) || waits_here(file(process).userq_mutex.owner);
  if (!deadlock || worker.deadlocked) return;
  worker.deadlocked = true;
  channels.hazard->state({channels.wake.now(), HazardKind::reset_deadlock, process, QueueId::none()});
}

void Driver::begin_pre_reset(ResetWorker& worker, const DriverChannels&) {
  begin_on_device(worker.op, Operation::pre_reset);
  worker.step = ResetWorker::Step::pre_reset;
}

// The chip goes down: slots, waves, whatever MES knew and had to do.
void Driver::begin_hardware_reset(ResetWorker& worker, const DriverChannels& channels) {
  channels.firmware_reset.post({false});
  channels.gpu_reset.post({false});
  gangs_held_ = false;
  held_by_ = nullptr;
  kernel_queues_stopped_ = true;
  cancel_submissions(method_of(worker.requests.front()) == ResetMethod::mode1, channels);
  const bool whole = method_of(worker.requests.front()) == ResetMethod::mode1;
  const CostName cost = whole ? CostName::mode1_reset : CostName::mode2_reset;
  worker.done_at = channels.wake.now() + channels.costs->of(cost, 0, worker.resets);
  worker.step = ResetWorker::Step::hardware;
  channels.wake.post_at(worker.done_at, {resetter_thread()});
}

// mes_v1x_0_hw_init after the reset: SET_HW_RSRC, then QUERY_SCHEDULER_STATUS. A MES that answers neither has not
// come up, and the reset has failed.
void Driver::set_up_mes(ResetWorker& worker, const DriverChannels& channels) {
  using Step = ResetWorker::Step;
  if (worker.op.call.result != PacketResult::ok) {  // whatever it may say later
    channels.firmware_reset.post({false});
    channels.gpu_reset.post({false});
    return end_gpu_reset(worker, false, channels);
  }
  if (worker.step == Step::resources) {
    begin_call(resetter_thread(), {Opcode::query_scheduler_status, ProcessId::none(), QueueId::none()}, channels);
    worker.step = Step::status;
    return;
  }
  begin_post_reset(worker, channels);
}

// The engines run again.
void Driver::begin_post_reset(ResetWorker& worker, const DriverChannels& channels) {
  using Step = ResetWorker::Step;
  channels.gpu_reset.post({true});
  kernel_queues_stopped_ = false;
  serve_kernel_queues(channels);
  const bool lost = method_of(worker.requests.front()) == ResetMethod::mode1;
  begin_on_device(worker.op, lost ? Operation::post_reset_vram_lost : Operation::post_reset);
  worker.step = Step::post_reset;
}

// Whoever waited goes on, and what else was queued is moot (amdgpu_userq_mgr_cancel_reset_work).
void Driver::end_gpu_reset(ResetWorker& worker, bool done, const DriverChannels& channels) {
  const ResetMethod method = method_of(worker.requests.front());
  channels.reset_done->state({channels.wake.now(), worker.began, method, done});
  ++worker.resets;
  worker.deadlocked = false;
  worker.step = ResetWorker::Step::idle;
  worker.requests.clear();
  for (const ThreadId thread : std::exchange(worker.waiters, {})) channels.wake.post({thread});
  const SimTime now = channels.wake.now();
  for (std::size_t p = 0; p < files_.size() && done && method == ResetMethod::mode1; ++p) {
    if (files_[p].state == FileState::open) {
      channels.hazard->state({now, HazardKind::vram_lost, ProcessId::of(p), QueueId::none()});
    }
  }
  if (!done) channels.hazard->state({now, HazardKind::gpu_wedged, ProcessId::none(), QueueId::none()});
}

}  // namespace userqsim
