// Packets that take queues off the machine: SUSPEND and REMOVE_QUEUE wait for slots.
#include <algorithm>
#include <utility>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// The packet's queues must leave the machine. A gang that has no slot is gone at once.
void Firmware::begin_stop(Work work, const QueueList& queues, const FirmwareChannels& channels) {
  Stop stop{work, channels.api_timer.now(), {}, {}, {}, false};
  for (const QueueId queue : queues) {
    if (gang(queue).slot.exists()) stop.waits_for.push_back(queue);
  }
  const bool at_once = stop.waits_for.empty();
  if (work.packet.opcode == Opcode::suspend && (at_once || spec_.suspend_ack == SuspendAck::before_preempt)) {
    acknowledge(stop.work, PacketResult::ok, channels);
  }
  for (const QueueId queue : queues) {
    if (gang(queue).slot.exists()) continue;
    end_wait(queue, WaitEnd::stopped, channels);
    ++gang(queue).stops;
    const bool pending = channels.hardware->has_work(queue, *channels.workload);
    channels.queue_stopped->state({channels.api_timer.now(), queue, pending});
  }
  if (at_once) {
    reschedule_engines_of(queues, channels);  // who waited behind them, and who is idle, may fit now
    return finish_stop(stop, channels);
  }
  stop.timeout = channels.unmap_timer.post_in(spec_.unmap_timeout, {work.packet.queue});
  stop.blocks = spec_.api_during_unmap == ApiDuringUnmap::blocked;
  blocked_ = stop.blocks;
  stops_.push_back(stop);
  for (const QueueId queue : stop.waits_for) {
    give_way(queue, &work.packet, channels);
    ++gang(queue).stops;
  }
  reschedule_engines_of(queues, channels);
}

// KFD unmaps all queues and submits the new list, with every change since the last (execute_queues_cpsch). The
// others come back with it.
void Firmware::update_runlist(Work work, const FirmwareChannels& channels) {
  Stop stop{work, channels.api_timer.now(), {}, {}, {}, false};
  for (const QueueId queue : slot_taken_) {
    if (queue.exists()) stop.waits_for.push_back(queue);
  }
  std::vector<Packet> removes;
  runlist_edits_.push_back(work.packet);
  for (const Packet& edit : std::exchange(runlist_edits_, {})) {
    (edit.opcode == Opcode::add_queue ? stop.adds : removes).push_back(edit);
  }
  if (!stop.waits_for.empty()) {
    stop.timeout = channels.unmap_timer.post_in(spec_.unmap_timeout, {work.packet.queue});
    stop.blocks = spec_.api_during_unmap == ApiDuringUnmap::blocked;
    blocked_ = stop.blocks;
    stops_.push_back(stop);
  }
  for (const Packet& remove : removes) take_off_list(remove, channels);
  for (const QueueId queue : stop.waits_for) {
    const auto is_its = [&](const Packet& remove) { return remove.queue == queue; };
    if (std::any_of(removes.begin(), removes.end(), is_its)) continue;
    // Who had a pipe, or nothing for one to do: the others of its pipe come before it.
    const SimTime ran = gang(queue).on_pipe_since.value_or(SimTime::max());
    const bool idle = !channels.hardware->has_work(queue, *channels.workload);
    if (idle || ran < channels.api_timer.now()) move_to_tail(queue, true);
    give_way(queue, nullptr, channels);
  }
  if (stop.waits_for.empty()) finish_stop(stop, channels);
}

void Firmware::take_off_list(const Packet& remove, const FirmwareChannels& channels) {
  const QueueId queue = remove.queue;
  if (!gang(queue).registered) return;
  delist(queue);
  if (gang(queue).slot.exists()) {
    give_way(queue, &remove, channels);
  } else {
    end_wait(queue, WaitEnd::stopped, channels);
    const bool pending = channels.hardware->has_work(queue, *channels.workload);
    channels.queue_stopped->state({channels.api_timer.now(), queue, pending});
  }
  ++gang(queue).stops;
}

void Firmware::on(const SlotFreed& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (!g.slot.exists()) return;  // it left at the very instant of a GPU reset
  ensure(g.slot == message.slot, "a slot is vacated that MES did not give");
  cancel_timer(g, channels);
  g.work_known = channels.hardware->has_work(message.queue, *channels.workload);  // the MQD was written back
  leave(message.queue);
  begin_wait(message.queue, channels);
  SmallVector<Stop, 1> ended;
  for (Stop& stop : stops_) {
    erase_value(stop.waits_for, message.queue);
    if (stop.waits_for.empty()) ended.push_back(stop);
  }
  std::erase_if(stops_, [](const Stop& stop) { return stop.waits_for.empty(); });
  for (const Stop& stop : ended) {
    channels.unmap_timer.cancel(stop.timeout);
    finish_stop(stop, channels);
  }
  serve_next(channels);
  const bool frees_vmid = vmids_.are_limited() && contexts_.vmid_of(message.queue);  // for whom on any engine
  if (changes_take_all() || frees_vmid) return schedule(engines, channels);
  reschedule(type_of(message.queue), channels);
}

void Firmware::finish_stop(Stop stop, const FirmwareChannels& channels) {
  Work& work = stop.work;
  if (stop.blocks) {
    work.busy += channels.api_timer.now() - stop.unmap_began;
    state_served(work, stop.unmap_began, true, channels.api_timer.now(), channels);
    blocked_ = false;
  }
  QueueList added;
  for (const Packet& add : stop.adds) {
    enlist(add.queue, channels.map.now());
    added.push_back(add.queue);
  }
  if (work.packet.opcode == Opcode::add_queue) {
    answer(work, PacketResult::ok, channels);
    return make_runnable(added, channels);
  }
  make_runnable(added, channels);
  if (work.packet.opcode == Opcode::remove_queue) {
    work.finishing = true;
    inbox_of(work).push_front(work);
    return;
  }
  if (!work.acked) acknowledge(work, PacketResult::ok, channels);
  channels.suspend_fence.post({work.packet.token});
  end_packet(work, PacketResult::ok, channels);
}

// A queue did not leave in time. Its gang stays out of the lists; whenever its waves end, or it is reset, its slot
// is free again. MES goes on with other packets.
void Firmware::on(const UnmapTimer& message, const FirmwareChannels& channels) {
  const auto it = std::find_if(stops_.begin(), stops_.end(),
                               [&](const Stop& stop) { return stop.work.packet.queue == message.queue; });
  if (it == stops_.end()) return;
  Stop stop = *it;
  stops_.erase(it);
  runlist_edits_.insert(runlist_edits_.begin(), stop.adds.begin(), stop.adds.end());  // KFD's list has them
  if (stop.blocks) {
    stop.work.busy += channels.api_timer.now() - stop.unmap_began;
    state_served(stop.work, stop.unmap_began, true, channels.api_timer.now(), channels);
    blocked_ = false;
  }
  if (!stop.work.acked) acknowledge(stop.work, PacketResult::unmap_fail, channels);
  end_packet(stop.work, PacketResult::unmap_fail, channels);
  serve_next(channels);
  if (changes_take_all()) schedule(engines, channels);
}

}  // namespace userqsim
