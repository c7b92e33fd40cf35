#include "models/firmware/firmware.hpp"

#include <algorithm>
#include <iterator>

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
  cut(PacketResult::open, now, channels);
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    if (gangs_[i].waits_since)
      channels.slot_waited->state({now, QueueId::of(i), *gangs_[i].waits_since, WaitEnd::open});
  }
}

// States what is under way as it is now.
void Firmware::cut(PacketResult result, SimTime now, const FirmwareChannels& channels) const {
  const auto end = [&](const Work& work) { channels.packet_ended->state(fact_of(work, result, now)); };
  for (const Stop& stop : stops_) {
    Work work = stop.work;
    if (stop.blocks) {
      work.busy += now - stop.unmap_began;
      state_served(work, stop.unmap_began, true, now, channels);
    }
    end(work);
  }
  for (const ApiPipe& pipe : pipes_) {
    if (pipe.current) {
      Work work = *pipe.current;
      const SimTime until = std::min(now, pipe.until);
      work.busy -= pipe.until - until;
      state_served(work, pipe.since, false, until, channels);
      end(work);
    }
    for (const Work& work : pipe.inbox) end(work);
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
  for (const QueueType type : engines) {
    const EngineLists& lists = lists_of(type);
    std::vector<QueueId> in_slots;
    const auto is_its = [&](QueueId queue) { return queue.exists() && type_of(queue) == type; };
    std::copy_if(slot_taken_.begin(), slot_taken_.end(), std::back_inserter(in_slots), is_its);
    ensure(in_slots == lists.in_slots, "the gangs in an engine's slots are not those that it lists");
    const auto is_low = [&](QueueId queue) { return level_of(queue) == Priority::low; };
    ensure(std::count_if(in_slots.begin(), in_slots.end(), is_low) == lists.low_in_slots,
           "gangs of level low in slots are miscounted");
    std::uint32_t turns_over = 0;
    for (std::size_t p = 0; p < processes_.size(); ++p) {
      if (type_of(contexts_.gangs_of(p).front()) == type) turns_over += processes_[p].turn_over ? 1U : 0U;
    }
    for (std::size_t i = 0; i < gangs_.size(); ++i) {
      if (type_of(QueueId::of(i)) == type) turns_over += gangs_[i].turn_over ? 1U : 0U;
    }
    ensure(turns_over == lists.turns_over, "turns that are over are miscounted");
  }
}

}  // namespace userqsim
