// What MES keeps of the gangs: each gang, the processes in its lists, who waits for a slot.
//
// There is a list for each engine and level. In it stand process contexts, and in each of those its gangs of that
// engine and level, both in the order of their places: lower is served first. A queue is a gang (mes_userqueue.c).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "models/firmware/spec.hpp"
#include "models/firmware/waiting.hpp"
#include "models/hardware/facts.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/event.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// The least time to run before another of the same level has its turn. It counts while pipes run somebody whose
// quantum it is.
class Quantum {
 public:
  void begin(SimTime now, Duration length) {
    left_ = length;
    since_ = now;
  }
  void connect(SimTime now) {
    left_ = left(now);
    ++running_;
    since_ = now;
  }
  void disconnect(SimTime now) {
    left_ = left(now);
    --running_;
    since_ = now;
  }
  Duration left(SimTime now) const { return running_ == 0 ? left_ : left_ - std::min(left_, now - since_); }
  bool is_over(SimTime now) const { return left(now) == Duration{0}; }
  bool counts() const { return running_ > 0; }
  auto fields() const { return std::tuple(left_, running_, TimeIf{running_ > 0, since_}); }

 private:
  Duration left_{0};
  std::uint32_t running_ = 0;
  SimTime since_;
};

// Where a gang stands among those of its process that wait.
struct GangWait {
  bool idle = false;
  std::uint64_t place = 0;
  bool operator==(const GangWait&) const = default;
};

// A gang's life in MES: registered by ADD_QUEUE, forgotten by REMOVE_QUEUE and RESET. Of its place the state is who
// comes before whom (Firmware::gangs_by_place).
struct Gang {
  bool registered = false;
  bool was_reset = false;  // and has not been added again
  bool suspended = false;
  std::uint64_t place = 0;  // among its process's
  SlotId slot;
  bool leaving = false;  // its slot is being vacated
  SimTime leaving_since;
  QueueId leaving_for;                   // who is to have what it leaves; none: a packet took it out
  bool left_idle = false;                // it had no work when it was sent away
  std::optional<SimTime> on_pipe_since;  // HWS: first connected since it was mapped
  std::uint32_t stops = 0;               // packets that stopped it
  std::uint32_t resets = 0;              // packets that reset it
  std::array<std::uint32_t, 3> seen{};   // by Once: the number after that of the last eviction, with faults only
  bool work_known = false;
  bool connected = false;  // its quantum counts: a pipe runs it, and it is not leaving
  Quantum quantum;
  bool turn_over = false;  // it has had its quantum, and another of its process waits
  EventHandle timer;       // its turn may be over, or the promise of its slot
  std::optional<SimTime> timer_at;
  // How the lists count it.
  bool listed = false;  // it may run
  bool busy = false;    // and is to
  std::optional<GangWait> waits;
  std::optional<SimTime> waits_since;  // with work; for the record only
  auto fields() const {
    return std::tuple(registered, was_reset, suspended, slot, leaving, TimeIf{leaving, leaving_since}, leaving_for,
                      left_idle, on_pipe_since, DrawCount{stops}, resets, Ordinal{seen[0]}, Ordinal{seen[1]},
                      Ordinal{seen[2]}, work_known, connected, quantum, turn_over);
  }
};

// A process context in one list.
struct ListedProcess {
  std::uint64_t place = 0;
  std::uint32_t registered = 0;  // gangs
  std::uint32_t in_slots = 0;    // gangs
  Quantum quantum;
  bool turn_over = false;  // it has had its quantum, and another waits
  auto fields() const { return std::tie(registered, in_slots, quantum, turn_over); }
};

// What there is of one engine. Derived from the gangs, so that no decision walks them all.
struct EngineLists {
  std::uint32_t slots = 0;
  std::uint32_t listed = 0;        // gangs that may run
  std::uint32_t busy = 0;          // of these, above level low, those that are to
  std::vector<QueueId> in_slots;   // gangs, in the order of the slots
  std::uint32_t low_in_slots = 0;  // of these, of level low
  bool quiet = true;               // busy is zero, and has been for as long as level low must wait
  EventHandle quiet_timer;
  std::uint32_t turns_over = 0;  // of gangs and of processes (turn_over)
  WaitingGangs waiting;
  std::size_t free_slots() const { return slots - in_slots.size(); }
  auto fields() const { return std::tie(quiet); }
};

// Which gangs share a process context, and which a VMID. Fixed by the layout and two options.
class Contexts {
 public:
  Contexts(const Layout& layout, const FirmwareSetup& setup);

  std::size_t processes() const { return gangs_.size(); }
  std::size_t vmids() const { return vmids_; }
  bool need_vmids(QueueType type) const { return sdma_vmids_ || type != QueueType::sdma; }
  std::size_t process_of(QueueId queue) const { return process_[queue.index()]; }
  const std::vector<QueueId>& gangs_of(std::size_t process) const { return gangs_[process]; }
  std::optional<std::uint32_t> vmid_of(QueueId queue) const { return vmid_[queue.index()]; }

 private:
  bool sdma_vmids_;
  std::vector<std::size_t> process_;         // by queue: index of a ListedProcess
  std::vector<std::vector<QueueId>> gangs_;  // by ListedProcess
  std::vector<std::optional<std::uint32_t>>
      vmid_;  // by queue: who shares it has the same number; none: it needs none
  std::size_t vmids_ = 0;
};

// VMIDs: how many are wanted, and by how many gangs each that is in use.
class Vmids {
 public:
  Vmids(std::uint32_t limit, std::size_t most) : limit_(limit), wanting_(most, 0), holders_(most, 0) {}

  void want(std::uint32_t vmid) { wanted_ += wanting_[vmid]++ == 0 ? 1U : 0U; }
  void unwant(std::uint32_t vmid) { wanted_ -= --wanting_[vmid] == 0 ? 1U : 0U; }
  bool are_limited() const { return limit_ > 0; }
  bool are_short() const { return limit_ > 0 && wanted_ > limit_; }
  bool has_one_for_each() const { return limit_ == 0 || wanting_.size() <= limit_; }
  bool can_have(std::uint32_t vmid) const { return limit_ == 0 || in_use_ < limit_ || holders_[vmid] > 0; }
  // VMIDs that nobody has.
  std::size_t free() const { return limit_ == 0 ? std::numeric_limits<std::size_t>::max() : limit_ - in_use_; }
  void take(std::uint32_t vmid) { in_use_ += holders_[vmid]++ == 0 ? 1U : 0U; }
  void drop(std::uint32_t vmid) { in_use_ -= --holders_[vmid] == 0 ? 1U : 0U; }
  std::uint32_t holders(std::uint32_t vmid) const { return holders_[vmid]; }
  void forget() {
    wanted_ = in_use_ = 0;
    wanting_.assign(wanting_.size(), 0);
    holders_.assign(holders_.size(), 0);
  }

 private:
  std::uint32_t limit_;  // 0: none
  std::uint32_t wanted_ = 0;
  std::uint32_t in_use_ = 0;
  std::vector<std::uint32_t> wanting_;  // gangs that may run, by vmid
  std::vector<std::uint32_t> holders_;  // gangs in slots, by vmid
};

}  // namespace userqsim
