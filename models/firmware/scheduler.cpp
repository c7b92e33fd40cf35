// MES's choice of which gangs have slots.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

bool Firmware::oversubscribed(QueueType type) const {
  std::size_t slots = 0, gangs = 0;
  for (const SlotPlan::Pipe& pipe : slots_.pipes) slots += pipe.type == type ? pipe.slots : 0;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    if (type_of(queue) == type && runnable(queue)) ++gangs;
  }
  return gangs > slots;
}

// The gangs that want a slot and have none, in the order in which they get one: idle ones behind those with work,
// or a slot that such a one has just made free would go to whom it displaced.
std::vector<QueueId> Firmware::waiting(QueueType type) const {
  const bool only_with_work = oversubscribed(type);
  std::vector<QueueId> queues;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    const Gang& g = gang(queue);
    if (type_of(queue) != type || !runnable(queue) || g.slot.exists()) continue;
    if (!only_with_work || g.work_known) queues.push_back(queue);
  }
  std::sort(queues.begin(), queues.end(), [&](QueueId a, QueueId b) {
    if (gang(a).work_known != gang(b).work_known) return gang(a).work_known;
    const Priority level_a = layout_->queue(a).priority, level_b = layout_->queue(b).priority;
    return level_a != level_b ? level_a > level_b : gang(a).place < gang(b).place;
  });
  return queues;
}

// The lowest free slot of the pipe that has the fewest taken.
std::optional<SlotId> Firmware::free_slot(QueueType type) const {
  std::optional<SlotId> best;
  std::uint32_t best_taken = 0;
  for (const SlotPlan::Pipe& pipe : slots_.pipes) {
    if (pipe.type != type) continue;
    std::uint32_t taken = 0;
    std::optional<SlotId> free;
    for (std::uint32_t s = pipe.slots; s > 0; --s) {
      const SlotId id{pipe.first_slot + s - 1};
      if (slot_taken_[id.index()].exists()) {
        ++taken;
      } else {
        free = id;
      }
    }
    if (free && (!best || taken < best_taken)) best = free, best_taken = taken;
  }
  return best;
}

// Slots that are about to be free. A gang that has not left within a quantum (a long round of waves) promises
// nothing any more, or who waits would wait for that round.
std::size_t Firmware::slots_promised(QueueType type, SimTime now) const {
  std::size_t promised = 0;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const Gang& g = gangs_[i];
    if (type_of(QueueId::of(i)) == type && g.leaving && now < g.leaving_since + spec_.gang_quantum) ++promised;
  }
  return promised;
}

void Firmware::schedule(QueueType type, const FirmwareChannels& channels) {
  std::size_t promised = slots_promised(type, channels.map.now());
  for (const QueueId queue : waiting(type)) {
    if (const std::optional<SlotId> slot = free_slot(type)) {
      slot_taken_[slot->index()] = queue;
      gang(queue).slot = *slot;
      channels.map.post({queue, *slot, gang(queue).stops, gpu_resets_});
    } else if (promised > 0) {
      --promised;  // the next slot that is vacated is this one's
    } else if (const std::optional<QueueId> victim = who_gives_way(queue)) {
      give_way(*victim, nullptr, channels);
    } else {
      watch_quanta(queue, channels);
      return;  // who waits behind it fares no better
    }
  }
}

// Who gives way to a waiting gang that has work: an idle one first, then one of a lower level, then one of its own
// level that has had its quantum; lower levels before higher, longest-served place first. (Where a slot is held by
// a gang that MES has forgotten, idle ones may wait: nobody goes for them.)
std::optional<QueueId> Firmware::who_gives_way(QueueId to) const {
  if (!gang(to).work_known) return std::nullopt;
  std::optional<QueueId> best;
  const auto rank = [&](QueueId queue) {
    const bool busy = gang(queue).work_known;
    return std::tuple{busy, layout_->queue(queue).priority, gang(queue).place};
  };
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || type_of(queue) != type_of(to) || gang(queue).leaving) continue;
    const Priority level = layout_->queue(queue).priority, wanted = layout_->queue(to).priority;
    const bool yields = !gang(queue).work_known || level < wanted || (level == wanted && gang(queue).quantum_over);
    if (yields && (!best || rank(queue) < rank(*best))) best = queue;
  }
  return best;
}

// Takes what the gang has run since it was connected from its quantum.
void Firmware::charge_quantum(Gang& g, SimTime now) const {
  if (!g.quantum_running) return;
  g.quantum_running = false;
  g.quantum_left -= std::min(g.quantum_left, now - g.running_since);
  if (g.quantum_left == Duration{0}) g.quantum_over = true;
}

// A gang taken out by MES goes to the tail with a fresh quantum; one taken out by SUSPEND keeps its place and what
// is left of its quantum.
void Firmware::give_way(QueueId queue, const Packet* packet, const FirmwareChannels& channels) {
  Gang& g = gang(queue);
  const bool for_packet = packet != nullptr;
  channels.quantum_timer.cancel(g.quantum_timer);
  charge_quantum(g, channels.unmap.now());
  if (!for_packet) g.place = next_place_++;
  if (!for_packet || g.quantum_over) g.quantum_left = spec_.gang_quantum;
  if (!g.leaving) g.leaving_since = channels.unmap.now();
  g.leaving = true;
  g.quantum_over = false;
  g.quantum_timer =
      channels.quantum_timer.post_at(std::max(channels.unmap.now(), g.leaving_since + spec_.gang_quantum), {queue});
  const FaultId fault = for_packet ? fault_of_unmap(queue, *packet, channels) : FaultId::none();
  UnmapQueue unmap{queue, g.slot, for_packet, g.stops, fault, std::nullopt};
  if (fault.exists() && packet->for_eviction) unmap.eviction = packet->eviction.ordinal;
  channels.unmap.post(unmap);
}

void Firmware::on(const QueueConnected& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (g.leaving || !g.slot.exists()) return;
  g.quantum_running = true;
  g.running_since = channels.map.now();
  if (oversubscribed(type_of(message.queue))) schedule(type_of(message.queue), channels);
}

void Firmware::on(const QueueDisconnected& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (g.leaving || !g.slot.exists()) return;
  channels.quantum_timer.cancel(g.quantum_timer);
  charge_quantum(g, channels.map.now());
  if (oversubscribed(type_of(message.queue))) schedule(type_of(message.queue), channels);
}

// Somebody waits: running gangs of its level or below give way when their quantum is over.
void Firmware::watch_quanta(QueueId waiter, const FirmwareChannels& channels) {
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || type_of(queue) != type_of(waiter)) continue;
    Gang& g = gang(queue);
    if (g.leaving || g.quantum_over || !g.quantum_running) continue;
    if (layout_->queue(queue).priority > layout_->queue(waiter).priority) continue;
    channels.quantum_timer.cancel(g.quantum_timer);
    const SimTime over = std::max(channels.map.now(), g.running_since + g.quantum_left);
    g.quantum_timer = channels.quantum_timer.post_at(over, {queue});
  }
}

void Firmware::on(const QuantumTimer& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (!g.leaving && g.quantum_running) g.quantum_over = true;
  schedule(type_of(message.queue), channels);
}

void Firmware::on(const QueueIdle& message, const FirmwareChannels& channels) {
  gang(message.queue).work_known = channels.hardware->has_work(message.queue, *channels.workload);
  schedule(type_of(message.queue), channels);
}

// MES hears of work on a mapped gang from the slot itself. On a gang without one it polls wptr every period of the
// oversubscription timer, counted from time zero, or is interrupted.
void Firmware::on(const QueueHasWork& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (!g.registered) return;
  if (g.slot.exists() || spec_.work_discovery == WorkDiscovery::interrupt ||
      !oversubscribed(type_of(message.queue))) {
    g.work_known = true;
    return schedule(type_of(message.queue), channels);
  }
  const std::int64_t period = spec_.oversubscription_timer.count();
  const std::int64_t polls = ceil_div(channels.map.now().time_since_epoch().count(), period);
  channels.discover_timer.post_at(SimTime{Duration{polls * period}}, {message.queue});
}

void Firmware::on(const DiscoverTimer& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  g.work_known = g.work_known || channels.hardware->has_work(message.queue, *channels.workload);
  schedule(type_of(message.queue), channels);
}

}  // namespace userqsim
