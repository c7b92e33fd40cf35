#include "models/hardware/hardware.hpp"

#include "sim/core/ensure.hpp"

namespace userqsim {

SlotPlan make_slot_plan(const DeviceSpec& device, bool with_kernel_slots) {
  SlotPlan plan;
  const auto add = [&](QueueType type, const EngineSpec& engine) {
    for (std::uint32_t pipe = 0; pipe < engine.pipes; ++pipe) {
      const auto first = static_cast<std::uint32_t>(plan.pipe_of_slot.size());
      const std::uint32_t slots = user_slots(device, engine);
      plan.pipe_of_slot.insert(plan.pipe_of_slot.end(), slots, static_cast<std::uint32_t>(plan.pipes.size()));
      plan.pipes.push_back({type, first, slots});
    }
  };
  add(QueueType::gfx, device.gfx);
  add(QueueType::compute, device.compute);
  add(QueueType::sdma, device.sdma);
  if (!with_kernel_slots) return plan;
  for (std::uint32_t pipe = 0; pipe < plan.pipes.size(); ++pipe) {
    plan.pipes[pipe].kernel_slot = SlotId::of(plan.pipe_of_slot.size());
    plan.pipe_of_slot.push_back(pipe);
  }
  return plan;
}

Hardware::Hardware(const HardwareSpec& spec, const Layout& layout)
    : spec_(spec),
      layout_(&layout),
      plan_(make_slot_plan(spec.device, layout.uses_kernel_queues())),
      queues_(layout.queues.size()),
      slots_(plan_.pipe_of_slot.size()),
      pipes_(plan_.pipes.size()),
      compute_(spec.device.compute_units),
      copy_(1) {}

void Hardware::handle(const HardwareEvent& event, const HardwareChannels& channels) {
  std::visit([&](const auto& message) { on(message, channels); }, event);
}

bool Hardware::has_work(QueueId queue, const Workload& workload) const {
  const Queue& q = queues_[queue.index()];
  return !q.ring.empty() && workload.jobs()[q.ring.front()].waits_for == 0;
}

std::optional<Hardware::Progress> Hardware::progress(QueueId queue) const {
  const Queue& q = queues_[queue.index()];
  if (q.ring.empty() || !q.head_started) return std::nullopt;
  return Progress{q.ring.front(), q.head_started_at, q.head_preemptions};
}

void Hardware::on(const Doorbell& message, const HardwareChannels& channels) {
  Queue& q = queues_[message.queue.index()];
  // It was on its way as the queue was freed. Whose process has exited ends with it, not here.
  if (q.freed == JobOutcome::exited) return;
  const bool had_work = has_work(message.queue, *channels.workload);
  q.ring.push_back(message.job);
  if (q.freed) {
    drop_job(message.queue, q.ring.size() - 1, *q.freed, channels);
    return q.ring.clear();
  }
  if (had_work || !has_work(message.queue, *channels.workload)) return;
  channels.has_work.post({message.queue});
  if (q.slot.exists()) arbitrate(pipe_of(q.slot), channels);
}

// drm_sched has given it to this pipe's queue of the kernel, which has nothing else to run.
void Hardware::on(const RunKernelJob& message, const HardwareChannels& channels) {
  const SlotId id = plan_.pipes[message.pipe].kernel_slot;
  Slot& slot = slots_[id.index()];
  Queue& q = queues_[message.queue.index()];
  ensure(slot.state == SlotState::free && q.ring.empty(), "a kernel queue is given a second job");
  slot.queue = message.queue;
  q.slot = id;
  q.ring.push_back(message.job);
  change(id, SlotState::mapped, channels);
  arbitrate(message.pipe, channels);
}

void Hardware::on(const DependencyMet& message, const HardwareChannels& channels) {
  const Queue& q = queues_[message.queue.index()];
  // Only the head's own dependency gives the queue work, and only once.
  if (!has_work(message.queue, *channels.workload) || q.head_started) return;
  channels.has_work.post({message.queue});
  if (q.slot.exists()) arbitrate(pipe_of(q.slot), channels);
}

// The queue is freed. Where MES could not take it off the machine first, its waves are gone with it, unless they
// hang.
void Hardware::on(const DropRing& message, const HardwareChannels& channels) {
  Queue& q = queues_[message.queue.index()];
  for (std::size_t i = 0; i < q.ring.size(); ++i) drop_job(message.queue, i, message.outcome, channels);
  q.ring.clear();
  q.freed = message.outcome;
  q.head_started = false;
  if (!q.slot.exists() || q.stuck) return;
  Slot& slot = slots_[q.slot.index()];
  if (has_waves(q.slot)) pause_head(q.slot, channels);
  if (slot.state == SlotState::connecting) channels.slot_timer.cancel(slot.timer);
  if (slot.state == SlotState::connecting || slot.state == SlotState::running) disconnect(q.slot, channels);
  if (slot.state == SlotState::draining) begin_unmapping(q.slot, Duration{0}, channels);
}

// A job of a kernel move. It must not run while waves of who uses the buffer do: that is what the eviction was for.
void Hardware::on(const StartCopy& message, const HardwareChannels& channels) {
  const auto& users = channels.memory->users(message.buffer);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!has_waves(SlotId::of(i))) continue;
    const QueueId queue = slots_[i].queue;
    const ProcessId process = layout_->queue(queue).process;
    if (std::find(users.begin(), users.end(), process) == users.end()) continue;
    channels.hazard->state({channels.copy_done.now(), HazardKind::moved_while_running, process, queue});
  }
  if (kernel_copies_.size() <= message.entity) kernel_copies_.resize(message.entity + 1);
  kernel_copies_[message.entity] = FluidShare::ticks(message.work, 1);
  start_kernel_copy(message.entity, channels);
}

// From its beginning, when the chip is up.
void Hardware::start_kernel_copy(std::uint32_t entity, const HardwareChannels& channels) {
  if (down_) return;
  copy_.advance(channels.copy_done.now());
  copy_.start(kernel_key(entity), 1, *kernel_copies_[entity]);
  rearm_share(true, channels);
}

void Hardware::verify(const Workload& workload) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    ensure((slot.state == SlotState::free) == !slot.queue.exists(),
           "a free slot holds a queue, or a taken one none");
    if (slot.queue.exists()) ensure(queues_[slot.queue.index()].slot.index() == i, "a slot and its queue disagree");
  }
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    for (const JobId job : queues_[i].ring)
      ensure(!workload.jobs().is_over(job), "a ring holds a job that is over");
    const SlotId slot = queues_[i].slot;
    if (slot.exists()) ensure(slots_[slot.index()].queue.index() == i, "a queue is in two slots");
  }
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    std::size_t connected = 0;
    for (std::uint32_t s = 0; s <= plan_.pipes[i].slots; ++s) {
      const SlotId id = slot_of_pipe(static_cast<std::uint32_t>(i), s);
      if (!id.exists()) continue;
      const SlotState state = slots_[id.index()].state;
      const bool drains_on_pipe = state == SlotState::draining && pipes_[i].connected == id;
      if (state == SlotState::connecting || state == SlotState::running || drains_on_pipe) ++connected;
    }
    ensure(connected == (pipes_[i].connected.exists() ? 1U : 0U), "a pipe connects two queues, or has lost one");
  }
}

}  // namespace userqsim
