// The event engine: simulated time and the pending events. It executes nothing itself: the machine asks for the
// next event and hands it to its part. A plain value; copying it copies time and future. Who explores what else
// could have happened holds events, and releases them in any order.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "sim/core/event.hpp"
#include "sim/core/event_queue.hpp"

namespace userqsim {

// A million rounds at one instant: the model answers itself for ever. Names the parts of the last events.
class LivelockError : public std::runtime_error {
 public:
  LivelockError(SimTime at, std::vector<PartTag> parts);
  SimTime at() const { return at_; }
  const std::vector<PartTag>& parts() const { return parts_; }  // of the last events, oldest first

 private:
  SimTime at_;
  std::vector<PartTag> parts_;
};

class Engine {
 public:
  static constexpr std::uint32_t rounds_max = 1'000'000;

  SimTime now() const { return now_; }
  std::uint64_t executed() const { return executed_; }
  const EventQueue& pending() const { return queue_; }

  // The content is a payload, or writes one where it will lie: content(Payload&).
  // REQUIRES: at >= now(); a post in the past is an InvariantError.
  template <class Content>
  EventHandle post(SimTime at, Phase phase, PartTag part, const Content& content) {
    return filled(place(at, phase, part), content);
  }
  // The same, of something that takes its time, which may be none.
  template <class Content>
  EventHandle post_later(SimTime at, Phase phase, PartTag part, const Content& content) {
    return filled(place_later(at, phase, part), content);
  }
  // False, and nothing happens, when the event has fired or was cancelled.
  bool cancel(EventHandle handle);
  // Moves a pending event to `at`, behind what is already posted there; the handle given names it no longer, the
  // one returned does. One that is held stays outside of time, behind all that is. Nothing when the event has fired
  // or was cancelled.
  std::optional<EventHandle> reschedule(EventHandle handle, SimTime at);
  bool is_pending(EventHandle handle) const { return queue_.contains(handle); }

  // The next event at or before `horizon`, and time moves to it; nothing when there is none, and time moves to the
  // horizon. Throws LivelockError.
  std::optional<Event> next(SimTime horizon);

  // From here on it is the caller who chooses what happens next of all that takes time: what is posted with
  // post_later() is never `next`, but is held until it is released. REQUIRES: nothing is pending.
  void hold();
  // What is held, in order of posting.
  std::vector<EventHandle> held() const;
  // Hands out one of them, now: time does not move. REQUIRES: it is held.
  Event release(EventHandle handle);

 private:
  static constexpr std::size_t recent_max = 8;

  EventKey key_for(SimTime at, Phase phase) {
    ensure(at >= now_, "an event is posted in the past");
    std::uint32_t round = 0;
    if (running_ && at == now_) round = phase <= phase_ ? round_ + 1 : round_;
    return {at, round, phase, sequence_++};
  }
  EventKey held_key(Phase phase) { return {SimTime::max(), 0, phase, sequence_++}; }
  void remember(PartTag part);
  EventHandle place(SimTime at, Phase phase, PartTag part);
  EventHandle place_later(SimTime at, Phase phase, PartTag part);
  template <class Content>
  EventHandle filled(EventHandle handle, const Content& content) {
    Payload& payload = queue_.payload(handle);
    if constexpr (std::is_same_v<Content, Payload>) {
      payload = content;
    } else {
      content(payload);
    }
    return handle;
  }

  EventQueue queue_;
  bool holds_ = false;
  SimTime now_{};
  std::uint32_t round_ = 0;
  Phase phase_ = 0;
  bool running_ = false;  // an event of (now_, round_, phase_) has been handed out
  std::uint64_t sequence_ = 0;
  std::uint64_t executed_ = 0;
  std::vector<PartTag> recent_;  // in the last rounds before a livelock at recent_at_
  SimTime recent_at_{};
};

}  // namespace userqsim
