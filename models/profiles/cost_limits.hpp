// What a cost of a profile may state at most.
#pragma once

#include "sim/core/time.hpp"

namespace userqsim {

constexpr int sigma_most = 4;  // beyond it a lognormal's mean rests on draws that a run never sees

// No single step of an eviction takes longer; sums of several still fit a time.
constexpr Duration cost_most = std::chrono::hours{1};

}  // namespace userqsim
