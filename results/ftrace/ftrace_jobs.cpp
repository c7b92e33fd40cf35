#include "results/ftrace/ftrace_jobs.hpp"

#include <algorithm>

#include "results/ftrace/ftrace_queues.hpp"

namespace userqsim {
namespace {

// The ring of the kernel's that serves the type.
std::string_view kernel_ring(QueueType type) {
  if (type == QueueType::gfx) return "gfx_0.0.0";
  return type == QueueType::compute ? "comp_1.0.0" : "sdma0";
}

}  // namespace

FtraceJobs::FtraceJobs(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines)
    : setting_(setting),
      names_(names),
      lines_(lines),
      emitted_(setting.layout.queues.size()),
      waits_(setting.layout.queues.size()) {}

void FtraceJobs::subscribe(Probes& probes) {
  probes.job_submitted.subscribe([this](const JobSubmitted& fact) { on_submitted(fact); });
  probes.job_ended.subscribe([this](const JobEnded& fact) { on_ended(fact); });
  probes.eviction_step.subscribe([this](const EvictionStep& fact) { on_step(fact); });
}

ftrace::Fence FtraceJobs::fence(QueueId queue, std::uint64_t seqno) const {
  const QueueLayout& q = setting_.layout.queue(queue);
  const std::uint64_t context = names_.job_context(queue);
  if (q.of_kernel) return {"drm_sched", kernel_ring(q.type), context, seqno};
  return {"amdgpu_userq_fence", names_.comm(q.process), context, seqno};
}

// The driver knows no fence of KFD's queues.
void FtraceJobs::on_submitted(const JobSubmitted& fact) {
  const bool of_kernel = setting_.layout.queue(fact.queue).of_kernel;
  Job job{fact.queue, 0, lines_.keep_place(fact.time), std::nullopt};
  if (fact.fence && (of_kernel || !setting_.kfd())) {
    job.seqno = ++emitted_[fact.queue.index()];
    const ftrace::Fence text = fence(fact.queue, job.seqno);
    const FtraceTask task = names_.own(fact.process);
    lines_.add(fact.time, task, ftrace::dma_fence("init", text));
    lines_.add(fact.time, task, ftrace::dma_fence("emit", text));
    if (!of_kernel) {
      const ftrace::Queue queue = ftrace_queue(setting_.layout, names_, fact.queue);
      lines_.add(fact.time, task, ftrace::userq_emit_fence(queue, text.context, text.seqno));
    }
  }
  jobs_[fact.job] = job;
}

void FtraceJobs::on_ended(const JobEnded& fact) {
  const auto found = jobs_.find(fact.job);
  if (found == jobs_.end()) return;  // it was never submitted
  Job& job = found->second;
  if (!setting_.layout.queue(fact.queue).of_kernel) add_dependencies(fact, job);
  if (fact.outcome != JobOutcome::open) {
    add_signaled(fact, job);
    job.ended = fact.time;
  }
  if (job.seqno == 0 || !is_waited_for_elsewhere(fact)) jobs_.erase(found);
}

// Whoever waited for the fence saw it signalled, at the same time perhaps.
void FtraceJobs::add_signaled(const JobEnded& fact, const Job& job) {
  if (job.seqno == 0) return;
  const FtraceTask task = fact.outcome == JobOutcome::finished ? names_.idle() : names_.device_worker();
  std::string event = ftrace::dma_fence("signaled", fence(job.queue, job.seqno));
  const std::optional<Wait>& wait = waits_[job.queue.index()];
  if (wait && wait->ended.time == fact.time && wait->seqno >= job.seqno) {
    lines_.add_before(wait->ended, task, std::move(event));
  } else {
    lines_.add(fact.time, task, std::move(event));
  }
}

// The job's own fences of other queues that were there and had not signalled when it was submitted. Which they are
// is known with its end.
void FtraceJobs::add_dependencies(const JobEnded& fact, const Job& job) {
  for (const std::uint32_t node : setting_.layout.streams[fact.stream.index()].nodes[fact.node].after) {
    const auto found = jobs_.find(JobId{fact.first.value + node});
    if (found == jobs_.end()) continue;
    const Job& before = found->second;
    const bool there = before.seqno > 0 && before.submitted < job.submitted;
    if (before.queue == job.queue || !there || (before.ended && *before.ended <= job.submitted.time)) continue;
    const ftrace::Queue queue = ftrace_queue(setting_.layout, names_, job.queue);
    lines_.add_before(
        job.submitted, names_.own(fact.process),
        ftrace::userq_wait_deps(queue, names_.job_context(job.queue), fence(before.queue, before.seqno)));
  }
}

bool FtraceJobs::is_waited_for_elsewhere(const JobEnded& fact) const {
  const std::vector<NodeLayout>& nodes = setting_.layout.streams[fact.stream.index()].nodes;
  const std::vector<std::uint32_t>& before = nodes[fact.node].before;
  return std::any_of(before.begin(), before.end(),
                     [&](std::uint32_t node) { return nodes[node].queue != fact.queue; });
}

// The suspend worker holds userq_mutex, so the queue's last fence is the same all the while.
void FtraceJobs::on_step(const EvictionStep& fact) {
  if (fact.kind != EvictionStepKind::fence_wait || !fact.queue.exists()) return;
  const std::uint64_t last = emitted_[fact.queue.index()];
  if (last == 0) return;  // KFD, under a policy that waits
  const FtraceTask task = names_.worker(fact.eviction.process);
  const ftrace::Fence text = fence(fact.queue, last);
  lines_.add(fact.start, task, ftrace::dma_fence("wait_start", text));
  waits_[fact.queue.index()] = Wait{last, lines_.add(fact.end, task, ftrace::dma_fence("wait_end", text))};
}

}  // namespace userqsim
