#include "results/ftrace/ftrace_queues.hpp"

#include <utility>

namespace userqsim {
namespace {

bool is_of_device(Operation operation) {
  switch (operation) {
    case Operation::create:
    case Operation::evict:
    case Operation::restore:
    case Operation::destroy:
    case Operation::process_exit:
      return false;
    case Operation::suspend_s3:
    case Operation::suspend_s0ix:
    case Operation::resume_s3:
    case Operation::resume_s0ix:
    case Operation::isolation_stop:
    case Operation::isolation_start:
    case Operation::hang:
    case Operation::pre_reset:
    case Operation::post_reset:
    case Operation::post_reset_vram_lost:
      return true;
  }
  return true;
}

// What the helper returns.
int errno_of(PacketResult result) {
  if (result == PacketResult::ok) return 0;
  return result == PacketResult::timeout ? -110 : -22;  // -ETIMEDOUT, -EINVAL
}

}  // namespace

ftrace::Queue ftrace_queue(const Layout& layout, const FtraceNames& names, QueueId queue) {
  const QueueLayout& q = layout.queue(queue);
  return {names.queue_pointer(queue), names.client_id(q.process), q.type, names.doorbell(queue)};
}

FtraceQueues::FtraceQueues(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines)
    : setting_(setting),
      names_(names),
      lines_(lines),
      queues_(setting.layout.queues.size()),
      asleep_(setting.layout.processes.size()) {}

void FtraceQueues::subscribe(Probes& probes) {
  if (setting_.mes()) probes.packet_ended.subscribe([this](const PacketEnded& fact) { on_packet(fact); });
  probes.queue_transition.subscribe([this](const QueueTransition& fact) { on_transition(fact); });
}

// The driver gives up what MES has not acknowledged in time, and says so. Whatever MES does later it does not hear.
void FtraceQueues::on_packet(const PacketEnded& fact) {
  FtraceTask task = names_.device_worker();
  if (fact.process.exists()) task = fact.eviction ? names_.worker(fact.process) : names_.own(fact.process);
  const FtracePlace place = lines_.add(fact.issued, task, ftrace::mes_emitted(fact.opcode));
  emitted_[{fact.process, fact.queue}] = {fact.opcode, place};
  const SimTime deadline = fact.issued + setting_.kernel().mes_timeout;
  if (fact.acked && *fact.acked <= deadline) return;
  lines_.add(deadline, task, ftrace::mes_no_response(fact.opcode));
}

FtraceTask FtraceQueues::task_of(const QueueTransition& fact) const {
  if (is_of_device(fact.operation)) return names_.device_worker();
  return fact.eviction ? names_.worker(fact.process) : names_.own(fact.process);
}

void FtraceQueues::on_transition(const QueueTransition& fact) {
  const FtraceTask task = task_of(fact);
  if (const Emitted* packet = packet_of(fact)) lines_.set_task(packet->place, task);
  if (setting_.kfd()) return add_sleep(fact, task);
  add_life(fact, task);
  if (fact.to == fact.from) return;
  Queue& queue = queues_[fact.queue.index()];
  queue.before = std::exchange(queue.state, fact.to);
  queue.changed = fact.time;
}

// A reset takes no mutex, so another helper may have changed the queue since this one was called.
UserqState FtraceQueues::seen_by_helper(const QueueTransition& fact) const {
  const Queue& queue = queues_[fact.queue.index()];
  return queue.changed > fact.began ? queue.before : fact.from;
}

// kfd_suspend_all_processes and its counterpart say so once a process, before they begin on it.
void FtraceQueues::add_sleep(const QueueTransition& fact, FtraceTask task) {
  const std::size_t process = fact.process.index();
  const std::uint32_t pid = names_.pid(fact.process);
  if (fact.operation == Operation::suspend_s3 && !asleep_[process]) {
    asleep_[process] = true;
    add_start(fact, task, ftrace::smi_queue_eviction(fact.began, pid, ftrace::SmiTrigger::suspend));
  } else if (fact.operation == Operation::resume_s3 && asleep_[process]) {
    asleep_[process] = false;
    add_start(fact, task, ftrace::smi_queue_restore(fact.began, pid, false));
  }
}

void FtraceQueues::add_life(const QueueTransition& fact, FtraceTask task) {
  Queue& queue = queues_[fact.queue.index()];
  const ftrace::Queue text = ftrace_queue(setting_.layout, names_, fact.queue);
  const bool creates = fact.operation == Operation::create && !queue.created;
  const bool destroys = fact.operation == Operation::destroy || fact.operation == Operation::process_exit;
  if (creates) add_start(fact, task, ftrace::userq_life("create_start", text, fact.from, std::nullopt));
  if (destroys && !queue.destroyed) {
    queue.destroyed = 0;
    add_start(fact, task, ftrace::userq_life("destroy_start", text, seen_by_helper(fact), std::nullopt));
  }
  add_state_change(fact, task);
  if (creates) {
    queue.created = true;
    lines_.add(fact.time, task, ftrace::userq_life("create_end", text, fact.to, errno_of(fact.result)));
  }
  if (!destroys) return;
  if (fact.result != PacketResult::ok) queue.destroyed = errno_of(fact.result);
  if (fact.to != UserqState::gone) return;
  lines_.add(fact.time, task, ftrace::userq_life("destroy_end", text, fact.from, queue.destroyed));
}

// Which of the two lines there are: none where a queue is freed, or hang detection finds it (its RESET is no
// helper's, and mostly leaves the state alone); no start where the helper is not called, for its buffers are
// unmapped; no end where the map after a reset fails.
void FtraceQueues::add_state_change(const QueueTransition& fact, FtraceTask task) {
  const ftrace::Queue text = ftrace_queue(setting_.layout, names_, fact.queue);
  const bool after_reset =
      fact.operation == Operation::post_reset || fact.operation == Operation::post_reset_vram_lost;
  const bool failed_map = after_reset && fact.result != PacketResult::ok && fact.call == Opcode::add_queue;
  if (fact.to == UserqState::gone || fact.call == Opcode::reset) return;
  if (fact.to == fact.from && !failed_map) return;
  if (fact.to != UserqState::invalid_va)
    add_start(fact, task, ftrace::userq_state_start(text, seen_by_helper(fact)));
  if (!failed_map) lines_.add(fact.time, task, ftrace::userq_state_changed(text, fact.to));
}

const FtraceQueues::Emitted* FtraceQueues::packet_of(const QueueTransition& fact) const {
  // One about all gangs of the device names no queue.
  for (const QueueId queue : {fact.queue, QueueId::none()}) {
    const auto found = emitted_.find({fact.process, queue});
    if (found == emitted_.end() || found->second.opcode != fact.call) continue;
    if (found->second.place.time >= fact.began) return &found->second;
  }
  return nullptr;
}

void FtraceQueues::add_start(const QueueTransition& fact, FtraceTask task, std::string event) {
  const Emitted* packet = packet_of(fact);
  if (packet != nullptr && packet->place.time == fact.began) {
    lines_.add_before(packet->place, task, std::move(event));
  } else {
    lines_.add(fact.began, task, std::move(event));
  }
}

}  // namespace userqsim
