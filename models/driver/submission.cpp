// Processes that submit through the kernel: the ioctl of each submission (amdgpu_cs_ioctl), and the scheduler that
// gives the kernel's queues their jobs (drm_sched).
//
// A submission waits for the moves of its process's buffers, for the jobs of its own context before it, and for
// those of its graph. Of those that wait for nothing any more a free queue of the kernel takes, first by level, the
// one that was submitted first.
#include <algorithm>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

constexpr Duration entity_flush = std::chrono::seconds{1};  // MAX_WAIT_SCHED_ENTITY_Q_EMPTY

}  // namespace

void Driver::run_submission(QueueId id, Client& client, const DriverChannels& channels) {
  const ProcessId process = layout_->queue(id).process;
  const File& f = file(process);
  const ThreadId self = client_thread(id);
  while (!client.backlog.empty()) {
    if (client.step == Client::Step::idle) {
      const bool waits = frozen_ || f.state != FileState::open || f.allocations_pending > 0;
      if (waits || queue(id).ring_used == layout_->queue(id).ring) return;
      if (!may_submit(client.backlog.front(), channels)) return;
      client.step = Client::Step::submit;
      client.submitted_at = channels.wake.now() + submit_cost(client.backlog.front(), channels);
      return void(channels.wake.post_at(client.submitted_at, {self}));
    }
    if (channels.wake.now() < client.submitted_at) return;
    client.step = Client::Step::idle;
    if (frozen_) return;  // it begins anew when the system wakes up
    const JobId job = client.backlog.front();
    client.backlog.pop_front();
    ++queue(id).ring_used;
    kernel_jobs_[id].push_back({job, submissions_++});
    channels.job_submitted->state({channels.wake.now(), job, process, id, true});
    channels.submit.post({process, id, job});
    for (const QueueId other : layout_->process(process).queues) {
      if (other != id && !clients_[other.index()].backlog.empty()) channels.wake.post({client_thread(other)});
    }
  }
}

// A dependency is a fence, which is there once its job was submitted (amdgpu_cs_submit); before that the client
// waits.
bool Driver::may_submit(JobId id, const DriverChannels& channels) const {
  const JobTable& jobs = channels.workload->jobs();
  const Job& job = jobs[id];
  for (const std::uint32_t node : channels.workload->node_of(job).after) {
    const JobId first = JobId::of(job.first.index() + node);
    if (jobs.is_over(first)) continue;
    const Fifo<KernelJob>& there = kernel_jobs_.at(channels.workload->queue_of(first));
    const auto is_first = [&](const KernelJob& j) { return j.job == first; };
    if (std::none_of(there.begin(), there.end(), is_first)) return false;
  }
  return true;
}

void Driver::on(const SubmissionReady& message, const DriverChannels& channels) {
  Fifo<KernelJob>& jobs = kernel_jobs_[message.queue];
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const KernelJob& j) { return j.job == message.job; });
  if (job == jobs.end()) return;  // dropped since, by an exit or a reset
  if (message.ok) {
    job->bound = true;
    return serve_kernel_queues(channels);
  }
  // -ENOMEM: "Not enough memory for command submission!"
  jobs.erase(job);
  --queue(message.queue).ring_used;
  const ProcessId process = layout_->queue(message.queue).process;
  channels.hazard->state({channels.wake.now(), HazardKind::submission_refused, process, message.queue});
  channels.job_dropped.post({message.job, JobOutcome::refused, false, SimTime{}, 0});
  run(message.queue, clients_[message.queue.index()], channels);
}

void Driver::on(const SubmissionUnblocked& message, const DriverChannels& channels) {
  serve_kernel_queues(channels);
  run(message.queue, clients_[message.queue.index()], channels);
}

// The kernel's queues stand still while the GPU is reset.
void Driver::serve_kernel_queues(const DriverChannels& channels) {
  if (kernel_jobs_.empty() || kernel_queues_stopped_) return;
  const std::vector<SlotPlan::Pipe>& pipes = channels.hardware->plan().pipes;
  kernel_queues_.resize(pipes.size());
  for (std::uint32_t pipe = 0; pipe < pipes.size(); ++pipe) {
    if (kernel_queues_[pipe].exists()) continue;
    const QueueId next = next_for_kernel_queue(pipes[pipe].type, channels);
    if (!next.exists()) continue;
    kernel_queues_[pipe] = next;
    kernel_jobs_[next].front().runs = true;
    channels.run_kernel_job.post({next, kernel_jobs_[next].front().job, pipe});
  }
}

QueueId Driver::next_for_kernel_queue(QueueType type, const DriverChannels& channels) const {
  QueueId best = QueueId::none();
  for (const auto& [id, jobs] : kernel_jobs_) {
    if (layout_->queue(id).type != type || jobs.empty() || jobs.front().runs || !jobs.front().bound) continue;
    if (channels.workload->jobs()[jobs.front().job].waits_for > 0) continue;
    const auto rank = [&](QueueId q) {
      return std::pair{-static_cast<int>(layout_->queue(q).priority), kernel_jobs_.at(q).front().submitted};
    };
    if (!best.exists() || rank(id) < rank(best)) best = id;
  }
  return best;
}

// It has run, or a reset has killed it; either way its fence has signalled.
void Driver::retire_kernel_job(QueueId id, JobId job, const DriverChannels& channels) {
  Fifo<KernelJob>& jobs = kernel_jobs_[id];
  ensure(!jobs.empty() && jobs.front().runs && jobs.front().job == job,
         "a kernel queue ends a job it was not given");
  jobs.pop_front();
  *std::find(kernel_queues_.begin(), kernel_queues_.end(), id) = QueueId::none();
  const ProcessId process = layout_->queue(id).process;
  channels.submission_done.post({process, job});
  if (file(process).state == FileState::exiting) channels.wake.post({thread_of(process, Role::closer)});
  serve_kernel_queues(channels);
}

// A reset cancels what was submitted before it: all of it where it loses VRAM (amdgpu_job_run), else what stands
// behind a job that it kills (drm_sched_entity_error).
void Driver::cancel_submissions(bool all, const DriverChannels& channels) {
  for (auto& [id, jobs] : kernel_jobs_) {
    if (jobs.empty() || !(all || jobs.front().runs)) continue;
    for (const KernelJob& job : jobs) {
      if (job.runs) continue;
      --queue(id).ring_used;
      channels.submission_done.post({layout_->queue(id).process, job.job});
      channels.job_dropped.post({job.job, JobOutcome::cancelled, false, SimTime{}, 0});
    }
    erase_where(jobs, [](const KernelJob& job) { return !job.runs; });
    channels.wake.post({client_thread(id)});
  }
}

// drm_sched_entity_flush: a process that exits waits for what it has submitted, up to a second; what has not begun
// by then never will. True when nothing is left.
bool Driver::flush_submissions(ProcessId process, Closer& closer, const DriverChannels& channels) {
  const SimTime now = channels.wake.now();
  bool left = false;
  for (const QueueId id : layout_->process(process).queues) {
    const auto jobs = kernel_jobs_.find(id);
    if (jobs == kernel_jobs_.end()) continue;
    clients_[id.index()] = Client{};
    if (closer.flush_until && now >= *closer.flush_until)
      erase_where(jobs->second, [](const KernelJob& job) { return !job.runs; });
    left = left || !jobs->second.empty();
  }
  if (left && !closer.flush_until) {
    closer.flush_until = now + entity_flush;
    channels.wake.post_at(*closer.flush_until, {thread_of(process, Role::closer)});
  }
  return !left;
}

}  // namespace userqsim
