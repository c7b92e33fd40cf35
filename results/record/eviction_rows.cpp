#include "results/record/eviction_rows.hpp"

#include <algorithm>

#include "results/record/nanoseconds.hpp"
#include "sim/core/ensure.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

bool switches_context(SlotState state) {
  switch (state) {
    case SlotState::mapping:
    case SlotState::loading:
    case SlotState::connecting:
    case SlotState::saving:
    case SlotState::unmapping:
      return true;
    case SlotState::free:
    case SlotState::mapped:
    case SlotState::running:
    case SlotState::draining:
      return false;
  }
  return false;
}

// The time within [from, to] that the queue's slot switched context.
Duration switching_time(const QueueFacts& queue, SimTime from, SimTime to) {
  Duration total{0};
  for (std::size_t i = 0; i < queue.slots.size(); ++i) {
    if (!switches_context(queue.slots[i].state)) continue;
    const SimTime start = std::max(from, queue.slots[i].time);
    const SimTime stop = i + 1 < queue.slots.size() ? std::min(to, queue.slots[i + 1].time) : to;
    if (stop > start) total += stop - start;
  }
  return total;
}

Wide lost_width_time(const EvictionFacts& eviction, const QueueFacts& queue, std::int64_t width, SimTime until) {
  if (!queue.affected() || !had_work(eviction, queue)) return 0;
  Duration total{0};
  const auto stop = first_stop(eviction, queue.queue);
  if (stop) total += switching_time(queue, *stop, queue.stopped.value_or(queue.ready.value_or(until)));
  if (queue.ready) {
    // A stop that came after GangReady was counted above up to the stop.
    const SimTime from = queue.stopped ? std::max(*queue.ready, *queue.stopped) : *queue.ready;
    total += switching_time(queue, from, queue.ran.value_or(until));
  }
  return static_cast<Wide>(total.count()) * width;
}

std::int64_t context_bytes(const EvictionFacts& eviction, const QueueFacts& queue, SimTime until) {
  if (!queue.affected()) return 0;
  const auto stop = first_stop(eviction, queue.queue);
  std::int64_t bytes = 0;
  for (const ContextMoved& moved : queue.contexts) {
    const bool saved = moved.save && stop && moved.time >= *stop && moved.time <= queue.stopped.value_or(until);
    const bool loaded =
        !moved.save && queue.ready && moved.time >= *queue.ready && moved.time <= queue.ran.value_or(until);
    if (saved || loaded) bytes += moved.bytes.value;
  }
  return bytes;
}

Duration step_time(const EvictionFacts& eviction, std::initializer_list<EvictionStepKind> kinds) {
  Duration total{0};
  for (const EvictionStep& step : eviction.steps) {
    if (std::find(kinds.begin(), kinds.end(), step.kind) != kinds.end()) total += step.end - step.start;
  }
  return total;
}

std::string_view outcome_of(const EvictionFacts& eviction) {
  const bool hung = std::any_of(eviction.queues.begin(), eviction.queues.end(),
                                [](const QueueFacts& queue) { return queue.hung; });
  if (eviction.aborted) return eviction_outcome::aborted;
  if (hung) return eviction_outcome::hung;
  if (restored_time(eviction)) return eviction_outcome::restored;
  if (eviction.next_started) return eviction_outcome::re_evicted;
  if (eviction.exited) return eviction_outcome::exited;
  return eviction_outcome::open;
}

void fill_costs(EvictionRow& row, const EvictionFacts& eviction) {
  using Kind = EvictionStepKind;
  row.fence_wait_ns = step_time(eviction, {Kind::fence_wait}).count();
  row.lock_wait_ns = step_time(eviction, {Kind::userq_lock, Kind::mes_lock}).count();
  row.cpu_poll_ns = step_time(eviction, {Kind::mes_packet, Kind::suspend_fence}).count();
  row.mes_packets = static_cast<std::int64_t>(eviction.packets.size());
  for (const PacketEnded& packet : eviction.packets) row.mes_busy_ns += packet.busy.count();
  for (const MesLockHeld& lock : eviction.locks) row.mes_lock_hold_ns += (lock.end - lock.start).count();
  row.moved_bytes = eviction.moved_bytes;
}

}  // namespace

std::vector<std::int64_t> queue_widths(const Layout& layout) {
  std::vector<std::int64_t> widths(layout.queues.size(), 0);
  for (const StreamLayout& stream : layout.streams) {
    for (std::size_t n = 0; n < stream.nodes.size(); ++n) {
      const QueueId queue = stream.nodes[n].queue;
      if (layout.queue(queue).type == QueueType::sdma) continue;
      widths[queue.index()] = std::max<std::int64_t>(widths[queue.index()], stream.spec->graph[n].width);
    }
  }
  return widths;
}

EvictionRow eviction_row(const EvictionFacts& eviction, const std::vector<std::int64_t>& widths,
                         std::uint32_t compute_units, SimTime end) {
  ensure(compute_units > 0, "a device has compute units");
  EvictionRow row;
  row.eviction = eviction.started.eviction.ordinal;
  row.process = eviction.started.eviction.process.value;
  row.trigger = name_of(eviction.started.trigger);
  row.queues = eviction.started.queues;
  row.queues_running = eviction.started.queues_running;
  row.outcome = outcome_of(eviction);
  row.start_ns = ns(eviction.started.time);
  row.signaled_ns = ns(eviction.signaled);
  row.resumed_ack_ns = ns(eviction.resumed);
  row.first_stop_ns = ns(first_stop(eviction, QueueId::none()));
  const SimTime until = observed_until(eviction, end);
  row.ended_ns = ns(until);
  if (row.outcome == eviction_outcome::restored) row.restored_ns = row.ended_ns;
  if (row.signaled_ns) row.evict_latency_ns = *row.signaled_ns - row.start_ns;
  if (row.restored_ns && row.signaled_ns) row.restore_latency_ns = *row.restored_ns - *row.signaled_ns;
  if (row.restored_ns && row.first_stop_ns) row.downtime_ns = *row.restored_ns - *row.first_stop_ns;
  fill_costs(row, eviction);
  Wide lost = 0;
  for (const QueueFacts& queue : eviction.queues) {
    lost += lost_width_time(eviction, queue, widths[queue.queue.index()], until);
    row.context_bytes += context_bytes(eviction, queue, until);
  }
  row.cu_lost_ns = static_cast<std::int64_t>(lost / compute_units);
  return row;
}

}  // namespace userqsim
