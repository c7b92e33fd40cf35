// A shared capacity under any sequence of starts, stops and advances: nothing is lost, nothing granted twice, and
// every completion is the first nanosecond at which the flow has all it wants.
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "sim/core/fluid_share.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::fluid_share_property_test {
namespace {

constexpr Wide unit_ns = FluidShare::ticks_per_unit_ns;

// Drives a share at random and keeps the books that it must agree with.
class Books {
 public:
  explicit Books(std::uint32_t capacity) : share(capacity), capacity_(capacity) {}

  void start() {
    const std::uint32_t key = next_key_++;
    const auto width = *rc::gen::inRange<std::uint32_t>(1, 97);
    const Wide ticks = static_cast<Wide>(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40));
    share.start(key, width, ticks);
    widths[key] = width;
    wanted_[key] = ticks;
  }
  void stop() {
    if (widths.empty()) return;
    const auto it = std::next(widths.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(widths)));
    const Wide left = share.stop(it->first);
    stopped_ += wanted_[it->first] - left;
    wanted_.erase(it->first);
    widths.erase(it);
  }
  void advance() {
    const std::int64_t ns =
        *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 10), rc::gen::inRange<std::int64_t>(0, 10'000'000));
    std::map<std::uint32_t, Wide> before;
    for (const auto& [key, width] : widths) before[key] = share.remaining(key);
    now_ += Duration{ns};
    share.advance(now_);
    const Wide pool = Wide{ns} * std::min<std::uint64_t>(capacity_, width_sum()) * unit_ns;
    expected_ += pool;
    for (const auto& [key, width] : widths) check_grant(before[key] - share.remaining(key), width, pool);
  }
  void step() {
    switch (*rc::gen::weightedElement<int>({{3, 0}, {1, 1}, {4, 2}})) {
      case 0:
        return start();
      case 1:
        return stop();
      default:
        return advance();
    }
  }
  // Granted is the integral of min(capacity, widths), and is all that the flows have, to the tick.
  void check_conservation() const {
    RC_ASSERT(share.granted() == expected_);
    Wide held = stopped_;
    for (const auto& [key, wanted] : wanted_) held += wanted - share.remaining(key);
    RC_ASSERT(held == expected_);
    RC_ASSERT(share.granted() <= Wide{now_.time_since_epoch().count()} * capacity_ * unit_ns);
  }
  std::uint64_t width_sum() const {
    std::uint64_t sum = 0;
    for (const auto& [key, width] : widths) sum += width;
    return sum;
  }
  SimTime now() const { return now_; }

  FluidShare share;
  std::map<std::uint32_t, std::uint32_t> widths;  // by key

 private:
  // In proportion to width, to less than a tick either way; never more than the flow's own width.
  void check_grant(Wide grant, std::uint32_t width, Wide pool) const {
    const Wide exact_times_sum = pool * width;
    const Wide sum = static_cast<Wide>(width_sum());
    RC_ASSERT(grant >= 0);
    RC_ASSERT(grant * sum - exact_times_sum < sum);
    RC_ASSERT(exact_times_sum - grant * sum < sum);
  }

  std::uint32_t capacity_;
  std::uint32_t next_key_ = 0;
  SimTime now_{};
  Wide expected_ = 0;
  Wide stopped_ = 0;
  std::map<std::uint32_t, Wide> wanted_;
};

TEST_CASE("a shared capacity is conserved to the tick", "[sim][fluid][property]") {
  REQUIRE(rc::check([] {
    Books books(*rc::gen::inRange<std::uint32_t>(1, 97));
    const int steps = *rc::gen::inRange(0, 120);
    for (int i = 0; i < steps; ++i) {
      books.step();
      books.check_conservation();
    }
  }));
}

TEST_CASE("a completion is not a nanosecond early and not a nanosecond late", "[sim][fluid][property]") {
  REQUIRE(rc::check([] {
    Books books(*rc::gen::inRange<std::uint32_t>(1, 97));
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) books.step();
    const auto next = books.share.next_completion();
    RC_ASSERT(next.has_value() == !books.widths.empty());
    if (!next) return;
    RC_ASSERT(next->after >= Duration{0});
    FluidShare at_time = books.share;
    at_time.advance(books.now() + next->after);
    RC_ASSERT(at_time.remaining(next->key) <= 0);
    if (next->after == Duration{0}) return;
    FluidShare before = books.share;
    before.advance(books.now() + next->after - Duration{1});
    for (const auto& [key, width] : books.widths) RC_ASSERT(before.remaining(key) > 0);  // nobody is done
  }));
}

// A job's residue belongs to the next job on the same flow, so a chain of jobs never drifts: after n of them the
// time is the least at which n jobs' work is done.
TEST_CASE("a chain of jobs that hands on its residue does not drift", "[sim][fluid][property]") {
  REQUIRE(rc::check([] {
    const auto capacity = *rc::gen::inRange<std::uint32_t>(1, 33);
    const auto width = *rc::gen::inRange<std::uint32_t>(1, 65);
    const Wide work = static_cast<Wide>(*rc::gen::inRange<std::int64_t>(unit_ns * 64, std::int64_t{1} << 32));
    const int jobs = *rc::gen::inRange(1, 30);
    FluidShare share(capacity);
    SimTime now{};
    Wide residue = 0;
    for (int i = 0; i < jobs; ++i) {
      share.start(1, width, work - residue);
      now += share.next_completion()->after;
      share.advance(now);
      residue = -share.stop(1);
      RC_ASSERT(residue >= 0);
    }
    const Wide rate = Wide{std::min(capacity, width)} * unit_ns;  // ticks a nanosecond
    const Wide least = (work * jobs + rate - 1) / rate;
    RC_ASSERT(Wide{now.time_since_epoch().count()} == least);
  }));
}

}  // namespace
}  // namespace userqsim::fluid_share_property_test
