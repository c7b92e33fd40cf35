// Simulated time as the number that files hold.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/time.hpp"

namespace userqsim {

constexpr std::int64_t ns(SimTime time) { return time.time_since_epoch().count(); }
constexpr std::optional<std::int64_t> ns(const std::optional<SimTime>& time) {
  return time ? std::optional{ns(*time)} : std::nullopt;
}

}  // namespace userqsim
