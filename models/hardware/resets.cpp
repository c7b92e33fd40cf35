// What faults and resets do to queues: waves that make no progress, waves that die, jobs that leave a ring
// unfinished.
#include "models/hardware/hardware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Hardware::on(const FaultDue& message, const HardwareChannels& channels) {
  const QueueId queue = channels.faults->queue_of(message.fault);
  channels.fault->state({channels.slot_timer.now(), message.fault, FaultKind::hang,
                         channels.faults->process_of(message.fault), queue, std::nullopt});
  hang(queue, channels);
}

// From here on the queue's waves stand where they are, or where they next begin.
void Hardware::hang(QueueId id, const HardwareChannels& channels) {
  Queue& q = queues_[id.index()];
  q.stuck = true;
  if (q.slot.exists() && slots_[q.slot.index()].flowing) pause_head(q.slot, channels);
}

// The waves in the slot die, and the slot with what it was doing. A job without a fence is lost; one with a fence
// stays in the ring until the driver completes that by force.
void Hardware::kill_waves(SlotId id, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  Queue& q = queues_[slot.queue.index()];
  if (slot.flowing) pause_head(id, channels);
  channels.slot_timer.cancel(slot.timer);
  const bool began = q.head_started && !q.ring.empty();
  q.saved = Bytes{0};
  q.has_context = false;
  q.after_drain = 0;
  q.stuck = false;
  if (!began) return;
  const bool fenced = channels.workload->spec_of(channels.workload->jobs()[q.ring.front()]).fence;
  if (fenced) {
    q.head_died = true;
  } else {
    drop_job(slot.queue, 0, JobOutcome::lost, channels);
  }
}

void Hardware::empty_slot(SlotId id, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  const QueueId queue = slot.queue;
  if (slot.state == SlotState::running) channels.disconnected.post({queue});
  leave_pipe(id, channels);
  kill_waves(id, channels);
  if (slot.for_packet) {
    channels.queue_stopped->state({channels.slot_timer.now(), queue, has_work(queue, *channels.workload)});
  }
  change(id, SlotState::free, channels);
  slot = Slot{};
  queues_[queue.index()].slot = SlotId::none();
}

void Hardware::on(const ResetQueue& message, const HardwareChannels& channels) {
  Queue& q = queues_[message.queue.index()];
  q.stuck = false;
  if (!q.slot.exists()) return;
  const SlotId slot = q.slot;
  empty_slot(slot, channels);
  channels.slot_freed.post({message.queue, slot});
  arbitrate(pipe_of(slot), channels);
}

// The rings are memory and stay; a kernel move under way starts anew.
void Hardware::on(const GpuReset&, const HardwareChannels& channels) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].state != SlotState::free) empty_slot(SlotId::of(i), channels);
  }
  for (Queue& q : queues_) {
    q.stuck = false;
    q.saved = Bytes{0};
    q.has_context = false;
  }
  if (copy_work_ == 0) return;
  copy_.advance(channels.copy_done.now());
  copy_.set_remaining(SlotId::none_value, copy_work_);
  rearm_share(true, channels);
}

// Takes one job out of the ring, unfinished.
void Hardware::drop_job(QueueId id, std::size_t place, JobOutcome outcome, const HardwareChannels& channels) {
  Queue& q = queues_[id.index()];
  const JobId job = q.ring[place];
  const bool head = place == 0 && q.head_started;
  channels.job_dropped.post(
      {job, outcome, head, head ? q.head_started_at : SimTime{}, head ? q.head_preemptions : 0});
  channels.job_retired.post({id, job});
  q.ring.erase(q.ring.begin() + static_cast<std::ptrdiff_t>(place));
  if (place != 0) return;
  q.head_started = false;
  q.head_died = false;
}

// The jobs whose fences were completed leave the ring; a running one's waves with it.
void Hardware::on(const CancelFenced& message, const HardwareChannels& channels) {
  Queue& q = queues_[message.queue.index()];
  const auto fenced = [&](JobId job) { return channels.workload->spec_of(channels.workload->jobs()[job]).fence; };
  const bool head_goes = !q.ring.empty() && fenced(q.ring.front());
  const bool on_machine = q.slot.exists() && slots_[q.slot.index()].state == SlotState::running;
  if (head_goes && q.slot.exists() && slots_[q.slot.index()].flowing) pause_head(q.slot, channels);
  for (std::size_t place = q.ring.size(); place > 0; --place) {
    if (fenced(q.ring[place - 1])) drop_job(message.queue, place - 1, JobOutcome::cancelled, channels);
  }
  if (!head_goes || !q.slot.exists()) return;
  const SlotId slot = q.slot;
  if (slots_[slot.index()].state == SlotState::draining && !q.stuck) {
    return begin_unmapping(slot, Duration{0}, channels);
  }
  if (!on_machine || q.stuck) return;
  if (has_work(message.queue, *channels.workload)) return start_head(slot, 0, channels);
  disconnect(slot, channels);
  channels.idle.post({message.queue});
}

}  // namespace userqsim
