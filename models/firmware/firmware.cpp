#include "models/firmware/firmware.hpp"

#include "sim/core/ensure.hpp"

namespace userqsim {

Firmware::Firmware(const FirmwareSetup& setup, const Layout& layout, const SlotPlan& slots)
    : spec_(setup.spec),
      layout_(&layout),
      slots_(slots),
      contexts_(layout, setup),
      gangs_(layout.queues.size()),
      processes_(contexts_.processes()),
      vmids_(setup.vmids, contexts_.vmids()),
      slot_taken_(slots.pipe_of_slot.size()) {
  for (const SlotPlan::Pipe& pipe : slots.pipes) lists_of(pipe.type).slots += pipe.slots;
}

// A silent MES does nothing: what happens meanwhile it finds when it goes on. Packets stand in its inbox.
void Firmware::handle(const FirmwareEvent& event, const FirmwareChannels& channels) {
  const bool heard = std::holds_alternative<Packet>(event) || std::holds_alternative<FirmwareReset>(event) ||
                     std::holds_alternative<MesFault>(event) || std::holds_alternative<SilenceTimer>(event);
  if (silent_ && !heard) return held_.push_back(event);
  std::visit([&](const auto& message) { on(message, channels); }, event);
}

void Firmware::close(SimTime now, const FirmwareChannels& channels) const {
  state_cut(now, channels);
  const auto open = [&](const Work& work) { channels.packet_ended->state(fact_of(work, PacketResult::open, now)); };
  for (const Stop& stop : stops_) open(stop.work);
  for (const ApiPipe& pipe : pipes_) {
    if (pipe.current) open(*pipe.current);
    for (const Work& work : pipe.inbox) open(work);
  }
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    if (gangs_[i].waits_since)
      channels.slot_waited->state({now, QueueId::of(i), *gangs_[i].waits_since, WaitEnd::open});
  }
}

// What the API processors are in the middle of.
void Firmware::state_cut(SimTime now, const FirmwareChannels& channels) const {
  for (const Stop& stop : stops_) {
    if (stop.blocks) state_served(stop.work, stop.unmap_began, true, now, channels);
  }
  for (const ApiPipe& pipe : pipes_) {
    if (pipe.current) state_served(*pipe.current, pipe.since, false, now, channels);
  }
}

void Firmware::verify() const {
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const SlotId slot = gangs_[i].slot;
    if (slot.exists())
      ensure(slot_taken_[slot.index()].index() == i, "MES has a gang in a slot it gave to another");
  }
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    const bool waits = wait_of(queue).has_value();
    ensure(gangs_[i].waits == wait_of(queue), "a gang's place among those that wait is not where it should be");
    ensure(waits || !gangs_[i].waits_since, "a gang waits for a slot that has one or may not run");
  }
  for (std::size_t i = 0; i < slot_taken_.size(); ++i) {
    const QueueId queue = slot_taken_[i];
    if (queue.exists()) ensure(gang(queue).slot.index() == i, "MES has given a slot to a gang that has another");
  }
}

}  // namespace userqsim
