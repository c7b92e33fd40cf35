// The pending events in order: a tournament. Every slot is a leaf with a key; every inner node names the slot of
// the least key below it, so the root names the next event. Putting in, taking out and moving an event each play
// the games on one path from a leaf to the root again. A plain value: copying it copies the future.
//
// Why it is built so, and what else was measured: docs/adr/0016-pending-events-in-a-tournament.md.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/ensure.hpp"
#include "sim/core/event.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

class EventQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // REQUIRES: the time is not negative, the round below 2^20 and the phase below 2^4; sequences are given in rising
  // order. The payload is whatever it was: it is for the caller to fill.
  EventHandle push(const EventKey& key, PartTag part);
  EventHandle push(const Event& event);
  // REQUIRES: contains(handle).
  Payload& payload(EventHandle handle) { return slots_[handle.index].payload; }

  // Each REQUIRES: not empty.
  SimTime first_time() const { return time_of(key_at(first())); }
  Event top() const { return event_in(first()); }
  Event pop();

  // Pops the first event into `event` when it is not after `last`; else false.
  bool pop_until(SimTime last, Event& event);

  bool contains(EventHandle handle) const {
    return handle.generation != 0 && handle.index < slots_.size() &&
           slots_[handle.index].generation == handle.generation;
  }
  // False when the event has fired or was cancelled.
  bool remove(EventHandle handle);
  // Gives the handle's event another key; the handle names it no longer, the one returned does.
  // REQUIRES: contains(handle), and of the key what push() requires.
  EventHandle move(EventHandle handle, const EventKey& key);
  // What the handle names. Each REQUIRES: contains(handle).
  Event event(EventHandle handle) const { return event_in(handle.index); }
  EventKey key(EventHandle handle) const { return key_in(handle.index); }

  // All pending events, in order.
  std::vector<Event> in_order() const;
  // Names those whose time is not before `from`, in order.
  std::vector<EventHandle> handles_from(SimTime from) const;

 private:
  // (time, round, phase, ordinal) in one number, so that one comparison without a branch decides a game: 64, 20, 4
  // and 40 bits. The ordinal is the sequence less a base; when it has no bits left, the base is moved.
  using Key = UnsignedWide;
  static constexpr int round_bits = 20, phase_bits = 4, ordinal_bits = 40;
  static constexpr Key none = ~Key{0};  // of a slot without an event: behind every event
  static constexpr Key hole = 0;        // of hole_: before every event, whose ordinals begin at 1
  static constexpr std::uint32_t no_slot = ~std::uint32_t{0};

  // What is not needed to play: one cache line a slot.
  struct alignas(64) Slot {
    Payload payload;
    std::uint64_t sequence = 0;    // without an event: the next free slot
    std::uint32_t generation = 1;  // of the event in it, or else of the next; odd, as 0 names nothing
    PartTag part = 0;
  };

  static SimTime time_of(Key key) { return SimTime{Duration{static_cast<std::int64_t>(key >> 64)}}; }
  static EventKey unpack(Key key, std::uint64_t sequence);
  EventKey key_in(std::uint32_t slot) const { return unpack(key_at(slot), slots_[slot].sequence); }
  Event event_in(std::uint32_t slot) const { return {key_in(slot), slots_[slot].part, slots_[slot].payload}; }
  Key pack(const EventKey& key);
  void vacate(std::uint32_t slot);
  // The slot whose key is least.
  std::uint32_t first() const { return hole_ == no_slot ? winners_[1] / 2 : second(); }
  std::uint32_t second() const;
  static constexpr bool toss(bool outcome);
  void give(std::uint32_t slot, Key key);
  void settle();
  void grow();
  void move_base(std::uint64_t next_sequence);
  // Their slots, in order.
  std::vector<std::uint32_t> pending_from(SimTime from) const;

  Key key_at(std::uint32_t slot) const { return Key{words_[2 * slot + 1]} << 64 | words_[2 * slot]; }
  void set_key(std::uint32_t slot, Key key) {
    words_[2 * slot] = static_cast<std::uint64_t>(key);
    words_[2 * slot + 1] = static_cast<std::uint64_t>(key >> 64);
  }

  // By slot, the low word of its key and the high one; for as many slots as there are leaves, a power of two.
  std::vector<std::uint64_t> words_;
  // By node, where in words_ the key of its winner begins. The root is 1, the children of n are 2n and 2n + 1.
  std::vector<std::uint32_t> winners_;
  std::size_t leaves_ = 0;
  std::vector<Slot> slots_;
  std::uint32_t free_ = no_slot;  // the slot that was given back last
  // The slot of the event that was popped last, as long as its path has not been played again: mostly the next
  // event is put there, and one replay serves both.
  std::uint32_t hole_ = no_slot;
  std::uint32_t size_ = 0;
  std::uint64_t base_ = 0;
};

// What every event goes through follows, for the engine to inline.

inline EventKey EventQueue::unpack(Key key, std::uint64_t sequence) {
  const auto order = static_cast<std::uint64_t>(key);
  return {time_of(key), static_cast<std::uint32_t>(order >> (phase_bits + ordinal_bits)),
          static_cast<Phase>(order >> ordinal_bits & ((1U << phase_bits) - 1)), sequence};
}

inline EventQueue::Key EventQueue::pack(const EventKey& key) {
  const std::int64_t time = key.time.time_since_epoch().count();
  ensure(time >= 0 && key.round < 1U << round_bits && key.phase < 1U << phase_bits,
         "an event has an impossible key");
  if (key.sequence - base_ + 1 >= std::uint64_t{1} << ordinal_bits) [[unlikely]]
    move_base(key.sequence);
  const std::uint64_t ordinal = key.sequence - base_ + 1;
  const std::uint64_t order =
      (std::uint64_t{key.round} << phase_bits | std::uint64_t{key.phase}) << ordinal_bits | ordinal;
  return Key{static_cast<std::uint64_t>(time)} << 64 | order;
}

inline void EventQueue::vacate(std::uint32_t slot) {
  slots_[slot].generation += 2;
  slots_[slot].sequence = free_;
  free_ = slot;
  --size_;
}

// Which of two events comes first is a coin's toss to the processor. Told so, the compiler selects with conditional
// moves; with a branch, one game in two would be guessed wrong, at ten times the cost of a game.
constexpr bool EventQueue::toss(bool outcome) {
#if defined(__clang__)
  return __builtin_unpredictable(outcome);
#elif defined(__GNUC__)
  return __builtin_expect_with_probability(outcome, 1, 0.5);
#else
  return outcome;
#endif
}

// Gives a leaf a key, and plays the games from there to the root. All opponents are known from the start, so their
// keys are loaded while earlier games are still being decided.
inline void EventQueue::give(std::uint32_t slot, Key key) {
  set_key(slot, key);
  const std::uint64_t* const words = words_.data();
  std::uint32_t* const winners = winners_.data();
  std::size_t winner = 2 * std::size_t{slot}, opponent = winner ^ 2U;
  for (std::size_t node = leaves_ + slot;;) {
    const Key other = Key{words[opponent + 1]} << 64 | words[opponent];
    const bool other_wins = toss(other < key);
    winner = other_wins ? opponent : winner;
    key = other_wins ? other : key;
    node >>= 1;
    winners[node] = static_cast<std::uint32_t>(winner);
    if (node == 1) return;
    opponent = winners[node ^ 1U];
  }
}

inline void EventQueue::settle() {
  if (hole_ == no_slot) return;
  give(hole_, none);
  hole_ = no_slot;
}

inline EventHandle EventQueue::push(const EventKey& key, PartTag part) {
  const Key packed = pack(key);
  if (free_ == no_slot) [[unlikely]]
    grow();
  const std::uint32_t index = free_;
  Slot& slot = slots_[index];
  free_ = static_cast<std::uint32_t>(slot.sequence);
  if (index == hole_) hole_ = no_slot;
  slot.sequence = key.sequence;
  slot.part = part;
  ++size_;
  give(index, packed);
  return {index, slot.generation};
}

inline EventHandle EventQueue::push(const Event& event) {
  const EventHandle handle = push(event.key, event.part);
  payload(handle) = event.payload;
  return handle;
}

inline bool EventQueue::pop_until(SimTime last, Event& event) {
  if (size_ == 0) return false;
  settle();
  const std::size_t word = winners_[1];
  const auto index = static_cast<std::uint32_t>(word / 2);
  const Key key = Key{words_[word + 1]} << 64 | words_[word];
  if (time_of(key) > last) return false;
  words_[word] = words_[word + 1] = 0;
  static_assert(hole == 0);
  hole_ = index;
  const Slot& slot = slots_[index];
  event.key = unpack(key, slot.sequence);
  event.part = slot.part;
  event.payload = slot.payload;
  vacate(index);
  return true;
}

inline Event EventQueue::pop() {
  Event event;
  ensure(pop_until(SimTime::max(), event), "an event is popped from an empty queue");
  return event;
}

inline bool EventQueue::remove(EventHandle handle) {
  if (!contains(handle)) return false;
  vacate(handle.index);
  give(handle.index, none);
  return true;
}

inline EventHandle EventQueue::move(EventHandle handle, const EventKey& key) {
  ensure(contains(handle), "an event is moved that is not pending");
  const Key packed = pack(key);
  Slot& slot = slots_[handle.index];
  slot.sequence = key.sequence;
  slot.generation += 2;
  give(handle.index, packed);
  return {handle.index, slot.generation};
}

}  // namespace userqsim
