#include "sim/core/time.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "sim/core/ensure.hpp"

namespace userqsim {

Duration duration_from_double(double ns) {
  constexpr double limit = 4611686018427387904.0;  // 2^62: two such durations still add up without overflow
  ensure(std::fabs(ns) < limit, "a duration from a double must be finite and below 2^62 ns");
  // std::round() without a call of the library: what was cut off is exact, and is nothing from 2^52 on.
  const auto whole = static_cast<Duration::rep>(ns);
  const double rest = ns - static_cast<double>(whole);
  return Duration{whole + static_cast<Duration::rep>(rest >= 0.5) - static_cast<Duration::rep>(rest <= -0.5)};
}

std::string format_duration(Duration d) {
  struct Unit {
    std::string_view name;
    std::uint64_t nanoseconds;
  };
  constexpr std::array units{Unit{"us", 1'000}, Unit{"ms", 1'000'000}, Unit{"s", 1'000'000'000}};
  const std::string_view sign = d.count() < 0 ? "-" : "";
  // Negated as unsigned, because the smallest Duration has no positive counterpart.
  const auto bits = static_cast<std::uint64_t>(d.count());
  const std::uint64_t ns = d.count() < 0 ? 0 - bits : bits;
  if (ns < 1'000) return fmt::format("{}{} ns", sign, ns);
  for (const Unit& unit : units) {
    // Rounded before the unit is chosen, so that 999.9999 ms reads "1.000 s" and never "1000.000 ms".
    const std::uint64_t thousandth = unit.nanoseconds / 1'000;
    const std::uint64_t thousandths = ns / thousandth + (ns % thousandth * 2 >= thousandth ? 1 : 0);
    const bool last = unit.name == units.back().name;
    if (thousandths < 1'000'000 || last) {
      return fmt::format("{}{}.{:03} {}", sign, thousandths / 1'000, thousandths % 1'000, unit.name);
    }
  }
  fail_invariant("a duration without a unit", SourceLocation::current());
}

}  // namespace userqsim
