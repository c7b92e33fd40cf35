// The plan of a comparison: which machines to run, and what their results say together.
//
// The base is the scenario as it is, under both policies, with full records. The variants repeat it with one
// assumption changed and keep only statistics: the costs that are unique to a scheme at zero (the structural
// difference alone), each of them alone at zero (on which one the difference rests) and at the top of its range
// (what not knowing it may hide), and the other corners of the two firmware unknowns.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/machine/spec.hpp"
#include "results/record/rows.hpp"
#include "results/record/tables.hpp"
#include "results/report/verdict.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

struct CompareRequest {
  std::shared_ptr<const MachineSpec> machine;
  std::array<std::string, 2> policies;
  std::uint32_t first_replication = 0;
  std::uint32_t replications = 1;
};

struct ComparePlan {
  std::array<std::string, 2> policies;
  std::vector<Cell> cells;
  std::vector<VariantName> corners;  // the four; the base's own has no cells
  std::vector<VariantName> costs;
  std::vector<VariantName> highs;
  std::string base_corner;  // the variant's name of the base's corner
};

// REQUIRES: the spec is sound under both policies.
ComparePlan plan_comparison(const CompareRequest& request);

// What the whole replications of a plan's results say. A replication is whole when both policies reached the
// horizon.
struct CompareOutcome {
  VerdictInput comparison;
  std::vector<std::uint32_t> replications;  // whole ones of the base
  std::vector<SummaryBlock> summaries;  // of the base: each policy's replications, then pooled; policies by name
  std::array<std::vector<SummaryRow>, 2> pooled;
};
CompareOutcome assess(const ComparePlan& plan, const PoolResult& results);

}  // namespace userqsim
