// Queues that hang, and what ends a hang: the reset of one queue, the reset of the GPU; and what the driver does to
// the rings meanwhile.
#include <utility>

#include "models/hardware/hardware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

bool Hardware::has_waves(SlotId id) const {
  const Slot& slot = slots_[id.index()];
  return slot.tail || slot.state == SlotState::running || slot.state == SlotState::draining;
}

void Hardware::on(const Hang& message, const HardwareChannels& channels) {
  if (queues_[message.queue.index()].stuck) return;
  hang(message.queue, channels);
  if (!message.fault.exists()) return;
  channels.fault_injected->state({channels.slot_timer.now(), message.fault, FaultKind::hang,
                                  layout_->queue(message.queue).process, message.queue, std::nullopt});
}

// What is left of the head stands still, in the slot or out of it. Waves that were already saved, or a queue that
// is being unmapped, leave the slot; the queue hangs when it is mapped again.
void Hardware::hang(QueueId queue, const HardwareChannels& channels) {
  Queue& q = queues_[queue.index()];
  if (q.slot.exists() && has_waves(q.slot)) {
    const bool tail = slots_[q.slot.index()].tail;
    pause_head(q.slot, channels);
    slots_[q.slot.index()].tail = tail;
  }
  q.stuck = true;
}

// A fault of preemption hits this stop. A queue that has stopped by now, and is only being saved or unmapped, is
// past it.
void Hardware::inject(const UnmapQueue& stop, const HardwareChannels& channels) {
  Slot& slot = slots_[stop.slot.index()];
  if (slot.state == SlotState::saving || slot.state == SlotState::unmapping) return;
  const FaultSpec& fault = channels.faults->spec(stop.fault);
  if (fault.kind == FaultKind::slow_preempt) {
    slot.slower = *fault.time;
  } else if (!queues_[stop.queue.index()].stuck) {
    hang(stop.queue, channels);
  }
  channels.fault_injected->state({channels.slot_timer.now(), stop.fault, fault.kind,
                                  layout_->queue(stop.queue).process, stop.queue, stop.eviction});
}

// The job at `place` of the ring will not run on. The caller takes it out of the ring.
void Hardware::drop_job(QueueId queue, std::size_t place, JobOutcome outcome, const HardwareChannels& channels) {
  const Queue& q = queues_[queue.index()];
  const bool started = place == 0 && q.head_started;
  channels.job_dropped.post(
      {q.ring[place], outcome, started, started ? q.head_started_at : SimTime{}, started ? q.head_preemptions : 0});
  if (outcome != JobOutcome::exited) channels.job_retired.post({queue, q.ring[place]});
}

// The head's waves are dead wherever they stand. Without a fence nobody hears of it: the job is lost. With one the
// driver knows, and cancels it; if it does not, the job runs anew.
void Hardware::kill_waves(QueueId queue, const HardwareChannels& channels) {
  Queue& q = queues_[queue.index()];
  if (q.slot.exists() && has_waves(q.slot) && !q.stuck) pause_head(q.slot, channels);
  q.stuck = false;
  q.saved = Bytes{0};
  q.has_context = false;
  q.remaining = 0;
  if (!q.head_started) return;
  const Job& job = channels.workload->jobs()[q.ring.front()];
  if (!channels.workload->spec_of(job).fence) {
    drop_job(queue, 0, JobOutcome::lost, channels);
    q.ring.pop_front();
  }
  q.head_started = false;
}

// Out of the slot at once, from whatever it was doing there.
void Hardware::empty_slot(SlotId id, const HardwareChannels& channels) {
  Slot& slot = slots_[id.index()];
  const QueueId queue = slot.queue;
  channels.slot_timer.cancel(slot.timer);
  leave_pipe(id, channels);
  channels.queue_stopped->state({channels.slot_timer.now(), queue, has_work(queue, *channels.workload)});
  change(id, SlotState::free, channels);
  slot = Slot{};
  queues_[queue.index()].slot = SlotId::none();
}

void Hardware::on(const ResetQueue& message, const HardwareChannels& channels) {
  kill_waves(message.queue, channels);
  const SlotId slot = queues_[message.queue.index()].slot;
  if (!slot.exists()) return;
  empty_slot(slot, channels);
  channels.slot_freed.post({message.queue, slot});
  arbitrate(pipe_of(slot), channels);
}

void Hardware::on(const GpuReset& message, const HardwareChannels& channels) {
  const bool was_down = std::exchange(down_, !message.over);  // since a reset that failed: nothing is copied
  const auto each_copy = [&](const auto& act) {
    for (std::uint32_t entity = 0; entity < kernel_copies_.size(); ++entity) {
      if (kernel_copies_[entity]) act(entity);
    }
  };
  if (message.over) return each_copy([&](std::uint32_t entity) { start_kernel_copy(entity, channels); });
  ++gpu_resets_;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    // What was saved before, of a queue without a slot, is memory too.
    if (queues_[i].slot.exists() || queues_[i].stuck) kill_waves(QueueId::of(i), channels);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const SlotId id = SlotId::of(i);
    if (slots_[i].state == SlotState::free) continue;
    // A job that the kernel's queue has not begun is lost too: amdgpu puts none on it a second time.
    Fifo<JobId>& ring = queue_in(id).ring;
    if (is_kernel_slot(id) && !ring.empty()) {
      drop_job(slots_[i].queue, 0, JobOutcome::lost, channels);
      ring.clear();
    }
    empty_slot(id, channels);
  }
  if (was_down) return;
  copy_.advance(channels.copy_done.now());
  each_copy([&](std::uint32_t entity) { copy_.stop(kernel_key(entity)); });
  rearm_share(true, channels);
}

void Hardware::on(const CancelFenced& message, const HardwareChannels& channels) {
  Queue& q = queues_[message.queue.index()];
  const bool had_work = has_work(message.queue, *channels.workload);
  const auto fenced = [&](JobId id) { return channels.workload->spec_of(channels.workload->jobs()[id]).fence; };
  const bool head_goes = !q.ring.empty() && fenced(q.ring.front());
  for (std::size_t i = 0; i < q.ring.size(); ++i) {
    if (fenced(q.ring[i])) drop_job(message.queue, i, JobOutcome::cancelled, channels);
  }
  if (head_goes) {
    if (q.slot.exists() && has_waves(q.slot) && !q.stuck) pause_head(q.slot, channels);
    q.head_started = false;
    q.remaining = 0;
  }
  erase_where(q.ring, fenced);
  if (!had_work && has_work(message.queue, *channels.workload)) channels.has_work.post({message.queue});
  if (head_goes && q.slot.exists() && !q.stuck) settle_head(q.slot, channels);
}

// The head is gone from under its slot: the next one runs, or the slot goes on to what comes after waves.
void Hardware::settle_head(SlotId id, const HardwareChannels& channels) {
  const QueueId queue = slots_[id.index()].queue;
  const bool work = has_work(queue, *channels.workload);
  switch (slots_[id.index()].state) {
    case SlotState::running:
      if (work) return start_head(id, 0, channels);
      disconnect(id, channels);
      return void(channels.idle.post({queue}));
    case SlotState::draining:
      return end_drain(id, channels);
    case SlotState::mapped:
      if (!work) return void(channels.idle.post({queue}));
      return arbitrate(pipe_of(id), channels);
    case SlotState::free:
    case SlotState::mapping:
    case SlotState::loading:
    case SlotState::connecting:
    case SlotState::saving:
    case SlotState::unmapping:
      return;  // looks again when it is through
  }
}

}  // namespace userqsim
