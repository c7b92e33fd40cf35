#include "scenarios/experiment/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "results/compare/compare.hpp"
#include "scenarios/experiment/cells.hpp"
#include "sim/config/units.hpp"
#include "sim/core/ensure.hpp"

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
  explicit Planner(const CompareRequest& request)
      : request_(request), costs_(request.sides.front().machine->costs) {
    for (const CompareSide& side : request.sides) plan_.policies.push_back(side.policy);
  }

  ComparePlan plan() {
    add(std::string{base_variant}, true, [](MachineSpec&) {});
    add_zero_costs();
    add_high_costs();
    add_corners();
    return std::move(plan_);
  }

 private:
  // Replication by replication with every policy, so that an interrupted run leaves whole replications.
  void add(const std::string& variant, bool is_base, const std::function<void(MachineSpec&)>& change) {
    std::vector<std::shared_ptr<const MachineSpec>> specs;
    for (const CompareSide& side : request_.sides) {
      auto spec = std::make_shared<MachineSpec>(*side.machine);
      change(*spec);
      specs.push_back(std::move(spec));
    }
    for (std::uint32_t r = 0; r < request_.replications; ++r) {
      for (std::size_t p = 0; p < specs.size(); ++p) {
        plan_.cells.push_back({plan_.policies[p], request_.first_replication + r, variant, specs[p], is_base});
      }
    }
  }

  void add_zero_costs() {
    const auto free = [](Cost& cost) { cost.value = constant(Duration{0}); };
    std::size_t positive = 0;
    for (const auto& [name, member] : unique_costs) positive += !is_zero((costs_.*member).value);
    if (positive == 0) return;  // the base is the structural difference already
    add(std::string{unique_zero_variant}, false, [&](MachineSpec& spec) {
      for (const auto& [name, member] : unique_costs) free(spec.costs.*member);
    });
    for (const UniqueCost& cost : unique_costs) {
      if (is_zero((costs_.*cost.second).value)) continue;
      const std::string variant = fmt::format("{}_zero", cost.first);
      plan_.variants.costs.push_back({variant, std::string{cost.first}, std::string{cost.first}});
      add(variant, false, [&](MachineSpec& spec) { free(spec.costs.*cost.second); });
    }
  }

  // A cost that the scenario sets to zero is left out: there it is meant not to exist.
  void add_high_costs() {
    for (const UniqueCost& cost : unique_costs) {
      const Cost& given = costs_.*cost.second;
      if (is_zero(given.value) || given.range.empty()) continue;
      const Distribution top = constant(given.range.back());
      if (given.value == top) continue;
      const std::string variant = fmt::format("{}_high", cost.first);
      plan_.variants.highs.push_back(
          {variant, fmt::format("{} {}", cost.first, to_text(given.range.back())), std::string{cost.first}});
      add(variant, false, [&](MachineSpec& spec) { (spec.costs.*cost.second).value = top; });
    }
  }

  void add_corners() {
    const FirmwareSpec& given = request_.sides.front().machine->firmware;
    plan_.base_corner = corner_variant(given);
    for (const SuspendAck ack : {SuspendAck::before_preempt, SuspendAck::after_preempt}) {
      for (const ApiDuringUnmap api : {ApiDuringUnmap::blocked, ApiDuringUnmap::free}) {
        FirmwareSpec firmware = given;
        firmware.suspend_ack = ack;
        firmware.api_during_unmap = api;
        const std::string variant = corner_variant(firmware);
        plan_.variants.corners.push_back(
            {variant, corner_label(firmware), std::string{name_of(ack)}, std::string{name_of(api)}});
        if (variant == plan_.base_corner) continue;
        add(variant, false, [&](MachineSpec& spec) { spec.firmware = firmware; });
      }
    }
  }

  const CompareRequest& request_;
  const CostSpec& costs_;  // the same on every side
  ComparePlan plan_;
};

using Sides = std::vector<std::vector<ReplicationSummary>>;

// The statistics of one variant, of each policy: those replications that every policy finished.
Sides finished(const ComparePlan& plan, const PoolResult& results, const std::string& variant) {
  std::map<std::uint32_t, std::vector<std::size_t>> by_replication;  // in the order of the policies
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (plan.cells[i].variant == variant) by_replication[plan.cells[i].replication].push_back(i);
  }
  Sides sides(plan.policies.size());
  for (const auto& [replication, cells] : by_replication) {
    if (!std::all_of(cells.begin(), cells.end(), [&](std::size_t i) { return results.cells[i].has_value(); }))
      continue;
    for (std::size_t p = 0; p < sides.size(); ++p) {
      sides[p].push_back(summary_of(plan.cells[cells[p]], *results.cells[cells[p]]));
    }
  }
  return sides;
}

// Adds each pair's rows of one variant to the pair.
void add_rows(Comparison& comparison, std::vector<std::vector<ComparisonRow>> rows) {
  for (std::size_t p = 0; p < rows.size(); ++p) {
    std::vector<ComparisonRow>& all = comparison.pairs[p].rows;
    all.insert(all.end(), std::make_move_iterator(rows[p].begin()), std::make_move_iterator(rows[p].end()));
  }
}

std::vector<std::string> variants_of(const std::vector<Cell>& cells) {
  std::vector<std::string> variants;
  for (const Cell& cell : cells) {
    if (variants.empty() || variants.back() != cell.variant) variants.push_back(cell.variant);
  }
  return variants;
}

}  // namespace

ComparePlan plan_comparison(const CompareRequest& request) {
  std::set<std::string> names;
  for (const CompareSide& side : request.sides) names.insert(side.policy);
  ensure(names.size() >= 2 && names.size() == request.sides.size(), "two sides or more, each with its own name");
  return Planner(request).plan();
}

CompareOutcome assess(const ComparePlan& plan, PoolResult& results) {
  CompareOutcome outcome;
  Comparison& comparison = outcome.comparison;
  comparison.policies = plan.policies;
  comparison.variants = plan.variants;
  for (const auto& [a, b] : pairs_of(plan.policies.size())) {
    comparison.pairs.push_back({plan.policies[a], plan.policies[b], {}});
  }
  for (const std::string& variant : variants_of(plan.cells)) {
    const Sides sides = finished(plan, results, variant);
    add_rows(comparison, compare_pairs(sides, variant));
    if (variant != base_variant) continue;
    for (const auto& side : sides) comparison.means.push_back(means_of(side));
    add_rows(comparison, compare_pairs(sides, plan.base_corner));  // the same rows under their corner's name
  }
  const std::vector<std::size_t> order = whole_base_cells(plan.cells, results);
  for (const std::size_t i : order) {
    if (plan.cells[i].policy == plan.policies.front()) outcome.replications.push_back(plan.cells[i].replication);
  }
  outcome.summaries = summarize(plan.cells, results, order);
  outcome.pooled.resize(plan.policies.size());
  for (const SummaryBlock& block : outcome.summaries) {
    const auto side = std::find(plan.policies.begin(), plan.policies.end(), block.policy) - plan.policies.begin();
    if (!block.replication) outcome.pooled.at(static_cast<std::size_t>(side)) = block.rows;
  }
  return outcome;
}

}  // namespace userqsim
