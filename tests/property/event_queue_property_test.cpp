// The event queue against the plain heap, under any sequence of pushes, removals, moves and pops.
#include <rapidcheck.h>

#include <optional>
#include <vector>

#include "sim/core/engine.hpp"
#include "sim/core/event_queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/heap_queue.hpp"

namespace userqsim::event_queue_property_test {
namespace {

using test::HeapQueue;

bool same(EventHandle a, EventHandle b) { return a.index == b.index && a.generation == b.generation; }

bool same(const Event& a, const Event& b) {
  return a.key == b.key && a.part == b.part && a.payload.as<std::uint64_t>() == b.payload.as<std::uint64_t>();
}

// The queue and the plain heap, to which the same is done. Some begin where the sequences that the queue keeps
// beside a key end, at 2^40.
class Both {
 public:
  explicit Both(int times) : times_(times) {
    const auto near = *rc::gen::weightedElement<std::uint64_t>({{2, 0}, {1, 1}, {1, 3}});
    if (near != 0) sequence_ = (near << 40) - *rc::gen::inRange<std::uint64_t>(0, 40);
  }

  void push() {
    const EventKey key = any_key();
    const Event event{key, static_cast<PartTag>(key.phase), Payload::of(key.sequence)};
    const EventHandle handle = queue.push(event);
    RC_ASSERT(queue.contains(handle));
    RC_ASSERT(same(handle, heap.push(event)));
    handles_.push_back(handle);
  }
  // Any handle ever given: it must work exactly once, and never after its event was popped.
  void remove() {
    if (handles_.empty()) return;
    const EventHandle handle = any_handle();
    RC_ASSERT(queue.contains(handle) == heap.contains(handle));
    RC_ASSERT(queue.remove(handle) == heap.remove(handle));
    RC_ASSERT(!queue.contains(handle));
  }
  void move() {
    if (handles_.empty()) return;
    const EventHandle handle = any_handle();
    RC_ASSERT(queue.contains(handle) == heap.contains(handle));
    if (!heap.contains(handle)) return;
    const EventKey key = any_key();
    const EventHandle moved = queue.move(handle, key);
    RC_ASSERT(same(moved, heap.move(handle, key)));
    RC_ASSERT(!queue.contains(handle));
    RC_ASSERT(same(queue.event(moved), heap.event(moved)));
    handles_.push_back(moved);
  }
  void pop() {
    if (heap.empty()) return;
    Event none;
    if (*rc::gen::arbitrary<bool>()) {
      RC_ASSERT(!queue.pop_until(heap.top().key.time - Duration{1}, none));
    }
    RC_ASSERT(queue.first_time() == heap.top().key.time);
    RC_ASSERT(same(queue.top(), heap.top()));
    RC_ASSERT(same(queue.pop(), heap.pop()));
  }
  void step() {
    switch (*rc::gen::weightedElement<int>({{6, 0}, {2, 1}, {2, 2}, {3, 3}})) {
      case 0:
        return push();
      case 1:
        return remove();
      case 2:
        return move();
      default:
        return pop();
    }
  }
  void check() const {
    RC_ASSERT(queue.size() == heap.size());
    RC_ASSERT(queue.empty() == heap.empty());
    const std::vector<Event> events = queue.in_order(), expected = heap.in_order();
    RC_ASSERT(events.size() == expected.size());
    for (std::size_t i = 0; i < events.size(); ++i) RC_ASSERT(same(events[i], expected[i]));
    if (heap.empty()) return;
    const SimTime from = expected[expected.size() / 2].key.time;
    const std::vector<EventHandle> late = queue.handles_from(from);
    const std::size_t before = events.size() - late.size();
    for (std::size_t i = 0; i < events.size(); ++i) {
      RC_ASSERT((events[i].key.time >= from) == (i >= before));
      if (i >= before) RC_ASSERT(queue.event(late[i - before]).key == events[i].key);
    }
  }

  EventQueue queue;
  HeapQueue heap;

 private:
  EventHandle any_handle() const { return handles_[*rc::gen::inRange<std::size_t>(0, handles_.size())]; }
  // Few distinct times, rounds and phases, so that ties are the rule.
  EventKey any_key() {
    return {SimTime{Duration{*rc::gen::inRange(0, times_)}}, *rc::gen::inRange<std::uint32_t>(0, 3),
            *rc::gen::inRange<Phase>(0, 3), sequence_++};
  }

  int times_;
  std::vector<EventHandle> handles_;
  std::uint64_t sequence_ = 0;
};

template <class Queue>
std::vector<EventKey> drain(Queue queue) {
  std::vector<EventKey> keys;
  while (!queue.empty()) keys.push_back(queue.pop().key);
  return keys;
}

TEST_CASE("the event queue is the plain heap, whatever is done to it", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    Both both(6);
    const int steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
      both.step();
      both.check();
    }
    RC_ASSERT(drain(both.queue) == drain(both.heap));
  }));
}

TEST_CASE("a copied event queue gives the same future and goes its own way", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    Both original(6);
    const int before = *rc::gen::inRange(0, 60);
    for (int i = 0; i < before; ++i) original.step();
    Both copy = original;
    RC_ASSERT(drain(copy.queue) == drain(original.queue));
    const int after = *rc::gen::inRange(0, 60);
    for (int i = 0; i < after; ++i) copy.step();  // handles of the original name the same events in the copy
    copy.check();
    original.check();  // and the original has not noticed
  }));
}

// More events than a case's random numbers can be drawn for one by one: here they come from the bits of few.
TEST_CASE("thousands of events at a handful of times come out as from the plain heap", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    std::uint64_t state = *rc::gen::arbitrary<std::uint64_t>();
    const auto below = [&](std::uint64_t n) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      return (state >> 33) % n;
    };
    EventQueue queue;
    HeapQueue heap;
    std::vector<EventHandle> handles;
    for (std::uint64_t sequence = 0; sequence < 4000; ++sequence) {
      const EventKey key{SimTime{Duration{static_cast<std::int64_t>(below(5))}}, 0, static_cast<Phase>(below(4)),
                         sequence};
      const Event event{key, 0, Payload::of(sequence)};
      switch (heap.empty() ? 0 : below(5)) {
        case 3:
          RC_ASSERT(same(queue.pop(), heap.pop()));
          break;
        case 4: {
          const EventHandle handle = handles[below(handles.size())];
          if (heap.contains(handle)) {
            handles.push_back(queue.move(handle, key));
            RC_ASSERT(same(heap.move(handle, key), handles.back()));
          }
          break;
        }
        default:
          handles.push_back(queue.push(event));
          RC_ASSERT(same(heap.push(event), handles.back()));
      }
    }
    RC_ASSERT(drain(queue) == drain(heap));
  }));
}

// The rule for posts at the current time, stated apart from the engine's code: at one instant, what is posted while
// (round, phase) runs goes to this round when its phase is later, else to the next.
TEST_CASE("an engine hands out a total order, and posts never overtake it", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    Engine engine;
    engine.post(SimTime{}, 0, 0, Payload::of(0));
    std::optional<EventKey> last;
    int posts = *rc::gen::inRange(0, 80);
    while (const std::optional<Event> event = engine.next(SimTime{Duration{1000}})) {
      if (last) RC_ASSERT(*last < event->key);
      last = event->key;
      RC_ASSERT(engine.now() == event->key.time);
      for (int n = *rc::gen::inRange(0, 3); n > 0 && posts > 0; --n, --posts) {
        const auto phase = *rc::gen::inRange<Phase>(0, 4);
        const Duration delay{*rc::gen::inRange(0, 3)};
        const EventHandle handle = engine.post(engine.now() + delay, phase, 0, Payload::of(0));
        const EventKey key = engine.pending().key(handle);
        const bool now = delay.count() == 0;
        const std::uint32_t next_round = event->key.round + (phase > event->key.phase ? 0U : 1U);
        RC_ASSERT(key.round == (now ? next_round : 0U));
      }
    }
    RC_ASSERT(engine.now() == SimTime{Duration{1000}});
  }));
}

}  // namespace
}  // namespace userqsim::event_queue_property_test
