#include "tests/support/heap_queue.hpp"

#include <algorithm>

#include "sim/core/ensure.hpp"

namespace userqsim::test {

namespace {
constexpr std::size_t arity = 4;
}

EventHandle HeapQueue::push(const Event& event) {
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

Event HeapQueue::pop() {
  ensure(!heap_.empty(), "an event is popped from an empty queue");
  const Event event = top();
  take_out(0);
  return event;
}

bool HeapQueue::contains(EventHandle handle) const {
  return handle.generation != 0 && handle.index < slots_.size() && slots_[handle.index].pending &&
         slots_[handle.index].generation == handle.generation;
}

bool HeapQueue::remove(EventHandle handle) {
  if (!contains(handle)) return false;
  take_out(slots_[handle.index].place);
  return true;
}

EventHandle HeapQueue::move(EventHandle handle, const EventKey& key) {
  Event event = slots_[handle.index].event;
  event.key = key;
  remove(handle);
  return push(event);
}

std::vector<Event> HeapQueue::in_order() const {
  std::vector<Event> events;
  events.reserve(heap_.size());
  for (const std::uint32_t slot : heap_) events.push_back(slots_[slot].event);
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.key < b.key; });
  return events;
}

void HeapQueue::set(std::size_t place, std::uint32_t slot) {
  heap_[place] = slot;
  slots_[slot].place = static_cast<std::uint32_t>(place);
}

void HeapQueue::sift_up(std::size_t place) {
  const std::uint32_t moving = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / arity;
    if (!before(moving, heap_[parent])) break;
    set(place, heap_[parent]);
    place = parent;
  }
  set(place, moving);
}

void HeapQueue::sift_down(std::size_t place) {
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

void HeapQueue::take_out(std::size_t place) {
  const std::uint32_t slot = heap_[place];
  slots_[slot].pending = false;
  slots_[slot].generation += 2;  // odd, so never 0
  free_.push_back(slot);

  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  set(place, last);
  sift_up(place);
  sift_down(slots_[last].place);
}

}  // namespace userqsim::test
