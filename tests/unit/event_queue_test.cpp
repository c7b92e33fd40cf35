// The event queue at its limits: keys that do not fit, sequences beyond those kept beside a key, many slots.
#include "sim/core/event_queue.hpp"

#include "sim/core/engine.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::event_queue_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t sequences_beside_a_key = std::uint64_t{1} << 40;

std::vector<std::uint64_t> drain(EventQueue queue) {
  std::vector<std::uint64_t> sequences;
  while (!queue.empty()) sequences.push_back(queue.pop().key.sequence);
  return sequences;
}

TEST_CASE("a key that the order has no room for is an error, and leaves nothing behind", "[sim][engine]") {
  EventQueue queue;
  CHECK_THROWS_AS(queue.push({SimTime{-1ns}, 0, 0, 0}, 0), InvariantError);
  CHECK_THROWS_AS(queue.push({SimTime{0ns}, 1U << 20, 0, 0}, 0), InvariantError);
  CHECK_THROWS_AS(queue.push({SimTime{0ns}, 0, 16, 0}, 0), InvariantError);
  CHECK(queue.empty());
  const EventKey last{SimTime::max(), (1U << 20) - 1, 15, 7};
  const EventHandle handle = queue.push(last, 0);
  CHECK_THROWS_AS(queue.move(handle, {SimTime{0ns}, 0, 16, 8}), InvariantError);
  CHECK(queue.top().key == last);
  CHECK(queue.contains(handle));
}

TEST_CASE("a livelock is found before a round does not fit", "[sim][engine]") {
  CHECK(Engine::rounds_max < (1U << 20) - 1);
}

TEST_CASE("sequences go on beyond those kept beside a key, and order what is pending from before",
          "[sim][engine]") {
  EventQueue queue;
  queue.push({SimTime{5ns}, 0, 0, 1}, 0);
  queue.push({SimTime{5ns}, 0, 0, 2}, 0);
  queue.push({SimTime{1ns}, 0, 0, 3}, 0);
  CHECK(queue.pop().key.sequence == 3);  // and its slot is open when the others are numbered anew
  const std::uint64_t far = 3 * sequences_beside_a_key;
  const EventHandle late = queue.push({SimTime{5ns}, 0, 0, far}, 0);
  queue.push({SimTime{5ns}, 0, 0, far + 1}, 0);
  queue.push({SimTime{4ns}, 0, 0, far + sequences_beside_a_key + 2}, 0);
  CHECK(queue.key(late).sequence == far);
  queue.move(late, {SimTime{5ns}, 0, 0, far + 2 * sequences_beside_a_key});
  CHECK(drain(queue) == std::vector<std::uint64_t>{far + sequences_beside_a_key + 2, 1, 2, far + 1,
                                                   far + 2 * sequences_beside_a_key});
}

TEST_CASE("a sequence that goes back beyond those kept beside a key is an error", "[sim][engine]") {
  EventQueue queue;
  queue.push({SimTime{5ns}, 0, 0, 2 * sequences_beside_a_key}, 0);
  CHECK_THROWS_AS(queue.push({SimTime{5ns}, 0, 0, 7}, 0), InvariantError);
  CHECK(queue.size() == 1);
}

TEST_CASE("a popped event is gone before and after what the pop put off is done", "[sim][engine]") {
  EventQueue queue;
  const EventHandle first = queue.push({SimTime{1ns}, 0, 0, 1}, 0);
  queue.push({SimTime{2ns}, 0, 0, 2}, 0);
  queue.push({SimTime{3ns}, 0, 0, 3}, 0);
  queue.pop();
  const auto is_as_it_should_be = [&] {
    CHECK(queue.size() == 2);
    CHECK_FALSE(queue.contains(first));
    CHECK_FALSE(queue.remove(first));
    CHECK(queue.first_time() == SimTime{2ns});
    CHECK(queue.top().key.sequence == 2);
    CHECK(queue.in_order().size() == 2);
    CHECK(queue.handles_from(SimTime{}).size() == 2);
    CHECK(drain(queue) == std::vector<std::uint64_t>{2, 3});
  };
  is_as_it_should_be();
  Event none;
  CHECK_FALSE(queue.pop_until(SimTime{1ns}, none));  // which has it done
  is_as_it_should_be();
}

}  // namespace
}  // namespace userqsim::event_queue_test
