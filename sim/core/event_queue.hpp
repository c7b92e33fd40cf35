// The pending events in order: a 4-ary heap of slot indices, with each slot's place known so that an event can be
// removed or moved in O(log n). A plain value: copying it copies the future.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/event.hpp"

namespace userqsim {

class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  EventHandle push(const Event& event);
  // REQUIRES: not empty.
  const Event& top() const { return slots_[heap_.front()].event; }
  Event pop();

  bool contains(EventHandle handle) const;
  // False when the event has fired or was cancelled.
  bool remove(EventHandle handle);
  // The handle's event. REQUIRES: contains(handle).
  const Event& event(EventHandle handle) const { return slots_[handle.index].event; }

  // All pending events, in order.
  std::vector<Event> in_order() const;
  // Names those whose time is not before `from`, in order.
  std::vector<EventHandle> handles_from(SimTime from) const;

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

}  // namespace userqsim
