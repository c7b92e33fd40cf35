#include "scenarios/experiment/rounds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "results/compare/compare.hpp"
#include "scenarios/experiment/cells.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

std::optional<double> of_mean(const std::vector<ReplicationSummary>& side, const PrecisionRule& rule) {
  std::vector<double> values;
  for (const ReplicationSummary& replication : side) {
    for (const SummaryRow& row : replication.rows) {
      const auto* value = std::get_if<double>(&row.value);
      if (row.metric == rule.metric && row.role == rule.role && row.stat == "mean" && value != nullptr)
        values.push_back(*value);
    }
  }
  const std::optional<Estimate> mean = mean_of(values);
  const std::optional<double> half = mean ? half_width(*mean) : std::nullopt;
  if (!half) return std::nullopt;
  if (*half == 0.0) return 0.0;
  return *half / std::fabs(mean->value);
}

}  // namespace

std::optional<double> relative_half_width(const std::vector<std::vector<ReplicationSummary>>& sides,
                                          const PrecisionRule& rule) {
  ensure(!sides.empty(), "there is something to look at");
  if (sides.size() == 1) return of_mean(sides.front(), rule);
  double widest = 0.0;
  for (std::size_t other = 1; other < sides.size(); ++other) {
    const std::vector<ComparisonRow> rows =
        compare_policies(sides.front(), sides[other], std::string{base_variant});
    const ComparisonRow* row = find_row(rows, base_variant, rule.metric, rule.role, "mean");
    const std::optional<double> half =
        row != nullptr && row->basis == estimate_basis::replications ? half_width(row->estimate) : std::nullopt;
    if (!half) return std::nullopt;
    if (*half == 0.0) continue;
    widest = std::max(widest, *half / std::fabs(row->value_a));  // infinite where nothing is to be relative to
  }
  return widest;
}

Rounds run_in_rounds(const std::vector<Cell>& cells, const PrecisionRule& rule,
                     const std::function<PoolResult(const std::vector<Cell>& some, std::size_t first)>& run) {
  ensure(rule.most > 0 && cells.size() % rule.most == 0, "each replication has the same number of cells");
  const std::size_t sides = cells.size() / rule.most;
  Rounds rounds;
  std::vector<std::vector<ReplicationSummary>> summaries(sides);
  while (!rounds.reached && rounds.replications < rule.most) {
    const std::size_t first = rounds.replications * sides;
    rounds.replications = std::min(rounds.replications + rule.round, rule.most);
    const std::size_t last = rounds.replications * sides;
    const std::vector<Cell> some(cells.begin() + static_cast<std::ptrdiff_t>(first),
                                 cells.begin() + static_cast<std::ptrdiff_t>(last));
    PoolResult results = run(some, first);
    rounds.results.stop = results.stop;
    rounds.results.seconds += results.seconds;
    rounds.results.threads = std::max(rounds.results.threads, results.threads);
    for (std::size_t i = 0; i < some.size() && results.stop == PoolStop::none; ++i) {
      summaries[i % sides].push_back(summary_of(some[i], *results.cells[i]));
    }
    std::move(results.cells.begin(), results.cells.end(), std::back_inserter(rounds.results.cells));
    if (results.stop != PoolStop::none) break;
    const std::optional<double> relative = relative_half_width(summaries, rule);
    rounds.unmeasured = !relative && first == 0;
    if (rounds.unmeasured) break;
    rounds.reached = relative && *relative <= rule.half_width;
  }
  return rounds;
}

}  // namespace userqsim
