// Clients: what stands between a job that is wanted and the ring.
//
// A job without a fence goes in by doorbell alone. A job with one goes through the signal ioctl, which takes
// userq_mutex and needs a live eviction fence: while the process is evicted its client blocks there, and so does
// everything behind. Who submits through the kernel has another way (submission.cpp).
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::on(const SubmitJob& message, const DriverChannels& channels) {
  const QueueId queue = message.queue;
  const ProcessId process = layout_->queue(queue).process;
  if (file(process).state == FileState::gone) return;
  clients_[queue.index()].backlog.push_back(message.job);
  run(queue, clients_[queue.index()], channels);
}

void Driver::run(QueueId id, Client& client, const DriverChannels& channels) {
  const ProcessId process = layout_->queue(id).process;
  if (layout_->queue(id).of_kernel) return run_submission(id, client, channels);
  while (!client.backlog.empty()) {
    const File& f = file(process);
    if (client.step == Client::Step::idle) {
      const bool there = book_.at(id).exists();  // or there is no ring to write into, for good
      const bool waits = frozen_ || f.state != FileState::open || f.allocations_pending > 0 || !there;
      if (waits || queue(id).ring_used == layout_->queue(id).ring) return;
    }
    const JobId job = client.backlog.front();
    const bool fence = channels.workload->spec_of(channels.workload->jobs()[job]).fence;
    if (fence) {
      if (!submit_covered(id, client, channels)) return;
      queue(id).fences.push_back(job);
      watch_fences(id, channels);
    }
    client.backlog.pop_front();
    ++queue(id).ring_used;
    channels.job_submitted->state({channels.wake.now(), job, process, id, fence});
    channels.doorbell.post({id, job});
    ring_kept(process, channels);
  }
  if (client.step == Client::Step::lock && file(process).userq_mutex.owner == client_thread(id)) {
    // The process exited while this client waited for its turn.
    client.step = Client::Step::idle;
    release(file(process).userq_mutex, channels);
  }
}

// The signal ioctl. True when it is through; false while the client is blocked in it. As long as the process is
// evicted (amdgpu_userq_ensure_ev_fence) it waits for the restore work, looks under userq_mutex, queues the work if
// nobody has, and begins again.
bool Driver::submit_covered(QueueId id, Client& client, const DriverChannels& channels) {
  const ProcessId process = layout_->queue(id).process;
  File& f = file(process);
  const ThreadId self = client_thread(id);
  const auto evicted = [&] { return f.fence == FenceState::signaled; };
  switch (client.step) {
    case Client::Step::idle:
      if (evicted() && restore_[process.index()].step != RestoreWorker::Step::idle) return false;
      client.step = Client::Step::lock;
      if (!acquire(f.userq_mutex, self, channels.wake.now())) return false;
      [[fallthrough]];
    case Client::Step::lock:
      if (f.userq_mutex.owner != self) return false;
      if (evicted() || !book_.at(id).exists()) {
        client.step = Client::Step::idle;
        release(f.userq_mutex, channels);
        if (evicted() && restore_[process.index()].step == RestoreWorker::Step::idle)
          need_live_fence(process, channels);
        return false;
      }
      client.step = Client::Step::submit;
      client.submitted_at = channels.wake.now() + submit_cost(client.backlog.front(), channels);
      channels.wake.post_at(client.submitted_at, {self});
      return false;
    case Client::Step::submit:
      if (channels.wake.now() < client.submitted_at) return false;
      client.step = Client::Step::idle;
      release(f.userq_mutex, channels);
      return true;
  }
  return false;
}

Duration Driver::submit_cost(JobId id, const DriverChannels& channels) {
  const Job& job = channels.workload->jobs()[id];
  return channels.costs->of(CostName::submit, node_entity(job.stream.value, job.node), job.draw_ordinal);
}

void Driver::wake_clients(ProcessId process, const DriverChannels& channels) {
  for (const QueueId id : layout_->process(process).queues) channels.wake.post({client_thread(id)});
}

}  // namespace userqsim
