// Faults of MES itself: silence, packets that it never sees or refuses, unmappings that never end.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

std::optional<PacketRole> role_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::suspend:
    case Opcode::remove_queue:
      return PacketRole::stop;
    case Opcode::resume:
    case Opcode::add_queue:
      return PacketRole::restart;
    case Opcode::misc:
    case Opcode::inv_tlbs:
    case Opcode::reset:
    case Opcode::set_hw_rsrc:
    case Opcode::query_scheduler_status:
      return std::nullopt;
  }
  fail_invariant("an unknown opcode", SourceLocation::current());
}

}  // namespace

// A fault of an eviction hits the first packet of its kind; who tries again is not hit again.
bool Firmware::first_time(QueueId queue, Once what, std::uint32_t eviction) {
  std::uint32_t& seen = gang(queue).seen[static_cast<std::size_t>(what)];
  if (seen == eviction + 1) return false;
  seen = eviction + 1;
  return true;
}

// The fault that hits a packet that comes in; one that silences MES begins here.
std::optional<FaultId> Firmware::fault_of(const Packet& packet, const FirmwareChannels& channels) {
  std::optional<FaultId> hit = fault_by_count(packet, channels);
  const std::optional<PacketRole> role = role_of(packet.opcode);
  if (!packet.for_eviction || !role) return hit;
  const std::vector<QueueId> queues =
      packet.all_gangs ? layout_->process(packet.eviction.process).queues : std::vector{packet.queue};
  const bool stops = *role == PacketRole::stop;
  for (const QueueId queue : queues) {
    if (!first_time(queue, stops ? Once::stop : Once::restart, packet.eviction.ordinal)) continue;
    if (stops) watch_for_silence(packet, queue, channels);
    const std::optional<FaultId> fault = channels.faults->of_packet(
        {FaultKind::packet_lost, FaultKind::packet_error}, queue, packet.eviction.ordinal, *role);
    if (fault && (!hit || *fault < *hit)) hit = fault;
  }
  return hit;
}

// Faults with a time count the packets that come from then on, but for those that set MES up.
std::optional<FaultId> Firmware::fault_by_count(const Packet& packet, const FirmwareChannels& channels) {
  if (sets_up(packet.opcode)) return std::nullopt;
  fault_state_.resize(channels.faults->size());
  std::optional<FaultId> hit;
  for (std::size_t i = 0; i < channels.faults->size(); ++i) {
    const FaultId id = FaultId::of(i);
    const FaultSpec& fault = channels.faults->spec(id);
    if (fault.kind != FaultKind::packet_lost && fault.kind != FaultKind::packet_error) continue;
    if (!fault.at || channels.api_timer.now() < SimTime{*fault.at}) continue;
    const ProcessId process = channels.faults->process_of(id);
    const QueueId queue = channels.faults->queue_of(id);
    if (process.exists() && process != packet.process && !packet.all_gangs) continue;
    if (queue.exists() && queue != packet.queue && !packet.all_gangs) continue;
    if (++fault_state_[i].packets == fault.nth.value_or(1) && !hit) hit = id;
  }
  return hit;
}

// A fault of preemption with a time hits the first packet that stops its queue from then on, whoever sends it.
FaultId Firmware::timed_fault_of_unmap(QueueId queue, const FirmwareChannels& channels) {
  for (std::size_t i = 0; i < channels.faults->size(); ++i) {
    const FaultId id = FaultId::of(i);
    const FaultSpec& fault = channels.faults->spec(id);
    if (fault.kind != FaultKind::no_preempt && fault.kind != FaultKind::slow_preempt) continue;
    const bool due = fault.at && channels.unmap.now() >= SimTime{*fault.at};
    if (!due || channels.faults->queue_of(id) != queue || fault_state_[i].fired) continue;
    fault_state_[i].fired = true;
    return id;
  }
  return FaultId::none();
}

FaultId Firmware::fault_of_unmap(QueueId queue, const Packet& packet, const FirmwareChannels& channels) {
  if (channels.faults->empty()) return FaultId::none();
  if (const FaultId timed = timed_fault_of_unmap(queue, channels); timed.exists()) return timed;
  if (!packet.for_eviction) return FaultId::none();
  if (layout_->queue(queue).process != packet.eviction.process) return FaultId::none();
  if (!first_time(queue, Once::unmap, packet.eviction.ordinal)) return FaultId::none();
  return channels.faults
      ->at_eviction({FaultKind::no_preempt, FaultKind::slow_preempt}, queue, packet.eviction.ordinal)
      .value_or(FaultId::none());
}

void Firmware::watch_for_silence(const Packet& packet, QueueId queue, const FirmwareChannels& channels) {
  const auto fault = channels.faults->at_eviction({FaultKind::mes_silent}, queue, packet.eviction.ordinal);
  if (!fault) return;
  const bool drawn = channels.faults->spec(*fault).probability.has_value();
  if (!drawn && fault_state_[fault->index()].fired) return;  // by another queue of the same eviction
  fault_state_[fault->index()].fired = true;
  fall_silent({channels.api_timer.now(), *fault, FaultKind::mes_silent, packet.eviction.process,
               drawn ? queue : QueueId::none(), packet.eviction.ordinal},
              channels);
}

void Firmware::on(const MesFault& message, const FirmwareChannels& channels) {
  if (channels.faults->spec(message.fault).kind == FaultKind::reset_fails) {
    return failing_resets_.push_back(message.fault);
  }
  fall_silent({channels.api_timer.now(), message.fault, FaultKind::mes_silent, ProcessId::none(), QueueId::none(),
               std::nullopt},
              channels);
}

// Of two silences that overlap the one that ends later counts.
void Firmware::fall_silent(const FaultInjected& fact, const FirmwareChannels& channels) {
  channels.fault_injected->state(fact);
  const std::optional<Duration> time = channels.faults->spec(fact.fault).time;
  if (!time) {
    silent_until_.reset();
  } else if (!silent_ || silent_until_) {
    const SimTime end = channels.api_timer.now() + *time;
    silent_until_ = silent_ ? std::max(*silent_until_, end) : end;
    channels.silence_timer.post_at(end, {});
  }
  silent_ = true;
}

void Firmware::on(const SilenceTimer&, const FirmwareChannels& channels) {
  if (!silent_ || !silent_until_ || channels.api_timer.now() < *silent_until_) return;
  silent_ = false;
  Fifo<FirmwareEvent> held;
  held.swap(held_);
  for (const FirmwareEvent& event : held) handle(event, channels);
  serve_next(channels);
}

// Whether the reset of this queue has no effect: by the first fault that has waited for a reset, or by a draw.
bool Firmware::reset_in_vain(QueueId queue, const FirmwareChannels& channels) {
  if (channels.faults->empty()) return false;
  std::optional<FaultId> fault;
  if (!failing_resets_.empty()) {
    fault = failing_resets_.front();
    failing_resets_.erase(failing_resets_.begin());
  } else {
    fault = channels.faults->of_reset(ResetScope::queue, queue, gang(queue).resets);
  }
  if (!fault) return false;
  channels.fault_injected->state({channels.api_timer.now(), *fault, FaultKind::reset_fails,
                                  layout_->queue(queue).process, queue, std::nullopt});
  return true;
}

void Firmware::state_fault(FaultId fault, const Packet& packet, const FirmwareChannels& channels) const {
  FaultInjected fact{channels.api_timer.now(), fault,        channels.faults->spec(fault).kind,
                     packet.process,           packet.queue, std::nullopt};
  if (packet.for_eviction) fact.eviction = packet.eviction.ordinal;
  channels.fault_injected->state(fact);
}

}  // namespace userqsim
