// Turns: who gives way, how quanta are counted, and how MES learns of work.
#include <algorithm>
#include <utility>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// MES takes the gang out for another, or, with none, because its level may not run. Who is idle goes to the tail,
// as who had its quantum has (pass_turns); who goes before its time for a higher level keeps its place (CarryOver).
void Firmware::end_turn(QueueId queue, QueueId to, const FirmwareChannels& channels) {
  const SimTime now = channels.unmap.now();
  Gang& g = gang(queue);
  ListedProcess& process = process_of(queue);
  const bool idle = !wants(queue);
  const bool displaced = !idle && (!to.exists() || level_of(queue) < level_of(to));
  const bool fresh = spec_.carry_over == CarryOver::fresh && (idle || displaced);
  stop_quantum(queue, now);
  if (fresh) g.quantum.begin(now, spec_.gang_quantum);
  const bool last = (idle || fresh) && process.in_slots == 1;
  if (fresh && last) begin_turn(queue, now);
  if (idle || fresh) move_to_tail(queue, last);
  give_way(queue, nullptr, channels);
  g.leaving_for = to;
}

// The first of another process that waits for a turn of the gang's level, on its engine or for its VMID.
std::optional<WaitKey> Firmware::rival_of_process(QueueId queue) const {
  std::optional<WaitKey> first;
  for (const QueueType type : engines) {
    if (type != type_of(queue) && !(vmids_.are_short() && contexts_.vmid_of(queue))) continue;
    const auto next = lists_of(type).waiting.first_but(levels_below_top(queue), process_of(queue).place);
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

// The first of its own process.
std::optional<WaitKey> Firmware::rival_of_gang(QueueId queue) const {
  if (contexts_.gangs_of(contexts_.process_of(queue)).size() == 1) return std::nullopt;
  return lists_of(type_of(queue)).waiting.first_of(levels_below_top(queue), process_of(queue).place);
}

// Who has a slot of the engine, and has had its quantum while others wait, goes to the tail: in the order of the
// list, so that of those whose turns end together the last in it leave.
void Firmware::pass_turns(QueueType type, SimTime now) {
  const auto waits_for = [&](QueueType engine) { return lists_of(engine).waiting.any_with_work(); };
  if (!(vmids_.are_short() ? std::any_of(engines.begin(), engines.end(), waits_for) : waits_for(type))) return;
  const auto goes = [now](const auto& each) { return !each.turn_over && each.quantum.is_over(now); };
  SlotQueues mapped;
  for (const QueueId queue : lists_of(type).in_slots) {
    if (gang(queue).leaving) continue;
    const bool process_goes = goes(process_of(queue)) && rival_of_process(queue);
    if (process_goes || (goes(gang(queue)) && rival_of_gang(queue))) mapped.push_back(queue);
  }
  const auto place = [&](QueueId queue) { return std::pair(process_of(queue).place, gang(queue).place); };
  std::sort(mapped.begin(), mapped.end(), [&](QueueId a, QueueId b) { return place(a) < place(b); });
  for (const QueueId queue : mapped) {
    ListedProcess& process = process_of(queue);
    Gang& g = gang(queue);
    if (goes(process) && rival_of_process(queue)) {
      set_turn_over(type, process.turn_over, true);
      move_process_to_tail(contexts_.process_of(queue));
    }
    if (goes(g) && rival_of_gang(queue)) {
      set_turn_over(type, g.turn_over, true);
      move_to_tail(queue, false);
    }
  }
}

// Who was not asked to leave though its turn is over, for all who wait came after it, has another. Who is leaving,
// or has no slot at the moment, keeps the mark.
void Firmware::renew_turns(QueueType type, SimTime now) {
  if (lists_of(type).turns_over == 0) return;
  for (const QueueId queue : lists_of(type).in_slots) {
    if (gang(queue).leaving) continue;
    ListedProcess& process = process_of(queue);
    Gang& g = gang(queue);
    if (process.turn_over) {
      const auto rival = rival_of_process(queue);
      if (!rival) set_turn_over(type, process.turn_over, false);
      if (rival && rival->process_place > process.place) begin_turn(queue, now);
    }
    if (g.turn_over) {
      const auto rival = rival_of_gang(queue);
      if (!rival || rival->gang_place > g.place) set_turn_over(type, g.turn_over, false);
      if (rival && !g.turn_over) g.quantum.begin(now, spec_.gang_quantum);
    }
  }
}

// The gang is to leave its slot. One taken out by SUSPEND keeps its place and what is left of its quantum.
void Firmware::give_way(QueueId queue, const Packet* packet, const FirmwareChannels& channels) {
  Gang& g = gang(queue);
  const SimTime now = channels.unmap.now();
  stop_quantum(queue, now);
  if (g.quantum.is_over(now)) g.quantum.begin(now, spec_.gang_quantum);
  if (!g.leaving) g.leaving_since = now;
  g.leaving = true;
  g.leaving_for = QueueId::none();
  g.left_idle = !wants(queue);
  const SimTime promised_until = std::max(now, g.leaving_since + spec_.gang_quantum);
  g.timer = channels.quantum_timer.rearm_at(g.timer, promised_until, {queue});
  g.timer_at.reset();
  const FaultId fault = packet != nullptr ? fault_of_unmap(queue, *packet, channels) : FaultId::none();
  UnmapQueue unmap{queue, g.slot, packet != nullptr, g.stops, fault, std::nullopt};
  if (fault.exists() && packet->for_eviction) unmap.eviction = packet->eviction.ordinal;
  channels.unmap.post(unmap);
}

void Firmware::cancel_timer(Gang& g, const FirmwareChannels& channels) {
  channels.quantum_timer.cancel(g.timer);
  g.timer_at.reset();
}

void Firmware::stop_quantum(QueueId queue, SimTime now) {
  Gang& g = gang(queue);
  if (!g.connected) return;
  g.connected = false;
  g.quantum.disconnect(now);
  process_of(queue).quantum.disconnect(now);
}

void Firmware::begin_quantum(QueueId queue, SimTime now) {
  gang(queue).connected = true;
  gang(queue).quantum.connect(now);
  process_of(queue).quantum.connect(now);
}

void Firmware::on(const QueueConnected& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (!g.on_pipe_since) g.on_pipe_since = channels.map.now();
  if (is_hws() || g.leaving || !g.slot.exists()) return;
  begin_quantum(message.queue, channels.map.now());
  if (oversubscribed(type_of(message.queue))) reschedule(type_of(message.queue), channels);
}

void Firmware::on(const QueueDisconnected& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (is_hws() || g.leaving || !g.slot.exists()) return;
  cancel_timer(g, channels);
  stop_quantum(message.queue, channels.map.now());
  if (oversubscribed(type_of(message.queue))) reschedule(type_of(message.queue), channels);
}

// Somebody waits: running gangs of its level give way when their turn is over.
void Firmware::watch_quanta(const Unserved& waiter, const FirmwareChannels& channels) {
  const SimTime now = channels.map.now();
  for (const QueueId queue : waiter.for_vmid ? slot_taken_ : lists_of(type_of(waiter.queue)).in_slots) {
    if (!queue.exists()) continue;
    Gang& g = gang(queue);
    if (g.leaving || level_of(queue) != level_of(waiter.queue)) continue;
    Duration left = Duration::max();
    const auto watch = [&](const Quantum& quantum) {
      if (!quantum.counts()) return;
      if (const Duration its = quantum.left(now); its > Duration{0}) left = std::min(left, its);
    };
    watch(process_of(queue).quantum);
    if (contexts_.process_of(queue) == contexts_.process_of(waiter.queue)) watch(g.quantum);
    if (left == Duration::max()) continue;
    if (g.timer_at && *g.timer_at > now && *g.timer_at <= now + left) continue;  // somebody waits for less
    g.timer_at = now + left;
    g.timer = channels.quantum_timer.rearm_at(g.timer, *g.timer_at, {queue});
  }
}

void Firmware::on(const QuantumTimer& message, const FirmwareChannels& channels) {
  reschedule(type_of(message.queue), channels);
}

void Firmware::on(const QueueIdle& message, const FirmwareChannels& channels) {
  gang(message.queue).work_known = channels.hardware->has_work(message.queue, *channels.workload);
  relist(message.queue);
  reschedule(type_of(message.queue), channels);
}

// MES hears of work on a mapped gang from the slot itself. On a gang without one it polls wptr every period of the
// oversubscription timer, counted from time zero, or is interrupted.
void Firmware::on(const QueueHasWork& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (!g.registered) return;
  begin_wait(message.queue, channels);
  const QueueType type = type_of(message.queue);
  const WorkDiscovery how = type == QueueType::sdma ? spec_.sdma_work_discovery : spec_.work_discovery;
  const SimTime now = channels.map.now();
  if (g.slot.exists() || how == WorkDiscovery::interrupt || !oversubscribed(type)) {
    g.work_known = true;
    relist(message.queue);
    return reschedule(type, channels);
  }
  const std::int64_t period = spec_.oversubscription_timer.count();
  const std::int64_t polls = ceil_div(now.time_since_epoch().count(), period);
  channels.discover_timer.post_at(SimTime{Duration{polls * period}}, {message.queue});
}

void Firmware::on(const DiscoverTimer& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  g.work_known = g.work_known || channels.hardware->has_work(message.queue, *channels.workload);
  relist(message.queue);
  reschedule(type_of(message.queue), channels);
}

}  // namespace userqsim
