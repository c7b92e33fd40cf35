// Simulated time as the number that files hold.
#pragma once

#include <cstdint>

#include "sim/core/time.hpp"

namespace userqsim {

constexpr std::int64_t ns(SimTime time) { return time.time_since_epoch().count(); }

}  // namespace userqsim
