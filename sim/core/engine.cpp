#include "sim/core/engine.hpp"

#include <fmt/format.h>

#include "sim/core/ensure.hpp"

namespace userqsim {

LivelockError::LivelockError(SimTime at, std::vector<PartTag> parts)
    : std::runtime_error(fmt::format("livelock: {} rounds at {} ns without time moving", Engine::rounds_max,
                                     at.time_since_epoch().count())),
      at_(at),
      parts_(std::move(parts)) {}

EventKey Engine::key_for(SimTime at, Phase phase) {
  ensure(at >= now_, "an event is posted in the past");
  std::uint32_t round = 0;
  if (running_ && at == now_) round = phase <= phase_ ? round_ + 1 : round_;
  return {at, round, phase, sequence_++};
}

EventHandle Engine::post(SimTime at, Phase phase, PartTag part, const Payload& payload) {
  return queue_.push({key_for(at, phase), part, payload});
}

EventHandle Engine::post_later(SimTime at, Phase phase, PartTag part, const Payload& payload) {
  if (!holds_) return post(at, phase, part, payload);
  return queue_.push({{SimTime::max(), 0, phase, sequence_++}, part, payload});
}

std::optional<EventHandle> Engine::reschedule(EventHandle handle, SimTime at) {
  if (!queue_.contains(handle)) return std::nullopt;
  Event event = queue_.event(handle);
  if (event.key.time == SimTime::max()) return handle;  // held: it has no time
  event.key = key_for(at, event.key.phase);
  queue_.remove(handle);
  return queue_.push(event);
}

std::optional<Event> Engine::next(SimTime horizon) {
  if (queue_.empty() || queue_.top().key.time > horizon) {
    now_ = std::max(now_, horizon);
    running_ = false;
    return std::nullopt;
  }
  const Event event = queue_.pop();
  now_ = event.key.time;
  round_ = event.key.round;
  phase_ = event.key.phase;
  running_ = true;
  ++executed_;
  if (round_ == 0) recent_.clear();
  if (round_ + recent_max >= rounds_max) recent_.push_back(event.part);
  if (round_ >= rounds_max) throw LivelockError(now_, recent_);
  return event;
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
