#include "models/driver/driver.hpp"

#include <algorithm>

#include "sim/core/ensure.hpp"

namespace userqsim {

Driver::Driver(const Setup& setup, const Layout& layout)
    : setup_(setup),
      lifecycle_(&lifecycle(setup.kernel.lifecycle)),
      layout_(&layout),
      files_(layout.processes.size()),
      queues_(layout.queues.size()),
      suspend_(layout.processes.size()),
      restore_(layout.processes.size()),
      openers_(layout.processes.size()),
      closers_(layout.processes.size()),
      clients_(layout.queues.size()) {
  for (std::size_t i = 0; i < files_.size(); ++i) files_[i].userq_mutex.process = ProcessId::of(i);
  for (const QueueLayout& queue : layout.queues) {
    if (queue.of_kernel) kernel_jobs_[QueueId::of(book_.queues.size())];
    book_.queues.push_back({queue.process, queue.type});
  }
}

void Driver::handle(const DriverEvent& event, const DriverChannels& channels) {
  std::visit([&](const auto& message) { on(message, channels); }, event);
}

void Driver::on(const Wake& message, const DriverChannels& channels) { run(message.thread, channels); }

Driver::ThreadPlace Driver::place_of(ThreadId thread) const {
  const std::size_t workers = files_.size() * roles_of_process;
  if (thread.index() < workers) {
    return {static_cast<Role>(thread.index() % roles_of_process), ProcessId::of(thread.index() / roles_of_process),
            QueueId::none()};
  }
  if (thread == device_thread()) return {Role::device, ProcessId::none(), QueueId::none()};
  if (thread == resetter_thread()) return {Role::resetter, ProcessId::none(), QueueId::none()};
  const QueueId queue = QueueId::of(thread.index() - workers);
  return {Role::client, layout_->queue(queue).process, queue};
}

void Driver::run(ThreadId thread, const DriverChannels& channels) {
  const ThreadPlace place = place_of(thread);
  switch (place.role) {
    case Role::suspend:
      return run(place.process, suspend_[place.process.index()], channels);
    case Role::restore:
      return run(place.process, restore_[place.process.index()], channels);
    case Role::opener:
      return run(place.process, openers_[place.process.index()], channels);
    case Role::closer:
      return run(place.process, closers_[place.process.index()], channels);
    case Role::client:
      return run(place.queue, clients_[place.queue.index()], channels);
    case Role::device:
      return run(device_worker_, channels);
    case Role::resetter:
      return run(resetter_, channels);
  }
}

// The operation that the thread runs; null for a client, which runs none.
OperationThread* Driver::operation_of(ThreadId thread) {
  const ThreadPlace place = place_of(thread);
  switch (place.role) {
    case Role::suspend:
      return &suspend_[place.process.index()].op;
    case Role::restore:
      return &restore_[place.process.index()].op;
    case Role::opener:
      return &openers_[place.process.index()].op;
    case Role::closer:
      return &closers_[place.process.index()].op;
    case Role::device:
      return &device_worker_.op;
    case Role::resetter:
      return &resetter_.op;
    case Role::client:
      break;
  }
  return nullptr;
}

std::optional<EvictionId> Driver::eviction_of(ThreadId thread) const {
  const ThreadPlace place = place_of(thread);
  if (place.role == Role::suspend) return suspend_[place.process.index()].eviction;
  if (place.role == Role::restore) return restore_[place.process.index()].eviction;
  return std::nullopt;
}

// True when the thread has the lock; otherwise it is woken when the lock is handed to it.
bool Driver::acquire(Lock& lock, ThreadId thread, SimTime now) {
  if (lock.owner == thread) return true;
  if (lock.owner.exists()) {
    const bool queued = std::find(lock.waiters.begin(), lock.waiters.end(), thread) != lock.waiters.end();
    if (!queued) lock.waiters.push_back(thread);
    return false;
  }
  lock.owner = thread;
  lock.since = now;
  return true;
}

void Driver::release(Lock& lock, const DriverChannels& channels) {
  ensure(lock.owner.exists(), "a lock is released that nobody holds");
  state_held(lock, channels.wake.now(), channels);
  lock.owner = ThreadId::none();
  if (lock.waiters.empty()) return;
  lock.owner = lock.waiters.front();
  lock.since = channels.wake.now();
  lock.waiters.pop_front();
  channels.wake.post({lock.owner});
}

LockHolder Driver::holder_of(ThreadId thread) const {
  switch (place_of(thread).role) {
    case Role::suspend:
      return LockHolder::suspend_worker;
    case Role::restore:
      return LockHolder::restore_worker;
    case Role::opener:
      return LockHolder::open;
    case Role::closer:
      return LockHolder::close;
    case Role::client:
      return LockHolder::submit;
    case Role::device:
      return LockHolder::device_worker;
    case Role::resetter:
      return LockHolder::reset;
  }
  fail_invariant("an unknown role", SourceLocation::current());
}

// Of a process's mutex. The MES mutex is stated with the call that it was held for.
void Driver::state_held(const Lock& lock, SimTime until, const DriverChannels& channels) const {
  if (!lock.process.exists() || until == lock.since) return;
  channels.userq_lock_held->state({lock.since, until, lock.process, holder_of(lock.owner)});
}

QueueViews Driver::view_of(ProcessId process) const {
  QueueViews views;
  for (const QueueId id : walk_process(*lifecycle_, book_, process)) {
    views.push_back({id, layout_->queue(id).type, state_of(id), !queue(id).fences.empty()});
  }
  return views;
}

// What a job's end means to the driver: room in the ring, and its fence has signalled.
void Driver::on(const JobRetired& message, const DriverChannels& channels) {
  Queue& q = queue(message.queue);
  --q.ring_used;
  if (layout_->queue(message.queue).of_kernel) retire_kernel_job(message.queue, message.job, channels);
  if (erase_value(q.fences, message.job) > 0) watch_fences(message.queue, channels);
  run(message.queue, clients_[message.queue.index()], channels);
  for (const ThreadId thread : fence_waiters(layout_->queue(message.queue).process)) run(thread, channels);
}

// The threads that wait for a last fence of the process, or may do so.
SmallVector<ThreadId, 4> Driver::fence_waiters(ProcessId process) const {
  constexpr auto last_fence = OperationThread::Wait::last_fence;
  SmallVector<ThreadId, 4> threads;
  if (suspend_[process.index()].step == SuspendWorker::Step::fence_wait) {
    threads.push_back(thread_of(process, Role::suspend));
  }
  if (closers_[process.index()].op.waits_for == last_fence) threads.push_back(thread_of(process, Role::closer));
  if (device_worker_.op.waits_for == last_fence) threads.push_back(device_thread());
  if (resetter_.op.waits_for == last_fence) threads.push_back(resetter_thread());
  return threads;
}

void Driver::close(SimTime now, const DriverChannels& channels) const {
  for (const Notifier& n : notifiers_) {
    channels.request_ended->state(
        {now, n.request, RequestKind::userptr, n.process, n.bytes, n.requested, RequestOutcome::open, true});
  }
  for (const File& f : files_) {
    if (f.userq_mutex.owner.exists()) state_held(f.userq_mutex, now, channels);
  }
}

void Driver::verify() const {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    ensure(queues_[i].ring_used <= layout_->queues[i].ring, "a ring holds more than it can");
  }
  for (const File& f : files_) {
    ensure(f.userq_mutex.owner.exists() || f.userq_mutex.waiters.empty(),
           "threads wait for a userq_mutex that nobody holds");
  }
  ensure(mes_lock_.owner.exists() || mes_lock_.waiters.empty(), "threads wait for a MES mutex that nobody holds");
}

}  // namespace userqsim
