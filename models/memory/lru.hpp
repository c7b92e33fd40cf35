// The order in which TTM looks for victims in one place: by priority, and within a priority the least recently
// placed or bumped first. Buffers that share their VM's reservation stand together as one bulk, at the place that
// its first member took: who joins later joins there, and the bulk is bumped as a whole (ttm_lru_bulk_move).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "models/memory/linked_lists.hpp"
#include "models/workload/ids.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// What amdgpu gives a buffer (amdgpu_bo_create): a discardable one goes first. Page tables, of priority 2, stand in
// no list: they are nobody's victims while their process has an eviction fence (amdgpu_vm_evictable).
enum class TtmPriority : std::uint8_t { discardable, normal };

class Lru {
 public:
  // Where a buffer stands; only this list reads it.
  struct Position {
    TtmPriority priority = TtmPriority::normal;
    ProcessId bulk;  // none: it stands alone
    std::uint32_t link = 0;
  };

  // At the tail, or behind the last of its bulk.
  Position add(BufferId buffer, TtmPriority priority, ProcessId bulk) {
    if (!bulk.exists()) return {priority, bulk, links_.push_back(order_of(priority), Entry{buffer, bulk})};
    Bulk& members = bulk_of(bulk, priority);
    if (members.buffers.empty()) members.link = links_.push_back(order_of(priority), Entry{BufferId::none(), bulk});
    return {priority, bulk, links_.push_back(members.buffers, Entry{buffer, bulk})};
  }

  void remove(const Position& position) {
    if (!position.bulk.exists()) return links_.erase(order_of(position.priority), position.link);
    Bulk& members = bulk_of(position.bulk, position.priority);
    ensure(!members.buffers.empty(), "a buffer leaves a bulk that is not there");
    links_.erase(members.buffers, position.link);
    if (members.buffers.empty()) links_.erase(order_of(position.priority), members.link);
  }

  // To the tail: of the list, or of its bulk (ttm_resource_move_to_lru_tail); a bulk as a whole
  // (ttm_lru_bulk_move_tail).
  Position bump(BufferId buffer, const Position& position) {
    if (position.bulk.exists() && bulk_of(position.bulk, position.priority).buffers.size == 1) return position;
    remove(position);
    return add(buffer, position.priority, position.bulk);
  }
  void bump_bulk(ProcessId process) {
    for (const TtmPriority priority : {TtmPriority::discardable, TtmPriority::normal}) {
      Bulk& members = bulk_of(process, priority);
      if (members.buffers.empty()) continue;
      links_.erase(order_of(priority), members.link);
      members.link = links_.push_back(order_of(priority), Entry{BufferId::none(), process});
    }
  }

  // The first that `takes` accepts; bulks of which `skips` their process are not looked into.
  template <class Skips, class Takes>
  std::optional<BufferId> find(const Skips& skips, const Takes& takes) const {
    const auto taken = [&](const Entry& entry) { return takes(entry.buffer); };
    for (std::size_t priority = 0; priority < order_.size(); ++priority) {
      std::optional<BufferId> found;
      links_.find(order_[priority], [&](const Entry& entry) {
        if (!entry.bulk.exists()) return takes(entry.buffer) ? (found = entry.buffer, true) : false;
        if (skips(entry.bulk)) return false;
        const Entry* member = links_.find(bulks_[entry.bulk.index()][priority].buffers, taken);
        if (member != nullptr) found = member->buffer;
        return member != nullptr;
      });
      if (found) return found;
    }
    return std::nullopt;
  }

  // All that `find` would look at, in that order: for a digest.
  std::vector<BufferId> in_order() const {
    std::vector<BufferId> all;
    find([](ProcessId) { return false; }, [&](BufferId id) { return all.push_back(id), false; });
    return all;
  }
  std::size_t size() const { return in_order().size(); }

  auto fields() const { return std::tuple(in_order()); }

 private:
  struct Entry {
    BufferId buffer;  // one that stands alone, or in a bulk
    ProcessId bulk;   // or, of the list, all of a process's that stand together
  };
  using Links = LinkedLists<Entry>;
  struct Bulk {
    Links::List buffers;
    std::uint32_t link = 0;  // its place in the list, while there are any
  };

  Links::List& order_of(TtmPriority priority) { return order_[static_cast<std::size_t>(priority)]; }
  Bulk& bulk_of(ProcessId process, TtmPriority priority) {
    if (process.index() >= bulks_.size()) bulks_.resize(process.index() + 1);
    return bulks_[process.index()][static_cast<std::size_t>(priority)];
  }

  Links links_;
  std::array<Links::List, 2> order_;
  std::vector<std::array<Bulk, 2>> bulks_;  // by process
};

}  // namespace userqsim
