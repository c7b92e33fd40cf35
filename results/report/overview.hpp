// What a comparison of more than two policies says as a whole: how each other policy stands to the baseline, and
// where assumptions or metrics disagree about that. The sentences of verdict() say the rest, pair by pair.
#pragma once

#include <string>
#include <vector>

#include "results/compare/comparison.hpp"

namespace userqsim {

// One entry for each headline metric that was measured: who is shorter and who longer than the baseline (the paired
// interval leaves zero out), by how much, with whom no difference is shown; about whom the firmware corners
// disagree; whose answer turns, appears or is lost with the costs unique to a scheme at zero, and with a single one
// of them at zero or at the top of its range. Then an entry for each policy that is better in one metric and worse
// in another.
std::vector<std::string> overview(const Comparison& comparison);

}  // namespace userqsim
