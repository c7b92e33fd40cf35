// Who waits for a slot of one engine, in order. A process's gangs stand together, so that a process that goes to
// the tail takes them along at once, however many it has.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "models/workload/ids.hpp"
#include "sim/core/containers.hpp"

namespace userqsim {

// First come first: those that have work, or are to be mapped whatever they have; of these the higher level; then
// by places. No two process contexts of an engine have the same place.
struct WaitKey {
  bool idle = false;
  std::uint8_t levels_below_top = 0;
  std::uint64_t process_place = 0;
  std::uint64_t gang_place = 0;
  QueueId queue;
  auto operator<=>(const WaitKey& other) const {
    return std::tuple(idle, levels_below_top, process_place, gang_place, queue.value) <=>
           std::tuple(other.idle, other.levels_below_top, other.process_place, other.gang_place, other.queue.value);
  }
  bool operator==(const WaitKey& other) const { return (*this <=> other) == 0; }
};

class WaitingGangs {
 public:
  void insert(const WaitKey& key) {
    const Process of = process_of(key);
    auto process = processes_.lower_bound(of);
    if (process == processes_.end() || process->first != of) process = add(of, process);
    process->second.insert(gang_of(key));
  }
  // REQUIRES: it is there.
  void erase(const WaitKey& key) {
    const auto process = processes_.find(process_of(key));
    process->second.erase(gang_of(key));
    if (process->second.empty()) spare_.nodes.push_back(processes_.extract(process));
  }
  void clear() { processes_.clear(); }
  bool empty() const { return processes_.empty(); }

  // The process of that level has another place.
  void move_process(std::uint8_t levels_below_top, std::uint64_t from, std::uint64_t to) {
    for (const bool idle : {false, true}) {
      auto process = processes_.extract(Process{idle, levels_below_top, from});
      if (process.empty()) continue;
      process.key().place = to;
      processes_.insert(std::move(process));
    }
  }

  // The first behind `key`.
  std::optional<WaitKey> after(const WaitKey& key) const {
    auto process = processes_.lower_bound(process_of(key));
    if (process != processes_.end() && process->first == process_of(key)) {
      const auto gang = process->second.upper_bound(gang_of(key));
      if (gang != process->second.end()) return key_of(process->first, *gang);
      ++process;
    }
    if (process == processes_.end()) return std::nullopt;
    return key_of(process->first, *process->second.begin());
  }

  bool any_with_work() const { return !processes_.empty() && !processes_.begin()->first.idle; }
  // The first with work of a level, of a process with that place or of any other.
  std::optional<WaitKey> first_of(std::uint8_t levels_below_top, std::uint64_t place) const {
    const auto process = processes_.find(Process{false, levels_below_top, place});
    if (process == processes_.end()) return std::nullopt;
    return key_of(process->first, *process->second.begin());
  }
  std::optional<WaitKey> first_but(std::uint8_t levels_below_top, std::uint64_t place) const {
    auto process = processes_.lower_bound(Process{false, levels_below_top, 0});
    if (process != processes_.end() && process->first == Process{false, levels_below_top, place}) ++process;
    if (process == processes_.end() || process->first.idle) return std::nullopt;
    if (process->first.levels_below_top != levels_below_top) return std::nullopt;
    return key_of(process->first, *process->second.begin());
  }

 private:
  struct Process {
    bool idle = false;
    std::uint8_t levels_below_top = 0;
    std::uint64_t place = 0;
    auto operator<=>(const Process&) const = default;
  };
  struct WaitingGang {
    std::uint64_t place = 0;
    std::uint32_t queue = 0;
    auto operator<=>(const WaitingGang&) const = default;
  };

  static Process process_of(const WaitKey& key) { return {key.idle, key.levels_below_top, key.process_place}; }
  static WaitingGang gang_of(const WaitKey& key) { return {key.gang_place, key.queue.value}; }
  static WaitKey key_of(const Process& process, const WaitingGang& gang) {
    return {process.idle, process.levels_below_top, process.place, gang.place, QueueId{gang.queue}};
  }

  using Processes = std::map<Process, SmallSet<WaitingGang, 4>>;
  // Processes come to wait and go all the time: the nodes of those that went are kept for the next.
  struct Spare {
    Spare() = default;
    Spare(const Spare&) {}
    Spare& operator=(const Spare&) { return *this; }
    ~Spare() = default;
    std::vector<Processes::node_type> nodes;
  };

  Processes::iterator add(const Process& process, Processes::iterator before) {
    if (spare_.nodes.empty()) return processes_.emplace_hint(before, process, Processes::mapped_type{});
    Processes::node_type node = std::move(spare_.nodes.back());
    spare_.nodes.pop_back();
    node.key() = process;
    return processes_.insert(before, std::move(node));
  }

  Processes processes_;
  Spare spare_;
};

}  // namespace userqsim
