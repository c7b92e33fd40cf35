// Which of the driver's threads are in the middle of something, and what they wait for, in words.
#include <fmt/format.h>

#include "models/driver/driver.hpp"

namespace userqsim {
namespace {

std::string_view words_of(MesCall::Step step) {
  switch (step) {
    case MesCall::Step::lock:
      return "the MES mutex";
    case MesCall::Step::wait_ack:
    case MesCall::Step::acked:  // and not seen yet
      return "MES's answer";
    case MesCall::Step::wait_fence:
    case MesCall::Step::fence_seen:
      return "the suspend fence";
    case MesCall::Step::idle:
      break;
  }
  return "its next step";
}

}  // namespace

std::string Driver::name_of(ThreadId thread) const {
  const ThreadPlace place = place_of(thread);
  const auto of_process = [&](std::string_view what) {
    return fmt::format("{} of {}", what, layout_->process(place.process).name);
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
      return fmt::format("client of {}/{}", layout_->process(place.process).name, layout_->queue(place.queue).name);
    case Role::device:
      return "suspend, resume and isolation";
    case Role::resetter:
      return "reset worker";
  }
  return {};
}

std::string Driver::wait_of(const OperationThread& op) const {
  switch (op.waits_for) {
    case OperationThread::Wait::nothing:
      return "its next step";
    case OperationThread::Wait::mes:
      return std::string(words_of(op.call.step));
    case OperationThread::Wait::last_fence:
      return fmt::format("the last fence of {}/{}", layout_->process(layout_->queue(op.fence_of).process).name,
                         layout_->queue(op.fence_of).name);
    case OperationThread::Wait::gpu_reset:
      return "the GPU's reset";
    case OperationThread::Wait::userq_mutex:
      return "a process to restore or its userq_mutex";
  }
  return {};
}

std::string Driver::wait_of(const SuspendWorker& worker) const {
  switch (worker.step) {
    case SuspendWorker::Step::idle:
      return {};
    case SuspendWorker::Step::held:
      return "its time to run";
    case SuspendWorker::Step::queued:
      return "its work queue";
    case SuspendWorker::Step::lock:
      return "userq_mutex";
    case SuspendWorker::Step::fence_wait:
      return "a queue's last fence";
    case SuspendWorker::Step::stop:
      return wait_of(worker.op);
  }
  return {};
}

std::string Driver::wait_of(const RestoreWorker& worker) const {
  switch (worker.step) {
    case RestoreWorker::Step::idle:
      return {};
    case RestoreWorker::Step::delayed:
    case RestoreWorker::Step::gap:
      return "its time to run";
    case RestoreWorker::Step::queued:
      return worker.rests ? "the system's resume" : "its work queue";
    case RestoreWorker::Step::lock:
    case RestoreWorker::Step::relock:
      return "userq_mutex";
    case RestoreWorker::Step::validate:
      return "its buffers";
    case RestoreWorker::Step::userptr:
    case RestoreWorker::Step::page_table:
      return "its page tables";
    case RestoreWorker::Step::tlb:
      return fmt::format("a TLB flush: {}", words_of(worker.op.call.step));
    case RestoreWorker::Step::restart:
      return wait_of(worker.op);
  }
  return {};
}

std::string Driver::wait_of(const Opener& opener) const {
  switch (opener.step) {
    case Opener::Step::idle:
      return {};
    case Opener::Step::allocate:
    case Opener::Step::validate:
      return "its buffers";
    case Opener::Step::lock:
      return "userq_mutex";
    case Opener::Step::create:
      return wait_of(opener.op);
  }
  return {};
}

std::string Driver::wait_of(const Closer& closer) const {
  switch (closer.step) {
    case Closer::Step::idle:
      return {};
    case Closer::Step::evicted:
      return "its eviction fence";
    case Closer::Step::quiet:
      return "its restore work";
    case Closer::Step::lock:
      return "userq_mutex";
    case Closer::Step::next:
    case Closer::Step::destroy:
      return wait_of(closer.op);
    case Closer::Step::let_go:
      return "its jobs";
    case Closer::Step::rings:
      return "its rings";
  }
  return {};
}

std::string Driver::wait_of(const ResetWorker& worker) const {
  switch (worker.step) {
    case ResetWorker::Step::idle:
      return {};
    case ResetWorker::Step::quiet:
      return "a restore work to end";
    case ResetWorker::Step::hardware:
      return "the hardware";
    case ResetWorker::Step::queue:
    case ResetWorker::Step::pre_reset:
    case ResetWorker::Step::resources:
    case ResetWorker::Step::status:
    case ResetWorker::Step::post_reset:
      return wait_of(worker.op);
  }
  return {};
}

std::string Driver::wait_of(ThreadId thread) const {
  const ThreadPlace place = place_of(thread);
  switch (place.role) {
    case Role::suspend:
      return wait_of(suspend_[place.process.index()]);
    case Role::restore:
      return wait_of(restore_[place.process.index()]);
    case Role::opener:
      return wait_of(openers_[place.process.index()]);
    case Role::closer:
      return wait_of(closers_[place.process.index()]);
    case Role::client:
      if (clients_[place.queue.index()].backlog.empty()) return {};
      return clients_[place.queue.index()].step == Client::Step::lock ? "userq_mutex" : "leave to submit";
    case Role::device:
      return device_worker_.requests.empty() ? std::string{} : wait_of(device_worker_.op);
    case Role::resetter:
      return wait_of(resetter_);
  }
  return {};
}

std::vector<ThreadWait> Driver::waits() const {
  std::vector<ThreadWait> waits;
  for (std::uint32_t i = 0; i <= resetter_thread().value; ++i) {
    std::string what = wait_of(ThreadId{i});
    if (!what.empty()) waits.push_back({ThreadId{i}, name_of(ThreadId{i}), std::move(what)});
  }
  return waits;
}

bool Driver::enters_work_queue(ThreadId thread) const {
  const ThreadPlace place = place_of(thread);
  if (place.role == Role::suspend) return suspend_[place.process.index()].step == SuspendWorker::Step::held;
  // An invalidation that comes before the restore postpones it while it is delayed, and not later.
  return place.role == Role::restore && restore_[place.process.index()].step == RestoreWorker::Step::delayed &&
         !files_[place.process.index()].quiesced;
}

std::vector<ProcessId> Driver::stopped_processes() const {
  std::vector<ProcessId> stopped;
  for (std::size_t p = 0; p < files_.size(); ++p) {
    const bool is_stopped = files_[p].fence == FenceState::signaled || files_[p].fence == FenceState::dead;
    if (files_[p].state == FileState::open && is_stopped && !files_[p].kept_idle)
      stopped.push_back(ProcessId::of(p));
  }
  return stopped;
}

}  // namespace userqsim
