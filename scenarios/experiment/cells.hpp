// The cells of a base, for every experiment: which to run for one policy alone, which of them are whole, and the
// statistics that they leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/machine/spec.hpp"
#include "results/compare/comparison.hpp"
#include "results/record/rows.hpp"
#include "results/record/tables.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

// The cells of one policy alone, base only.
std::vector<Cell> plan_run(const std::shared_ptr<const MachineSpec>& machine, std::uint32_t first_replication,
                           std::uint32_t replications);

// Indices of the base's cells that belong to whole replications, by policy's name, then replication: the order of
// files. A replication is whole when every policy of the base reached the horizon in it.
std::vector<std::size_t> whole_base_cells(const std::vector<Cell>& cells, const PoolResult& results);

// The statistics of one cell. REQUIRES: the result is the cell's.
ReplicationSummary summary_of(const Cell& cell, const CellResult& result);

// Summary blocks of the given cells: for each policy its replications, then all of them pooled. Their measures go
// into the pool and are no longer in the results. REQUIRES: the cells of a policy stand together in `order`, and each
// has a result with its measures.
std::vector<SummaryBlock> summarize(const std::vector<Cell>& cells, PoolResult& results,
                                    const std::vector<std::size_t>& order);

}  // namespace userqsim
