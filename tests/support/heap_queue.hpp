// The pending events in the plainest structure that keeps their order: a 4-ary heap of slot indices, which compares
// whole keys. What the engine's queue must agree with, handle for handle (tests/property), and one of those it is
// measured against (tests/bench).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/event.hpp"

namespace userqsim::test {

class HeapQueue {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  EventHandle push(const Event& event);
  // REQUIRES: not empty.
  const Event& top() const { return slots_[heap_.front()].event; }
  Event pop();

  bool contains(EventHandle handle) const;
  bool remove(EventHandle handle);
  // REQUIRES: contains(handle).
  EventHandle move(EventHandle handle, const EventKey& key);
  const Event& event(EventHandle handle) const { return slots_[handle.index].event; }

  std::vector<Event> in_order() const;

 private:
  struct Slot {
    Event event;
    std::uint32_t generation = 1;
    std::uint32_t place = 0;  // index in heap_ while pending
    bool pending = false;
  };

  bool before(std::uint32_t a, std::uint32_t b) const { return slots_[a].event.key < slots_[b].event.key; }
  void set(std::size_t place, std::uint32_t slot);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void take_out(std::size_t place);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> heap_;
  std::vector<std::uint32_t> free_;
};

}  // namespace userqsim::test
