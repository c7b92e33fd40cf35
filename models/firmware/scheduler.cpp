// MES's choice of which gangs have slots.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "models/firmware/firmware.hpp"

namespace userqsim {

// Where VMIDs are short the engines compete for them; when they no longer are, all who waited may have one.
void Firmware::reschedule(QueueType type, const FirmwareChannels& channels) {
  const bool were_short = std::exchange(vmids_were_short_, vmids_.are_short());
  if (were_short || vmids_were_short_) return schedule(engines, channels);
  schedule(std::array{type}, channels);
}

void Firmware::reschedule_engines_of(const QueueList& queues, const FirmwareChannels& channels) {
  for (const QueueType type : engines) {
    const auto is_of_type = [&](QueueId queue) { return type_of(queue) == type; };
    if (std::any_of(queues.begin(), queues.end(), is_of_type)) reschedule(type, channels);
  }
}

// Serves who waits on these engines.
void Firmware::schedule(std::span<const QueueType> types, const FirmwareChannels& channels) {
  if (changes_take_all() && !stops_.empty()) return;  // between two runlists
  for (const QueueType type : types) {
    pass_turns(type, channels.map.now());
    watch_quiet(type, channels);
    if (!low_may_run(type)) send_low_away(type, channels);
  }
  const SmallVector<Unserved, 4> unserved = serve_waiting(types, channels);
  for (const QueueType type : types) renew_turns(type, channels.map.now());
  for (const Unserved& each : unserved) watch_quanta(each, channels);
}

// First come first of all engines.
SmallVector<Firmware::Unserved, 4> Firmware::serve_waiting(std::span<const QueueType> types,
                                                           const FirmwareChannels& channels) {
  const auto nobody_waits = [&](QueueType type) { return lists_of(type).waiting.empty(); };
  if (std::all_of(types.begin(), types.end(), nobody_waits)) return {};
  std::array<std::optional<WaitKey>, engines.size()> next;  // by engine; none: it is done with
  bool anybody = false;
  for (const QueueType type : types) {
    next[index_of(type)] = first_waiting(type, WaitKey{});
    anybody = anybody || next[index_of(type)];
  }
  if (!anybody) return {};
  Pass pass = begin_pass(channels.map.now());
  for (;;) {
    std::optional<WaitKey>* first = nullptr;
    for (std::optional<WaitKey>& key : next) {
      if (key && (first == nullptr || *key < **first)) first = &key;
    }
    if (first == nullptr) return pass.unserved;
    const WaitKey key = **first;
    if (serve(key.queue, pass, channels)) {
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

// Maps the gang; or sees to it that somebody leaves for it, and keeps for it what is free of the two that it needs,
// a slot and a VMID. False when nobody leaves: then nobody of its engine passes it.
bool Firmware::serve(QueueId queue, Pass& pass, const FirmwareChannels& channels) {
  const SimTime now = channels.map.now();
  const auto vmid = contexts_.vmid_of(queue);
  const bool is_anothers = vmid && (pass.closed_vmid == vmid || vmid_is_promised(queue, now));
  if (is_anothers) return true;  // who waits for its VMID is before it: it stands aside
  std::optional<SlotId> slot;
  if (pass.kept_slots[index_of(type_of(queue))] < lists_of(type_of(queue)).free_slots()) slot = free_slot(queue);
  const bool shares = vmid && vmids_.holders(*vmid) > 0;
  const bool has_vmid = !vmid || (vmids_.can_have(*vmid) && (shares || vmids_.free() > pass.kept_vmids));
  if (slot && has_vmid) {
    end_wait(queue, WaitEnd::mapped, channels);
    enter(queue, *slot, now);
    if (is_hws()) begin_quantum(queue, now);  // its turn is in the slot, whatever it does there
    channels.map.post({queue, *slot, gang(queue).stops, gpu_resets_});
    return true;
  }
  const auto unserved = [&](bool for_vmid) {
    pass.unserved.push_back({queue, for_vmid});
    return false;
  };
  SlotSource source = slot ? SlotSource{} : slot_source(queue, pass, now);
  if (!slot && source.kind == SlotSource::nobody) return unserved(false);  // nor does anybody leave its VMID
  if (!slot && !has_vmid && gives_both(source.victim, queue, pass))
    return end_turn(source.victim, queue, channels), true;
  if (!has_vmid) {
    if (!get_vmid(queue, pass, channels)) return unserved(true);
    if (!slot) source = slot_source(queue, pass, now);  // who left the VMID may have had a slot for it
  }
  if (slot) {
    ++pass.kept_slots[index_of(type_of(queue))];
  } else if (!take(source, queue, pass, channels)) {
    return unserved(false);
  }
  if (has_vmid && vmid && !shares) ++pass.kept_vmids;
  return true;
}

// An idle gang's slot, which is free soon; that of somebody who leaves for this one already; of a lower level, at
// once; one that is being vacated for nobody in particular; of somebody whose turn is over.
Firmware::SlotSource Firmware::slot_source(QueueId queue, const Pass& pass, SimTime now) const {
  const std::size_t engine = index_of(type_of(queue));
  if (pass.has(pass.quick_for, queue)) return {SlotSource::promised};
  if (pass.quick[engine] > 0) return {SlotSource::quick};
  const QueueId victim = who_gives_slot(queue, now);
  const bool idle = victim.exists() && !wants(victim);
  if (!idle && pass.has(pass.slow_for, queue)) return {SlotSource::promised};
  const bool at_once = idle || (victim.exists() && level_of(victim) < level_of(queue));
  if (!at_once && pass.slow[engine] > 0) return {SlotSource::slow};
  if (victim.exists()) return {SlotSource::somebody, victim};
  return {};
}

bool Firmware::take(const SlotSource& source, QueueId queue, Pass& pass, const FirmwareChannels& channels) {
  const std::size_t engine = index_of(type_of(queue));
  if (source.kind == SlotSource::quick) --pass.quick[engine];
  if (source.kind == SlotSource::slow) --pass.slow[engine];
  if (source.kind == SlotSource::somebody) end_turn(source.victim, queue, channels);
  return source.kind != SlotSource::nobody;
}

// Who gives it a slot and is alone in a VMID gives it that too, unless one is coming already.
bool Firmware::gives_both(QueueId victim, QueueId queue, const Pass& pass) const {
  if (!victim.exists() || pass.has(pass.vmid_for, queue) || pass.vmids > 0) return false;
  const auto vmid = contexts_.vmid_of(victim);
  return vmid && vmids_.holders(*vmid) == 1;
}

// All who share a VMID leave it together. Where none can yet, nobody new comes to the one that will be free first,
// or there would always be somebody whose turn is not over.
bool Firmware::get_vmid(QueueId queue, Pass& pass, const FirmwareChannels& channels) {
  const SimTime now = channels.map.now();
  if (pass.has(pass.vmid_for, queue)) return true;
  if (pass.vmids > 0) return --pass.vmids, true;
  const VmidGivers givers = who_give_vmid(queue, now);
  pass.closed_vmid = givers.vmid;
  if (!givers.vmid || !givers.ready) return false;
  for (const QueueId each : givers.queues) {
    end_turn(each, queue, channels);
    if (type_of(each) == type_of(queue)) pass.slow_for.push_back(queue);
  }
  return true;
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

// A VMID that all who have it are leaving for somebody is his, though not a higher level's loss, and no longer than
// they promise it (begin_pass).
bool Firmware::vmid_is_promised(QueueId queue, SimTime now) const {
  if (!vmids_.are_short()) return false;
  const std::optional<std::uint32_t> vmid = contexts_.vmid_of(queue);
  bool promised = false;
  for (const QueueId holder : slot_taken_) {
    if (!holder.exists() || contexts_.vmid_of(holder) != vmid) continue;
    const Gang& g = gang(holder);
    if (!g.leaving || now >= g.leaving_since + spec_.gang_quantum) return false;
    const QueueId next = g.leaving_for;
    promised = promised || (next.exists() && gang(next).waits && level_of(next) >= level_of(queue));
  }
  return promised;
}

bool Firmware::has_realtime(const SlotPlan::Pipe& pipe) const {
  const auto first = slot_taken_.begin() + pipe.first_slot;
  return std::any_of(first, first + pipe.slots,
                     [&](QueueId queue) { return queue.exists() && level_of(queue) == Priority::realtime; });
}

// What is about to be free, and for whom. A gang that has not left within a quantum (a long round of waves)
// promises nothing any more, or who waits would wait for that round.
Firmware::Pass Firmware::begin_pass(SimTime now) const {
  Pass pass;
  PerVmid<std::uint32_t> leaving;
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || !gang(queue).leaving) continue;
    const Gang& g = gang(queue);
    if (now >= g.leaving_since + spec_.gang_quantum) continue;
    const bool waited_for = g.leaving_for.exists() && gang(g.leaving_for).waits;
    const std::optional<std::uint32_t> vmid = contexts_.vmid_of(queue);
    const bool frees_vmid = vmid && ++leaving[*vmid] == vmids_.holders(*vmid);
    if (waited_for && type_of(queue) == type_of(g.leaving_for)) {
      (g.left_idle ? pass.quick_for : pass.slow_for).push_back(g.leaving_for);
    } else {
      ++(g.left_idle ? pass.quick : pass.slow)[index_of(type_of(queue))];
    }
    if (!frees_vmid) continue;
    if (waited_for) {
      pass.vmid_for.push_back(g.leaving_for);
    } else {
      ++pass.vmids;
    }
  }
  return pass;
}

bool Firmware::Pass::has(const SlotQueues& queues, QueueId queue) {
  return std::find(queues.begin(), queues.end(), queue) != queues.end();
}

// Whether the mapped gang gives way to the one that waits.
bool Firmware::yields(QueueId queue, QueueId to, SimTime now) const {
  if (level_of(queue) == Priority::realtime || !wants(to) || keeps_slot(queue)) return false;
  if (!wants(queue)) return true;
  if (level_of(queue) != level_of(to)) return level_of(queue) < level_of(to);
  // Not to one that has just left: who came before it is served, and then the next turn begins (renew_turns).
  if (contexts_.process_of(queue) == contexts_.process_of(to)) {
    return gang(queue).quantum.is_over(now) && gang(to).place < gang(queue).place;
  }
  return process_of(queue).quantum.is_over(now) && process_of(to).place < process_of(queue).place;
}

// How good the gang's claim to its slot is: work, then level, then its place in the list.
Firmware::Claim Firmware::claim_of(QueueId queue) const {
  return {wants(queue), level_of(queue), ~process_of(queue).place, ~gang(queue).place};
}

// Of those who yield, the one with the least claim; or nobody.
QueueId Firmware::who_gives_slot(QueueId to, SimTime now) const {
  const bool realtime = level_of(to) == Priority::realtime;
  QueueId least = QueueId::none();
  if (!wants(to)) return least;  // nobody yields to it
  for (const QueueId queue : lists_of(type_of(to)).in_slots) {
    if (gang(queue).leaving || !yields(queue, to, now)) continue;
    if (realtime && has_realtime(slots_.pipes[slots_.pipe_of_slot[gang(queue).slot.index()]])) continue;
    if (!least.exists() || claim_of(queue) < claim_of(least)) least = queue;
  }
  return least;
}

// Those who share a VMID leave it together, so all of them must yield. Of those VMIDs the one whose best claim is
// least; where there is none, the one whose last turn is over first.
Firmware::VmidGivers Firmware::who_give_vmid(QueueId to, SimTime now) const {
  struct Sharers {
    Duration left{0};  // until the last yields; max: never by itself
    Claim best{};
    QueueList queues;
  };
  PerVmid<Sharers> all;
  for (const QueueId queue : slot_taken_) {
    if (!queue.exists() || !contexts_.vmid_of(queue)) continue;
    Sharers& sharers = all[*contexts_.vmid_of(queue)];
    sharers.best = std::max(sharers.best, claim_of(queue));
    if (gang(queue).leaving) continue;
    sharers.left = std::max(sharers.left, time_to_yield(queue, to, now));
    sharers.queues.push_back(queue);
  }
  VmidGivers best;
  const Sharers* chosen = nullptr;
  for (const auto& [vmid, sharers] : all) {
    if (sharers.left == Duration::max() || sharers.queues.empty()) continue;
    if (chosen != nullptr && std::tie(sharers.left, sharers.best) >= std::tie(chosen->left, chosen->best)) continue;
    chosen = &sharers;
    best = {vmid, sharers.left == Duration{0}, sharers.queues};
  }
  return best;
}

// How long the mapped gang has to run until it gives way.
Duration Firmware::time_to_yield(QueueId queue, QueueId to, SimTime now) const {
  if (yields(queue, to, now)) return Duration{0};
  const bool stays = level_of(queue) == Priority::realtime || !wants(to) || level_of(queue) > level_of(to);
  return stays ? Duration::max() : std::max(Duration{1}, process_of(queue).quantum.left(now));
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
  if (lists_of(type).low_in_slots == 0) return;
  for (const QueueId queue : lists_of(type).in_slots) {
    if (level_of(queue) != Priority::low) continue;
    if (!gang(queue).leaving && !keeps_slot(queue)) end_turn(queue, QueueId::none(), channels);
  }
}

}  // namespace userqsim
