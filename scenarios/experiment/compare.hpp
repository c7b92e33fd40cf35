// The plan of a comparison: which machines to run, and what their results say together.
//
// The base is the scenario as it is, under every policy, with full records. The variants repeat it with one
// assumption changed and keep only statistics: the costs that are unique to a scheme at zero (the structural
// difference alone), each of them alone at zero (on which one the difference rests) and at the top of its range
// (what not knowing it may hide), and the other corners of the two firmware unknowns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/machine/spec.hpp"
#include "results/compare/comparison.hpp"
#include "results/record/rows.hpp"
#include "results/record/tables.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

// One of the machines that are compared, and what the key column `policy` says of it.
struct CompareSide {
  std::string policy;
  std::shared_ptr<const MachineSpec> machine;
};

struct CompareRequest {
  std::vector<CompareSide> sides;  // the first is the baseline
  std::uint32_t first_replication = 0;
  std::uint32_t replications = 1;
};

struct ComparePlan {
  std::vector<std::string> policies;  // of the sides, in their order
  std::vector<Cell> cells;
  VariantNames variants;
  std::string base_corner;  // the variant's name of the base's corner, which has no cells of its own
};

// REQUIRES: at least two sides, no two called the same; their specs are sound and alike in costs and firmware.
ComparePlan plan_comparison(const CompareRequest& request);

// What the whole replications of a plan's results say. A replication is whole when every policy reached the
// horizon; of a variant, those count that every policy finished.
struct CompareOutcome {
  Comparison comparison;
  std::vector<std::uint32_t> replications;  // whole ones of the base
  std::vector<SummaryBlock> summaries;  // of the base: each policy's replications, then pooled; policies by name
  std::vector<std::vector<SummaryRow>> pooled;  // of each policy, in the order of the sides
};
// Uses up the measures of the results, as summarize() does.
CompareOutcome assess(const ComparePlan& plan, PoolResult& results);

}  // namespace userqsim
