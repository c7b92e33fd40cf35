// Sizes and rates as types, so that a size is never added to a time.
#pragma once

#include <compare>
#include <cstdint>

#include "sim/core/time.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

// A number of bytes; may be negative only as a difference.
struct Bytes {
  std::int64_t value = 0;
  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) { return value += other.value, *this; }
  constexpr Bytes& operator-=(Bytes other) { return value -= other.value, *this; }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.value + b.value}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.value - b.value}; }
};

// Bytes a second. Zero means "infinitely fast": the ideal device moves data in no time.
struct Bandwidth {
  std::int64_t bytes_per_second = 0;
  constexpr auto operator<=>(const Bandwidth&) const = default;
};

// The time `size` takes at `rate`, rounded up to a nanosecond, at most `never`; zero at zero bandwidth.
// REQUIRES: size >= 0, rate >= 0.
constexpr Duration transfer_time(Bytes size, Bandwidth rate) {
  if (rate.bytes_per_second == 0) return Duration{0};
  const Wide scaled = static_cast<Wide>(size.value) * 1'000'000'000;
  const Wide rounded_up = (scaled + rate.bytes_per_second - 1) / rate.bytes_per_second;
  return rounded_up < never.count() ? Duration{static_cast<std::int64_t>(rounded_up)} : never;
}

}  // namespace userqsim
