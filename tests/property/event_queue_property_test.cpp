// The event queue against a sorted list, under any sequence of pushes, removals and pops.
#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sim/core/engine.hpp"
#include "sim/core/event_queue.hpp"
#include "tests/support/catch.hpp"

namespace userqsim {
namespace {

struct Reference {
  struct Entry {
    EventKey key;
    EventHandle handle;
  };
  std::vector<Entry> entries;  // in order

  void push(const EventKey& key, EventHandle handle) {
    const auto place = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return key < e.key; });
    entries.insert(place, {key, handle});
  }
};

bool same(EventHandle a, EventHandle b) { return a.index == b.index && a.generation == b.generation; }

// Few distinct times, rounds and phases, so that ties are the rule.
EventKey any_key(std::uint64_t sequence) {
  return {SimTime{Duration{*rc::gen::inRange(0, 6)}}, *rc::gen::inRange<std::uint32_t>(0, 3),
          *rc::gen::inRange<Phase>(0, 3), sequence};
}

class Tested {
 public:
  void push() {
    const EventKey key = any_key(sequence_++);
    const EventHandle handle = queue.push({key, static_cast<PartTag>(key.phase), Payload::of(key.sequence)});
    RC_ASSERT(queue.contains(handle));
    handles_.push_back(handle);
    reference.push(key, handle);
  }
  // Any handle ever given: it must work exactly once, and never after its event was popped.
  void remove() {
    if (handles_.empty()) return;
    const EventHandle handle = handles_[*rc::gen::inRange<std::size_t>(0, handles_.size())];
    const auto it = std::find_if(reference.entries.begin(), reference.entries.end(),
                                 [&](const Reference::Entry& e) { return same(e.handle, handle); });
    const bool pending = it != reference.entries.end();
    RC_ASSERT(queue.contains(handle) == pending);
    RC_ASSERT(queue.remove(handle) == pending);
    RC_ASSERT(!queue.contains(handle));
    if (pending) reference.entries.erase(it);
  }
  void pop() {
    if (reference.entries.empty()) return;
    const Reference::Entry least = reference.entries.front();
    RC_ASSERT(queue.top().key == least.key);
    const Event event = queue.pop();
    RC_ASSERT(event.key == least.key);
    RC_ASSERT(event.payload.as<std::uint64_t>() == least.key.sequence);
    RC_ASSERT(!queue.contains(least.handle));
    reference.entries.erase(reference.entries.begin());
  }
  void step() {
    switch (*rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {2, 2}})) {
      case 0:
        return push();
      case 1:
        return remove();
      default:
        return pop();
    }
  }
  void check() const {
    RC_ASSERT(queue.size() == reference.entries.size());
    RC_ASSERT(queue.empty() == reference.entries.empty());
    const std::vector<Event> events = queue.in_order();
    for (std::size_t i = 0; i < events.size(); ++i) RC_ASSERT(events[i].key == reference.entries[i].key);
  }

  EventQueue queue;
  Reference reference;

 private:
  std::vector<EventHandle> handles_;
  std::uint64_t sequence_ = 0;
};

std::vector<EventKey> drain(EventQueue queue) {
  std::vector<EventKey> keys;
  while (!queue.empty()) keys.push_back(queue.pop().key);
  return keys;
}

TEST_CASE("the event queue is a sorted list whatever is done to it", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    Tested tested;
    const int steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
      tested.step();
      tested.check();
    }
    std::vector<EventKey> expected;
    for (const Reference::Entry& e : tested.reference.entries) expected.push_back(e.key);
    RC_ASSERT(drain(tested.queue) == expected);
  }));
}

TEST_CASE("a copied event queue gives the same future and goes its own way", "[sim][engine][property]") {
  REQUIRE(rc::check([] {
    Tested original;
    const int before = *rc::gen::inRange(0, 60);
    for (int i = 0; i < before; ++i) original.step();
    Tested copy = original;
    RC_ASSERT(drain(copy.queue) == drain(original.queue));
    const int after = *rc::gen::inRange(0, 60);
    for (int i = 0; i < after; ++i) copy.step();  // handles of the original name the same events in the copy
    copy.check();
    original.check();  // and the original has not noticed
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
        const EventKey& key = engine.pending().event(handle).key;
        const bool now = delay.count() == 0;
        const std::uint32_t next_round = event->key.round + (phase > event->key.phase ? 0U : 1U);
        RC_ASSERT(key.round == (now ? next_round : 0U));
      }
    }
    RC_ASSERT(engine.now() == SimTime{Duration{1000}});
  }));
}

}  // namespace
}  // namespace userqsim
