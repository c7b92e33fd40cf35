// Simulated time: a signed 64-bit count of nanoseconds behind a std::chrono clock that cannot be read
// from the wall. A double becomes a Duration only here, by one stated rounding.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sim/core/wide.hpp"

namespace userqsim {

using Duration = std::chrono::nanoseconds;

// The simulated clock. It has no now(): the engine alone knows the time.
struct SimClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<SimClock, Duration>;
  static constexpr bool is_steady = true;
};
using SimTime = SimClock::time_point;

// Longer than any run (146 years): what would take longer takes this long, so that adding it to a time within a run
// cannot overflow.
constexpr Duration never{std::int64_t{1} << 62};

// Sum and product that stop at `never`. REQUIRES: nothing negative.
constexpr Duration plus(Duration a, Duration b) { return a < never - b ? a + b : never; }
constexpr Duration times(Duration d, std::int64_t factor) {
  const Wide product = static_cast<Wide>(d.count()) * factor;
  return product < never.count() ? Duration{static_cast<std::int64_t>(product)} : never;
}

// The nearest Duration to `ns` nanoseconds, halves away from zero.
// REQUIRES: ns is finite and |ns| < 2^62; throws InvariantError otherwise.
Duration duration_from_double(double ns);

// numerator / denominator, rounded up. REQUIRES: numerator >= 0, denominator > 0.
constexpr std::int64_t ceil_div(std::int64_t numerator, std::int64_t denominator) {
  return numerator / denominator + (numerator % denominator != 0 ? 1 : 0);
}

// "1.250 ms": for people, in error messages and reports; never parsed back.
std::string format_duration(Duration d);

}  // namespace userqsim
