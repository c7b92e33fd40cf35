#include "results/record/eviction_facts.hpp"

#include <algorithm>

namespace userqsim {
namespace {

SlotState state_at(const QueueFacts& queue, SimTime time) {
  SlotState state = SlotState::free;
  for (const SlotSpan& span : queue.slots) {
    if (span.time > time) break;
    state = span.state;
  }
  return state;
}

}  // namespace

bool stops_queues(const PacketEnded& packet) {
  return packet.opcode == Opcode::suspend || packet.opcode == Opcode::remove_queue;
}

QueueFacts* EvictionFacts::find(QueueId queue) {
  const auto found = std::find_if(queues.begin(), queues.end(),
                                  [&](const QueueFacts& candidate) { return candidate.queue == queue; });
  return found == queues.end() ? nullptr : &*found;
}

bool had_work(const EvictionFacts& eviction, const QueueFacts& queue) {
  if (queue.stopped) return queue.pending;
  if (queue.carried) return queue.carried_pending;
  return eviction.started.queues_running > 0;
}

std::optional<SimTime> restored_time(const EvictionFacts& eviction, const QueueFacts& queue) {
  if (queue.hung || !queue.ready) return std::nullopt;
  const bool never_left = !queue.stopped && !queue.carried && state_at(queue, *queue.ready) == SlotState::running;
  if (never_left || !had_work(eviction, queue)) return queue.ready;
  return queue.ran;
}

const QueueFacts* last_restored(const EvictionFacts& eviction) {
  const QueueFacts* last = nullptr;
  for (const QueueFacts& queue : eviction.queues) {
    if (!queue.affected()) continue;
    const auto restored = restored_time(eviction, queue);
    if (!restored) return nullptr;
    if (last == nullptr || *restored > *restored_time(eviction, *last)) last = &queue;
  }
  return last;
}

std::optional<SimTime> restored_time(const EvictionFacts& eviction) {
  const bool affects_any = std::any_of(eviction.queues.begin(), eviction.queues.end(),
                                       [](const QueueFacts& queue) { return queue.affected(); });
  if (!affects_any) {
    const bool too_late = eviction.next_started && eviction.resumed && *eviction.next_started < *eviction.resumed;
    return eviction.signaled && !too_late ? eviction.resumed : std::nullopt;
  }
  const QueueFacts* last = last_restored(eviction);
  return last == nullptr ? std::nullopt : restored_time(eviction, *last);
}

std::optional<SimTime> first_stop(const EvictionFacts& eviction, QueueId queue) {
  std::optional<SimTime> any, own;
  for (const PacketEnded& packet : eviction.packets) {
    if (!stops_queues(packet)) continue;
    if (!any || packet.issued < *any) any = packet.issued;
    if (packet.queue == queue && (!own || packet.issued < *own)) own = packet.issued;
  }
  return own ? own : any;
}

SimTime observed_until(const EvictionFacts& eviction, SimTime end) {
  if (const auto restored = restored_time(eviction)) return *restored;
  SimTime until = end;
  if (eviction.next_started) until = std::min(until, *eviction.next_started);
  if (eviction.exited) until = std::min(until, *eviction.exited);
  return until;
}

}  // namespace userqsim
