#include "sim/core/event_queue.hpp"

#include <algorithm>

namespace userqsim {
namespace {

constexpr std::size_t leaves_min = 8;

}  // namespace

std::vector<Event> EventQueue::in_order() const {
  std::vector<Event> events;
  events.reserve(size_);
  for (const std::uint32_t slot : pending_from(SimTime{})) events.push_back(event_in(slot));
  return events;
}

std::vector<EventHandle> EventQueue::handles_from(SimTime from) const {
  std::vector<EventHandle> handles;
  for (const std::uint32_t slot : pending_from(from)) handles.push_back({slot, slots_[slot].generation});
  return handles;
}

std::vector<std::uint32_t> EventQueue::pending_from(SimTime from) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (key_at(slot) != none && key_at(slot) != hole && time_of(key_at(slot)) >= from) found.push_back(slot);
  }
  std::sort(found.begin(), found.end(), [this](std::uint32_t a, std::uint32_t b) { return key_at(a) < key_at(b); });
  return found;
}

// While there is a hole, it has won every game on its path: the first event is the best of those it has beaten.
std::uint32_t EventQueue::second() const {
  std::uint32_t winner = hole_ ^ 1U;
  for (std::size_t node = (leaves_ + hole_) >> 1; node > 1; node >>= 1) {
    const std::uint32_t other = winners_[node ^ 1U] / 2;
    winner = toss(key_at(other) < key_at(winner)) ? other : winner;
  }
  return winner;
}

void EventQueue::grow() {
  const auto index = static_cast<std::uint32_t>(slots_.size());
  slots_.emplace_back().sequence = free_;
  free_ = index;
  if (index < leaves_) return;
  // Twice the leaves, and all games anew.
  const std::size_t more = std::max(leaves_min, 2 * leaves_);
  leaves_ = more;
  words_.resize(2 * more, ~std::uint64_t{0});
  winners_.resize(more);
  for (std::size_t node = more - 1; node >= 1; --node) {
    const auto winner_of = [&](std::size_t child) {
      return child < more ? winners_[child] / 2 : static_cast<std::uint32_t>(child - more);
    };
    const std::uint32_t left = winner_of(2 * node), right = winner_of(2 * node + 1);
    winners_[node] = 2 * (key_at(right) < key_at(left) ? right : left);
  }
}

// The pending events are numbered anew from 1 in the order of their sequences, and what comes goes on from there.
void EventQueue::move_base(std::uint64_t next_sequence) {
  std::vector<std::uint32_t> slots = pending_from(SimTime{});
  std::sort(slots.begin(), slots.end(),
            [this](std::uint32_t a, std::uint32_t b) { return slots_[a].sequence < slots_[b].sequence; });
  ensure(slots.empty() || slots_[slots.back()].sequence < next_sequence,
         "events are not given in the order of their sequences");
  constexpr Key ordinals = (Key{1} << ordinal_bits) - 1;
  std::uint64_t ordinal = 0;
  for (const std::uint32_t slot : slots) set_key(slot, (key_at(slot) & ~ordinals) | ++ordinal);
  base_ = next_sequence - ordinal;
}

}  // namespace userqsim
