// MES's choice of which gangs have slots.
#include <algorithm>
#include <array>
#include <span>

#include "models/firmware/firmware.hpp"

namespace userqsim {

// Where VMIDs are short the engines compete for them.
void Firmware::reschedule(QueueType type, const FirmwareChannels& channels) {
  if (vmids_.are_short()) return schedule(engines, channels);
  schedule(std::array{type}, channels);
}

void Firmware::reschedule_engines_of(const std::vector<QueueId>& queues, const FirmwareChannels& channels) {
  for (const QueueType type : engines) {
    const auto is_of_type = [&](QueueId queue) { return type_of(queue) == type; };
    if (std::any_of(queues.begin(), queues.end(), is_of_type)) reschedule(type, channels);
  }
}

// Serves who waits on these engines, first come first of all of them.
void Firmware::schedule(std::span<const QueueType> types, const FirmwareChannels& channels) {
  if (changes_take_all() && !stops_.empty()) return;  // between two runlists
  for (const QueueType type : types) {
    pass_turns(type, channels.map.now());
    watch_quiet(type, channels);
    if (!low_may_run(type)) send_low_away(type, channels);
  }
  Promises promised = promises(channels.map.now());
  std::array<std::optional<WaitKey>, engines.size()> next;  // by engine; none: it is done with
  for (const QueueType type : types) next[index_of(type)] = first_waiting(type, WaitKey{});
  for (;;) {
    std::optional<WaitKey>* first = nullptr;
    for (std::optional<WaitKey>& key : next) {
      if (key && (first == nullptr || *key < **first)) first = &key;
    }
    if (first == nullptr) return;
    const WaitKey key = **first;
    if (make_room(key.queue, promised, channels)) {
      *first = first_waiting(type_of(key.queue), key);
    } else {
      first->reset();  // who waits behind it on this engine fares no better
    }
  }
}

// The first behind `after` that is to have a slot, if any.
std::optional<WaitKey> Firmware::first_waiting(QueueType type, const WaitKey& after) const {
  const WaitingGangs& waiting = lists_of(type).waiting;
  std::optional<WaitKey> next = waiting.after(after);
  const auto is_low = [&] { return next && level_of(next->queue) == Priority::low; };
  if (is_low() && !next->idle && !low_may_run(type)) next = waiting.after({true, 0, 0, 0, QueueId{0}});
  if (!next || (next->idle && oversubscribed(type)) || (is_low() && !low_may_run(type))) return {};
  return next;
}

// Maps the gang, or has it wait for what is about to be free, or sends somebody away for it; false when nobody
// goes.
bool Firmware::make_room(QueueId queue, Promises& promised, const FirmwareChannels& channels) {
  const SimTime now = channels.map.now();
  const bool has_vmid = can_have_vmid(queue);
  const std::optional<SlotId> slot = free_slot(queue);
  if (slot && has_vmid) {
    end_wait(queue, WaitEnd::mapped, channels);
    enter(queue, *slot, now);
    if (is_hws()) begin_quantum(queue, now);  // its turn is in the slot, whatever it does there
    channels.map.post({queue, *slot, gang(queue).stops, gpu_resets_});
    return true;
  }
  std::size_t& promise = slot ? promised.vmids : promised.slots[index_of(type_of(queue))];
  if (promise > 0) {
    --promise;  // the next that is vacated is this one's
    return true;
  }
  std::vector<QueueId> leaving;
  if (slot) {
    leaving = who_give_vmid(queue, now);
  } else if (const std::optional<QueueId> victim = who_gives_slot(queue, now)) {
    leaving = {*victim};
  }
  for (const QueueId each : leaving) end_turn(each, queue, channels);
  if (!leaving.empty()) return true;
  watch_quanta(queue, slot.has_value(), channels);
  return false;
}

// The lowest free slot of the pipe that has the fewest taken; of real-time gangs a pipe has one at most.
std::optional<SlotId> Firmware::free_slot(QueueId queue) const {
  const bool realtime = level_of(queue) == Priority::realtime;
  std::optional<SlotId> best;
  std::uint32_t best_taken = 0;
  for (const SlotPlan::Pipe& pipe : slots_.pipes) {
    if (pipe.type != type_of(queue) || (realtime && has_realtime(pipe))) continue;
    std::uint32_t taken = 0;
    std::optional<SlotId> free;
    for (std::uint32_t s = pipe.slots; s > 0; --s) {
      const SlotId id{pipe.first_slot + s - 1};
      if (slot_taken_[id.index()].exists()) {
        ++taken;
      } else {
        free = id;
      }
    }
    if (free && (!best || taken < best_taken)) best = free, best_taken = taken;
  }
  return best;
}

// A VMID that all who have it are leaving is somebody else's where VMIDs are short.
bool Firmware::can_have_vmid(QueueId queue) const {
  const std::optional<std::uint32_t> vmid = contexts_.vmid_of(queue);
  if (!vmid) return true;
  if (!vmids_.can_have(*vmid)) return false;
  if (!vmids_.are_short() || vmids_.holders(*vmid) == 0) return true;
  return std::any_of(slot_taken_.begin(), slot_taken_.end(), [&](QueueId holder) {
    return holder.exists() && contexts_.vmid_of(holder) == vmid && !gang(holder).leaving;
  });
}

bool Firmware::has_realtime(const SlotPlan::Pipe& pipe) const {
  const auto first = slot_taken_.begin() + pipe.first_slot;
  return std::any_of(first, first + pipe.slots,
                     [&](QueueId queue) { return queue.exists() && level_of(queue) == Priority::realtime; });
}

// Slots of each engine, and VMIDs, that are about to be free. A gang that has not left within a quantum (a long
// round of waves) promises nothing any more, or who waits would wait for that round.
Firmware::Promises Firmware::promises(SimTime now) const {
  Promises promised;
  std::map<std::uint32_t, std::uint32_t> leaving;  // by VMID
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || !gang(queue).leaving || now >= gang(queue).leaving_since + spec_.gang_quantum) continue;
    ++promised.slots[index_of(type_of(queue))];
    const std::optional<std::uint32_t> vmid = contexts_.vmid_of(queue);
    if (vmid && ++leaving[*vmid] == vmids_.holders(*vmid)) ++promised.vmids;
  }
  return promised;
}

// Whether the mapped gang gives way to the one that waits.
bool Firmware::yields(QueueId queue, QueueId to, SimTime now) const {
  if (level_of(queue) == Priority::realtime || !wants(to) || keeps_slot(queue)) return false;
  if (!wants(queue)) return true;
  if (level_of(queue) != level_of(to)) return level_of(queue) < level_of(to);
  const bool same_process = contexts_.process_of(queue) == contexts_.process_of(to);
  return (same_process ? gang(queue).quantum : process_of(queue).quantum).is_over(now);
}

// An idle gang first, then one of a lower level, then one of another process whose turn is over, then one of the
// same process whose own is; lower levels before higher, longest-served place first.
std::optional<QueueId> Firmware::who_gives_slot(QueueId to, SimTime now) const {
  const bool realtime = level_of(to) == Priority::realtime;
  std::optional<QueueId> best;
  const auto rank = [&](QueueId queue) {
    const bool same_process = contexts_.process_of(queue) == contexts_.process_of(to);
    return std::tuple(wants(queue), level_of(queue), same_process, process_of(queue).place, gang(queue).place);
  };
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || type_of(queue) != type_of(to) || gang(queue).leaving || !yields(queue, to, now))
      continue;
    if (realtime && has_realtime(slots_.pipes[slots_.pipe_of_slot[gang(queue).slot.index()]])) continue;
    if (!best || rank(queue) < rank(*best)) best = queue;
  }
  return best;
}

// Those who share a VMID leave it together, so all of them must yield. By the one that is hardest to ask.
std::vector<QueueId> Firmware::who_give_vmid(QueueId to, SimTime now) const {
  struct Sharers {
    bool yield = true;
    std::tuple<bool, Priority, std::uint64_t> rank{};
    std::vector<QueueId> queues;
  };
  std::map<std::uint32_t, Sharers> all;
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || !contexts_.vmid_of(queue)) continue;
    Sharers& sharers = all[*contexts_.vmid_of(queue)];
    sharers.rank = std::max(sharers.rank, std::tuple(wants(queue), level_of(queue), process_of(queue).place));
    if (gang(queue).leaving) continue;
    sharers.yield = sharers.yield && yields(queue, to, now);
    sharers.queues.push_back(queue);
  }
  const Sharers* best = nullptr;
  for (const auto& [vmid, sharers] : all) {
    if (!sharers.yield || sharers.queues.empty()) continue;
    if (best == nullptr || sharers.rank < best->rank) best = &sharers;
  }
  return best == nullptr ? std::vector<QueueId>{} : best->queues;
}

// Notes whether everybody above level low has been idle for long enough.
void Firmware::watch_quiet(QueueType type, const FirmwareChannels& channels) {
  EngineLists& lists = lists_of(type);
  if (lists.busy > 0) {
    channels.quiet_timer.cancel(lists.quiet_timer);
    lists.quiet_timer = {};
    lists.quiet = false;
  } else if (!lists.quiet && lists.quiet_timer.generation == 0) {
    lists.quiet_timer = channels.quiet_timer.post_in(spec_.low_idle_time, {type});
  }
}

void Firmware::on(const QuietTimer& message, const FirmwareChannels& channels) {
  EngineLists& lists = lists_of(message.type);
  lists.quiet_timer = {};
  lists.quiet = true;
  reschedule(message.type, channels);
}

void Firmware::send_low_away(QueueType type, const FirmwareChannels& channels) {
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || type_of(queue) != type || level_of(queue) != Priority::low) continue;
    if (!gang(queue).leaving && !keeps_slot(queue)) end_turn(queue, QueueId::none(), channels);
  }
}

}  // namespace userqsim
