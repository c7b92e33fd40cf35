#include "models/driver/waits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace userqsim {

std::string DriverWaits::name_of(QueueId queue) const {
  return fmt::format("{}/{}", name_of(d_->layout_->queue(queue).process), d_->layout_->queue(queue).name);
}

std::string DriverWaits::name_of(ThreadId thread) const {
  const Driver::ThreadPlace place = d_->place_of(thread);
  const auto of_process = [&](std::string_view what) {
    return fmt::format("{} of {}", what, name_of(place.process));
  };
  switch (place.role) {
    case Role::suspend:
      return of_process("suspend worker");
    case Role::restore:
      return of_process("restore worker");
    case Role::opener:
      return of_process("opening");
    case Role::closer:
      return of_process("closing");
    case Role::client:
      return "client of " + name_of(place.queue);
    case Role::device:
      return "device worker";
    case Role::resetter:
      return "reset worker";
  }
  return {};
}

// Whoever has been handed the lock goes on.
DriverWaits::Awaited DriverWaits::wait_for(const Lock& lock, ThreadId self, std::string_view what) const {
  const bool others = lock.owner.exists() && lock.owner != self;
  return others ? Awaited{std::string(what), point(lock.owner), true} : Awaited{std::string(what)};
}

DriverWaits::Awaited DriverWaits::wait_for_userq_mutex(ProcessId process, ThreadId self) const {
  return wait_for(d_->file(process).userq_mutex, self, "userq_mutex");
}

DriverWaits::Awaited DriverWaits::wait_for_restore(ProcessId process) const {
  const ThreadId worker = thread_of(process, Role::restore);
  return {name_of(worker) + " to end", point(worker)};
}

DriverWaits::Awaited DriverWaits::wait_for_hang_detection(QueueId queue) const {
  return {"the hang detection of " + name_of(queue) + " to end", point(d_->resetter_thread())};
}

DriverWaits::Awaited DriverWaits::wait_for_fence(QueueId queue) const {
  return {"the last fence of " + name_of(queue), WaitPoint::of(Kind::queue, queue)};
}

DriverWaits::Awaited DriverWaits::wait_of(ThreadId self, const MesCall& call) const {
  const WaitPoint mes{Kind::mes, call.packet.opcode == Opcode::inv_tlbs ? 1U : 0U};
  switch (call.step) {
    case MesCall::Step::lock:
      return wait_for(d_->mes_lock_, self, "the MES mutex");
    case MesCall::Step::wait_ack:
      return {"MES's answer", mes};
    case MesCall::Step::acked:  // and not seen yet
      return {"MES's answer"};
    case MesCall::Step::wait_fence:
      return {"the suspend fence", mes};
    case MesCall::Step::fence_seen:
      return {"the suspend fence"};
    case MesCall::Step::idle:
      break;
  }
  return {"its next step"};
}

DriverWaits::Awaited DriverWaits::wait_of(ThreadId self, const OperationThread& op) const {
  switch (op.waits_for) {
    case OperationThread::Wait::nothing:
      break;
    case OperationThread::Wait::mes:
      return wait_of(self, op.call);
    case OperationThread::Wait::last_fence:
      if (d_->queue(op.fence_of).fences.empty() && d_->detects_hang_of(op.fence_of))
        return wait_for_hang_detection(op.fence_of);
      return wait_for_fence(op.fence_of);
    case OperationThread::Wait::gpu_reset:
      return {"the GPU's reset", point(d_->resetter_thread())};
    case OperationThread::Wait::userq_mutex: {
      const ProcessId process = d_->device_worker_.entered;
      const Fifo<ThreadId>& queued = d_->file(process).userq_mutex.waiters;
      const bool in_line = std::find(queued.begin(), queued.end(), self) != queued.end();
      if (!in_line && d_->restore_runs(process)) return wait_for_restore(process);
      return wait_for(d_->file(process).userq_mutex, self, "userq_mutex of " + name_of(process));
    }
  }
  return {"its next step"};
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(ProcessId process, const SuspendWorker& worker) const {
  const ThreadId self = thread_of(process, Role::suspend);
  switch (worker.step) {
    case SuspendWorker::Step::idle:
      return std::nullopt;
    case SuspendWorker::Step::held:
      return Awaited{"its time to run"};
    case SuspendWorker::Step::queued:
      return Awaited{"its work queue"};
    case SuspendWorker::Step::lock:
      return wait_for_userq_mutex(process, self);
    case SuspendWorker::Step::fence_wait:
      if (worker.cursor >= d_->queues_of(process).size()) break;
      return wait_for_fence(d_->queues_of(process)[worker.cursor]);
    case SuspendWorker::Step::stop:
      return wait_of(self, worker.op);
  }
  return Awaited{"its next step"};
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(ProcessId process, const RestoreWorker& worker) const {
  const ThreadId self = thread_of(process, Role::restore);
  switch (worker.step) {
    case RestoreWorker::Step::idle:
      return std::nullopt;
    case RestoreWorker::Step::delayed:
    case RestoreWorker::Step::gap:
      return Awaited{"its time to run"};
    case RestoreWorker::Step::queued: {
      if (worker.rests) return Awaited{"the system's resume", WaitPoint{Kind::resume, 0}};
      const Fifo<ThreadId>& order = d_->restore_order_.waiters;
      const bool in_line = std::find(order.begin(), order.end(), self) != order.end();
      return in_line ? wait_for(d_->restore_order_, self, "its turn among restores") : Awaited{"its work queue"};
    }
    case RestoreWorker::Step::lock:
    case RestoreWorker::Step::relock:
      return wait_for_userq_mutex(process, self);
    case RestoreWorker::Step::validate:
      return Awaited{"its buffers", WaitPoint::of(Kind::buffers, process)};
    case RestoreWorker::Step::userptr:
    case RestoreWorker::Step::page_table:
      return Awaited{"its page tables"};
    case RestoreWorker::Step::tlb: {
      Awaited flush = wait_of(self, worker.op.call);
      flush.what = "a TLB flush: " + flush.what;
      return flush;
    }
    case RestoreWorker::Step::restart:
      return wait_of(self, worker.op);
  }
  return std::nullopt;
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(ProcessId process, const Opener& opener) const {
  const ThreadId self = thread_of(process, Role::opener);
  switch (opener.step) {
    case Opener::Step::idle:
      return std::nullopt;
    case Opener::Step::allocate:
      return Awaited{"its buffers", WaitPoint::of(Kind::request, opener.request)};
    case Opener::Step::validate:
      return Awaited{"its buffers", WaitPoint::of(Kind::buffers, process)};
    case Opener::Step::retry:
      if (d_->frozen_) return Awaited{"the system's resume", WaitPoint{Kind::resume, 0}};
      return Awaited{"its time to try again"};
    case Opener::Step::lock:
      return wait_for_userq_mutex(process, self);
    case Opener::Step::create:
      return wait_of(self, opener.op);
  }
  return std::nullopt;
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(ProcessId process, const Closer& closer) const {
  const ThreadId self = thread_of(process, Role::closer);
  switch (closer.step) {
    case Closer::Step::idle:
      return std::nullopt;
    case Closer::Step::evicted:
      return Awaited{"its eviction fence", WaitPoint::of(Kind::eviction_fence, process)};
    case Closer::Step::quiet:
      for (const QueueId queue : closer.queues) {
        if (!d_->restore_runs(process) && d_->detects_hang_of(queue)) return wait_for_hang_detection(queue);
      }
      return wait_for_restore(process);
    case Closer::Step::lock:
      return wait_for_userq_mutex(process, self);
    case Closer::Step::next:  // only what was submitted through the kernel is waited for there
      for (const QueueId queue : d_->layout_->process(process).queues) {
        if (kernel_job(queue) != nullptr) return Awaited{"its jobs", WaitPoint::of(Kind::queue, queue)};
      }
      return Awaited{"its jobs"};
    case Closer::Step::destroy:
    case Closer::Step::let_go:
      return wait_of(self, closer.op);
    case Closer::Step::rings:
      return Awaited{"its rings"};
  }
  return std::nullopt;
}

// Whose queue is gone is in the middle of nothing: it has no ring to write into.
std::optional<DriverWaits::Awaited> DriverWaits::wait_of(QueueId id, const Client& client) const {
  if (client.backlog.empty()) return std::nullopt;
  const ProcessId process = d_->layout_->queue(id).process;
  const Driver::File& f = d_->file(process);
  switch (client.step) {
    case Client::Step::lock:
      return wait_for_userq_mutex(process, d_->client_thread(id));
    case Client::Step::submit:
      return Awaited{"its submission"};
    case Client::Step::idle:
      break;
  }
  if (d_->frozen_) return Awaited{"the system's resume", WaitPoint{Kind::resume, 0}};
  if (f.state == FileState::closed || f.state == FileState::opening)
    return Awaited{"its process to open", point(thread_of(process, Role::opener))};
  if (f.state != FileState::open) return std::nullopt;  // it dies with its process
  if (f.allocations_pending > 0) return Awaited{"memory", WaitPoint::of(Kind::allocations, process)};
  const bool of_kernel = d_->layout_->queue(id).of_kernel;
  if (!of_kernel && !d_->book_.at(id).exists()) return std::nullopt;
  if (d_->queue(id).ring_used == d_->layout_->queue(id).ring)
    return Awaited{"room in its ring", WaitPoint::of(Kind::queue, id)};
  if (of_kernel) return Awaited{"what its job depends on", WaitPoint::of(Kind::job, client.backlog.front())};
  if (f.fence != FenceState::signaled) {
    return d_->restore_runs(process) ? wait_for_restore(process) : Awaited{"its next step"};
  }
  return Awaited{"a live eviction fence", WaitPoint::of(Kind::restart, process)};
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(const DeviceWorker& worker) const {
  if (worker.requests.empty()) return std::nullopt;
  if (worker.step == DeviceWorker::Step::walk) return wait_of(d_->device_thread(), worker.op);
  return Awaited{"VRAM to be emptied", WaitPoint{Kind::vram, 0}};
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(const ResetWorker& worker) const {
  const ThreadId self = d_->resetter_thread();
  switch (worker.step) {
    case ResetWorker::Step::idle:
      return std::nullopt;
    case ResetWorker::Step::quiet:
      for (std::size_t p = 0; p < d_->files_.size(); ++p) {
        if (d_->restore_runs(ProcessId::of(p))) return wait_for_restore(ProcessId::of(p));
      }
      break;
    case ResetWorker::Step::lock:
      return wait_for_userq_mutex(d_->layout_->queue(worker.requests.front().queue).process, self);
    case ResetWorker::Step::hardware:
      return Awaited{"the hardware"};
    case ResetWorker::Step::resources:
    case ResetWorker::Step::status:
      return wait_of(self, worker.op.call);
    case ResetWorker::Step::queue:
    case ResetWorker::Step::pre_reset:
    case ResetWorker::Step::post_reset:
      return wait_of(self, worker.op);
  }
  return Awaited{"its next step"};
}

std::optional<DriverWaits::Awaited> DriverWaits::wait_of(ThreadId thread) const {
  const Driver::ThreadPlace place = d_->place_of(thread);
  switch (place.role) {
    case Role::suspend:
      return wait_of(place.process, d_->suspend_[place.process.index()]);
    case Role::restore:
      return wait_of(place.process, d_->restore_[place.process.index()]);
    case Role::opener:
      return wait_of(place.process, d_->openers_[place.process.index()]);
    case Role::closer:
      return wait_of(place.process, d_->closers_[place.process.index()]);
    case Role::client:
      return wait_of(place.queue, d_->clients_[place.queue.index()]);
    case Role::device:
      return wait_of(d_->device_worker_);
    case Role::resetter:
      return wait_of(d_->resetter_);
  }
  return std::nullopt;
}

std::vector<ThreadWait> DriverWaits::threads() const {
  std::vector<ThreadWait> waits;
  for (std::uint32_t i = 0; i <= d_->resetter_thread().value; ++i) {
    std::optional<Awaited> wait = wait_of(ThreadId{i});
    if (!wait) continue;
    waits.push_back(
        {ThreadId{i}, name_of(ThreadId{i}), std::move(wait->what), point(ThreadId{i}), wait->on, wait->held});
  }
  // In the MMU notifier of a registration: the first has notifier_lock, or everybody waits for his own process.
  for (std::size_t i = 0; i < d_->notifiers_.size(); ++i) {
    const Notifier& n = d_->notifiers_[i];
    ThreadWait wait{ThreadId::none(), "MMU notifier of " + name_of(n.process), {}, {}, {}};
    wait.who = WaitPoint::of(Kind::notifier, n.request);
    wait.held = i > 0 && !d_->setup_.kernel.userptr_quiesce;
    wait.what = wait.held ? "notifier_lock" : "the eviction fence of " + name_of(n.process);
    wait.on = wait.held ? WaitPoint::of(Kind::notifier, d_->notifiers_.front().request)
                        : WaitPoint::of(Kind::eviction_fence, n.process);
    waits.push_back(std::move(wait));
  }
  return waits;
}

std::vector<ThreadWait> Driver::waits() const { return DriverWaits(*this).threads(); }
std::string Driver::name_of(ThreadId thread) const { return DriverWaits(*this).name_of(thread); }

bool Driver::enters_work_queue(ThreadId thread) const {
  const ThreadPlace place = place_of(thread);
  if (place.role == Role::suspend) return suspend_[place.process.index()].step == SuspendWorker::Step::held;
  // An invalidation that comes before the restore postpones it while it is delayed, and not later.
  return place.role == Role::restore && restore_[place.process.index()].step == RestoreWorker::Step::delayed &&
         !files_[place.process.index()].quiesced;
}

bool Driver::calls_about(QueueId queue) const {
  const auto is_about = [&](const OperationThread& op) {
    const bool calls = op.call.step != MesCall::Step::idle;
    return (calls && (op.call.packet.all_gangs || op.call.packet.queue == queue)) ||
           std::any_of(op.stopping.begin(), op.stopping.end(),
                       [&](const OperationThread::Stopping& stop) { return stop.queue == queue; });
  };
  const auto any_is_about = [&](const auto& workers) {
    return std::any_of(workers.begin(), workers.end(), [&](const auto& worker) { return is_about(worker.op); });
  };
  return any_is_about(suspend_) || any_is_about(restore_) || any_is_about(openers_) || any_is_about(closers_) ||
         is_about(device_worker_.op) || is_about(resetter_.op);
}

std::vector<ProcessId> Driver::stopped_processes() const {
  std::vector<ProcessId> stopped;
  for (std::size_t p = 0; p < files_.size(); ++p) {
    const std::vector<QueueId>& queues = queues_of(ProcessId::of(p));
    const bool is_stopped = files_[p].fence == FenceState::signaled || files_[p].fence == FenceState::dead;
    const bool has_any =
        std::any_of(queues.begin(), queues.end(), [&](QueueId queue) { return book_.at(queue).exists(); });
    if (files_[p].state == FileState::open && is_stopped && has_any && !files_[p].kept_idle)
      stopped.push_back(ProcessId::of(p));
  }
  return stopped;
}

}  // namespace userqsim
