// The order in which TTM looks for victims in one place: by priority, and within a priority the least recently
// placed or bumped first. Buffers that share their VM's reservation stand together as one bulk, at the place that
// its first member took: who joins later joins there, and the bulk is bumped as a whole (ttm_lru_bulk_move).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

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
    ProcessId bulk;           // none: it stands alone
    std::uint64_t stamp = 0;  // in the list, or in its bulk
  };

  // At the tail, or behind the last of its bulk.
  Position add(BufferId buffer, TtmPriority priority, ProcessId bulk) {
    const Position position{priority, bulk, next_stamp_++};
    if (!bulk.exists()) {
      order_of(priority).emplace(position.stamp, Entry{buffer, bulk});
      return position;
    }
    Bulk& members = bulks_[{bulk, priority}];
    if (members.buffers.empty()) {
      members.stamp = position.stamp;
      order_of(priority).emplace(members.stamp, Entry{BufferId::none(), bulk});
    }
    members.buffers.emplace(position.stamp, buffer);
    return position;
  }

  void remove(const Position& position) {
    if (!position.bulk.exists()) return void(order_of(position.priority).erase(position.stamp));
    const auto it = bulks_.find({position.bulk, position.priority});
    ensure(it != bulks_.end(), "a buffer leaves a bulk that is not there");
    it->second.buffers.erase(position.stamp);
    if (!it->second.buffers.empty()) return;
    order_of(position.priority).erase(it->second.stamp);
    bulks_.erase(it);
  }

  // To the tail: of the list, or of its bulk (ttm_resource_move_to_lru_tail); a bulk as a whole
  // (ttm_lru_bulk_move_tail).
  Position bump(BufferId buffer, const Position& position) {
    if (position.bulk.exists() && bulks_.at({position.bulk, position.priority}).buffers.size() == 1)
      return position;
    remove(position);
    return add(buffer, position.priority, position.bulk);
  }
  void bump_bulk(ProcessId process) {
    for (const TtmPriority priority : {TtmPriority::discardable, TtmPriority::normal}) {
      const auto it = bulks_.find({process, priority});
      if (it == bulks_.end()) continue;
      order_of(priority).erase(it->second.stamp);
      it->second.stamp = next_stamp_++;
      order_of(priority).emplace(it->second.stamp, Entry{BufferId::none(), process});
    }
  }

  // The first that `takes` accepts; bulks of which `skips` their process are not looked into.
  template <class Skips, class Takes>
  std::optional<BufferId> find(const Skips& skips, const Takes& takes) const {
    for (std::size_t priority = 0; priority < order_.size(); ++priority) {
      for (const auto& [stamp, entry] : order_[priority]) {
        if (!entry.bulk.exists()) {
          if (takes(entry.buffer)) return entry.buffer;
          continue;
        }
        if (skips(entry.bulk)) continue;
        for (const auto& [inner, buffer] : bulks_.at({entry.bulk, static_cast<TtmPriority>(priority)}).buffers) {
          if (takes(buffer)) return buffer;
        }
      }
    }
    return std::nullopt;
  }

  std::size_t size() const {
    std::size_t buffers = 0;
    for (const Order& order : order_) {
      for (const auto& [stamp, entry] : order) {
        if (!entry.bulk.exists()) ++buffers;
      }
    }
    for (const auto& [name, bulk] : bulks_) buffers += bulk.buffers.size();
    return buffers;
  }

  auto fields() const { return std::tie(order_[0], order_[1], bulks_); }

 private:
  struct Entry {
    BufferId buffer;  // one that stands alone
    ProcessId bulk;   // or all of a process's that stand together
    auto fields() const { return std::tie(buffer, bulk); }
  };
  struct Bulk {
    std::uint64_t stamp = 0;  // of its place in the list
    std::map<std::uint64_t, BufferId> buffers;
    auto fields() const { return std::tie(buffers); }
  };
  using Order = std::map<std::uint64_t, Entry>;

  Order& order_of(TtmPriority priority) { return order_[static_cast<std::size_t>(priority)]; }

  std::array<Order, 2> order_;
  std::map<std::pair<ProcessId, TtmPriority>, Bulk> bulks_;
  std::uint64_t next_stamp_ = 1;
};

}  // namespace userqsim
