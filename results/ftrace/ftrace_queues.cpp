#include "results/ftrace/ftrace_queues.hpp"

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
    : setting_(setting), names_(names), lines_(lines), queues_(setting.layout.queues.size()) {}

void FtraceQueues::subscribe(Probes& probes) {
  probes.packet_ended.subscribe([this](const PacketEnded& fact) { on_packet(fact); });
  if (setting_.kfd()) return;
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
  Queue& queue = queues_[fact.queue.index()];
  const ftrace::Queue text = ftrace_queue(setting_.layout, names_, fact.queue);
  const FtraceTask task = task_of(fact);
  const bool creates = fact.operation == Operation::create && !queue.created;
  const bool destroys = fact.operation == Operation::destroy || fact.operation == Operation::process_exit;
  if (creates) add_start(fact, task, ftrace::userq_life("create_start", text, fact.from, std::nullopt));
  if (destroys && !queue.destroyed) {
    queue.destroyed = 0;
    add_start(fact, task, ftrace::userq_life("destroy_start", text, fact.from, std::nullopt));
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

// Which of the two lines there are: none where the state is left alone (RESET and what follows it) or the queue is
// freed; no start where the helper is not called, for its buffers are unmapped; no end where the map after a reset
// fails.
void FtraceQueues::add_state_change(const QueueTransition& fact, FtraceTask task) {
  const ftrace::Queue text = ftrace_queue(setting_.layout, names_, fact.queue);
  const bool after_reset =
      fact.operation == Operation::post_reset || fact.operation == Operation::post_reset_vram_lost;
  const bool failed_map = after_reset && fact.result != PacketResult::ok && fact.call == Opcode::add_queue;
  if (fact.to == UserqState::gone || (fact.to == fact.from && !failed_map)) return;
  if (fact.to != UserqState::invalid_va) add_start(fact, task, ftrace::userq_state_start(text, fact.from));
  if (!failed_map) lines_.add(fact.time, task, ftrace::userq_state_changed(text, fact.to));
}

void FtraceQueues::add_start(const QueueTransition& fact, FtraceTask task, std::string event) {
  // A packet about all gangs of the device names no queue.
  for (const QueueId queue : {fact.queue, QueueId::none()}) {
    const auto found = emitted_.find({fact.process, queue});
    if (found == emitted_.end() || found->second.opcode != fact.call) continue;
    if (found->second.place.time != fact.began) continue;
    return lines_.add_before(found->second.place, task, std::move(event));
  }
  lines_.add(fact.began, task, std::move(event));
}

}  // namespace userqsim
