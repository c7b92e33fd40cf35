// What a comparison says, in sentences that claim no more than its rows show.
#pragma once

#include <string>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim {

// A variant of the comparison and a short name for a table.
struct VariantName {
  std::string variant;  // as in ComparisonRow::variant
  std::string label;
};

struct VerdictInput {
  std::vector<ComparisonRow> rows;  // of the base and every variant
  std::string policy_a;
  std::string policy_b;
  std::vector<VariantName> corners;  // the firmware corners, the base's own among them
  std::vector<VariantName> costs;    // each unique cost alone at zero; the label is the cost's name
  std::vector<VariantName> highs;    // each alone at the top of its range; "teardown 200us"
};

constexpr std::string_view base_variant = "base";
constexpr std::string_view unique_zero_variant = "unique_zero";

// One entry for each headline metric that was measured: whether the policies differ in it (the paired interval
// leaves zero out), by how much, what remains with the costs unique to each scheme at zero, whether the sign holds
// in every firmware corner, on which of the unique costs the answer rests, be it a difference or none, and where
// the range of one of them decides it. Shares are of policy a's downtime.
std::vector<std::string> verdict(const VerdictInput& input);

}  // namespace userqsim
