// What goes wrong in MES on purpose.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

PacketResult result_of(FaultCode code) {
  switch (code) {
    case FaultCode::unmap_fail:
      return PacketResult::unmap_fail;
    case FaultCode::hqdqueue_map_mismatch:
      return PacketResult::hqdqueue_map_mismatch;
    case FaultCode::cleanup_fail:
      return PacketResult::cleanup_fail;
    case FaultCode::queue_not_found:
      return PacketResult::queue_not_found;
    case FaultCode::null_gang:
      return PacketResult::null_gang;
    case FaultCode::error:
      return PacketResult::error;
  }
  fail_invariant("an unknown fault code", SourceLocation::current());
}

bool stops_a_queue(const Packet& packet) {
  return packet.opcode == Opcode::suspend || packet.opcode == Opcode::remove_queue;
}

bool is_about_gangs(const Packet& packet) {
  return packet.opcode != Opcode::misc && packet.opcode != Opcode::inv_tlbs;
}

}  // namespace

// A fault that was set for now: MES falls silent, or a packet still to come will be hit.
void Firmware::on(const FaultDue& message, const FirmwareChannels& channels) {
  const FaultSpec& fault = channels.faults->spec(message.fault);
  if (fault.kind == FaultKind::mes_silent) return fall_silent(message.fault, std::nullopt, channels);
  armed_.push_back({message.fault, fault.nth.value_or(1)});
}

void Firmware::fall_silent(FaultId id, std::optional<EvictionId> eviction, const FirmwareChannels& channels) {
  const FaultSpec& fault = channels.faults->spec(id);
  channels.fault->state({channels.api_timer.now(), id, fault.kind, ProcessId::none(), QueueId::none(), eviction});
  silent_ = true;
  ++silence_;
  if (fault.time) channels.silence_timer.post_in(*fault.time, {silence_});
}

// It goes on with what came meanwhile, in order. Who gave up waiting gets a late answer.
void Firmware::on(const SilenceTimer& message, const FirmwareChannels& channels) {
  if (!silent_ || message.serial != silence_) return;
  silent_ = false;
  const std::deque<FirmwareEvent> missed = std::exchange(missed_, {});
  for (const FirmwareEvent& event : missed) handle(event, channels);
  serve_next(channels);
}

void Firmware::state_fault(FaultId id, const Packet& packet, const FirmwareChannels& channels) const {
  const std::optional<EvictionId> eviction = packet.for_eviction ? std::optional(packet.eviction) : std::nullopt;
  channels.fault->state(
      {channels.api_timer.now(), id, channels.faults->spec(id).kind, packet.process, packet.queue, eviction});
}

// A fault of the kind that was set by time and has waited for this packet.
std::optional<FaultId> Firmware::armed_fault(FaultKind kind, const Packet& packet,
                                             const FirmwareChannels& channels) {
  std::optional<FaultId> hit;
  for (Armed& armed : armed_) {
    const FaultSpec& fault = channels.faults->spec(armed.fault);
    const ProcessId process = channels.faults->process_of(armed.fault);
    const QueueId queue = channels.faults->queue_of(armed.fault);
    if (fault.kind != kind || (process.exists() && process != packet.process)) continue;
    if (queue.exists() && queue != packet.queue) continue;
    if (armed.left > 1) {
      --armed.left;
    } else if (!hit) {
      hit = armed.fault;
    }
  }
  std::erase_if(armed_, [&](const Armed& armed) { return armed.fault == hit; });
  return hit;
}

std::optional<FaultId> Firmware::fault_of(FaultKind kind, const Packet& packet, const FirmwareChannels& channels) {
  std::optional<FaultId> fault = armed_fault(kind, packet, channels);
  const bool restarts = packet.opcode == Opcode::resume || packet.opcode == Opcode::add_queue;
  if (!fault && packet.for_eviction && packet.queue.exists() && (stops_a_queue(packet) || restarts)) {
    fault = channels.faults->at_eviction(kind, packet.queue, packet.eviction,
                                         restarts ? FaultPacket::restart : FaultPacket::stop);
  }
  if (fault) state_fault(*fault, packet, channels);
  return fault;
}

// On its way to MES. A packet may also be the one at which MES falls silent.
bool Firmware::is_lost(const Packet& packet, const FirmwareChannels& channels) {
  if (channels.faults->size() == 0 || !is_about_gangs(packet)) return false;
  if (packet.for_eviction && packet.queue.exists() && stops_a_queue(packet)) {
    const std::optional<FaultId> silence =
        channels.faults->at_eviction(FaultKind::mes_silent, packet.queue, packet.eviction);
    if (silence) fall_silent(*silence, packet.eviction, channels);
  }
  return fault_of(FaultKind::packet_lost, packet, channels).has_value();
}

// Why MES will not do what the packet asks: a fault, or a gang that it does not know.
std::optional<PacketResult> Firmware::refusal(const Packet& packet, const FirmwareChannels& channels) {
  if (channels.faults->size() > 0 && is_about_gangs(packet)) {
    if (const std::optional<FaultId> fault = fault_of(FaultKind::packet_error, packet, channels)) {
      return result_of(channels.faults->spec(*fault).code.value_or(FaultCode::error));
    }
  }
  const bool needs_gang =
      packet.queue.exists() && !packet.after_reset && (stops_a_queue(packet) || packet.opcode == Opcode::resume);
  if (needs_gang && !gang(packet.queue).registered) return PacketResult::queue_not_found;
  return std::nullopt;
}

bool Firmware::never_leaves(const Packet& packet, const FirmwareChannels& channels) {
  return channels.faults->size() > 0 && fault_of(FaultKind::no_preempt, packet, channels).has_value();
}

Duration Firmware::slow_by(const Packet& packet, const FirmwareChannels& channels) {
  if (channels.faults->size() == 0) return Duration{0};
  const std::optional<FaultId> fault = fault_of(FaultKind::slow_preempt, packet, channels);
  return fault ? *channels.faults->spec(*fault).time : Duration{0};
}

}  // namespace userqsim
