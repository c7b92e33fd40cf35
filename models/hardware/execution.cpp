// Pipes connect queues; connected queues share the machine.
#include <algorithm>

#include "models/hardware/hardware.hpp"
#include "models/hardware/save_area.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// An SDMA queue can be stopped between packets of at most 4 MiB (amdgpu copy_max_bytes 0x400000).
constexpr Bytes sdma_packet{std::int64_t{4} << 20};

}  // namespace

// Connects the next queue if the pipe is free.
void Hardware::arbitrate(std::uint32_t pipe_index, const HardwareChannels& channels) {
  Pipe& pipe = pipes_[pipe_index];
  if (!pipe.connected.exists()) {
    const SlotId id = next_to_connect(pipe_index, channels);
    if (!id.exists()) return;
    pipe.connected = id;
    const SlotPlan::Pipe& plan = plan_.pipes[pipe_index];
    if (!is_realtime(id)) pipe.last = id == plan.kernel_slot ? plan.slots : id.value - plan.first_slot;
    Queue& q = queue_in(id);
    const std::uint64_t ordinal = (std::uint64_t{q.stops} << 32) | q.connects++;
    change(id, SlotState::connecting, channels);
    wait(id, channels.costs->of(CostName::connect, slots_[id.index()].queue.value, ordinal), channels);
  }
  watch_quantum(pipe_index, channels);
}

// Round robin among the pipe's mapped queues that have work, the one after the last connected first; before them
// its real-time queue, which has the highest connection priority.
SlotId Hardware::next_to_connect(std::uint32_t pipe_index, const HardwareChannels& channels) const {
  const SlotPlan::Pipe& plan = plan_.pipes[pipe_index];
  SlotId next = SlotId::none();
  const std::uint32_t slots = plan.slots + (plan.kernel_slot.exists() ? 1 : 0);
  std::uint32_t place = pipes_[pipe_index].last;
  for (std::uint32_t step = 1; step <= slots; ++step) {
    place = place + 1 < slots ? place + 1 : 0;
    const SlotId id = slot_of_pipe(pipe_index, place);
    const Slot& slot = slots_[id.index()];
    if (slot.state != SlotState::mapped || slot.stop_asked || !has_work(slot.queue, *channels.workload)) continue;
    if (is_realtime(id)) return id;
    if (!next.exists()) next = id;
  }
  return next;
}

// The kernel's own is the last; none where there is none.
SlotId Hardware::slot_of_pipe(std::uint32_t pipe, std::uint32_t place) const {
  const SlotPlan::Pipe& plan = plan_.pipes[pipe];
  return place == plan.slots ? plan.kernel_slot : SlotId{plan.first_slot + place};
}

bool Hardware::is_realtime(SlotId id) const {
  return spec_.knows_levels && layout_->queue(slots_[id.index()].queue).priority == Priority::realtime;
}

void Hardware::after_connecting(SlotId id, const HardwareChannels& channels) {
  if (!has_work(slots_[id.index()].queue, *channels.workload)) {
    return disconnect(id, channels);  // its last round ended while it was being connected
  }
  change(id, SlotState::running, channels);
  queue_in(id).has_context = true;
  if (!is_kernel_slot(id)) channels.connected.post({slots_[id.index()].queue});
  start_head(id, 0, channels);
  watch_quantum(pipe_of(id), channels);
}

// Back to mapped; the pipe is free for another.
void Hardware::disconnect(SlotId id, const HardwareChannels& channels) {
  const bool told = slots_[id.index()].state == SlotState::running && !is_kernel_slot(id);
  if (told) channels.disconnected.post({slots_[id.index()].queue});
  leave_pipe(id, channels);
  change(id, SlotState::mapped, channels);
  arbitrate(pipe_of(id), channels);
}

// The next queue on the pipe has a whole quantum.
void Hardware::leave_pipe(SlotId id, const HardwareChannels& channels) {
  Pipe& pipe = pipes_[pipe_of(id)];
  if (pipe.connected != id) return;
  pipe.connected = SlotId::none();
  channels.pipe_timer.cancel(pipe.quantum);
  pipe.quantum_running = false;
}

std::uint32_t Hardware::width_of(SlotId id, const HardwareChannels& channels) const {
  if (is_copy(id)) return 1;
  const Queue& q = queues_[slots_[id.index()].queue.index()];
  return channels.workload->spec_of(channels.workload->jobs()[q.ring.front()]).width;
}

// The head runs, from its beginning or from where it was stopped. `residue` is what the last job on this slot was
// granted too much by rounding up to a nanosecond.
void Hardware::start_head(SlotId id, Wide residue, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  if (q.stuck) {
    slots_[id.index()].tail = false;
    return rearm_share(is_copy(id), channels);  // its waves stand where they stood, or never come
  }
  const QueueId queue = slots_[id.index()].queue;
  const JobId job_id = q.ring.front();
  const Job& job = channels.workload->jobs()[job_id];
  const std::int64_t scale = channels.memory->slowdown_permille(layout_->queue(queue).process);
  const std::uint32_t width = width_of(id, channels);
  const bool resumed = q.head_started;
  if (slots_[id.index()].tail) q.remaining = take_off(id, channels);
  if (!resumed) {
    q.head_started = true;
    q.head_started_at = channels.slot_timer.now();
    q.head_preemptions = 0;
    q.remaining = (FluidShare::ticks(job.work, width) * scale + 999) / 1000 - residue;
  } else if (scale != q.scale_permille) {
    q.remaining = (q.remaining * scale + q.scale_permille - 1) / q.scale_permille;
  }
  q.scale_permille = scale;
  FluidShare& share = share_of(id);
  share.advance(channels.slot_timer.now());
  share.start(id.value, width, q.remaining);
  channels.queue_ran->state({channels.slot_timer.now(), queue, job_id, resumed});
  rearm_share(is_copy(id), channels);
}

// Lets the head run on to the end of its round of waves and no further; what is left then stands in after_drain.
void Hardware::run_to_round_end(SlotId id, const HardwareChannels& channels) {
  if (queue_in(id).stuck) return;
  FluidShare& share = share_of(id);
  share.advance(channels.slot_timer.now());
  const Wide remaining = share.remaining(id.value);
  const Wide to_end = ticks_to_round_end(id, remaining, channels);
  queue_in(id).after_drain = remaining - to_end;
  share.set_remaining(id.value, to_end);
  rearm_share(is_copy(id), channels);
}

// Ends the head's flow; what it still wants, behind the running round's end too.
Wide Hardware::take_off(SlotId id, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  slots_[id.index()].tail = false;
  if (q.stuck) return q.remaining;
  FluidShare& share = share_of(id);
  share.advance(channels.slot_timer.now());
  const Wide remaining = share.stop(id.value) + q.after_drain;
  q.after_drain = 0;
  return remaining;
}

void Hardware::pause_head(SlotId id, const HardwareChannels& channels) {
  queue_in(id).remaining = take_off(id, channels);
  rearm_share(is_copy(id), channels);
}

// How far the running round of waves (draw, SDMA packet) is from its end.
Wide Hardware::ticks_to_round_end(SlotId id, Wide remaining, const HardwareChannels& channels) const {
  if (stops_at(layout_->queue(slots_[id.index()].queue), ComputeStop::job)) return remaining;
  const Queue& q = queues_[slots_[id.index()].queue.index()];
  const Job& job = channels.workload->jobs()[q.ring.front()];
  const JobSpec& spec = channels.workload->spec_of(job);
  std::optional<Duration> grain = spec.grain;
  if (is_copy(id) && spec_.device.link.bytes_per_second > 0) {
    const Duration packet = transfer_time(sdma_packet, spec_.device.link);
    grain = std::min(grain.value_or(packet), packet);
  }
  const bool has_shape = spec.shape && spec_.device.wave_state.waves > 0;
  if (!grain && !has_shape) return remaining;
  const std::uint32_t width = width_of(id, channels);
  const Wide whole = (FluidShare::ticks(job.work, width) * q.scale_permille + 999) / 1000;
  Wide round = 1;
  if (has_shape) {
    const Wide rounds = rounds_of(spec_.device.wave_state, *spec.shape, width);
    round = std::max<Wide>(round, (whole + rounds - 1) / rounds);
  } else {
    round = std::max<Wide>(round, FluidShare::ticks(*grain, width) * q.scale_permille / 1000);
  }
  const Wide done = whole - remaining;
  if (done <= 0) return std::min(remaining, round);
  return std::min(remaining, (round - done % round) % round);
}

void Hardware::on(const ShareTimer& message, const HardwareChannels& channels) {
  FluidShare& share = message.copy ? copy_ : compute_;
  share.advance(channels.share_timer.now());
  const std::optional<FluidShare::Completion> done = share.next_completion();
  ensure(done && done->after == Duration{0}, "a share's timer fires and nothing is done");
  if (done->key >= slots_.size()) {
    const std::uint32_t entity = SlotId::none_value - done->key;
    share.stop(done->key);
    kernel_copies_[entity].reset();
    channels.copy_done.post({entity});
    return rearm_share(true, channels);
  }
  finish_flow(SlotId{done->key}, channels);
}

// A flow has all it wanted: its job is done, or the round of waves that a stop waits for, or one that runs on off
// its pipe.
void Hardware::finish_flow(SlotId id, const HardwareChannels& channels) {
  FluidShare& share = share_of(id);
  Slot& slot = slots_[id.index()];
  const Wide residue = -share.stop(id.value);
  if (slot.state == SlotState::running) return finish_head(id, residue, channels);

  rearm_share(is_copy(id), channels);
  slot.tail = false;
  Queue& q = queue_in(id);
  q.remaining = q.after_drain - residue;
  if (q.after_drain == 0) retire_head(id, channels);
  q.after_drain = 0;
  const QueueId queue = slot.queue;
  if (slot.state != SlotState::draining) {
    if (!has_work(queue, *channels.workload)) fall_idle(id, channels);
    return;
  }
  end_drain(id, channels);
}

// No waves run any more.
void Hardware::end_drain(SlotId id, const HardwareChannels& channels) {
  const Duration preempt = preempt_time(id, CostName::preempt_running, channels);
  const bool gfx = layout_->queue(slots_[id.index()].queue).type == QueueType::gfx;
  save_context(id, gfx ? spec_.device.gfx_context : Bytes{0}, preempt, channels);
}

// The head is done: it leaves the ring.
void Hardware::retire_head(SlotId id, const HardwareChannels& channels) {
  Queue& q = queue_in(id);
  channels.job_done.post({q.ring.front(), q.head_started_at, q.head_preemptions});
  channels.job_retired.post({slots_[id.index()].queue, q.ring.front()});
  q.ring.pop_front();
  q.head_started = false;
}

void Hardware::finish_head(SlotId id, Wide residue, const HardwareChannels& channels) {
  const QueueId queue = slots_[id.index()].queue;
  retire_head(id, channels);
  if (has_work(queue, *channels.workload)) return start_head(id, residue, channels);
  rearm_share(is_copy(id), channels);
  disconnect(id, channels);
  fall_idle(id, channels);
}

// Its ring is empty. MES hears of a user queue; the kernel's has room for the next job.
void Hardware::fall_idle(SlotId id, const HardwareChannels& channels) {
  const QueueId queue = slots_[id.index()].queue;
  if (!is_kernel_slot(id)) return void(channels.idle.post({queue}));
  if (slots_[id.index()].state == SlotState::connecting) {  // for the round that ran on and is over now
    channels.slot_timer.cancel(slots_[id.index()].timer);
    disconnect(id, channels);
  }
  change(id, SlotState::free, channels);
  slots_[id.index()] = Slot{};
  queues_[queue.index()].slot = SlotId::none();
}

bool Hardware::runs_or_drains(SlotId id) const {
  if (!id.exists()) return false;
  const SlotState state = slots_[id.index()].state;
  return state == SlotState::running || state == SlotState::draining;
}

// The quantum runs from the moment the connected queue runs and somebody else could. A real-time queue's has no
// end, and its arrival ends another's.
void Hardware::watch_quantum(std::uint32_t pipe_index, const HardwareChannels& channels) {
  Pipe& pipe = pipes_[pipe_index];
  if (!runs_or_drains(pipe.connected) || is_realtime(pipe.connected)) return;
  const SlotId next = next_to_connect(pipe_index, channels);
  if (!next.exists()) return;
  const bool at_once = is_realtime(next);
  if (!at_once && (pipe.quantum_running || spec_.device.pipe_quantum.count() == 0)) return;
  const Duration quantum = at_once ? Duration{0} : spec_.device.pipe_quantum;
  pipe.quantum = channels.pipe_timer.rearm_in(pipe.quantum, quantum, {pipe_index});
  pipe.quantum_running = true;
}

void Hardware::on(const PipeTimer& message, const HardwareChannels& channels) {
  Pipe& pipe = pipes_[message.pipe];
  pipe.quantum_running = false;
  if (!runs_or_drains(pipe.connected) || !next_to_connect(message.pipe, channels).exists()) return;
  const SlotId id = pipe.connected;
  if (slots_[id.index()].state == SlotState::draining) {  // its last round runs on off the pipe
    leave_pipe(id, channels);
    return arbitrate(message.pipe, channels);
  }
  if (stops_at(layout_->queue(slots_[id.index()].queue), ComputeStop::instruction)) {
    pause_head(id, channels);
    return disconnect(id, channels);
  }
  run_to_round_end(id, channels);
  slots_[id.index()].tail = true;
  disconnect(id, channels);
}

// The share says how long from its last advance the next flow takes; the timer counts from now.
void Hardware::rearm_share(bool copy, const HardwareChannels& channels) {
  FluidShare& share = copy ? copy_ : compute_;
  share.advance(channels.share_timer.now());
  EventHandle& timer = copy ? copy_timer_ : compute_timer_;
  const std::optional<FluidShare::Completion> next = share.next_completion();
  if (!next) return void(channels.share_timer.cancel(timer));
  timer = channels.share_timer.rearm_in(timer, next->after, {copy});
}

}  // namespace userqsim
