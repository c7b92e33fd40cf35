#include "models/driver/driver.hpp"

#include "sim/core/ensure.hpp"

namespace userqsim {

Driver::Driver(const KernelSpec& kernel, TlbFlushPath tlb_path, const Policy& policy, const Layout& layout)
    : kernel_(kernel),
      tlb_path_(tlb_path),
      lifecycle_(&lifecycle(kernel.lifecycle)),
      policy_(&policy),
      layout_(&layout),
      files_(layout.processes.size()),
      queues_(layout.queues.size()),
      suspend_(layout.processes.size()),
      restore_(layout.processes.size()),
      openers_(layout.processes.size()),
      closers_(layout.processes.size()),
      clients_(layout.queues.size()) {}

void Driver::handle(const DriverEvent& event, const DriverChannels& channels) {
  std::visit([&](const auto& message) { on(message, channels); }, event);
}

void Driver::on(const Wake& message, const DriverChannels& channels) { run(message.thread, channels); }

void Driver::run(ThreadId thread, const DriverChannels& channels) {
  const std::size_t workers = files_.size() * 4;
  if (thread.index() >= workers) {
    const QueueId queue = QueueId::of(thread.index() - workers);
    return run(queue, clients_[queue.index()], channels);
  }
  const ProcessId process = ProcessId::of(thread.index() / 4);
  switch (thread.index() % 4) {
    case 0:
      return run(process, suspend_[process.index()], channels);
    case 1:
      return run(process, restore_[process.index()], channels);
    case 2:
      return run(process, openers_[process.index()], channels);
    default:
      return run(process, closers_[process.index()], channels);
  }
}

MesCall* Driver::call_of(ThreadId thread) {
  if (thread.index() >= files_.size() * 4) return nullptr;
  const std::size_t process = thread.index() / 4;
  switch (thread.index() % 4) {
    case 0:
      return &suspend_[process].call;
    case 1:
      return &restore_[process].call;
    case 2:
      return &openers_[process].call;
    default:
      return &closers_[process].call;
  }
}

std::optional<EvictionId> Driver::eviction_of(ThreadId thread) const {
  if (thread.index() >= files_.size() * 4) return std::nullopt;
  const std::size_t process = thread.index() / 4;
  if (thread.index() % 4 == 0) return suspend_[process].eviction;
  if (thread.index() % 4 == 1) return restore_[process].eviction;
  return std::nullopt;
}

// True when the thread has the lock; otherwise it is woken when the lock is handed to it.
bool Driver::acquire(Lock& lock, ThreadId thread, SimTime now) {
  if (lock.owner == thread) return true;
  if (lock.owner.exists()) {
    lock.waiters.push_back(thread);
    return false;
  }
  lock.owner = thread;
  lock.since = now;
  return true;
}

void Driver::release(Lock& lock, const DriverChannels& channels) {
  ensure(lock.owner.exists(), "a lock is released that nobody holds");
  lock.owner = ThreadId::none();
  if (lock.waiters.empty()) return;
  lock.owner = lock.waiters.front();
  lock.since = channels.wake.now();
  lock.waiters.pop_front();
  channels.wake.post({lock.owner});
}

std::vector<QueueView> Driver::view_of(ProcessId process) const {
  std::vector<QueueView> views;
  for (const QueueId id : queues_of(process)) {
    const Queue& q = queue(id);
    if (q.state == UserqState::gone) continue;
    views.push_back({id, layout_->queue(id).type, q.state, q.last_fence.has_value()});
  }
  return views;
}

// What a job's end means to the driver: room in the ring, and its fence has signalled.
void Driver::on(const JobRetired& message, const DriverChannels& channels) {
  Queue& q = queue(message.queue);
  --q.ring_used;
  if (q.last_fence == message.job) q.last_fence.reset();
  run(message.queue, clients_[message.queue.index()], channels);
  const ProcessId process = layout_->queue(message.queue).process;
  SuspendWorker& suspend = suspend_[process.index()];
  if (suspend.step == SuspendWorker::Step::fence_wait) run(process, suspend, channels);
  Closer& closer = closers_[process.index()];
  if (closer.step == Closer::Step::fence_wait) run(process, closer, channels);
}

void Driver::close(SimTime now, const DriverChannels& channels) const {
  for (const Notifier& n : notifiers_) {
    channels.request_ended->state(
        {now, n.request, RequestKind::userptr, n.process, n.bytes, n.requested, RequestOutcome::open, true});
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
