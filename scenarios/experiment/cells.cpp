#include "scenarios/experiment/cells.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace userqsim {

std::vector<Cell> plan_run(const std::shared_ptr<const MachineSpec>& machine, std::uint32_t first_replication,
                           std::uint32_t replications) {
  std::vector<Cell> cells;
  for (std::uint32_t r = 0; r < replications; ++r) {
    cells.push_back({machine->policy, first_replication + r, std::string{base_variant}, machine, true});
  }
  return cells;
}

std::vector<std::size_t> whole_base_cells(const std::vector<Cell>& cells, const PoolResult& results) {
  std::set<std::uint32_t> broken;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].variant == base_variant && !results.cells[i]) broken.insert(cells[i].replication);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].variant == base_variant && !broken.contains(cells[i].replication)) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(cells[a].policy, cells[a].replication) < std::tie(cells[b].policy, cells[b].replication);
  });
  return order;
}

ReplicationSummary summary_of(const Cell& cell, const CellResult& result) {
  return {cell.policy, cell.replication, result.summary};
}

std::vector<SummaryBlock> summarize(const std::vector<Cell>& cells, PoolResult& results,
                                    const std::vector<std::size_t>& order) {
  std::vector<SummaryBlock> blocks;
  std::vector<Measures> of_policy;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Cell& cell = cells[order[i]];
    CellResult& result = *results.cells[order[i]];
    blocks.push_back({cell.policy, cell.replication, result.summary});
    of_policy.push_back(*std::exchange(result.measures, std::nullopt));
    const bool last_of_policy = i + 1 == order.size() || cells[order[i + 1]].policy != cell.policy;
    if (!last_of_policy) continue;
    std::vector<SummaryRow> rows = Measures::pooled_rows(std::exchange(of_policy, {}), results.threads);
    blocks.push_back({cell.policy, std::nullopt, std::move(rows)});
  }
  return blocks;
}

}  // namespace userqsim
