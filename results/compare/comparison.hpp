// What a comparison holds: the rows of every pair of policies under every variant, and the variants' names. Data
// alone; compare.hpp makes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim {

constexpr std::string_view base_variant = "base";
constexpr std::string_view unique_zero_variant = "unique_zero";

// A variant that changes one unique cost, and a short name for a table.
struct VariantName {
  std::string variant;  // as in ComparisonRow::variant
  std::string label;
  std::string cost;
};

// A combination of the two firmware unknowns.
struct CornerName {
  std::string variant;
  std::string label;
  std::string suspend_ack;
  std::string api_during_unmap;
};

struct VariantNames {
  std::vector<CornerName> corners;  // the base's own among them
  std::vector<VariantName> costs;   // each unique cost alone at zero; the label is the cost's name
  std::vector<VariantName> highs;   // each alone at the top of its range; "teardown 200us"
};

// Two policies. The rows are those of the base and of every variant.
struct PairComparison {
  std::string policy_a;
  std::string policy_b;
  std::vector<ComparisonRow> rows;
};

// Two policies or more. A policy is known by what the column `policy` of the files says.
struct Comparison {
  std::vector<std::string> policies;           // in the order given; the first is the baseline
  std::vector<PairComparison> pairs;           // in the order of pairs_of(): those with the baseline come first
  std::vector<std::vector<SummaryRow>> means;  // of the base, for each policy: means_of() its replications
  VariantNames variants;
};

}  // namespace userqsim
