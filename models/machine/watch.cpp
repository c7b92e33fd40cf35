#include "models/machine/watch.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

bool uses_memory(SlotState state) {
  switch (state) {
    case SlotState::loading:
    case SlotState::connecting:
    case SlotState::running:
    case SlotState::draining:
    case SlotState::saving:
      return true;
    case SlotState::free:
    case SlotState::mapping:
    case SlotState::mapped:
    case SlotState::unmapping:
      return false;
  }
  return false;
}

bool has_stale_tables(const Observed& m, ProcessId process) {
  return m.memory.has_moved(process) || m.driver.writes_tables(process);
}

// A queue in a slot whose ring and pointers the user has unmapped; or one that reads or writes its process's memory
// where the page tables do not say where that is.
bool is_without_address(const Observed& m, QueueId queue, SlotId slot) {
  const SlotState state = m.hardware.state_of(slot);
  if (m.driver.lost_buffers(queue) && state != SlotState::unmapping) return true;
  const bool uses = uses_memory(state) || m.hardware.has_waves(slot);
  return uses && has_stale_tables(m, m.layout.queue(queue).process);
}

bool is_stopped_by_isolation(const Observed& m, QueueId queue) {
  return m.driver.is_isolated() && m.layout.queue(queue).type != QueueType::sdma;
}

// MES's lists against the state that the driver ended its last operation with. HUNG promises nothing.
bool disagrees(const Observed& m, QueueId queue) {
  const bool has = m.firmware.has_gang(queue);
  const bool suspended = m.firmware.is_suspended(queue);
  switch (m.driver.state_of(queue)) {
    case UserqState::mapped:
      return !has || (suspended && !m.driver.holds_all_gangs());
    case UserqState::preempted:
      return !has || !suspended;
    case UserqState::unmapped:
    case UserqState::gone:
      return has;
    case UserqState::invalid_va:
      return has && !suspended;
    case UserqState::hung:
      return false;
  }
  return false;
}

// SUSPEND and RESUME of all gangs, RESET of whatever hangs.
bool is_about_many(const PacketEnded& fact) {
  using enum Opcode;
  return !fact.queue.exists() && (fact.opcode == suspend || fact.opcode == resume || fact.opcode == reset);
}

// What made it wrong is still so, though the queue may do nothing at the moment: it is not said again.
bool lasts(const Observed& m, const Standing& said) {
  if (said.kind == HazardKind::isolation_breach) return m.driver.is_isolated();
  if (said.kind != HazardKind::mapped_without_address) return false;
  return m.driver.lost_buffers(said.queue) || has_stale_tables(m, said.process);
}

bool contains(const std::vector<Standing>& all, const Standing& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

void add(std::vector<Standing>& found, const Standing& one) {
  if (!contains(found, one)) found.push_back(one);
}

// Of an eviction that was given up all queues may run on.
bool is_stopped(const Observed& m, ProcessId process) {
  if (m.driver.is_evicted(process)) return true;
  const std::vector<QueueId>& queues = m.layout.process(process).queues;
  return std::any_of(queues.begin(), queues.end(), [&](QueueId queue) {
    const UserqState state = m.driver.state_of(queue);
    return m.driver.was_created(queue) && state != UserqState::mapped && state != UserqState::gone;
  });
}

// What is wrong with these queues, one by one; and of whose queues the driver and MES differ, be it as a matter of
// course.
void look_at(const Observed& m, const std::vector<QueueId>& queues, std::vector<Standing>& standing,
             FlatSet<ProcessId>& differing) {
  standing.clear();
  differing.clear();
  std::optional<bool> works_on_all;  // seldom asked for
  const auto is_at_work = [&](ProcessId process) {
    if (!works_on_all) works_on_all = m.driver.works_on_all();
    return *works_on_all || m.driver.works_on(process);
  };
  for (const QueueId queue : queues) {
    const ProcessId process = m.layout.queue(queue).process;
    if (m.layout.queue(queue).of_kernel || !m.driver.was_created(queue)) continue;
    const SlotId slot = m.hardware.slot_of(queue);
    if (slot.exists()) {
      if (is_stopped_by_isolation(m, queue) && m.hardware.has_waves(slot))
        standing.push_back({HazardKind::isolation_breach, process, queue});
      if (is_without_address(m, queue, slot))
        standing.push_back({HazardKind::mapped_without_address, process, queue});
    }
    if (!disagrees(m, queue)) continue;
    differing.insert(process);
    if (!is_at_work(process)) standing.push_back({HazardKind::driver_mes_disagree, process, queue});
  }
}

std::vector<QueueId> all_queues(const Layout& layout) {
  std::vector<QueueId> queues;
  queues.reserve(layout.queues.size());
  for (std::size_t i = 0; i < layout.queues.size(); ++i) queues.push_back(QueueId::of(i));
  return queues;
}

}  // namespace

std::vector<Standing> standing(const Observed& m) {
  std::vector<Standing> found;
  FlatSet<ProcessId> differing;
  look_at(m, all_queues(m.layout), found, differing);
  return found;
}

std::vector<Standing> for_ever(const Observed& m) {
  std::vector<Standing> found;
  if (m.driver.is_asleep()) return found;
  for (const ThreadWait& wait : m.driver.waits()) {
    if (wait.thread.exists())
      add(found, {HazardKind::waits_for_ever, m.driver.process_of(wait.thread), QueueId::none()});
  }
  for (const Memory::RequestWait& request : m.memory.requesters()) {
    add(found, {HazardKind::waits_for_ever, request.process, QueueId::none()});
  }
  for (const ProcessId process : m.driver.notified()) {
    add(found, {HazardKind::waits_for_ever, process, QueueId::none()});
  }
  for (const ProcessId process : m.driver.stopped()) {
    if (is_stopped(m, process)) add(found, {HazardKind::stopped_for_ever, process, QueueId::none()});
  }
  for (std::size_t i = 0; i < m.layout.queues.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    const bool is_mapped = m.driver.was_created(queue) && m.driver.state_of(queue) == UserqState::mapped;
    if (!is_mapped || m.hardware.slot_of(queue).exists() || !m.hardware.has_work(queue, m.workload)) continue;
    found.push_back({HazardKind::never_mapped, m.layout.queue(queue).process, queue});
  }
  return found;
}

void Watch::subscribe(Probes& probes, const Observed& machine) {
  subscribe_untimed(probes, machine);
  // Slots change all the time. What a queue that was in its slot before does there is wrong only by something else.
  probes.slot_changed.subscribe([this, machine](const SlotChanged& fact) {
    const bool begins = fact.to == SlotState::running || fact.from == SlotState::mapping;
    if (!begins || is_due_ || machine.layout.queue(fact.queue).of_kernel) return;
    is_due_ = machine.driver.is_isolated() || machine.driver.lost_buffers(fact.queue) ||
              has_stale_tables(machine, machine.layout.queue(fact.queue).process);
  });
  probes.queue_transition.subscribe([this](const QueueTransition& fact) { suspect(fact.process); });
  probes.packet_ended.subscribe(
      [this](const PacketEnded& fact) { suspect(is_about_many(fact) ? ProcessId::none() : fact.process); });
  probes.eviction_signaled.subscribe([this](const EvictionSignaled& fact) { suspect(fact.eviction.process); });
  probes.worker_moved.subscribe([this](const WorkerMoved& fact) { suspect(fact.eviction.process); });
  probes.buffer_moved.subscribe([this](const BufferMoved&) { is_due_ = true; });
  probes.fault_injected.subscribe([this](const FaultInjected&) { suspect(ProcessId::none()); });
  probes.gpu_reset_done.subscribe([this](const GpuResetDone&) { suspect(ProcessId::none()); });
  probes.mes_lock_held.subscribe(
      [this](const MesLockHeld& fact) { hear_held(fact.start, fact.end, fact.process); });
  probes.userq_lock_held.subscribe([this](const UserqLockHeld& fact) {
    suspect(fact.process);  // an operation of the whole device may have ended with it
    hear_held(fact.start, fact.end, fact.process);
  });
}

// None: all of them.
void Watch::suspect(ProcessId process) {
  is_due_ = true;
  if (!process.exists()) {
    suspects_all_ = true;
  } else if (!suspects_all_) {
    suspects_.insert(process);
  }
}

// Nothing can be wrong with other queues: they are in no slot, and nothing has changed between the driver and MES.
// Where there are no more of them than slots, all are soon looked at.
const std::vector<QueueId>& Watch::suspected(const Observed& m) {
  const std::size_t slots = m.hardware.plan().pipe_of_slot.size();
  if (all_.empty()) all_ = all_queues(m.layout);
  if (suspects_all_ || all_.size() <= slots) return all_;
  some_.clear();
  for (std::size_t i = 0; i < slots; ++i) {
    const QueueId queue = m.hardware.queue_of(SlotId::of(i));
    if (queue.exists()) some_.push_back(queue);
  }
  for (const ProcessId process : suspects_) {
    const std::vector<QueueId>& its = m.layout.process(process).queues;
    some_.insert(some_.end(), its.begin(), its.end());
  }
  for (const Standing& one : said_) some_.push_back(one.queue);
  std::sort(some_.begin(), some_.end());
  some_.erase(std::unique(some_.begin(), some_.end()), some_.end());
  return some_;
}

void Watch::subscribe_untimed(Probes& probes, const Observed& machine) {
  probes.job_ended.subscribe([this, driver = machine.driver](const JobEnded& fact) { hear(fact, driver); });
}

// Jobs that are taken out of a ring end by a reset, by the end of their queue, or with their process.
void Watch::hear(const JobEnded& fact, const DriverBooks& driver) {
  const bool is_dropped = fact.outcome == JobOutcome::lost || fact.outcome == JobOutcome::cancelled;
  if (!is_dropped || !driver.is_open(fact.process) || driver.state_of(fact.queue) == UserqState::gone) return;
  const Hazard lost{fact.time, HazardKind::work_lost, fact.process, fact.queue};
  const auto is_same = [&](const Hazard& other) { return other.fields() == lost.fields(); };
  if (std::none_of(found_.begin(), found_.end(), is_same)) found_.push_back(lost);
  is_due_ = true;
}

void Watch::hear_held(SimTime start, SimTime end, ProcessId process) {
  if (end - start <= mutex_held_limit_) return;
  found_.push_back({end, HazardKind::mutex_held_long, process, QueueId::none()});
  is_due_ = true;
}

void Watch::state_found(const Probe<Hazard>& hazard) {
  for (const Hazard& fact : found_) hazard.state(fact);
  found_.clear();
}

void Watch::look(const Observed& machine, SimTime now, const Probe<Hazard>& hazard) {
  is_due_ = false;
  is_fresh_ = true;
  was_isolated_ = machine.driver.is_isolated();
  if (machine.driver.holds_all_gangs() != had_gangs_held_) suspects_all_ = true;
  had_gangs_held_ = machine.driver.holds_all_gangs();
  state_found(hazard);
  look_at(machine, suspected(machine), stand_, suspects_);
  suspects_all_ = false;
  for (const Standing& one : stand_) {
    if (!contains(said_, one)) hazard.state({now, one.kind, one.process, one.queue});
  }
  for (const Standing& one : said_) {
    if (!contains(stand_, one) && lasts(machine, one)) stand_.push_back(one);
  }
  said_.swap(stand_);
}

void Watch::verify(const Observed& machine) const {
  if (!is_fresh_) return;
  for (const Standing& one : standing(machine))
    ensure(contains(said_, one), "something is wrong with a queue that nobody suspected");
}

}  // namespace userqsim
