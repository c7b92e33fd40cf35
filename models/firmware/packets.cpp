// MES's API processor: one packet at a time.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// Each packet an eviction sends about a queue has a cost of its own, the same under every policy: one for the
// packet that stops, one for the packet that restarts, one for the TLB flush, one for a reset. Packets outside
// evictions are numbered apart, and those that set MES up belong to none.
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
    case Opcode::set_hw_rsrc:
      role = 4;
      break;
    case Opcode::query_scheduler_status:
      role = 5;
      break;
  }
  if (!packet.for_eviction) return (std::uint64_t{1} << 40) | role;
  return (static_cast<std::uint64_t>(packet.eviction.ordinal) << 2) | role;
}

// The packet about a whole process (a TLB flush) draws under the process's number, beyond all queues; each of its
// hang detections, and the flush of its second hub, under one of its own.
std::uint32_t packet_entity(const Packet& packet) {
  if (packet.queue.exists()) return packet.queue.value;
  const std::uint32_t type = packet.opcode == Opcode::reset      ? static_cast<std::uint32_t>(packet.type)
                             : packet.opcode == Opcode::inv_tlbs ? packet.hub
                                                                 : 0;
  return (std::uint32_t{1} << 31) | (type << 28) | packet.process.value;
}

PacketResult result_of(PacketError error) {
  switch (error) {
    case PacketError::unmap_fail:
      return PacketResult::unmap_fail;
    case PacketError::hqdqueue_map_mismatch:
      return PacketResult::hqdqueue_map_mismatch;
    case PacketError::cleanup_fail:
      return PacketResult::cleanup_fail;
    case PacketError::queue_not_found:
      return PacketResult::queue_not_found;
    case PacketError::null_gang:
      return PacketResult::null_gang;
    case PacketError::error:
      return PacketResult::error;
  }
  fail_invariant("an unknown error code", SourceLocation::current());
}

}  // namespace

void Firmware::on(const Packet& packet, const FirmwareChannels& channels) {
  Work work;
  work.packet = packet;
  work.issued = channels.api_timer.now();
  if (packet.with_next) {
    if (state_ == State::up) runlist_edits_.push_back(packet);
    return;
  }
  if (!hears(packet)) return end_packet(work, PacketResult::lost, channels);
  if (!channels.faults->empty()) {
    if (const std::optional<FaultId> fault = fault_of(packet, channels)) {
      if (channels.faults->spec(*fault).kind == FaultKind::packet_lost) {
        state_fault(*fault, packet, channels);
        return end_packet(work, PacketResult::lost, channels);
      }
      work.error = *fault;
    }
  }
  inbox_of(work).push_back(work);
  serve_next(channels);
}

// Before it has its resources MES takes only what gives it them.
bool Firmware::hears(const Packet& packet) const {
  return state_ == State::up || (state_ == State::bare && sets_up(packet.opcode));
}

void Firmware::serve_next(const FirmwareChannels& channels) {
  for (std::size_t pipe = 0; pipe < pipes_.size(); ++pipe) serve_next(pipe, channels);
}

void Firmware::serve_next(std::size_t pipe, const FirmwareChannels& channels) {
  ApiPipe& p = pipes_[pipe];
  const bool waits_for_unmap = blocked_ && pipe == pipe_of(Opcode::remove_queue);
  if (p.current || waits_for_unmap || silent_ || p.inbox.empty()) return;
  p.current = p.inbox.front();
  p.inbox.pop_front();
  p.since = channels.api_timer.now();
  if (!p.current->finishing) p.current->started = channels.api_timer.now();
  const Duration time = service_time(*p.current, channels);
  p.current->busy += time;
  p.until = p.since + time;
  p.timer = channels.api_timer.post_in(time, {static_cast<std::uint32_t>(pipe)});
}

Duration Firmware::service_time(const Work& work, const FirmwareChannels& channels) const {
  const std::uint32_t entity = packet_entity(work.packet);
  const std::uint64_t ordinal = packet_ordinal(work.packet);
  const auto cost = [&](CostName name) { return channels.costs->of(name, entity, ordinal); };
  if (work.finishing) {
    if (work.packet.opcode == Opcode::remove_queue) return cost(CostName::teardown);
    Duration resets{0};
    for (const QueueId queue : work.hung) resets += reset_time(queue, channels);
    return resets;
  }
  const Duration api = cost(CostName::mes_api);
  if (work.error.exists()) return api;
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
    case Opcode::reset:
      return work.packet.queue.exists() && knows(work) ? api + reset_time(work.packet.queue, channels) : api;
    case Opcode::set_hw_rsrc:
    case Opcode::query_scheduler_status:
      return api;
  }
  fail_invariant("an unknown opcode", SourceLocation::current());
}

void Firmware::on(const ApiTimer& message, const FirmwareChannels& channels) {
  std::optional<Work>& current = pipes_[message.pipe].current;
  ensure(current.has_value(), "an API processor ends a packet it does not have");
  const Work work = *current;
  current.reset();
  state_served(work, pipes_[message.pipe].since, false, pipes_[message.pipe].until, channels);
  execute(work, channels);
  serve_next(channels);
}

// The gangs that the packet is about: its queue's, or, of all, those that it changes, in the order of their places.
QueueList Firmware::gangs_of(const Packet& packet) const {
  QueueList queues;
  if (!packet.all_gangs) {
    queues.push_back(packet.queue);
    return queues;
  }
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const Gang& g = gangs_[i];
    const bool stopped = g.suspended && !g.slot.exists();
    const bool changes = packet.opcode == Opcode::suspend ? !stopped : g.suspended;
    if (g.registered && changes) queues.push_back(QueueId::of(i));
  }
  std::sort(queues.begin(), queues.end(), [&](QueueId a, QueueId b) { return gang(a).place < gang(b).place; });
  return queues;
}

// Whether MES has the gang that the packet asks something of.
bool Firmware::knows(const Work& work) const {
  const Packet& packet = work.packet;
  switch (packet.opcode) {
    case Opcode::add_queue:
    case Opcode::misc:
    case Opcode::inv_tlbs:
    case Opcode::set_hw_rsrc:
    case Opcode::query_scheduler_status:
      return true;
    case Opcode::remove_queue:
      return work.finishing || gang(packet.queue).registered ||
             (packet.after_reset && gang(packet.queue).was_reset);
    case Opcode::suspend:
    case Opcode::resume:
      return packet.all_gangs || gang(packet.queue).registered;
    case Opcode::reset:  // also one that it has given up unmapping
      return !packet.queue.exists() || gang(packet.queue).registered || gang(packet.queue).slot.exists();
  }
  fail_invariant("an unknown opcode", SourceLocation::current());
}

void Firmware::execute(Work work, const FirmwareChannels& channels) {
  if (work.error.exists()) {
    state_fault(work.error, work.packet, channels);
    return answer(work, result_of(*channels.faults->spec(work.error).code), channels);
  }
  if (!knows(work)) {
    if (spec_.unknown_gang == UnknownGang::refused) return answer(work, PacketResult::queue_not_found, channels);
    if (work.packet.opcode == Opcode::suspend) channels.suspend_fence.post({work.packet.token});
    return answer(work, PacketResult::ok, channels);
  }
  const QueueList queues = gangs_of(work.packet);
  switch (work.packet.opcode) {
    case Opcode::add_queue:
      if (changes_take_all()) return update_runlist(work, channels);
      enlist(work.packet.queue, channels.map.now());
      break;
    case Opcode::resume:
      for (const QueueId queue : queues) gang(queue).suspended = false;
      break;
    case Opcode::suspend:
      for (const QueueId queue : queues) {
        gang(queue).suspended = true;
        relist(queue);
      }
      return begin_stop(work, queues, channels);
    case Opcode::remove_queue:
      if (work.finishing) break;
      if (!gang(work.packet.queue).registered) {  // RESET has left nothing but the teardown
        work.finishing = true;
        return inbox_of(work).push_front(work);
      }
      if (changes_take_all()) return update_runlist(work, channels);
      delist(work.packet.queue);
      return begin_stop(work, queues, channels);
    case Opcode::reset:
      return reset(work, channels);
    case Opcode::set_hw_rsrc:
      state_ = State::up;
      break;
    case Opcode::misc:
    case Opcode::inv_tlbs:
    case Opcode::query_scheduler_status:
      break;
  }
  answer(work, PacketResult::ok, channels);
  if (work.packet.opcode == Opcode::add_queue || work.packet.opcode == Opcode::resume)
    make_runnable(queues, channels);
}

// ADD_QUEUE and RESUME both have MES read the queue's wptr.
void Firmware::make_runnable(const QueueList& queues, const FirmwareChannels& channels) {
  for (const QueueId queue : queues) {
    gang(queue).work_known = channels.hardware->has_work(queue, *channels.workload);
    relist(queue);
    begin_wait(queue, channels);
    channels.gang_ready->state({channels.api_timer.now(), queue});
  }
  reschedule_engines_of(queues, channels);
}

// Acknowledged, and over.
void Firmware::answer(Work work, PacketResult result, const FirmwareChannels& channels) const {
  acknowledge(work, result, channels);
  end_packet(work, result, channels);
}

void Firmware::acknowledge(Work& work, PacketResult result, const FirmwareChannels& channels) const {
  work.acked = channels.api_fence.now();
  channels.api_fence.post({work.packet.token, result, work.hung});
}

void Firmware::end_packet(const Work& work, PacketResult result, const FirmwareChannels& channels) const {
  channels.packet_ended->state(fact_of(work, result, channels.api_fence.now()));
}

void Firmware::state_served(const Work& work, SimTime since, bool waits, SimTime now,
                            const FirmwareChannels& channels) {
  if (now == since) return;
  const Packet& packet = work.packet;
  std::optional<EvictionId> eviction;
  if (packet.for_eviction) eviction = packet.eviction;
  channels.mes_served->state({since, now, static_cast<std::uint32_t>(pipe_of(packet.opcode)), packet.opcode,
                              packet.process, packet.queue, waits, eviction});
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
