// What the event core is measured against, each as fast as it is without much ado: a heap of keys that carries no
// events, a heap that leaves cancelled events in place, and what the standard library has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "sim/core/event.hpp"
#include "sim/core/wide.hpp"

namespace bench {

using Key = userqsim::UnsignedWide;  // time, then sequence

constexpr Key key_of(std::int64_t time, std::uint64_t sequence) {
  return Key{static_cast<std::uint64_t>(time)} << 64 | sequence;
}
// What comes before the sequence at one time, in place of its upper bits.
constexpr std::uint64_t rank_of(std::uint32_t round, std::uint32_t phase) {
  return (std::uint64_t{round} << 4 | phase) << 40;
}
constexpr std::int64_t time_of(Key key) { return static_cast<std::int64_t>(key >> 64); }

// A selection without a branch: see EventQueue::toss().
inline bool toss(bool outcome) {
#if defined(__clang__)
  return __builtin_unpredictable(outcome);
#else
  return __builtin_expect_with_probability(outcome, 1, 0.5);
#endif
}

// A 4-ary heap of entries that can tell their key. The least of four children is selected without branches, which
// makes it half as long again as fast as the plain loop.
template <class Entry>
class QuadHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& top() const { return entries_.front(); }

  void push(const Entry& entry) {
    std::size_t place = entries_.size();
    entries_.push_back(entry);
    while (place > 0) {
      const std::size_t parent = (place - 1) / 4;
      if (!(key(entry) < key(entries_[parent]))) break;
      entries_[place] = entries_[parent];
      place = parent;
    }
    entries_[place] = entry;
  }

  Entry pop() {
    const Entry first = entries_.front();
    const Entry moving = entries_.back();
    entries_.pop_back();
    const std::size_t size = entries_.size();
    if (size == 0) return first;
    std::size_t place = 0;
    for (std::size_t child = 1; child < size; child = 4 * place + 1) {
      const std::size_t least = child + 4 <= size ? least_of_four(child) : least_of(child, size);
      if (!(key(entries_[least]) < key(moving))) break;
      entries_[place] = entries_[least];
      place = least;
    }
    entries_[place] = moving;
    return first;
  }

 private:
  static Key key(Key entry) { return entry; }
  template <class Other>
  static Key key(const Other& entry) {
    return entry.key;
  }
  std::size_t less_of(std::size_t a, std::size_t b) const {
    return toss(key(entries_[b]) < key(entries_[a])) ? b : a;
  }
  std::size_t least_of_four(std::size_t first) const {
    return less_of(less_of(first, first + 1), less_of(first + 2, first + 3));
  }
  std::size_t least_of(std::size_t first, std::size_t end) const {
    std::size_t least = first;
    for (std::size_t i = first + 1; i < end; ++i) least = less_of(least, i);
    return least;
  }

  std::vector<Entry> entries_;
};

// A slot that is free, or a new one.
template <class Slot>
std::uint32_t free_slot(std::vector<Slot>& slots, std::vector<std::uint32_t>& free) {
  if (free.empty()) {
    slots.emplace_back();
    return static_cast<std::uint32_t>(slots.size() - 1);
  }
  const std::uint32_t slot = free.back();
  free.pop_back();
  return slot;
}

// A heap that does not find what it holds: a cancelled event stays until its time, and is dropped then. Payloads
// lie apart from the keys, as in the engine's queue.
class LazyHeap {
 public:
  struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
  };

  Handle push(std::int64_t time, const userqsim::Payload& payload, std::uint64_t rank = 0) {
    const std::uint32_t slot = free_slot(slots_, free_);
    slots_[slot].payload = payload;
    heap_.push({key_of(time, rank | sequence_++), slot, slots_[slot].generation});
    return {slot, slots_[slot].generation};
  }
  bool cancel(Handle handle) {
    Slot& slot = slots_[handle.slot];
    if (slot.generation != handle.generation) return false;
    ++slot.generation;
    free_.push_back(handle.slot);
    return true;
  }
  bool reschedule(Handle& handle, std::int64_t time, std::uint64_t rank = 0) {
    Slot& slot = slots_[handle.slot];
    if (slot.generation != handle.generation) return false;
    ++slot.generation;
    heap_.push({key_of(time, rank | sequence_++), handle.slot, slot.generation});
    handle.generation = slot.generation;
    return true;
  }
  // REQUIRES: an event is pending.
  std::int64_t pop(userqsim::Payload& payload) { return time_of(pop_key(payload)); }
  Key pop_key(userqsim::Payload& payload) {
    for (;;) {
      const Entry entry = heap_.pop();
      Slot& slot = slots_[entry.slot];
      if (slot.generation != entry.generation) continue;
      payload = slot.payload;
      ++slot.generation;
      free_.push_back(entry.slot);
      return entry.key;
    }
  }

 private:
  struct Entry {
    Key key;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  struct Slot {
    userqsim::Payload payload;
    std::uint32_t generation = 1;
  };

  QuadHeap<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
};

// A heap that knows where each event stands in it, so that one can be taken out or moved: the next best to what the
// engine has, with the same packed keys.
class IndexedHeap {
 public:
  std::uint32_t push(std::int64_t time, const userqsim::Payload& payload, std::uint64_t rank = 0) {
    const std::uint32_t slot = free_slot(slots_, free_);
    slots_[slot].payload = payload;
    heap_.emplace_back();
    rise(heap_.size() - 1, {key_of(time, rank | sequence_++), slot});
    return slot;
  }
  void move(std::uint32_t slot, std::int64_t time, std::uint64_t rank = 0) {
    put(slots_[slot].place, {key_of(time, rank | sequence_++), slot});
  }
  void cancel(std::uint32_t slot) {
    const std::size_t place = slots_[slot].place;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (place < heap_.size()) put(place, last);
    free_.push_back(slot);
  }
  std::int64_t pop(userqsim::Payload& payload) { return time_of(pop_key(payload)); }
  Key pop_key(userqsim::Payload& payload) {
    const Entry first = heap_.front();
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(0, last);
    payload = slots_[first.slot].payload;
    free_.push_back(first.slot);
    return first.key;
  }

 private:
  struct Entry {
    Key key;
    std::uint32_t slot;
  };
  struct Slot {
    userqsim::Payload payload;
    std::uint32_t place = 0;
  };

  void set(std::size_t place, const Entry& entry) {
    heap_[place] = entry;
    slots_[entry.slot].place = static_cast<std::uint32_t>(place);
  }
  // In place of what is there.
  void put(std::size_t place, const Entry& entry) {
    if (entry.key < heap_[place].key) {
      rise(place, entry);
    } else {
      sink(place, entry);
    }
  }
  void rise(std::size_t place, const Entry& entry) {
    while (place > 0 && entry.key < heap_[(place - 1) / 4].key) {
      set(place, heap_[(place - 1) / 4]);
      place = (place - 1) / 4;
    }
    set(place, entry);
  }
  void sink(std::size_t place, const Entry& entry) {
    const std::size_t size = heap_.size();
    for (std::size_t child = 4 * place + 1; child < size; child = 4 * place + 1) {
      const std::size_t least = child + 4 <= size
                                    ? less_of(less_of(child, child + 1), less_of(child + 2, child + 3))
                                    : least_of(child, size);
      if (!(heap_[least].key < entry.key)) break;
      set(place, heap_[least]);
      place = least;
    }
    set(place, entry);
  }
  std::size_t less_of(std::size_t a, std::size_t b) const { return toss(heap_[b].key < heap_[a].key) ? b : a; }
  std::size_t least_of(std::size_t first, std::size_t end) const {
    std::size_t least = first;
    for (std::size_t i = first + 1; i < end; ++i) least = less_of(least, i);
    return least;
  }

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
};

// The first thing one writes.
class FunctionQueue {
 public:
  void push(std::int64_t time, std::function<void(std::int64_t)> what) {
    queue_.push({time, sequence_++, std::move(what)});
  }
  void run_one() {
    const Entry first = std::move(const_cast<Entry&>(queue_.top()));  // which pop() destroys
    queue_.pop();
    first.what(first.time);
  }

 private:
  struct Entry {
    std::int64_t time;
    std::uint64_t sequence;
    std::function<void(std::int64_t)> what;
    bool operator<(const Entry& other) const {  // the greatest is on top
      return time != other.time ? time > other.time : sequence > other.sequence;
    }
  };

  std::priority_queue<Entry> queue_;
  std::uint64_t sequence_ = 0;
};

}  // namespace bench
