// A factor as whole thousandths: what decides is an integer.
#pragma once

#include <cstdint>

#include "sim/core/ensure.hpp"

namespace userqsim {

// The nearest whole number of thousandths, halves up. REQUIRES: 0 <= factor < 10^12.
inline std::int64_t to_permille(double factor) {
  ensure(factor >= 0.0 && factor < 1e12, "a factor out of range");
  return static_cast<std::int64_t>(factor * 1000.0 + 0.5);
}

}  // namespace userqsim
