// What the engine orders: a key, a part tag and a small payload that is plain data. The engine never looks inside a
// payload; the part that owns the tag does.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "sim/core/time.hpp"

namespace userqsim {

// Which part of the machine handles an event, and in which phase of an instant; both are small enumerations of the
// model.
using PartTag = std::uint8_t;
using Phase = std::uint8_t;

// The total order of events: (time, round, phase, sequence).
//
// At one instant the phases run in order, so that a part sees what all parts below it have done. A post at the
// current time into the running or an earlier phase would run out of turn: it lands in the next round. Within a
// phase, first posted is first served. The sequence is 64-bit and never wraps, so no two keys are equal and nothing
// else (address, hash, heap shape) can decide.
struct EventKey {
  SimTime time;
  std::uint32_t round = 0;
  Phase phase = 0;
  std::uint64_t sequence = 0;
  constexpr auto operator<=>(const EventKey&) const = default;
};

// A trivially copyable message, stored by value.
class Payload {
 public:
  static constexpr std::size_t capacity = 48;  // a queue's slot is a cache line: event_queue.hpp

  template <class Message>
  static Payload of(const Message& message) {
    Payload payload;
    payload.hold<Message>(message);
    return payload;
  }
  // Becomes a payload made of Message{from}.
  template <class Message, class From>
  void hold(const From& from) {
    static_assert(std::is_trivially_copyable_v<Message>, "an event is plain data");
    static_assert(sizeof(Message) <= capacity, "an event is small; keep large data in the part's state");
    static_assert(alignof(Message) <= alignof(Payload));
    new (bytes_.data()) Message{from};
  }
  // REQUIRES: the payload was made of a Message.
  template <class Message>
  Message as() const {
    Message message;
    std::memcpy(&message, bytes_.data(), sizeof(Message));
    return message;
  }

 private:
  alignas(8) std::array<std::byte, capacity> bytes_;  // mean nothing beyond the message
};

struct Event {
  Event() {}  // NOLINT(modernize-use-equals-default): a payload's bytes are not written before there is a message
  Event(const EventKey& the_key, PartTag the_part, const Payload& the_payload)
      : key(the_key), part(the_part), payload(the_payload) {}

  EventKey key;
  PartTag part = 0;
  Payload payload;
};

// Names a posted event until it fires. Safe to use after that: generations differ.
struct EventHandle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  // 0 names nothing
};

}  // namespace userqsim
