#include "results/ftrace/ftrace_evictions.hpp"

namespace userqsim {
namespace {

using ftrace::SmiTrigger;

SmiTrigger smi_trigger(Trigger trigger) {
  if (trigger == Trigger::svm) return SmiTrigger::svm;
  return trigger == Trigger::userptr ? SmiTrigger::userptr : SmiTrigger::ttm;
}

// Memory is asked for in works: the copy's, which meets the fence at the head of its queue.
bool is_asked_by_work(Trigger trigger) {
  return trigger == Trigger::allocation || trigger == Trigger::validation || trigger == Trigger::sleep;
}

}  // namespace

FtraceEvictions::FtraceEvictions(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines)
    : setting_(setting), names_(names), lines_(lines), processes_(setting.layout.processes.size()) {}

void FtraceEvictions::subscribe(Probes& probes) {
  probes.fence_armed.subscribe([this](const FenceArmed& fact) { on_armed(fact); });
  probes.eviction_started.subscribe([this](const EvictionStarted& fact) { on_started(fact); });
  probes.worker_moved.subscribe([this](const WorkerMoved& fact) { on_worker(fact); });
  probes.eviction_signaled.subscribe([this](const EvictionSignaled& fact) { on_signaled(fact); });
  probes.process_exited.subscribe([this](const ProcessExited& fact) { on_exited(fact); });
  if (setting_.kfd()) probes.hazard.subscribe([this](const Hazard& fact) { on_hazard(fact); });
}

bool FtraceEvictions::quiesced(const Process& process) const {
  const bool invalidation = process.trigger == Trigger::userptr || process.trigger == Trigger::svm;
  return invalidation && setting_.kernel().userptr_quiesce.has_value();
}

void FtraceEvictions::add_fence(SimTime time, FtraceTask task, std::string_view event, ProcessId process,
                                std::uint32_t seqno) {
  const std::string_view driver = setting_.kfd() ? "amdgpu_amdkfd_fence" : "amdgpu_eviction_fence";
  lines_.add(time, task,
             ftrace::dma_fence(event, {driver, names_.comm(process), names_.eviction_context(process), seqno}));
}

// The new fence replaces the old one, which goes with its last reference. After an invalidation that left the fence
// alone there is no new one.
void FtraceEvictions::on_armed(const FenceArmed& fact) {
  const ProcessId process = fact.eviction.process;
  Process& p = processes_[process.index()];
  const FtraceTask task = p.fences == 0 ? names_.own(process) : names_.worker(process);
  if (!p.there || p.signaled) {
    add_fence(fact.time, task, "init", process, ++p.fences);
    if (p.there) add_fence(fact.time, task, "destroy", process, p.fences - 1);
    p.there = true;
    p.signaled = false;
  }
  // kfd_process_restore_queues says so before it restores them.
  if (p.evicted) add_smi_restore(fact.time, task, process, false);
  p.evicted = false;
}

void FtraceEvictions::on_started(const EvictionStarted& fact) {
  const ProcessId process = fact.eviction.process;
  Process& p = processes_[process.index()];
  p.trigger = fact.trigger;
  p.started = fact.time;
  p.enabler = is_asked_by_work(fact.trigger) ? names_.device_worker() : names_.own(process);
  if (!quiesced(p)) return add_fence(fact.time, p.enabler, "enable_signal", process, p.fences);
  add_smi_eviction(fact.time, p.enabler, process, smi_trigger(fact.trigger));
}

ftrace::Work FtraceEvictions::work_of(ProcessId process, bool restores) const {
  if (!restores) {
    return {names_.suspend_work_pointer(process),
            setting_.kfd() ? "evict_process_worker" : "amdgpu_eviction_fence_suspend_worker", "events"};
  }
  const std::string pointer = names_.restore_work_pointer(process);
  if (!setting_.kfd()) return {pointer, "amdgpu_userq_restore_worker", "events"};
  const Process& p = processes_[process.index()];
  if (!quiesced(p)) return {pointer, "restore_process_worker", "kfd_restore_wq"};
  if (p.trigger == Trigger::svm) return {pointer, "svm_range_restore_work", "events_freezable"};
  return {pointer, "amdgpu_amdkfd_restore_userptr_worker", "events_freezable"};
}

void FtraceEvictions::on_worker(const WorkerMoved& fact) {
  const ProcessId process = fact.eviction.process;
  const Process& p = processes_[process.index()];
  if (!fact.restores && quiesced(p)) return;
  // Who enables the fence queues the suspend work, unless that is held back.
  const bool at_once = !fact.restores && fact.step == WorkStep::queued && fact.time == p.started;
  const FtraceTask task = at_once ? p.enabler : names_.worker(process);
  lines_.add(fact.time, task, ftrace::workqueue(fact.step, work_of(process, fact.restores)));
  // kfd_process_evict_queues says so before it evicts them.
  if (fact.restores || fact.step != WorkStep::began) return;
  add_smi_eviction(fact.time, task, process, smi_trigger(p.trigger));
}

void FtraceEvictions::on_signaled(const EvictionSignaled& fact) {
  const ProcessId process = fact.eviction.process;
  Process& p = processes_[process.index()];
  p.evicted = true;
  if (quiesced(p)) return;
  p.signaled = true;
  add_fence(fact.time, names_.worker(process), "signaled", process, p.fences);
}

void FtraceEvictions::on_exited(const ProcessExited& fact) {
  Process& p = processes_[fact.process.index()];
  if (p.there) add_fence(fact.time, names_.own(fact.process), "destroy", fact.process, p.fences);
  p.there = false;
}

// A restore that found no room is tried again (kfd_smi_event_queue_restore_rescheduled).
void FtraceEvictions::on_hazard(const Hazard& fact) {
  if (fact.kind != HazardKind::restore_failed || !processes_[fact.process.index()].evicted) return;
  add_smi_restore(fact.time, names_.worker(fact.process), fact.process, true);
}

void FtraceEvictions::add_smi_eviction(SimTime time, FtraceTask task, ProcessId process, SmiTrigger trigger) {
  if (!setting_.kfd()) return;
  lines_.add(time, task, ftrace::smi_queue_eviction(time, names_.pid(process), trigger));
}

void FtraceEvictions::add_smi_restore(SimTime time, FtraceTask task, ProcessId process, bool rescheduled) {
  if (!setting_.kfd()) return;
  lines_.add(time, task, ftrace::smi_queue_restore(time, names_.pid(process), rescheduled));
}

}  // namespace userqsim
