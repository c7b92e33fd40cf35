// A process opens the device: its buffers are allocated, its queues created. A queue is given back, or the process
// exits: its queues are destroyed, its memory freed.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::on(const OpenProcess& message, const DriverChannels& channels) {
  if (frozen_) return frozen_events_.push_back(message);
  File& f = file(message.process);
  ensure(f.state == FileState::closed, "a process opens the device twice");
  f.state = FileState::opening;
  f.opened = opened_++;
  openers_[message.process.index()].step = Opener::Step::allocate;
  ++f.allocations_pending;
  openers_[message.process.index()].request = RequestId{next_request_};
  channels.allocate.post({RequestId{next_request_++}, message.process, PressureId::none(), 0});
}

void Driver::on(const AllocationReady& message, const DriverChannels& channels) {
  File& f = file(message.process);
  if (f.state == FileState::gone) return;
  --f.allocations_pending;
  Opener& opener = openers_[message.process.index()];
  if (opener.step == Opener::Step::allocate && opener.request == message.request) {
    // Some of its buffers may have been evicted again meanwhile: it begins when every one of them lies still.
    opener.step = Opener::Step::validate;
    channels.validate.post({message.process});
  }
  wake_clients(message.process, channels);
}

// Without room for some buffer there is no live fence, and so no queue. Xe kills the VM; KFD validates again after
// a while; amdgpu_userq queues the restore work and waits for it, again and again (amdgpu_userq_ensure_ev_fence).
void Driver::end_validation(const Validated& message, Opener& opener, const DriverChannels& channels) {
  const ProcessId process = message.process;
  const ThreadId self = thread_of(process, Role::opener);
  const SimTime now = channels.wake.now();
  if (message.ok) {
    opener.step = Opener::Step::lock;
    acquire(file(process).userq_mutex, self, now);
    return run(process, opener, channels);
  }
  channels.hazard->state({now, HazardKind::restore_failed, process, QueueId::none()});
  channels.unlocked.post({process});
  if (setup_.kernel.restore_failure_kills || file(process).exit_wanted) {
    opener.step = Opener::Step::idle;
    file(process).state = FileState::open;
    return on(ExitProcess{process}, channels);
  }
  opener.step = Opener::Step::retry;
  const std::uint64_t ordinal = (std::uint64_t{1} << 40) | opener.failures++;
  const Duration latency = channels.costs->of(CostName::worker_latency, process.value, ordinal);
  opener.timer = channels.wake.post_in(setup_.kernel.restore_retry.value_or(latency), {self});
}

// Creating a queue takes userq_mutex and makes sure of an eviction fence first (amdgpu_userq_ensure_ev_fence).
void Driver::run(ProcessId process, Opener& opener, const DriverChannels& channels) {
  File& f = file(process);
  const ThreadId self = thread_of(process, Role::opener);
  const std::vector<QueueId>& queues = queues_of(process);
  switch (opener.step) {
    case Opener::Step::idle:
    case Opener::Step::allocate:
    case Opener::Step::validate:
      return;
    case Opener::Step::retry:
      if (channels.wake.is_pending(opener.timer)) return;
      if (frozen_) return frozen_events_.push_back(Wake{self});
      opener.step = Opener::Step::validate;
      channels.validate.post({process});
      return;
    case Opener::Step::lock:
      if (f.userq_mutex.owner != self) return;
      if (!queues.empty()) {
        f.fence = FenceState::live;
        channels.fence_armed->state({channels.wake.now(), {process, f.generation}});
      }
      channels.rearmed.post({process});
      opener.step = Opener::Step::create;
      [[fallthrough]];
    case Opener::Step::create:
      while (opener.cursor < queues.size()) {
        if (!create_queue(self, queues[opener.cursor], opener, channels)) return;
        ++opener.cursor;
      }
      break;
  }
  opener.step = Opener::Step::idle;
  f.state = FileState::open;
  release(f.userq_mutex, channels);
  wake_clients(process, channels);
  if (f.exit_wanted) on(ExitProcess{process}, channels);
}

// True when the queue is there, mapped or held back, or gone because it could not be mapped.
bool Driver::create_queue(ThreadId self, QueueId id, Opener& opener, const DriverChannels& channels) {
  QueueLife& life = book_.at(id);
  if (!life.created) {
    if (!enter_queue(book_, id, file(life.process).opened)) return true;
    begin(opener.op, Operation::create, plan_operation(*lifecycle_, Operation::create, {id}), life.process);
  }
  return advance(self, opener.op, channels);
}

void Driver::on(const ExitProcess& message, const DriverChannels& channels) {
  if (frozen_) return frozen_events_.push_back(message);
  File& f = file(message.process);
  if (f.state == FileState::exiting || f.state == FileState::gone) return;
  if (f.state != FileState::open) {  // it exits when it has finished opening
    f.exit_wanted = true;
    return;
  }
  f.state = FileState::exiting;
  Closer& closer = closers_[message.process.index()];
  closer.exiting = true;
  const QueueList queues = walk_process(*lifecycle_, book_, message.process);
  for (const QueueId queue : queues) closer.queues.push_back(queue);
  start_closer(message.process, channels);
}

void Driver::start_closer(ProcessId process, const DriverChannels& channels) {
  Closer& closer = closers_[process.index()];
  if (closer.step != Closer::Step::idle) return;  // it takes what was added when it comes to it
  closer.step = Closer::Step::evicted;
  run(process, closer, channels);
}

void Driver::run(ProcessId process, Closer& closer, const DriverChannels& channels) {
  using Step = Closer::Step;
  const ThreadId self = thread_of(process, Role::closer);
  Lock& mutex = file(process).userq_mutex;
  for (;;) {
    switch (closer.step) {
      case Step::idle:
        return;
      case Step::evicted: {
        // amdgpu_eviction_fence_destroy: the process is evicted, and waited for without limit. Whose fence is dead
        // never exits.
        const bool waits = closer.exiting && setup_.kernel.exit_evicts;
        File& f = file(process);
        if (waits && f.fence == FenceState::live) enable_fence(process, Trigger::exit, RequestId::none(), channels);
        if (waits && (f.fence == FenceState::enabled || f.fence == FenceState::dead)) return;
        closer.step = Step::quiet;
        break;
      }
      case Step::quiet:
        // cancel_delayed_work_sync on the restore work, before the mutex.
        if (closer.exiting || lifecycle_->cancels_restore) cancel_restore(process, channels);
        if (restore_runs(process) && setup_.kernel.restore_locks != RestoreLocks::userq_mutex) return;
        if (lifecycle_->destroy_cancels_hang && !cancel_hang_detections(closer, channels)) return;
        closer.step = Step::lock;
        if (!acquire(mutex, self, channels.wake.now())) return;
        break;
      case Step::lock:
        if (mutex.owner != self) return;
        closer.step = Step::next;
        break;
      case Step::next: {
        if (closer.queues.empty()) {
          if (!flush_submissions(process, closer, channels)) return;
          begin(closer.op, Operation::restore, exit_plan(process), process);
          closer.step = Step::let_go;
          break;
        }
        // One that is given back, or all that are left when the process exits.
        const auto count = closer.exiting ? closer.queues.size() : 1;
        const QueueList queues(closer.queues.begin(), closer.queues.begin() + static_cast<std::ptrdiff_t>(count));
        closer.queues.erase(closer.queues.begin(), closer.queues.begin() + static_cast<std::ptrdiff_t>(count));
        const Operation operation = closer.exiting ? Operation::process_exit : Operation::destroy;
        begin(closer.op, operation, plan_operation(*lifecycle_, operation, queues), process);
        closer.step = Step::destroy;
        break;
      }
      case Step::destroy:
        if (!advance(self, closer.op, channels)) return;
        if (closer.op.run.operation() == Operation::process_exit) {
          closer.step = Step::next;
          break;
        }
        release(mutex, channels);
        closer.step = Step::idle;
        if (closer.queues.empty() && !closer.exiting) return;
        closer.step = Step::evicted;  // the next is a call of its own
        break;
      case Step::let_go:
        if (!advance(self, closer.op, channels)) return;
        closer.step = Step::rings;
        channels.rings_dropped.post({process});
        return;
      case Step::rings:
        return;
    }
  }
}

// True when none of the queues that are to be destroyed is being looked at.
bool Driver::cancel_hang_detections(const Closer& closer, const DriverChannels& channels) {
  const std::size_t count = closer.exiting ? closer.queues.size() : 1;
  bool none_runs = true;
  for (std::size_t i = 0; i < count; ++i) none_runs &= cancel_hang_detection(closer.queues[i], channels);
  return none_runs;
}

// The process is gone when no ring holds a job of it: whoever hears of a ring may ask what its head is.
void Driver::on(const RingsDropped& message, const DriverChannels& channels) {
  const ProcessId process = message.process;
  File& f = file(process);
  closers_[process.index()].step = Closer::Step::idle;
  f.state = FileState::gone;
  f.fence = FenceState::none;  // without queues there is nothing left to evict
  for (const QueueId id : layout_->process(process).queues) clients_[id.index()].backlog.clear();
  channels.release.post({process});
  channels.gone.post({process});
  channels.exited->state({channels.wake.now(), process});
  finish_notifiers(process, RequestOutcome::exited, channels);
  release(f.userq_mutex, channels);
}

}  // namespace userqsim
