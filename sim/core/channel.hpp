// All a part may post to. A Channel<Message> leads to one other part (or back to the part itself): it wraps the
// message in that part's event type and posts it in that part's phase. A part that holds no channel to another
// cannot reach it.
#pragma once

#include <optional>

#include "sim/core/engine.hpp"

namespace userqsim {

template <class Message>
class Channel {
 public:
  // Leads to the part `part`, whose events are of type `PartEvent` (a variant that holds Message), in `phase`.
  template <class PartEvent>
  static Channel to(Engine& engine, PartTag part, Phase phase) {
    Channel channel;
    channel.engine_ = &engine;
    channel.part_ = part;
    channel.phase_ = phase;
    channel.wrap_ = [](const Message& message, Payload& payload) { payload.hold<PartEvent>(message); };
    return channel;
  }

  SimTime now() const { return engine_->now(); }
  // Delivered at the current time, behind what already stands there for that part at this time.
  EventHandle post(const Message& message) const { return engine_->post(now(), phase_, part_, wrapped(message)); }
  // What takes its time, even if that is none.
  EventHandle post_in(Duration delay, const Message& message) const { return post_at(now() + delay, message); }
  EventHandle post_at(SimTime at, const Message& message) const {
    return engine_->post_later(at, phase_, part_, wrapped(message));
  }
  // A timer, set or set anew: what `timer` names takes its time from now, if it is pending; else it is posted.
  // REQUIRES: nothing but this message was ever posted for `timer`.
  EventHandle rearm_in(EventHandle timer, Duration delay, const Message& message) const {
    return rearm_at(timer, now() + delay, message);
  }
  EventHandle rearm_at(EventHandle timer, SimTime at, const Message& message) const {
    const std::optional<EventHandle> moved = engine_->reschedule(timer, at);
    return moved ? *moved : post_at(at, message);
  }
  bool is_pending(EventHandle handle) const { return engine_->is_pending(handle); }
  bool cancel(EventHandle handle) const { return engine_->cancel(handle); }

 private:
  auto wrapped(const Message& message) const {
    return [this, &message](Payload& payload) { wrap_(message, payload); };
  }

  Engine* engine_ = nullptr;
  PartTag part_ = 0;
  Phase phase_ = 0;
  void (*wrap_)(const Message&, Payload&) = nullptr;
};

// Calls the overload that fits: a variant is handled exhaustively or does not compile.
template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace userqsim
