// What stands behind the waits of threads: fences, restarts, windows, stopped queues.
#include <fmt/format.h>

#include <algorithm>

#include "models/driver/waits.hpp"

namespace userqsim {

std::vector<Wait> DriverWaits::behind() const {
  std::vector<Wait> waits{wait_of_isolation(), wait_of_resume()};
  for (std::size_t p = 0; p < d_->files_.size(); ++p) {
    waits.push_back(wait_of_fence(ProcessId::of(p)));
    waits.push_back(wait_of_restart(ProcessId::of(p)));
  }
  return waits;
}

// A fence that nobody has enabled yet is about to be.
Wait DriverWaits::wait_of_fence(ProcessId process) const {
  const WaitPoint self = WaitPoint::of(Kind::eviction_fence, process);
  const ThreadId worker = thread_of(process, Role::suspend);
  switch (d_->file(process).fence) {
    case FenceState::enabled:
      return {self, fmt::format("waits for {} to signal it", name_of(worker)), point(worker)};
    case FenceState::dead: {
      // Who exits without being evicted takes everything with him that waits for it.
      const bool exits = d_->file(process).state == FileState::exiting && !d_->setup_.kernel.exit_evicts;
      const std::optional<WaitPoint> exit =
          exits ? std::optional(point(thread_of(process, Role::closer))) : std::nullopt;
      return {self, fmt::format("never signals: {} has given up", name_of(worker)), exit};
    }
    case FenceState::none:
    case FenceState::live:
    case FenceState::signaled:
      break;
  }
  return {self, "is not waited for", {}};
}

Wait DriverWaits::wait_of_restart(ProcessId process) const {
  const WaitPoint self = WaitPoint::of(Kind::restart, process);
  const ThreadId worker = thread_of(process, Role::restore);
  const Driver::File& f = d_->file(process);
  if (f.fence == FenceState::enabled || f.fence == FenceState::dead)
    return {self, "waits for its eviction fence to signal first", WaitPoint::of(Kind::eviction_fence, process)};
  if (d_->restore_[process.index()].step != RestoreWorker::Step::idle)
    return {self, fmt::format("waits for {}", name_of(worker)), point(worker)};
  if (f.state == FileState::exiting)
    return {self, "does not come: the process exits", point(thread_of(process, Role::closer))};
  if (f.kept_idle) return {self, "waits for its next doorbell", {}};
  if (f.fence == FenceState::signaled) return {self, "does not come: its restore work is not queued", {}};
  return {self, "is not waited for", {}};
}

bool DriverWaits::is_queued_on_device(std::initializer_list<Operation> operations) const {
  const Fifo<Operation>& requests = d_->device_worker_.requests;
  return std::find_first_of(requests.begin(), requests.end(), operations.begin(), operations.end()) !=
         requests.end();
}

Wait DriverWaits::wait_of_isolation() const {
  const WaitPoint self{Kind::isolation, 0};
  const ThreadId worker = d_->device_thread();
  if (is_queued_on_device({Operation::isolation_start}))
    return {self, fmt::format("waits for {} to close it", name_of(worker)), point(worker)};
  if (d_->frozen_) return {self, "waits for the system's resume", WaitPoint{Kind::resume, 0}};
  return {self, "is not closed by anything that is still to come", {}};
}

Wait DriverWaits::wait_of_resume() const {
  const WaitPoint self{Kind::resume, 0};
  const ThreadId worker = d_->device_thread();
  if (is_queued_on_device({Operation::resume_s3, Operation::resume_s0ix}))
    return {self, "waits for " + name_of(worker), point(worker)};
  return {self, "is asked for by nothing that is still to come", {}};
}

bool DriverWaits::suspends(ProcessId process) const {
  return d_->suspend_[process.index()].step == SuspendWorker::Step::stop;
}

// The threads that are at the queues of the process, and may be about to start them.
std::vector<ThreadId> DriverWaits::walkers_of(ProcessId process) const {
  std::vector<ThreadId> walkers;
  const auto add_if = [&](bool is_at_it, ThreadId thread) {
    if (is_at_it) walkers.push_back(thread);
  };
  const std::size_t p = process.index();
  add_if(d_->restore_[p].step != RestoreWorker::Step::idle, thread_of(process, Role::restore));
  add_if(d_->openers_[p].step != Opener::Step::idle, thread_of(process, Role::opener));
  add_if(d_->closers_[p].step != Closer::Step::idle, thread_of(process, Role::closer));
  add_if(!d_->device_worker_.requests.empty(), d_->device_thread());
  add_if(!d_->resetter_.requests.empty(), d_->resetter_thread());
  return walkers;
}

std::vector<Wait> DriverWaits::why_stopped(QueueId queue) const {
  const WaitPoint self = WaitPoint::of(Kind::queue, queue);
  const ProcessId process = d_->layout_->queue(queue).process;
  const UserqState state = d_->state_of(queue);
  const std::string_view is = userqsim::name_of(state);
  const bool is_lost = state == UserqState::hung || state == UserqState::invalid_va || state == UserqState::gone;
  const FenceState fence = d_->file(process).fence;
  // By an eviction that has begun to stop queues, and not by one that still waits for this very queue.
  const bool is_evicted = fence == FenceState::signaled || (fence == FenceState::enabled && suspends(process)) ||
                          (fence == FenceState::dead && state != UserqState::mapped && !d_->book_.halted);
  if (!is_lost && is_evicted) {
    return {{self, fmt::format("is {} until its process is restarted", is), WaitPoint::of(Kind::restart, process)}};
  }
  if (!is_lost && d_->asleep_) {
    return {{self, fmt::format("is {} until the system resumes", is), WaitPoint{Kind::resume, 0}}};
  }
  if (!is_lost && d_->book_.halted) {
    return {{self, fmt::format("is {} in an isolation window", is), WaitPoint{Kind::isolation, 0}}};
  }
  std::vector<Wait> waits;
  // A SUSPEND of all gangs holds those of others too, until nobody is left who is stopped.
  for (std::size_t p = 0; p < d_->files_.size() && state == UserqState::mapped && d_->gangs_held_; ++p) {
    const FenceState other = d_->files_[p].fence;
    if (other == FenceState::none || other == FenceState::live) continue;
    waits.push_back({self, fmt::format("is held with all gangs until {} is restarted", name_of(ProcessId::of(p))),
                     WaitPoint::of(Kind::restart, ProcessId::of(p))});
  }
  if (!waits.empty()) return waits;
  for (const ThreadId walker : walkers_of(process)) {
    waits.push_back({self, fmt::format("is {}, and {} is at it", is, name_of(walker)), point(walker), true});
  }
  if (!waits.empty()) return waits;
  if (state == UserqState::mapped) return {{self, "is MAPPED, but in no list of MES; nothing adds it again", {}}};
  return {{self, fmt::format("is {}; nothing restarts it", is), {}}};
}

Wait DriverWaits::why_hangs(QueueId queue) const {
  const WaitPoint self = WaitPoint::of(Kind::queue, queue);
  const bool is_reset =
      std::any_of(d_->resetter_.requests.begin(), d_->resetter_.requests.end(),
                  [&](const ResetRequest& request) { return !request.queue.exists() || request.queue == queue; });
  if (is_reset) return {self, "hangs and waits for the reset worker", point(d_->resetter_thread())};
  return {self, "hangs; nothing resets it", {}};
}

Wait DriverWaits::why_gpu_is_down(WaitPoint who) const {
  if (!d_->resetter_.requests.empty()) return {who, "waits for the GPU's reset", point(d_->resetter_thread())};
  return {who, "is lost: the GPU has not come back from its reset", {}};
}

Wait DriverWaits::who_holds_reservations(ProcessId process) const {
  const bool opens = d_->openers_[process.index()].step != Opener::Step::idle;
  const ThreadId holder = thread_of(process, opens ? Role::opener : Role::restore);
  return {WaitPoint::of(Kind::reservations, process), "are held by " + name_of(holder), point(holder)};
}

bool DriverWaits::is_restored_when_needed(ProcessId process) const {
  const Driver::File& f = d_->file(process);
  return f.state == FileState::open && f.fence == FenceState::signaled &&
         d_->restore_[process.index()].step == RestoreWorker::Step::idle;
}

bool DriverWaits::is_mapped(QueueId queue) const {
  return d_->book_.at(queue).exists() && d_->state_of(queue) == UserqState::mapped;
}

bool DriverWaits::is_with_client(QueueId queue, JobId job) const {
  const Fifo<JobId>& backlog = d_->clients_[queue.index()].backlog;
  return std::find(backlog.begin(), backlog.end(), job) != backlog.end();
}

const KernelJob* DriverWaits::kernel_job(QueueId queue) const {
  const auto jobs = d_->kernel_jobs_.find(queue);
  return jobs == d_->kernel_jobs_.end() || jobs->second.empty() ? nullptr : &jobs->second.front();
}

std::vector<QueueId> DriverWaits::on_kernel_queues(QueueType type) const {
  std::vector<QueueId> users;
  for (const QueueId user : d_->kernel_queues_) {
    if (user.exists() && d_->layout_->queue(user).type == type) users.push_back(user);
  }
  return users;
}

}  // namespace userqsim
