#include "scenarios/experiment/compare.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "results/compare/compare.hpp"
#include "scenarios/experiment/cells.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

using UniqueCost = std::pair<std::string_view, Cost CostSpec::*>;
constexpr std::array unique_costs{
    UniqueCost{"teardown", &CostSpec::teardown}, UniqueCost{"registration", &CostSpec::registration},
    UniqueCost{"suspend_book", &CostSpec::suspend_book}, UniqueCost{"resume_book", &CostSpec::resume_book}};

std::string corner_variant(const FirmwareSpec& firmware) {
  return fmt::format("suspend_ack={} api_during_unmap={}", name_of(firmware.suspend_ack),
                     name_of(firmware.api_during_unmap));
}

std::string corner_label(const FirmwareSpec& firmware) {
  return fmt::format("ack {}, api {}", firmware.suspend_ack == SuspendAck::before_preempt ? "before" : "after",
                     name_of(firmware.api_during_unmap));
}

class Planner {
 public:
  explicit Planner(const CompareRequest& request) : request_(request) { plan_.policies = request.policies; }

  ComparePlan plan() {
    add(std::string{base_variant}, true, [](MachineSpec&) {});
    add_zero_costs();
    add_high_costs();
    add_corners();
    return std::move(plan_);
  }

 private:
  // Replication by replication with both policies, so that an interrupted run leaves whole pairs.
  void add(const std::string& variant, bool keep_record, const std::function<void(MachineSpec&)>& change) {
    std::array<std::shared_ptr<const MachineSpec>, 2> specs;
    for (std::size_t p = 0; p < specs.size(); ++p) {
      auto spec = std::make_shared<MachineSpec>(*request_.machine);
      spec->policy = request_.policies[p];
      change(*spec);
      specs[p] = std::move(spec);
    }
    for (std::uint32_t r = 0; r < request_.replications; ++r) {
      for (std::size_t p = 0; p < specs.size(); ++p) {
        plan_.cells.push_back(
            {request_.policies[p], request_.first_replication + r, variant, specs[p], keep_record});
      }
    }
  }

  void add_zero_costs() {
    const auto free = [](Cost& cost) { cost.value = constant(Duration{0}); };
    std::size_t positive = 0;
    for (const auto& [name, member] : unique_costs) positive += !is_zero((request_.machine->costs.*member).value);
    if (positive == 0) return;  // the base is the structural difference already
    add(std::string{unique_zero_variant}, false, [&](MachineSpec& spec) {
      for (const auto& [name, member] : unique_costs) free(spec.costs.*member);
    });
    for (const UniqueCost& cost : unique_costs) {
      if (is_zero((request_.machine->costs.*cost.second).value)) continue;
      const std::string variant = fmt::format("{}_zero", cost.first);
      plan_.costs.push_back({variant, std::string{cost.first}});
      add(variant, false, [&](MachineSpec& spec) { free(spec.costs.*cost.second); });
    }
  }

  // A cost that the scenario sets to zero is left out: there it is meant not to exist.
  void add_high_costs() {
    for (const UniqueCost& cost : unique_costs) {
      const Cost& given = request_.machine->costs.*cost.second;
      if (is_zero(given.value) || given.range.empty()) continue;
      const Distribution top = constant(given.range.back());
      if (given.value == top) continue;
      const std::string variant = fmt::format("{}_high", cost.first);
      plan_.highs.push_back({variant, fmt::format("{} {}", cost.first, to_text(given.range.back()))});
      add(variant, false, [&](MachineSpec& spec) { (spec.costs.*cost.second).value = top; });
    }
  }

  void add_corners() {
    plan_.base_corner = corner_variant(request_.machine->firmware);
    for (const SuspendAck ack : {SuspendAck::before_preempt, SuspendAck::after_preempt}) {
      for (const ApiDuringUnmap api : {ApiDuringUnmap::blocked, ApiDuringUnmap::free}) {
        FirmwareSpec firmware = request_.machine->firmware;
        firmware.suspend_ack = ack;
        firmware.api_during_unmap = api;
        const std::string variant = corner_variant(firmware);
        plan_.corners.push_back({variant, corner_label(firmware)});
        if (variant == plan_.base_corner) continue;
        add(variant, false, [&](MachineSpec& spec) { spec.firmware = firmware; });
      }
    }
  }

  const CompareRequest& request_;
  ComparePlan plan_;
};

using CellKey = std::tuple<std::string, std::string, std::uint32_t>;  // variant, policy, replication

std::map<CellKey, std::size_t> index_of(const std::vector<Cell>& cells) {
  std::map<CellKey, std::size_t> index;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    index[{cells[i].variant, cells[i].policy, cells[i].replication}] = i;
  }
  return index;
}

// Compares one variant over the replications that both policies finished.
std::vector<ComparisonRow> compare_variant(const ComparePlan& plan, const PoolResult& results,
                                           const std::string& variant) {
  const std::map<CellKey, std::size_t> index = index_of(plan.cells);
  std::array<std::vector<ReplicationSummary>, 2> sides;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const Cell& cell = plan.cells[i];
    if (cell.variant != variant || cell.policy != plan.policies[0]) continue;
    const std::size_t other = index.at({variant, plan.policies[1], cell.replication});
    if (!results.cells[i] || !results.cells[other]) continue;
    sides[0].push_back(summary_of(cell, *results.cells[i]));
    sides[1].push_back(summary_of(plan.cells[other], *results.cells[other]));
  }
  return compare_policies(sides[0], sides[1], variant);
}

std::vector<std::string> variants_of(const std::vector<Cell>& cells) {
  std::vector<std::string> variants;
  for (const Cell& cell : cells) {
    if (variants.empty() || variants.back() != cell.variant) variants.push_back(cell.variant);
  }
  return variants;
}

}  // namespace

ComparePlan plan_comparison(const CompareRequest& request) { return Planner(request).plan(); }

CompareOutcome assess(const ComparePlan& plan, const PoolResult& results) {
  CompareOutcome outcome;
  outcome.comparison.policy_a = plan.policies[0];
  outcome.comparison.policy_b = plan.policies[1];
  outcome.comparison.corners = plan.corners;
  outcome.comparison.costs = plan.costs;
  outcome.comparison.highs = plan.highs;
  std::vector<ComparisonRow>& rows = outcome.comparison.rows;
  for (const std::string& variant : variants_of(plan.cells)) {
    std::vector<ComparisonRow> some = compare_variant(plan, results, variant);
    rows.insert(rows.end(), some.begin(), some.end());
    if (variant != base_variant) continue;
    for (ComparisonRow& row : some) row.variant = plan.base_corner;  // the same rows under their corner's name
    rows.insert(rows.end(), some.begin(), some.end());
  }
  const std::vector<std::size_t> order = whole_base_cells(plan.cells, results);
  for (const std::size_t i : order) {
    if (plan.cells[i].policy == plan.policies[0]) outcome.replications.push_back(plan.cells[i].replication);
  }
  outcome.summaries = summarize(plan.cells, results, order);
  for (const SummaryBlock& block : outcome.summaries) {
    if (block.replication) continue;
    outcome.pooled[block.policy == plan.policies[0] ? 0 : 1] = block.rows;
  }
  return outcome;
}

}  // namespace userqsim
