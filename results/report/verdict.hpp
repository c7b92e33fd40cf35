// What a comparison says of two policies, in sentences that claim no more than its rows show.
#pragma once

#include <string>
#include <vector>

#include "results/compare/comparison.hpp"

namespace userqsim {

// One entry for each headline metric that was measured: whether the policies differ in it (the paired interval
// leaves zero out), by how much, what remains with the costs unique to each scheme at zero, whether the sign holds
// in every firmware corner, on which of the unique costs the answer rests, be it a difference or none, and where
// the range of one of them decides it. Shares are of policy a's downtime.
std::vector<std::string> verdict(const PairComparison& pair, const VariantNames& variants);

}  // namespace userqsim
