#include "sim/core/event_queue.hpp"

#include <algorithm>

#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {
constexpr std::size_t arity = 4;
}

EventHandle EventQueue::push(const Event& event) {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.event = event;
  slot.pending = true;
  heap_.push_back(index);
  set(heap_.size() - 1, index);
  sift_up(heap_.size() - 1);
  return {index, slot.generation};
}

Event EventQueue::pop() {
  ensure(!heap_.empty(), "an event is popped from an empty queue");
  const Event event = top();
  take_out(0);
  return event;
}

bool EventQueue::contains(EventHandle handle) const {
  return handle.generation != 0 && handle.index < slots_.size() && slots_[handle.index].pending &&
         slots_[handle.index].generation == handle.generation;
}

bool EventQueue::remove(EventHandle handle) {
  if (!contains(handle)) return false;
  take_out(slots_[handle.index].place);
  return true;
}

std::vector<Event> EventQueue::in_order() const {
  std::vector<Event> events;
  events.reserve(heap_.size());
  for (const std::uint32_t slot : heap_) events.push_back(slots_[slot].event);
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.key < b.key; });
  return events;
}

std::vector<EventHandle> EventQueue::handles_from(SimTime from) const {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t slot : heap_) {
    if (slots_[slot].event.key.time >= from) found.push_back(slot);
  }
  std::sort(found.begin(), found.end(), [this](std::uint32_t a, std::uint32_t b) { return before(a, b); });
  std::vector<EventHandle> handles;
  handles.reserve(found.size());
  for (const std::uint32_t slot : found) handles.push_back({slot, slots_[slot].generation});
  return handles;
}

void EventQueue::set(std::size_t place, std::uint32_t slot) {
  heap_[place] = slot;
  slots_[slot].place = static_cast<std::uint32_t>(place);
}

void EventQueue::sift_up(std::size_t place) {
  const std::uint32_t moving = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / arity;
    if (!before(moving, heap_[parent])) break;
    set(place, heap_[parent]);
    place = parent;
  }
  set(place, moving);
}

void EventQueue::sift_down(std::size_t place) {
  const std::uint32_t moving = heap_[place];
  for (;;) {
    const std::size_t first = place * arity + 1;
    if (first >= heap_.size()) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + arity, heap_.size()); ++child) {
      if (before(heap_[child], heap_[least])) least = child;
    }
    if (!before(heap_[least], moving)) break;
    set(place, heap_[least]);
    place = least;
  }
  set(place, moving);
}

void EventQueue::take_out(std::size_t place) {
  const std::uint32_t slot = heap_[place];
  slots_[slot].pending = false;
  ++slots_[slot].generation;
  if (slots_[slot].generation == 0) slots_[slot].generation = 1;
  free_.push_back(slot);

  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  set(place, last);
  sift_up(place);
  sift_down(slots_[last].place);
}

}  // namespace userqsim
