#include "results/record/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "models/hardware/hardware.hpp"
#include "results/record/eviction_parts.hpp"
#include "results/record/eviction_rows.hpp"
#include "results/record/nanoseconds.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

std::optional<std::uint32_t> ordinal_of(const std::optional<EvictionId>& eviction) {
  return eviction ? std::optional{eviction->ordinal} : std::nullopt;
}

// Whether nothing more is to be heard about the queue in this eviction.
bool settled(const EvictionFacts& eviction, const QueueFacts& queue) {
  if (!queue.affected()) return true;
  if (!queue.ready) return false;
  const bool may_still_stop = !queue.stopped && !queue.carried;
  return queue.ran || (!may_still_stop && !had_work(eviction, queue));
}

}  // namespace

std::vector<std::string> slot_names(const DeviceSpec& device, bool with_kernel_slots) {
  std::vector<std::string> names;
  std::map<QueueType, std::uint32_t> pipes;  // so far, of each engine
  std::vector<std::string> of_kernel;
  for (const SlotPlan::Pipe& pipe : make_slot_plan(device, with_kernel_slots).pipes) {
    const std::uint32_t number = pipes[pipe.type]++;
    for (std::uint32_t slot = 0; slot < pipe.slots; ++slot) {
      names.push_back(fmt::format("{} {}.{}", name_of(pipe.type), number, slot));
    }
    if (with_kernel_slots) of_kernel.push_back(fmt::format("{} {}.kernel", name_of(pipe.type), number));
  }
  names.insert(names.end(), of_kernel.begin(), of_kernel.end());
  return names;
}

Recorder::Recorder(Probes& probes, const Layout& layout, const DeviceSpec& device, Duration measure_from)
    : layout_(layout),
      compute_units_(device.compute_units),
      measure_from_(measure_from),
      graphs_(layout, device.compute_units),
      processes_(layout) {
  for (const ProcessLayout& process : layout.processes) record_.process_names.push_back(process.name);
  for (const QueueLayout& queue : layout.queues) {
    record_.queue_names.push_back(queue.name);
    record_.queues.push_back(
        {.process = queue.process.value, .type = name_of(queue.type), .priority = name_of(queue.priority)});
  }
  record_.slot_names = slot_names(device, layout.uses_kernel_queues());
  by_process_.resize(layout.processes.size());
  live_.resize(layout.processes.size(), false);
  queue_state_.resize(layout.queues.size(), SlotState::free);
  slots_.resize(record_.slot_names.size());
  subscribe(probes);
}

Recorder::Recorder(const Recorder& other, Probes& probes) : Recorder(other) { subscribe(probes); }

void Recorder::subscribe(Probes& probes) {
  subscribe_evictions(probes);
  subscribe_queues(probes);
  subscribe_tables(probes);
  processes_.subscribe(probes);
}

void Recorder::subscribe_evictions(Probes& probes) {
  probes.eviction_started.subscribe([this](const EvictionStarted& fact) { on_started(fact); });
  probes.eviction_step.subscribe([this](const EvictionStep& fact) {
    if (EvictionFacts* eviction = find(fact.eviction)) eviction->steps.push_back(fact);
  });
  probes.eviction_signaled.subscribe([this](const EvictionSignaled& fact) {
    if (EvictionFacts* eviction = find(fact.eviction)) eviction->signaled = fact.time;
  });
  probes.eviction_aborted.subscribe([this](const EvictionAborted& fact) {
    if (EvictionFacts* eviction = find(fact.eviction)) eviction->aborted = fact.time;
  });
  probes.eviction_resumed.subscribe([this](const EvictionResumed& fact) {
    if (EvictionFacts* eviction = find(fact.eviction)) eviction->resumed = fact.time;
    close_if_settled(fact.eviction.process);
  });
  probes.process_exited.subscribe([this](const ProcessExited& fact) {
    if (EvictionFacts* eviction = live_eviction(fact.process)) eviction->exited = fact.time;
    live_[fact.process.index()] = false;
  });
  probes.mes_lock_held.subscribe([this](const MesLockHeld& fact) {
    if (!fact.eviction) return;
    if (EvictionFacts* eviction = find(*fact.eviction)) eviction->locks.push_back(fact);
  });
  probes.buffer_moved.subscribe([this](const BufferMoved& fact) {
    if (fact.from != MemType::vram && fact.to != MemType::vram) return;  // no copy: pages change hands
    if (EvictionFacts* eviction = find(fact.eviction)) eviction->moved_bytes += fact.bytes.value;
  });
}

void Recorder::subscribe_queues(Probes& probes) {
  probes.queue_transition.subscribe([this](const QueueTransition& fact) { on_transition(fact); });
  probes.queue_stopped.subscribe([this](const QueueStopped& fact) { on_stopped(fact); });
  probes.gang_ready.subscribe([this](const GangReady& fact) { on_ready(fact); });
  probes.queue_ran.subscribe([this](const QueueRan& fact) { on_ran(fact); });
  probes.slot_changed.subscribe([this](const SlotChanged& fact) { on_slot(fact); });
  probes.packet_ended.subscribe([this](const PacketEnded& fact) { on_packet(fact); });
  probes.context_moved.subscribe([this](const ContextMoved& fact) {
    if (QueueFacts* queue = live(fact.queue)) queue->contexts.push_back(fact);
  });
}

void Recorder::subscribe_tables(Probes& probes) {
  probes.request_ended.subscribe([this](const RequestEnded& fact) { on_request(fact); });
  probes.job_ended.subscribe([this](const JobEnded& fact) { on_job(fact); });
  probes.slot_waited.subscribe([this](const SlotWaited& fact) { on_slot_waited(fact); });
  probes.hazard.subscribe([this](const Hazard& fact) {
    if (fact.kind == HazardKind::restore_cancelled) {
      if (EvictionFacts* eviction = live_eviction(fact.process)) ++eviction->restores_cancelled;
    }
    record_.hazards.push_back({.time_ns = ns(fact.time),
                               .kind = name_of(fact.kind),
                               .process = fact.process.value,
                               .queue = fact.queue.value});
  });
  probes.fault_injected.subscribe([this](const FaultInjected& fact) {
    record_.faults.push_back({.time_ns = ns(fact.time),
                              .fault = fact.fault.value,
                              .kind = name_of(fact.kind),
                              .process = fact.process.value,
                              .queue = fact.queue.value,
                              .eviction = fact.eviction});
  });
  probes.gpu_reset_done.subscribe([this](const GpuResetDone& fact) {
    record_.resets.push_back({.began_ns = ns(fact.began),
                              .ended_ns = ns(fact.time),
                              .method = name_of(fact.method),
                              .result = fact.ok ? "ok" : "failed"});
  });
}

EvictionFacts* Recorder::find(const EvictionId& id) {
  if (!id.process.exists() || id.ordinal >= by_process_[id.process.index()].size()) return nullptr;
  return &evictions_[by_process_[id.process.index()][id.ordinal]];
}

const EvictionFacts& Recorder::facts(const EvictionId& id) const {
  return evictions_[by_process_[id.process.index()][id.ordinal]];
}

bool Recorder::is_over(const EvictionId& id) const {
  const bool newest = id.ordinal + 1 == by_process_[id.process.index()].size();
  const RequestId request = facts(id).started.request;
  return !(newest && live_[id.process.index()]) && (!request.exists() || requests_.contains(request));
}

EvictionFacts* Recorder::live_eviction(ProcessId process) {
  if (!live_[process.index()]) return nullptr;
  return &evictions_[by_process_[process.index()].back()];
}

QueueFacts* Recorder::live(QueueId queue) {
  EvictionFacts* eviction = live_eviction(layout_.queue(queue).process);
  return eviction == nullptr ? nullptr : eviction->find(queue);
}

void Recorder::on_started(const EvictionStarted& fact) {
  const ProcessId process = fact.eviction.process;
  std::vector<std::size_t>& mine = by_process_[process.index()];
  ensure(fact.eviction.ordinal == mine.size(), "a process's evictions are numbered one by one");
  EvictionFacts eviction;
  eviction.started = fact;
  EvictionFacts* previous = mine.empty() ? nullptr : &evictions_[mine.back()];
  if (previous != nullptr) previous->next_started = fact.time;
  for (const QueueId queue : layout_.process(process).queues) {
    QueueFacts facts;
    facts.queue = queue;
    facts.slots.push_back({fact.time, queue_state_[queue.index()]});
    if (previous != nullptr) {
      const QueueFacts& before = *previous->find(queue);
      facts.lost = before.lost || before.hung;
    }
    if (previous != nullptr && live_[process.index()]) {
      const QueueFacts& before = *previous->find(queue);
      facts.carried = before.affected() && !before.hung && !restored_time(*previous, before);
      facts.carried_pending = facts.carried && had_work(*previous, before);
    }
    eviction.queues.push_back(std::move(facts));
  }
  mine.push_back(evictions_.size());
  evictions_.push_back(std::move(eviction));
  live_[process.index()] = true;
}

void Recorder::on_transition(const QueueTransition& fact) {
  record_.transitions.push_back({.time_ns = ns(fact.time),
                                 .process = fact.process.value,
                                 .queue = fact.queue.value,
                                 .operation = name_of(fact.operation),
                                 .from = name_of(fact.from),
                                 .to = name_of(fact.to),
                                 .mes_call = fact.call ? name_of(*fact.call) : std::string_view{},
                                 .result = name_of(fact.result),
                                 .eviction = ordinal_of(fact.eviction),
                                 .began_ns = ns(fact.began)});
  if (!fact.eviction) return;
  EvictionFacts* eviction = find(*fact.eviction);
  QueueFacts* queue = eviction == nullptr ? nullptr : eviction->find(fact.queue);
  if (queue == nullptr) return;
  if (fact.operation == Operation::evict && fact.to != fact.from) queue->told_to_stop = true;
  if (fact.to != UserqState::hung) return;
  queue->hung = true;
  // The worker may be of an eviction that another has followed: what MES still does to the queue then counts in
  // none.
  if (QueueFacts* newest = live(fact.queue)) newest->hung = true;
}

void Recorder::on_stopped(const QueueStopped& fact) {
  QueueFacts* queue = live(fact.queue);
  if (queue == nullptr || queue->stopped || queue->lost) return;
  queue->stopped = fact.time;
  queue->pending = fact.pending;
  queue->ran.reset();  // waves seen before a late stop were the old ones
}

void Recorder::on_ready(const GangReady& fact) {
  const ProcessId process = layout_.queue(fact.queue).process;
  EvictionFacts* eviction = live_eviction(process);
  // Before the signal it is the eviction before this one that made the gang ready; this one will stop it again.
  if (eviction == nullptr || !eviction->signaled) return;
  QueueFacts* queue = eviction->find(fact.queue);
  if (queue == nullptr || queue->ready) return;
  queue->ready = fact.time;
  close_if_settled(process);
}

void Recorder::on_ran(const QueueRan& fact) {
  QueueFacts* queue = live(fact.queue);
  if (queue == nullptr || !queue->ready || queue->ran) return;
  queue->ran = fact.time;
  close_if_settled(layout_.queue(fact.queue).process);
}

void Recorder::on_slot(const SlotChanged& fact) {
  queue_state_[fact.queue.index()] = fact.to;
  if (QueueFacts* queue = live(fact.queue)) queue->slots.push_back({fact.time, fact.to});
  ensure(fact.slot.index() < slots_.size(), "a slot of the device");
  close_slot(fact.slot.index(), fact.time);
  slots_[fact.slot.index()] = {fact.to, fact.to == SlotState::free ? QueueId::none() : fact.queue, fact.time};
}

void Recorder::close_slot(std::size_t index, SimTime time) {
  const Slot& slot = slots_[index];
  if (slot.state == SlotState::free || time <= slot.since) return;
  QueueRow& queue = record_.queues[slot.queue.index()];
  queue.slot_ns += (time - slot.since).count();
  if (slot.state == SlotState::running) queue.running_ns += (time - slot.since).count();
  const SimTime counted_from = std::max(slot.since, SimTime{measure_from_});
  if (time > counted_from) {
    const std::int64_t length = (time - counted_from).count();
    record_.slot_used_ns += length;
    if (slot.state == SlotState::running) record_.slot_running_ns += length;
  }
}

void Recorder::on_packet(const PacketEnded& fact) {
  record_.mes_ops.push_back({.opcode = name_of(fact.opcode),
                             .process = fact.process.value,
                             .queue = fact.queue.value,
                             .issued_ns = ns(fact.issued),
                             .started_ns = ns(fact.started),
                             .acked_ns = ns(fact.acked),
                             .done_ns = ns(fact.done),
                             .result = name_of(fact.result),
                             .busy_ns = fact.busy.count(),
                             .eviction = ordinal_of(fact.eviction)});
  EvictionFacts* eviction = fact.eviction ? find(*fact.eviction) : nullptr;
  if (eviction == nullptr) return;
  eviction->packets.push_back(fact);
  if (!stops_queues(fact) || !fact.queue.exists()) return;
  if (QueueFacts* queue = eviction->find(fact.queue)) queue->told_to_stop = true;
}

void Recorder::on_request(const RequestEnded& fact) {
  const bool answered = fact.outcome == RequestOutcome::ready || fact.outcome == RequestOutcome::fell_to_gtt ||
                        fact.outcome == RequestOutcome::failed;
  const OptionalNs ended = answered ? OptionalNs{ns(fact.time)} : std::nullopt;
  const OptionalNs stall = answered ? OptionalNs{(fact.time - fact.requested).count()} : std::nullopt;
  record_.requests.push_back({.request = fact.request.value,
                              .process = fact.process.value,
                              .kind = name_of(fact.kind),
                              .bytes = fact.bytes.value,
                              .requested_ns = ns(fact.requested),
                              .ended_ns = ended,
                              .stall_ns = stall,
                              .outcome = name_of(fact.outcome),
                              .waited = fact.waited,
                              .observed_until_ns = ns(fact.time)});
  requests_[fact.request] = record_.requests.size() - 1;
}

// Jobs are numbered one by one, and end in nearly that order: the row goes where it belongs at once.
void Recorder::on_job(const JobEnded& fact) {
  const JobRow row{.job = fact.job.value,
                   .process = fact.process.value,
                   .queue = fact.queue.value,
                   .submitted_ns = ns(fact.submitted),
                   .started_ns = ns(fact.started),
                   .finished_ns = ns(fact.finished),
                   .preemptions = fact.preemptions,
                   .outcome = name_of(fact.outcome),
                   .observed_until_ns = ns(fact.time)};
  while (record_.jobs.size() < fact.job.index()) record_.jobs.emplace_back();
  if (record_.jobs.size() == fact.job.index()) {
    record_.jobs.push_back(row);
  } else {
    record_.jobs[fact.job.index()] = row;
  }
  if (fact.outcome == JobOutcome::finished) ++record_.queues[fact.queue.index()].jobs;
  graphs_.add(fact);
}

void Recorder::on_slot_waited(const SlotWaited& fact) {
  record_.slot_waits.push_back({.process = layout_.queue(fact.queue).process.value,
                                .queue = fact.queue.value,
                                .since_ns = ns(fact.since),
                                .until_ns = ns(fact.time),
                                .mapped = fact.end == WaitEnd::mapped});
  QueueRow& queue = record_.queues[fact.queue.index()];
  const std::int64_t length = (fact.time - fact.since).count();
  ++queue.waits;
  queue.slot_wait_ns += length;
  queue.longest_wait_ns = std::max(queue.longest_wait_ns, length);
  if (fact.end == WaitEnd::open) queue.waits_still = true;
}

void Recorder::close_if_settled(ProcessId process) {
  const EvictionFacts* eviction = live_eviction(process);
  if (eviction == nullptr || !eviction->resumed) return;
  live_[process.index()] = !std::all_of(eviction->queues.begin(), eviction->queues.end(),
                                        [&](const QueueFacts& queue) { return settled(*eviction, queue); });
}

void Recorder::finish_evictions(SimTime end) {
  const std::vector<std::int64_t> widths = queue_widths(layout_);
  for (EvictionFacts& eviction : evictions_) {
    std::stable_sort(eviction.steps.begin(), eviction.steps.end(),
                     [](const EvictionStep& a, const EvictionStep& b) { return a.start < b.start; });
    EvictionRow row = eviction_row(eviction, widths, compute_units_, end);
    const auto found = requests_.find(eviction.started.request);
    if (eviction.started.request.exists() && found != requests_.end()) {
      RequestRow& request = record_.requests[found->second];
      row.request = request.request;
      row.requester_stall_ns = request.stall_ns;
      eviction.requested = SimTime{Duration{request.requested_ns}};
      note_episode(request, row);
    }
    record_.evictions.push_back(row);
    append_parts(eviction, end, record_.parts);
  }
}

// The request's episode lasts until the last of those whom it stopped runs again.
void Recorder::note_episode(RequestRow& request, const EvictionRow& eviction) {
  const bool first = request.evictions++ == 0;
  if (!first && !request.episode_ns) return;  // one was not restored
  if (!eviction.restored_ns) return request.episode_ns.reset();
  request.episode_ns = std::max(request.episode_ns.value_or(0), *eviction.restored_ns - request.requested_ns);
}

RunRecord Recorder::finish(SimTime end) {
  record_.end_ns = ns(end);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) close_slot(slot, end);
  finish_evictions(end);
  record_.graphs = graphs_.take_rows();
  record_.processes = processes_.rows(end);
  const std::size_t stated = record_.hazards.size();
  record_.hazards.insert(record_.hazards.end(), processes_.thrashing().begin(), processes_.thrashing().end());
  std::inplace_merge(record_.hazards.begin(), record_.hazards.begin() + static_cast<std::ptrdiff_t>(stated),
                     record_.hazards.end(),
                     [](const HazardRow& a, const HazardRow& b) { return a.time_ns < b.time_ns; });
  // Where the run was cut off, jobs that had not ended have left a gap.
  erase_where(record_.jobs, [](const JobRow& row) { return row.outcome.empty(); });
  std::sort(record_.requests.begin(), record_.requests.end(),
            [](const RequestRow& a, const RequestRow& b) { return a.request < b.request; });
  return std::move(record_);
}

}  // namespace userqsim
