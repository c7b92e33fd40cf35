// The engine: the total order of events, what a post at the current time means, handles, the horizon, livelock.
#include "sim/core/engine.hpp"

#include <vector>

#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::engine_test {
namespace {

using namespace std::chrono_literals;

constexpr Phase early = 0, middle = 1, late = 2;
constexpr SimTime horizon{1s};

// An engine whose events are numbers, and what it gave out so far.
class Posts {
 public:
  EventHandle post(Duration at, Phase phase, int number) {
    return engine.post(SimTime{at}, phase, static_cast<PartTag>(phase), Payload::of(number));
  }
  // The next event's number; -1 when there is none up to `to`.
  int next(SimTime to = horizon) {
    const std::optional<Event> event = engine.next(to);
    last = event.value_or(Event{});
    return event ? event->payload.as<int>() : -1;
  }
  std::vector<int> rest() {
    std::vector<int> numbers;
    for (int n = next(); n != -1; n = next()) numbers.push_back(n);
    return numbers;
  }

  Engine engine;
  Event last;
};

TEST_CASE("events come out by time, then by phase, then in the order of posting", "[sim][engine]") {
  Posts p;
  p.post(20ns, early, 5);
  p.post(10ns, late, 3);
  p.post(10ns, early, 1);
  p.post(10ns, late, 4);
  p.post(10ns, early, 2);
  p.post(0ns, late, 0);
  CHECK(p.rest() == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("keys are ordered by time, round, phase, sequence, each before the next", "[sim][engine]") {
  const EventKey base{SimTime{10ns}, 3, 1, 100};
  CHECK(EventKey{SimTime{9ns}, 9, 9, 999} < base);
  CHECK(EventKey{SimTime{10ns}, 2, 9, 999} < base);
  CHECK(EventKey{SimTime{10ns}, 3, 0, 999} < base);
  CHECK(EventKey{SimTime{10ns}, 3, 1, 99} < base);
  CHECK(base < EventKey{SimTime{10ns}, 3, 1, 101});
}

TEST_CASE("a post at the current time into a later phase is served in this round", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  p.post(10ns, late, 2);
  REQUIRE(p.next() == 0);
  p.post(10ns, middle, 1);
  CHECK(p.next() == 1);
  CHECK(p.last.key.round == 0);
  CHECK(p.next() == 2);
}

TEST_CASE("a post at the current time into the running or an earlier phase waits for the next round",
          "[sim][engine]") {
  Posts p;
  p.post(10ns, middle, 0);
  p.post(10ns, middle, 1);
  p.post(10ns, late, 2);
  REQUIRE(p.next() == 0);
  p.post(10ns, middle, 4);  // the running phase: behind all of round 0, 1 and 2 included
  p.post(10ns, early, 3);   // an earlier phase: round 1 too, and there before `middle`
  CHECK(p.next() == 1);
  CHECK(p.last.key.round == 0);
  CHECK(p.next() == 2);
  CHECK(p.next() == 3);
  CHECK(p.last.key.round == 1);
  CHECK(p.next() == 4);
  CHECK(p.last.key.round == 1);
}

TEST_CASE("rounds belong to an instant: the next one begins at round zero", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  p.post(11ns, early, 2);
  REQUIRE(p.next() == 0);
  p.post(10ns, early, 1);
  CHECK(p.next() == 1);
  CHECK(p.last.key.round == 1);
  CHECK(p.next() == 2);
  CHECK(p.last.key.round == 0);
}

TEST_CASE("before anything runs, a post at the current time is in round zero", "[sim][engine]") {
  Posts p;
  CHECK(p.next(SimTime{5ns}) == -1);
  p.post(5ns, early, 1);
  CHECK(p.next() == 1);
  CHECK(p.last.key.round == 0);
}

TEST_CASE("a post in the past is an error, and leaves nothing behind", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  REQUIRE(p.next() == 0);
  CHECK_THROWS_AS(p.post(9ns, late, 1), InvariantError);
  CHECK(p.engine.pending().empty());
  CHECK_NOTHROW(p.post(10ns, late, 2));
}

TEST_CASE("a cancelled event never comes, and a handle works once", "[sim][engine]") {
  Posts p;
  const EventHandle a = p.post(10ns, early, 1);
  p.post(10ns, early, 2);
  CHECK(p.engine.is_pending(a));
  CHECK(p.engine.cancel(a));
  CHECK_FALSE(p.engine.is_pending(a));
  CHECK_FALSE(p.engine.cancel(a));
  CHECK(p.rest() == std::vector<int>{2});
}

TEST_CASE("the handle of a fired event does not name the event that took its place", "[sim][engine]") {
  Posts p;
  const EventHandle fired = p.post(10ns, early, 1);
  REQUIRE(p.next() == 1);
  const EventHandle second = p.post(20ns, early, 2);
  REQUIRE(second.index == fired.index);  // the place is used again, as a new generation
  CHECK(second.generation != fired.generation);
  CHECK_FALSE(p.engine.cancel(fired));
  CHECK_FALSE(p.engine.reschedule(fired, SimTime{30ns}).has_value());
  CHECK(p.engine.is_pending(second));
  CHECK(p.next() == 2);
}

TEST_CASE("a handle that names nothing cancels nothing", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 1);
  CHECK_FALSE(p.engine.cancel(EventHandle{}));
  CHECK_FALSE(p.engine.is_pending(EventHandle{}));
  CHECK(p.next() == 1);
}

TEST_CASE("a rescheduled event goes behind what is already posted there", "[sim][engine]") {
  Posts p;
  const EventHandle moved = p.post(10ns, early, 3);
  p.post(20ns, early, 2);
  p.post(15ns, early, 1);
  const std::optional<EventHandle> handle = p.engine.reschedule(moved, SimTime{20ns});
  REQUIRE(handle.has_value());
  CHECK_FALSE(p.engine.is_pending(moved));
  CHECK(p.engine.is_pending(*handle));
  CHECK(p.rest() == std::vector<int>{1, 2, 3});
}

TEST_CASE("rescheduling to the current time keeps the turn: the running phase waits for the next round",
          "[sim][engine]") {
  Posts p;
  p.post(10ns, middle, 0);
  p.post(10ns, late, 1);
  const EventHandle moved = p.post(50ns, middle, 2);
  REQUIRE(p.next() == 0);
  REQUIRE(p.engine.reschedule(moved, SimTime{10ns}).has_value());
  CHECK(p.rest() == std::vector<int>{1, 2});
}

TEST_CASE("rescheduling into the past is an error, and the event stays where it was", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  const EventHandle later = p.post(20ns, early, 1);
  REQUIRE(p.next() == 0);
  CHECK_THROWS_AS(p.engine.reschedule(later, SimTime{9ns}), InvariantError);
  CHECK(p.engine.is_pending(later));
  CHECK(p.next() == 1);
  CHECK(p.last.key.time == SimTime{20ns});
}

TEST_CASE("time moves to the event, or to the horizon when there is none up to it", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 1);
  p.post(20ns, early, 2);
  p.post(21ns, early, 3);
  CHECK(p.next(SimTime{20ns}) == 1);
  CHECK(p.engine.now() == SimTime{10ns});
  CHECK(p.next(SimTime{20ns}) == 2);  // an event at the horizon still counts
  CHECK(p.next(SimTime{20ns}) == -1);
  CHECK(p.engine.now() == SimTime{20ns});
  CHECK(p.next(SimTime{5ns}) == -1);  // an earlier horizon moves nothing back
  CHECK(p.engine.now() == SimTime{20ns});
  CHECK(p.engine.executed() == 2);
  CHECK(p.next(SimTime{30ns}) == 3);
}

TEST_CASE("a million rounds at one instant are a livelock that names the parts", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  std::uint32_t rounds = 0;
  const auto answer_for_ever = [&] {
    for (;; ++rounds) {
      p.next();
      p.post(10ns, early, 0);  // to the running phase: the next round
    }
  };
  try {
    answer_for_ever();
    FAIL("no livelock was reported");
  } catch (const LivelockError& error) {
    CHECK(rounds == Engine::rounds_max);  // rounds 0 to 999'999 were served
    CHECK(error.at() == SimTime{10ns});
    CHECK_FALSE(error.parts().empty());
    for (const PartTag part : error.parts()) CHECK(part == early);
    CHECK_THAT(error.what(), Catch::Contains("10 ns"));
  }
}

TEST_CASE("one round less than a million is not a livelock", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  for (std::uint32_t round = 0; round + 1 < Engine::rounds_max; ++round) {
    REQUIRE(p.next() == 0);
    p.post(10ns, early, 0);
  }
  CHECK(p.next() == 0);
  p.post(11ns, early, 1);  // and then time moves
  CHECK(p.next() == 1);
  CHECK(p.last.key.round == 0);
}

TEST_CASE("a livelock names its own parts, not those of an earlier instant that was nearly one", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  for (std::uint32_t round = 0; round + 1 < Engine::rounds_max; ++round) {
    p.next();
    p.post(10ns, early, 0);
  }
  p.next();
  p.post(11ns, late, 0);
  std::vector<PartTag> parts;
  try {
    for (;;) {
      p.next();
      p.post(11ns, late, 0);
    }
  } catch (const LivelockError& error) {
    parts = error.parts();
  }
  REQUIRE_FALSE(parts.empty());
  for (const PartTag part : parts) CHECK(part == late);
}

TEST_CASE("held events are outside of time, and rescheduling leaves them there, behind the others", "[sim][engine]") {
  Posts p;
  p.engine.hold();
  const EventHandle first = p.engine.post_later(SimTime{10ns}, early, early, Payload::of(1));
  p.engine.post_later(SimTime{30ns}, early, early, Payload::of(2));
  const std::optional<EventHandle> moved = p.engine.reschedule(first, SimTime{20ns});
  REQUIRE(moved.has_value());
  CHECK_FALSE(p.engine.is_pending(first));
  CHECK(p.next() == -1);
  const std::vector<EventHandle> held = p.engine.held();
  REQUIRE(held.size() == 2);
  CHECK(p.engine.release(held[0]).payload.as<int>() == 2);
  CHECK(p.engine.release(*moved).payload.as<int>() == 1);
}

TEST_CASE("a copied engine has the same future and shares nothing", "[sim][engine]") {
  Posts p;
  p.post(10ns, early, 0);
  p.post(10ns, late, 1);
  const EventHandle two = p.post(20ns, early, 2);
  REQUIRE(p.next() == 0);
  Posts copy = p;
  p.engine.cancel(two);
  copy.post(10ns, middle, 9);
  CHECK(p.rest() == std::vector<int>{1});
  CHECK(copy.rest() == std::vector<int>{9, 1, 2});
}

}  // namespace
}  // namespace userqsim::engine_test
