#include "sim/core/engine.hpp"

#include <fmt/format.h>

#include "sim/core/ensure.hpp"

namespace userqsim {

LivelockError::LivelockError(SimTime at, std::vector<PartTag> parts)
    : std::runtime_error(fmt::format("livelock: {} rounds at {} ns without time moving", Engine::rounds_max,
                                     at.time_since_epoch().count())),
      at_(at),
      parts_(std::move(parts)) {}

EventHandle Engine::place(SimTime at, Phase phase, PartTag part) { return queue_.push(key_for(at, phase), part); }

EventHandle Engine::place_later(SimTime at, Phase phase, PartTag part) {
  if (!holds_) return place(at, phase, part);
  return queue_.push(held_key(phase), part);
}

bool Engine::cancel(EventHandle handle) { return queue_.remove(handle); }

std::optional<EventHandle> Engine::reschedule(EventHandle handle, SimTime at) {
  if (!queue_.contains(handle)) return std::nullopt;
  const EventKey key = queue_.key(handle);
  const bool is_held = key.time == SimTime::max();
  return queue_.move(handle, is_held ? held_key(key.phase) : key_for(at, key.phase));
}

std::optional<Event> Engine::next(SimTime horizon) {
  std::optional<Event> event(std::in_place);
  if (!queue_.pop_until(horizon, *event)) [[unlikely]] {
    now_ = std::max(now_, horizon);
    running_ = false;
    recent_.clear();
    event.reset();
    return event;
  }
  now_ = event->key.time;
  round_ = event->key.round;
  phase_ = event->key.phase;
  running_ = true;
  ++executed_;
  if (round_ + recent_max >= rounds_max) [[unlikely]]
    remember(event->part);
  return event;
}

// What the last events before a livelock were.
void Engine::remember(PartTag part) {
  if (recent_at_ != now_) recent_.clear();
  recent_at_ = now_;
  recent_.push_back(part);
  if (round_ >= rounds_max) throw LivelockError(now_, recent_);
}

void Engine::hold() {
  ensure(queue_.empty(), "events are held from the start on");
  holds_ = true;
}

std::vector<EventHandle> Engine::held() const { return queue_.handles_from(SimTime::max()); }

Event Engine::release(EventHandle handle) {
  ensure(queue_.contains(handle) && queue_.event(handle).key.time == SimTime::max(),
         "an event is released that is not held");
  const Event event = queue_.event(handle);
  queue_.remove(handle);
  round_ = 0;
  phase_ = event.key.phase;
  running_ = true;
  ++executed_;
  return event;
}

}  // namespace userqsim
