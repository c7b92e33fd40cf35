// MES's API processor: one packet at a time.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// Each packet an eviction sends about a queue has a cost of its own, the same under every policy: one for the
// packet that stops, one for the packet that restarts, one for the TLB flush. Packets outside evictions are
// numbered apart.
std::uint64_t packet_ordinal(const Packet& packet) {
  std::uint64_t role = 0;
  switch (packet.opcode) {
    case Opcode::suspend:
    case Opcode::remove_queue:
      role = 0;
      break;
    case Opcode::resume:
    case Opcode::add_queue:
      role = 1;
      break;
    case Opcode::misc:
    case Opcode::inv_tlbs:
      role = 2;
      break;
    case Opcode::reset:
      role = 3;
      break;
  }
  if (!packet.for_eviction) return (std::uint64_t{1} << 40) | role;
  return (static_cast<std::uint64_t>(packet.eviction.ordinal) << 2) | role;
}

// The packet about a whole process (a TLB flush) draws under the process's number, beyond all queues.
std::uint32_t packet_entity(const Packet& packet) {
  return packet.queue.exists() ? packet.queue.value : (std::uint32_t{1} << 31) | packet.process.value;
}

}  // namespace

void Firmware::on(const Packet& packet, const FirmwareChannels& channels) {
  Work work;
  work.packet = packet;
  work.issued = channels.api_timer.now();
  if (is_lost(packet, channels)) return end_packet(work, PacketResult::lost, channels);
  inbox_.push_back(work);
  serve_next(channels);
}

void Firmware::serve_next(const FirmwareChannels& channels) {
  const bool blocked = spec_.api_during_unmap == ApiDuringUnmap::blocked && !all_stops_.empty();
  if (current_ || blocked || blocked_by_.exists() || inbox_.empty() || silent_) return;
  current_ = inbox_.front();
  inbox_.pop_front();
  if (!current_->finishing) current_->started = channels.api_timer.now();
  const Duration time = service_time(*current_, channels);
  current_->busy += time;
  api_timer_ = channels.api_timer.post_in(time, {});
}

Duration Firmware::service_time(const Work& work, const FirmwareChannels& channels) const {
  const std::uint32_t entity = packet_entity(work.packet);
  const std::uint64_t ordinal = packet_ordinal(work.packet);
  const auto cost = [&](CostName name) { return channels.costs->of(name, entity, ordinal); };
  if (work.finishing) return cost(CostName::teardown);
  const Duration api = cost(CostName::mes_api);
  switch (work.packet.opcode) {
    case Opcode::add_queue:
      return api + cost(CostName::registration);
    case Opcode::remove_queue:
      return api;
    case Opcode::suspend:
      return api + cost(CostName::suspend_book);
    case Opcode::resume:
      return api + cost(CostName::resume_book);
    case Opcode::misc:
    case Opcode::inv_tlbs:
      return api + cost(CostName::tlb_flush);
    case Opcode::reset: {
      const std::size_t queues = work.packet.queue.exists() ? 1 : hung_queues(work.packet.type, channels).size();
      return api + static_cast<std::int64_t>(queues) * cost(CostName::queue_reset);
    }
  }
  fail_invariant("an unknown opcode", SourceLocation::current());
}

void Firmware::on(const ApiTimer&, const FirmwareChannels& channels) {
  ensure(current_.has_value(), "the API processor ends a packet it does not have");
  const Work work = *current_;
  current_.reset();
  execute(work, channels);
  serve_next(channels);
}

void Firmware::execute(Work work, const FirmwareChannels& channels) {
  const QueueId queue = work.packet.queue;
  const std::optional<PacketResult> refused = work.finishing ? std::nullopt : refusal(work.packet, channels);
  if (refused) {
    acknowledge(work, *refused, channels);
    return end_packet(work, *refused, channels);
  }
  switch (work.packet.opcode) {
    case Opcode::add_queue: {
      Gang& g = gang(queue);
      g.registered = true;
      g.suspended = false;
      g.place = next_place_++;
      g.quantum_left = spec_.gang_quantum;
      break;
    }
    case Opcode::resume:
      if (!work.packet.all_gangs) gang(queue).suspended = false;
      break;
    case Opcode::suspend:
      if (work.packet.all_gangs) return suspend_all(work, channels);
      gang(queue).suspended = true;
      return begin_stop(work, channels);
    case Opcode::remove_queue:
      if (work.finishing || work.packet.after_reset) break;
      gang(queue).registered = false;
      return begin_stop(work, channels);
    case Opcode::reset:
      return reset_hung(work, channels);
    case Opcode::misc:
    case Opcode::inv_tlbs:
      break;
  }
  acknowledge(work, PacketResult::ok, channels);
  end_packet(work, PacketResult::ok, channels);
  if (work.packet.all_gangs) return resume_all(channels);
  if (work.packet.opcode == Opcode::add_queue || work.packet.opcode == Opcode::resume)
    make_runnable(queue, channels);
}

// ADD_QUEUE and RESUME both have MES read the queue's wptr.
void Firmware::make_runnable(QueueId queue, const FirmwareChannels& channels) {
  gang(queue).work_known = channels.hardware->has_work(queue, *channels.workload);
  channels.gang_ready->state({channels.api_timer.now(), queue});
  schedule(type_of(queue), channels);
}

// The packet's queue must leave the machine. A gang that has no slot is gone at once.
void Firmware::begin_stop(Work work, const FirmwareChannels& channels) {
  const QueueId queue = work.packet.queue;
  const bool in_slot = gang(queue).slot.exists();
  if (work.packet.opcode == Opcode::suspend && (!in_slot || spec_.suspend_ack == SuspendAck::before_preempt)) {
    acknowledge(work, PacketResult::ok, channels);
  }
  Stop stop{work, channels.api_timer.now(), {}};
  if (!in_slot) {
    ++gang(queue).stops;
    const bool pending = channels.hardware->has_work(queue, *channels.workload);
    channels.queue_stopped->state({channels.api_timer.now(), queue, pending});
    return finish_stop(stop, channels);
  }
  stop.timeout = channels.unmap_timer.post_in(spec_.unmap_timeout, {queue});
  if (spec_.api_during_unmap == ApiDuringUnmap::blocked) blocked_by_ = queue;
  stops_.push_back(stop);
  give_way(queue, &work.packet, channels);
  ++gang(queue).stops;
}

void Firmware::on(const SlotFreed& message, const FirmwareChannels& channels) {
  Gang& g = gang(message.queue);
  if (g.slot != message.slot) return;  // MES was reset since
  slot_taken_[message.slot.index()] = QueueId::none();
  g.slot = SlotId::none();
  g.leaving = false;
  channels.quantum_timer.cancel(g.quantum_timer);
  g.work_known = channels.hardware->has_work(message.queue, *channels.workload);  // the MQD was written back
  std::vector<Stop> ended;
  for (const Stop& stop : stops_) {
    if (stop.work.packet.queue == message.queue) ended.push_back(stop);
  }
  std::erase_if(stops_, [&](const Stop& stop) { return stop.work.packet.queue == message.queue; });
  for (const Stop& stop : ended) {
    channels.unmap_timer.cancel(stop.timeout);
    finish_stop(stop, channels);
  }
  leave_all_stops(message.queue, channels);
  unblock(message.queue, channels);
  schedule(type_of(message.queue), channels);
}

void Firmware::finish_stop(Stop stop, const FirmwareChannels& channels) {
  Work& work = stop.work;
  if (blocked_by_ == work.packet.queue) work.busy += channels.api_timer.now() - stop.unmap_began;
  if (work.packet.opcode == Opcode::remove_queue) {
    work.finishing = true;
    inbox_.push_front(work);
    return;
  }
  if (!work.acked) acknowledge(work, PacketResult::ok, channels);
  channels.suspend_fence.post({work.packet.token});
  end_packet(work, PacketResult::ok, channels);
}

// The queue did not leave in time. The gang stays out of the lists; whenever its waves end, its slot is free again.
void Firmware::on(const UnmapTimer& message, const FirmwareChannels& channels) {
  if (!message.queue.exists()) return time_out_all_stop(channels);
  const auto it = std::find_if(stops_.begin(), stops_.end(),
                               [&](const Stop& stop) { return stop.work.packet.queue == message.queue; });
  if (it == stops_.end()) return;
  Stop stop = *it;
  stops_.erase(it);
  if (blocked_by_ == message.queue) stop.work.busy += channels.api_timer.now() - stop.unmap_began;
  if (!stop.work.acked) acknowledge(stop.work, PacketResult::unmap_fail, channels);
  end_packet(stop.work, PacketResult::unmap_fail, channels);
  unblock(message.queue, channels);
}

void Firmware::unblock(QueueId queue, const FirmwareChannels& channels) {
  if (blocked_by_ == queue) blocked_by_ = QueueId::none();
  serve_next(channels);
}

void Firmware::acknowledge(Work& work, PacketResult result, const FirmwareChannels& channels) const {
  work.acked = channels.api_fence.now();
  channels.api_fence.post({work.packet.token, result, {}});
}

void Firmware::end_packet(const Work& work, PacketResult result, const FirmwareChannels& channels) const {
  channels.packet_ended->state(fact_of(work, result, channels.api_fence.now()));
}

PacketEnded Firmware::fact_of(const Work& work, PacketResult result, SimTime now) {
  PacketEnded fact;
  fact.time = now;
  fact.opcode = work.packet.opcode;
  fact.process = work.packet.process;
  fact.queue = work.packet.queue;
  fact.issued = work.issued;
  fact.started = work.started;
  fact.acked = work.acked;
  if (result == PacketResult::ok) fact.done = now;
  fact.busy = work.busy;
  fact.result = result;
  if (work.packet.for_eviction) fact.eviction = work.packet.eviction;
  return fact;
}

}  // namespace userqsim
