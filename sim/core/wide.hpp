// 128-bit integers for products that must not overflow or round, and for keys of several fields. Supported by g++
// and clang on every 64-bit machine; kept behind one name because the standard has none.
#pragma once

#include <cstdint>
#include <limits>

namespace userqsim {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// The quotient, rounded down. What fits in 64 bits the processor divides by itself, and mostly all does.
// REQUIRES: numerator >= 0, denominator > 0.
constexpr Wide quotient(Wide numerator, Wide denominator) {
  constexpr Wide narrow_max = std::numeric_limits<std::int64_t>::max();
  if (numerator > narrow_max || denominator > narrow_max) return numerator / denominator;
  return static_cast<std::int64_t>(numerator) / static_cast<std::int64_t>(denominator);
}

}  // namespace userqsim
