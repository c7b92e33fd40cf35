// What a run rests on: every cost and factor, and every firmware option that nobody has documented.
#pragma once

#include <string>
#include <vector>

#include "models/firmware/spec.hpp"
#include "models/profiles/costs.hpp"

namespace userqsim {

// One line each, in the order of the field lists: value, how it is known, its source, its range.
std::vector<std::string> assumptions_of(const CostSpec& costs, const FirmwareSpec& firmware);

// "exponential, mean 260us".
std::string text_of(const Distribution& distribution);

}  // namespace userqsim
