// MES's lists: who may run, and who waits in which order.
#include <algorithm>
#include <map>
#include <utility>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

Contexts::Contexts(const Layout& layout, const FirmwareSetup& setup)
    : sdma_vmids_(setup.sdma_vmids), process_(layout.queues.size()), vmid_(layout.queues.size()) {
  std::map<std::tuple<std::uint32_t, QueueType, Priority>, std::size_t> processes;
  for (std::size_t i = 0; i < layout.queues.size(); ++i) {
    const QueueLayout& queue = layout.queues[i];
    const bool own = setup.process_context == ProcessContext::queue;
    const std::uint32_t owner = own ? static_cast<std::uint32_t>(i) : queue.process.value;
    const auto [entry, is_new] = processes.try_emplace({owner, queue.type, queue.priority}, gangs_.size());
    if (is_new) gangs_.emplace_back();
    process_[i] = entry->second;
    gangs_[entry->second].push_back(QueueId::of(i));
    if (!need_vmids(queue.type)) continue;
    const std::uint32_t shared = 2 * queue.process.value + (queue.type == QueueType::compute ? 1 : 0);
    vmid_[i] = setup.spec.vmid_per == VmidPer::queue ? static_cast<std::uint32_t>(i) : shared;
    vmids_ = std::max<std::size_t>(vmids_, *vmid_[i] + 1);
  }
}

std::uint8_t Firmware::levels_below_top(QueueId queue) const {
  return static_cast<std::uint8_t>(static_cast<int>(Priority::realtime) - static_cast<int>(level_of(queue)));
}

std::optional<GangWait> Firmware::wait_of(QueueId queue) const {
  if (!runnable(queue) || gang(queue).slot.exists()) return std::nullopt;
  return GangWait{!wants(queue), gang(queue).place};
}

// After whatever of the gang has changed: counts it, and gives it its place among those that wait.
void Firmware::relist(QueueId queue) {
  Gang& g = gang(queue);
  EngineLists& lists = lists_of(type_of(queue));
  const bool listed = runnable(queue);
  if (listed != g.listed) {
    lists.listed += listed ? 1U : ~0U;
    if (const auto vmid = contexts_.vmid_of(queue)) listed ? vmids_.want(*vmid) : vmids_.unwant(*vmid);
    g.listed = listed;
  }
  const bool has_work = is_hws() || g.work_known;  // a real-time gang is mapped without any, too
  const bool busy = listed && has_work && level_of(queue) != Priority::low;
  if (busy != g.busy) {
    lists.busy += busy ? 1U : ~0U;
    g.busy = busy;
  }
  const std::optional<GangWait> wait = wait_of(queue);
  if (wait == g.waits) return;
  const auto key = [&](const GangWait& w) {
    return WaitKey{w.idle, levels_below_top(queue), process_of(queue).place, w.place, queue};
  };
  if (g.waits) lists.waiting.erase(key(*g.waits));
  if (wait) lists.waiting.insert(key(*wait));
  g.waits = wait;
}

std::vector<QueueId> Firmware::gangs_by_place() const {
  std::vector<QueueId> gangs;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    if (gangs_[i].registered || gangs_[i].slot.exists()) gangs.push_back(QueueId::of(i));
  }
  std::sort(gangs.begin(), gangs.end(), [&](QueueId a, QueueId b) { return gang(a).place < gang(b).place; });
  return gangs;
}

std::vector<std::size_t> Firmware::processes_by_place() const {
  std::vector<std::size_t> processes;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i].registered > 0 || processes_[i].in_slots > 0) processes.push_back(i);
  }
  std::sort(processes.begin(), processes.end(),
            [&](std::size_t a, std::size_t b) { return processes_[a].place < processes_[b].place; });
  return processes;
}

// The process goes behind all others of its list, with its gangs.
void Firmware::move_process_to_tail(std::size_t index) {
  const QueueId gang = contexts_.gangs_of(index).front();
  ListedProcess& process = processes_[index];
  const std::uint64_t place = next_place_++;
  lists_of(type_of(gang)).waiting.move_process(levels_below_top(gang), process.place, place);
  process.place = place;
}

void Firmware::move_to_tail(QueueId queue, bool with_process) {
  gang(queue).place = next_place_++;
  if (with_process) move_process_to_tail(contexts_.process_of(queue));
  relist(queue);
}

// A process whose turn was over has another when a gang of it is given a slot: who waited before it has been
// served.
void Firmware::enter(QueueId queue, SlotId slot, SimTime now) {
  EngineLists& lists = lists_of(type_of(queue));
  slot_taken_[slot.index()] = queue;
  gang(queue).slot = slot;
  const auto is_behind = [&](QueueId other) { return gang(other).slot.value > slot.value; };
  lists.in_slots.insert(std::find_if(lists.in_slots.begin(), lists.in_slots.end(), is_behind), queue);
  if (level_of(queue) == Priority::low) ++lists.low_in_slots;
  if (const auto vmid = contexts_.vmid_of(queue)) vmids_.take(*vmid);
  ListedProcess& process = process_of(queue);
  ++process.in_slots;
  if (process.quantum.is_over(now)) begin_turn(queue, now);
  relist(queue);
}

// Of the gang's process.
void Firmware::begin_turn(QueueId queue, SimTime now) {
  ListedProcess& process = process_of(queue);
  process.quantum.begin(now, spec_.process_quantum);
  set_turn_over(type_of(queue), process.turn_over, false);
}

void Firmware::set_turn_over(QueueType type, bool& turn_over, bool is_over) {
  lists_of(type).turns_over += static_cast<std::uint32_t>(is_over) - static_cast<std::uint32_t>(turn_over);
  turn_over = is_over;
}

void Firmware::leave(QueueId queue) {
  Gang& g = gang(queue);
  EngineLists& lists = lists_of(type_of(queue));
  slot_taken_[g.slot.index()] = QueueId::none();
  erase_value(lists.in_slots, queue);
  if (level_of(queue) == Priority::low) --lists.low_in_slots;
  g.slot = SlotId::none();
  g.leaving = g.left_idle = false;
  set_turn_over(type_of(queue), g.turn_over, false);
  g.on_pipe_since.reset();
  g.leaving_for = QueueId::none();
  if (const auto vmid = contexts_.vmid_of(queue)) vmids_.drop(*vmid);
  --process_of(queue).in_slots;
  relist(queue);
}

bool Firmware::oversubscribed(QueueType type) const {
  const EngineLists& lists = lists_of(type);
  return lists.listed > lists.slots || (vmids_.are_short() && contexts_.need_vmids(type));
}

bool Firmware::has_room_for_all() const {
  std::array<std::uint32_t, 3> gangs{};
  for (const QueueLayout& queue : layout_->queues) {
    if (queue.priority == Priority::low || ++gangs[index_of(queue.type)] > lists_of(queue.type).slots) return false;
  }
  return vmids_.has_one_for_each();
}

// ADD_QUEUE: at the tail, with a fresh quantum; so is its process when MES has no other gang of it in that list.
void Firmware::enlist(QueueId queue, SimTime now) {
  Gang& g = gang(queue);
  ListedProcess& process = process_of(queue);
  if (!g.registered && process.registered++ == 0) {
    move_process_to_tail(contexts_.process_of(queue));
    begin_turn(queue, now);
  }
  g.registered = true;
  g.was_reset = false;
  g.suspended = false;
  g.place = next_place_++;
  g.quantum.begin(now, spec_.gang_quantum);
  relist(queue);
}

void Firmware::delist(QueueId queue) {
  Gang& g = gang(queue);
  if (g.registered) --process_of(queue).registered;
  g.registered = false;
  relist(queue);
}

// If the gang has work and no slot, and might run, it waits from now on.
void Firmware::begin_wait(QueueId queue, const FirmwareChannels& channels) {
  Gang& g = gang(queue);
  if (g.waits_since || g.slot.exists() || !runnable(queue)) return;
  if (channels.hardware->has_work(queue, *channels.workload)) g.waits_since = channels.map.now();
}

// A queue whose jobs were cancelled meanwhile waits for nothing, and states nothing.
void Firmware::end_wait(QueueId queue, WaitEnd end, const FirmwareChannels& channels) {
  const std::optional<SimTime> since = std::exchange(gang(queue).waits_since, std::nullopt);
  if (!since || !channels.hardware->has_work(queue, *channels.workload)) return;
  channels.slot_waited->state({channels.map.now(), queue, *since, end});
}

bool Firmware::has_gang(QueueId queue) const {
  bool has = gang(queue).registered;
  const auto follow = [&](const Packet& edit) {
    if (edit.queue == queue) has = edit.opcode == Opcode::add_queue;
  };
  for (const Stop& stop : stops_) std::for_each(stop.adds.begin(), stop.adds.end(), follow);
  std::for_each(runlist_edits_.begin(), runlist_edits_.end(), follow);
  return has;
}

void Firmware::forget_lists() {
  for (EngineLists& lists : lists_) {
    lists.listed = lists.busy = lists.low_in_slots = lists.turns_over = 0;
    lists.quiet = true;
    lists.in_slots.clear();
    lists.waiting.clear();
  }
  for (ListedProcess& process : processes_) process = ListedProcess{};
  vmids_.forget();
  slot_taken_.assign(slot_taken_.size(), QueueId::none());
}

std::vector<QueueId> Firmware::rivals_of(QueueId queue) const {
  std::vector<QueueId> rivals;
  for (const QueueId other : slot_taken_) {
    const bool is_rival = other.exists() && (vmids_.are_short() || type_of(other) == type_of(queue));
    if (is_rival) rivals.push_back(other);
  }
  return rivals;
}

QueueId Firmware::blocked_by() const {
  for (const Stop& stop : stops_) {
    if (stop.blocks && !stop.waits_for.empty()) return stop.waits_for.front();
  }
  return QueueId::none();
}

}  // namespace userqsim
