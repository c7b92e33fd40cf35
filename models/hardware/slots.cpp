// HQD slots: a queue's way in (mapping, loading) and its way out (draining, saving, unmapping).
#include <algorithm>

#include "models/hardware/hardware.hpp"
#include "models/hardware/save_area.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// Costs of packet stops are numbered by the packets that stopped the queue, whether they found it in a slot or not,
// so both policies draw the same for its n-th eviction; MES's own unmapping is numbered apart.
std::uint64_t Hardware::stop_ordinal(SlotId id) const {
  const Slot& slot = slots_[id.index()];
  const Queue& q = queues_[slot.queue.index()];
  if (slot.for_packet) return slot.stop;
  return (std::uint64_t{1} << 63) | (std::uint64_t{q.stops} << 32) | q.maps;
}

Duration Hardware::preempt_time(SlotId id, CostName name, const HardwareChannels& channels) const {
  const Slot& slot = slots_[id.index()];
  return channels.costs->of(name, slot.queue.value, stop_ordinal(id)) + slot.slower;
}

void Hardware::change(SlotId id, SlotState to, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  const SlotState from = slot.state;
  slot.state = to;
  channels.slot_changed->state({channels.slot_timer.now(), id, from, to, slot.queue});
}

void Hardware::wait(SlotId id, Duration time, const HardwareChannels& channels) {
  slots_[id.index()].timer = channels.slot_timer.post_in(time, {id});
}

void Hardware::on(const MapQueue& message, const HardwareChannels& channels) {
  if (message.gpu_resets != gpu_resets_) return;  // MES posted it at the instant of a reset that wiped it out
  Slot& slot = slots_[message.slot.index()];
  Queue& q = queues_[message.queue.index()];
  ensure(slot.state == SlotState::free && !q.slot.exists(), "MES maps a queue twice or into a taken slot");
  slot = Slot{};
  slot.queue = message.queue;
  q.slot = message.slot;
  if (q.stops != message.stops) {
    q.stops = message.stops;
    q.maps = 0;
    q.connects = 0;
  }
  const std::uint64_t ordinal = (std::uint64_t{q.stops} << 32) | q.maps++;
  change(message.slot, SlotState::mapping, channels);
  wait(message.slot, channels.costs->of(CostName::map, message.queue.value, ordinal), channels);
}

void Hardware::on(const SlotTimer& message, const HardwareChannels& channels) {
  switch (slots_[message.slot.index()].state) {
    case SlotState::mapping:
      return after_mapping(message.slot, channels);
    case SlotState::loading:
      return after_loading(message.slot, channels);
    case SlotState::connecting:
      return after_connecting(message.slot, channels);
    case SlotState::saving:
      return begin_unmapping(message.slot, Duration{0}, channels);
    case SlotState::unmapping:
      return release_slot(message.slot, channels);
    case SlotState::free:
    case SlotState::mapped:
    case SlotState::running:
    case SlotState::draining:
      break;
  }
  fail_invariant("a slot's timer fires in a state that waits for none", SourceLocation::current());
}

void Hardware::after_mapping(SlotId id, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  if (q.saved.value == 0) return after_loading(id, channels);
  change(id, SlotState::loading, channels);
  wait(id, transfer_time(q.saved, context_bandwidth()), channels);
}

void Hardware::after_loading(SlotId id, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  if (q.saved.value > 0) {
    channels.context_moved->state({channels.slot_timer.now(), slots_[id.index()].queue, q.saved, false});
    q.saved = Bytes{0};
    q.has_context = true;
  }
  change(id, SlotState::mapped, channels);
  if (slots_[id.index()].stop_asked) return begin_stop(id, channels);
  if (!has_work(slots_[id.index()].queue, *channels.workload)) channels.idle.post({slots_[id.index()].queue});
  arbitrate(pipe_of(id), channels);
}

void Hardware::on(const UnmapQueue& message, const HardwareChannels& channels) {
  Slot& slot = slots_[message.slot.index()];
  if (slot.queue != message.queue) return;  // it left at this very instant
  if (message.for_packet && !slot.for_packet) {
    slot.for_packet = true;
    slot.stop = message.stops;
  }
  if (message.fault.exists()) inject(message, channels);
  if (slot.stop_asked) return;  // on its way out
  slot.stop_asked = true;
  begin_stop(message.slot, channels);
}

void Hardware::begin_stop(SlotId id, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  const Queue& q = queue_in(id);
  if (q.stuck && (slot.state == SlotState::running || slot.state == SlotState::mapped)) {
    return change(id, SlotState::draining, channels);  // until it is reset
  }
  switch (slot.state) {
    case SlotState::mapping:
    case SlotState::loading:
      return;  // ends first; after_loading comes back here
    case SlotState::running:
      return stop_running(id, channels);
    case SlotState::connecting:
      channels.slot_timer.cancel(slot.timer);
      disconnect(id, channels);
      if (q.stuck) return change(id, SlotState::draining, channels);
      [[fallthrough]];
    case SlotState::mapped: {
      if (slot.tail) return change(id, SlotState::draining, channels);  // the waves of its last round run on
      const Duration preempt = preempt_time(id, CostName::preempt_idle, channels);
      const QueueLayout& queue = layout_->queue(slot.queue);
      if (queue.type == QueueType::gfx && q.has_context) {
        return save_context(id, spec_.device.gfx_context, preempt, channels);
      }
      if (q.head_started && stops_at(queue, ComputeStop::instruction)) {
        return save_context(id, wave_context(slot.queue, channels), preempt, channels);
      }
      return begin_unmapping(id, preempt, channels);
    }
    case SlotState::free:
    case SlotState::draining:
    case SlotState::saving:
    case SlotState::unmapping:
      break;
  }
  fail_invariant("a stop begins twice", SourceLocation::current());
}

// Compute with CWSR stands still at an instruction boundary and is saved with its waves. Everything else runs on to
// the end of what it cannot be interrupted in: its round of waves, its draw, its SDMA packet.
void Hardware::stop_running(SlotId id, const HardwareChannels& channels) {
  const QueueId queue = slots_[id.index()].queue;
  if (stops_at(layout_->queue(queue), ComputeStop::instruction)) {
    pause_head(id, channels);
    const Duration before = channels.costs->of(CostName::context_boundary, queue.value, stop_ordinal(id)) +
                            preempt_time(id, CostName::preempt_running, channels);
    return save_context(id, wave_context(queue, channels), before, channels);
  }
  run_to_round_end(id, channels);
  change(id, SlotState::draining, channels);
}

// Leaves the pipe, writes `bytes` after `before`, then unmaps.
void Hardware::save_context(SlotId id, Bytes bytes, Duration before, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  const QueueId queue = slots_[id.index()].queue;
  if (bytes.value > 0) channels.context_moved->state({channels.slot_timer.now(), queue, bytes, true});
  q.saved = bytes;
  q.has_context = false;
  leave_pipe(id, channels);
  change(id, SlotState::saving, channels);
  wait(id, before + transfer_time(bytes, context_bandwidth()), channels);
  arbitrate(pipe_of(id), channels);
}

void Hardware::begin_unmapping(SlotId id, Duration before, const HardwareChannels& channels) {
  const Slot& slot = slots_[id.index()];
  leave_pipe(id, channels);
  const Duration unmap = channels.costs->of(CostName::unmap, slot.queue.value, stop_ordinal(id));
  change(id, SlotState::unmapping, channels);
  wait(id, before + unmap, channels);
  arbitrate(pipe_of(id), channels);
}

void Hardware::release_slot(SlotId id, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  const QueueId queue = slot.queue;
  Queue& q = queues_[queue.index()];
  if (q.head_started) ++q.head_preemptions;
  if (slot.for_packet) {
    channels.queue_stopped->state({channels.slot_timer.now(), queue, has_work(queue, *channels.workload)});
  }
  change(id, SlotState::free, channels);
  slot = Slot{};
  q.slot = SlotId::none();
  channels.slot_freed.post({queue, id});
}

// The resident waves of a job whose shape is known. Else those of a job that fills the machine use `context_fill`
// of the save area, and a narrower job its share of that. Never more than the job's compute units have of the area.
Bytes Hardware::wave_context(QueueId queue, const HardwareChannels& channels) const {
  const Queue& q = queues_[queue.index()];
  if (q.ring.empty() || !q.head_started) return Bytes{0};
  const Job& live = channels.workload->jobs()[q.ring.front()];
  const JobSpec& job = channels.workload->spec_of(live);
  const WaveStateSpec& unit = spec_.device.wave_state;
  const std::int64_t area = save_area_of(spec_.device, job.width).value;
  if (job.shape && unit.waves > 0) {
    const Wide whole = (FluidShare::ticks(live.work, job.width) * q.scale_permille + 999) / 1000;
    const Wide rounds = rounds_of(unit, *job.shape, job.width);
    const auto round = static_cast<std::uint64_t>((whole - q.remaining) * rounds / std::max<Wide>(whole, 1));
    const Bytes bytes = wave_bytes(unit, *job.shape, resident_waves(unit, *job.shape, job.width, round));
    return std::min(bytes, Bytes{area});
  }
  const std::int64_t fill_permille = in_permille(channels.costs->spec().context_fill);
  return Bytes{static_cast<std::int64_t>(static_cast<Wide>(area) * fill_permille / 1000)};
}

Bandwidth Hardware::context_bandwidth() const {
  return spec_.context_area == Domain::vram ? spec_.device.vram_bandwidth : spec_.device.link;
}

}  // namespace userqsim
