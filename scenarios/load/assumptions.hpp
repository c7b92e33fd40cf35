// What a run rests on: every cost and factor, every firmware option that nobody has documented, and what a policy
// that nobody has built would need to know.
#pragma once

#include <string>
#include <vector>

#include "models/firmware/spec.hpp"
#include "models/policy/spec.hpp"
#include "models/profiles/costs.hpp"

namespace userqsim {

// One line each, in the order of the field lists: value, how it is known, its source, its range.
std::vector<std::string> assumptions_of(const CostSpec& costs, const FirmwareSpec& firmware,
                                        const PolicySpec& policy);

// "exponential, mean 260us".
std::string text_of(const Distribution& distribution);

}  // namespace userqsim
