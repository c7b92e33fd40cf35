// A capacity shared in proportion to widths: who gets what, when it is done, and that not a tick is lost.
#include "sim/core/fluid_share.hpp"

#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::fluid_share_test {
namespace {

using namespace std::chrono_literals;

constexpr Wide unit_ns = FluidShare::ticks_per_unit_ns;

constexpr SimTime at(Duration d) { return SimTime{d}; }

// Catch2 cannot print 128-bit integers.
bool equal(Wide a, Wide b) { return a == b; }

TEST_CASE("a flow alone runs at full speed when it fits", "[sim][fluid]") {
  FluidShare share(4);
  share.start(7, 3, FluidShare::ticks(1000ns, 3));
  REQUIRE(share.next_completion().has_value());
  CHECK(share.next_completion()->after == 1000ns);
  CHECK(share.next_completion()->key == 7);
  share.advance(at(400ns));
  CHECK(share.next_completion()->after == 600ns);
  CHECK(equal(share.remaining(7), 600 * 3 * unit_ns));
  CHECK(equal(share.granted(), 400 * 3 * unit_ns));
}

TEST_CASE("flows that fit do not slow each other", "[sim][fluid]") {
  FluidShare share(4);
  share.start(1, 1, FluidShare::ticks(1000ns, 1));
  share.start(2, 3, FluidShare::ticks(500ns, 3));
  CHECK(share.next_completion()->key == 2);
  CHECK(share.next_completion()->after == 500ns);
  share.advance(at(500ns));
  CHECK(equal(share.stop(2), 0));
  CHECK(share.next_completion()->after == 500ns);
}

TEST_CASE("a capacity too small is dealt out in proportion to width", "[sim][fluid]") {
  // 6 units wide on 4: each unit runs at 4/6. 300 ns of machine time take 450 ns.
  FluidShare share(4);
  share.start(1, 2, FluidShare::ticks(300ns, 2));
  share.start(2, 4, FluidShare::ticks(300ns, 4));
  CHECK(share.next_completion()->after == 450ns);
  CHECK(share.next_completion()->key == 1);  // both at 450 ns: the first started is named
  share.advance(at(225ns));
  CHECK(equal(share.remaining(1), 150 * 2 * unit_ns));
  CHECK(equal(share.remaining(2), 150 * 4 * unit_ns));
}

TEST_CASE("equal flows have equal shares, to one tick", "[sim][fluid]") {
  // Three flows of width 1 on one unit: 7 ns are 7 * 65536 ticks, which three do not divide.
  FluidShare share(1);
  for (std::uint32_t key = 0; key < 3; ++key) share.start(key, 1, FluidShare::ticks(1000ns, 1));
  share.advance(at(7ns));
  const Wide total = 7 * unit_ns;
  Wide sum = 0;
  for (std::uint32_t key = 0; key < 3; ++key) {
    const Wide got = FluidShare::ticks(1000ns, 1) - share.remaining(key);
    CHECK((equal(got, total / 3) || equal(got, total / 3 + 1)));
    sum += got;
  }
  CHECK(equal(sum, total));
  CHECK(equal(share.granted(), total));
}

TEST_CASE("a flow that leaves gives its share to the others", "[sim][fluid]") {
  // Two of width 1 on one unit: each at 1/2. A has 100 ns, B 300. A is done at 200, B has 200 left, done at 400.
  FluidShare share(1);
  share.start(1, 1, FluidShare::ticks(100ns, 1));
  share.start(2, 1, FluidShare::ticks(300ns, 1));
  CHECK(share.next_completion()->after == 200ns);
  share.advance(at(200ns));
  CHECK(equal(share.stop(1), 0));
  CHECK(share.next_completion()->key == 2);
  CHECK(share.next_completion()->after == 200ns);
}

TEST_CASE("a completion rounds up, and what was granted too much is given back", "[sim][fluid]") {
  // One and a half unit-nanoseconds on one unit: done at 2 ns, half a unit-nanosecond too much.
  FluidShare share(1);
  share.start(1, 1, unit_ns + unit_ns / 2);
  REQUIRE(share.next_completion()->after == 2ns);
  share.advance(at(1ns));
  CHECK(equal(share.remaining(1), unit_ns / 2));  // not done at 1 ns
  share.advance(at(2ns));
  CHECK(share.next_completion()->after == 0ns);
  CHECK(equal(share.stop(1), -(unit_ns / 2)));
}

TEST_CASE("a completion is tight when widths do not divide", "[sim][fluid]") {
  // Widths 2 and 5 on 3 units. Flow 1 gets 2/7 of 3 units, so 6/7 unit; 10 ns of it at width 2 are 20 unit-ns and
  // take 20 * 7 / 6 = 23.33 ns, so 24. Flow 2 gets 15/7; 10 ns at width 5 are 50, 50 * 7 / 15 = 23.33 too.
  FluidShare share(3);
  share.start(1, 2, FluidShare::ticks(10ns, 2));
  share.start(2, 5, FluidShare::ticks(10ns, 5));
  CHECK(share.next_completion()->after == 24ns);
  FluidShare before = share;
  before.advance(at(23ns));
  CHECK(before.remaining(1) > 0);
  CHECK(before.remaining(2) > 0);
  share.advance(at(24ns));
  CHECK(share.remaining(1) <= 0);
  CHECK(share.remaining(2) <= 0);
}

TEST_CASE("a flow so narrow that it has no tick in a nanosecond may be early by more than one", "[sim][fluid]") {
  // Widths 200,000 and 1 on one unit, 65,536 ticks a nanosecond. The first has had 196,607 after 3 ns, for 3 *
  // 65,536 * 200,000 / 200,001 = 196,607.02. The second has a tick in 3.05 ns, and rounding gives it the first one
  // at once.
  FluidShare share(1);
  share.start(1, 200'000, 196'607);
  share.start(2, 1, 1);
  CHECK(share.next_completion()->key == 2);
  CHECK(share.next_completion()->after == 1ns);
  share.advance(at(1ns));
  CHECK(equal(share.stop(2), 0));
}

TEST_CASE("a flow without work is done at once", "[sim][fluid]") {
  FluidShare share(1);
  share.start(1, 1, 0);
  CHECK(share.next_completion()->after == 0ns);
  CHECK(equal(share.stop(1), 0));
  CHECK_FALSE(share.next_completion().has_value());
}

TEST_CASE("what remains can be cut short, as a drain does", "[sim][fluid]") {
  FluidShare share(1);
  share.start(1, 1, FluidShare::ticks(1000ns, 1));
  share.advance(at(100ns));
  share.set_remaining(1, FluidShare::ticks(50ns, 1));
  CHECK(share.next_completion()->after == 50ns);
}

TEST_CASE("nothing is granted while nothing flows", "[sim][fluid]") {
  FluidShare share(8);
  share.advance(at(1s));
  CHECK(equal(share.granted(), 0));
  share.start(1, 8, FluidShare::ticks(1ns, 8));
  CHECK(share.next_completion()->after == 1ns);  // from the last advance, not from zero
  CHECK(share.flows() == 1);
}

TEST_CASE("an hour on the widest machine does not overflow", "[sim][fluid]") {
  constexpr std::uint32_t width = 4096;
  FluidShare share(width);
  share.start(1, width, FluidShare::ticks(3600s, width));
  share.start(2, width, FluidShare::ticks(3600s, width));
  CHECK(share.next_completion()->after == 7200s);
  share.advance(at(7200s));
  CHECK(equal(share.granted(), Wide{7'200'000'000'000} * width * unit_ns));
}

TEST_CASE("a share refuses what makes no sense", "[sim][fluid]") {
  FluidShare share(1);
  share.start(1, 1, 10);
  CHECK_THROWS_AS(share.start(1, 1, 10), InvariantError);
  CHECK_THROWS_AS(share.start(2, 0, 10), InvariantError);
  CHECK_THROWS_AS(share.stop(3), InvariantError);
  CHECK_THROWS_AS(share.remaining(3), InvariantError);
  share.advance(at(10ns));
  CHECK_THROWS_AS(share.advance(at(9ns)), InvariantError);
}

}  // namespace
}  // namespace userqsim::fluid_share_test
