#include "results/compare/compare.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>

#include "sim/core/ensure.hpp"
#include "sim/stats/estimate.hpp"

namespace userqsim {
namespace {

std::optional<double> number(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* fraction = std::get_if<double>(&value)) return *fraction;
  return std::nullopt;
}

bool same_statistic(const SummaryRow& a, const SummaryRow& b) {
  return a.metric == b.metric && a.role == b.role && a.stat == b.stat;
}

// Of one long replication in a steady state the windows of time stand for replications; both policies meet the same
// arrivals in each. A window in which either has no observation of its own counts by what it holds.
void estimate_by_batches(ComparisonRow& row, const std::vector<Cluster>& a, const std::vector<Cluster>& b) {
  if (a.size() != b.size()) return;
  const std::optional<Estimate> estimate = ratio_difference(a, b);
  if (!estimate || !estimate->standard_error) return;
  row.estimate.standard_error = estimate->standard_error;
  row.estimate.samples = estimate->samples;
  row.basis = estimate_basis::batches;
}

// The rows of one variant with the variant's own name taken out; nothing when it was not run.
using Numbers = std::vector<std::tuple<std::string_view, std::string_view, std::string_view, double, double>>;
Numbers numbers_of(const PairComparison& pair, std::string_view variant) {
  Numbers numbers;
  for (const ComparisonRow& row : pair.rows) {
    if (row.variant == variant) numbers.emplace_back(row.metric, row.role, row.stat, row.value_a, row.value_b);
  }
  return numbers;
}

// Whether every two corners that differ in `option` alone were run and gave the same numbers.
bool corners_ignore(const PairComparison& pair, const std::vector<CornerName>& corners,
                    std::string CornerName::*option, std::string CornerName::*other) {
  bool compared = false;
  for (const CornerName& one : corners) {
    for (const CornerName& two : corners) {
      if (one.*option == two.*option || one.*other != two.*other) continue;
      const Numbers numbers = numbers_of(pair, one.variant);
      if (numbers.empty() || numbers != numbers_of(pair, two.variant)) return false;
      compared = true;
    }
  }
  return compared;
}

}  // namespace

std::vector<ComparisonRow> compare_policies(const std::vector<ReplicationSummary>& a,
                                            const std::vector<ReplicationSummary>& b, const std::string& variant) {
  ensure(a.size() == b.size(), "both policies have the same replications");
  std::vector<ComparisonRow> rows;
  if (a.empty()) return rows;
  for (std::size_t s = 0; s < a.front().rows.size(); ++s) {
    const SummaryRow& statistic = a.front().rows[s];
    std::vector<double> values_a, values_b, differences;
    std::size_t last = 0;  // replication that has it
    for (std::size_t r = 0; r < a.size(); ++r) {
      ensure(a[r].replication == b[r].replication, "replications are paired by number");
      ensure(same_statistic(a[r].rows[s], statistic) && same_statistic(b[r].rows[s], statistic),
             "every summary lists the same statistics");
      const auto value_a = number(a[r].rows[s].value);
      const auto value_b = number(b[r].rows[s].value);
      if (!value_a || !value_b) continue;
      values_a.push_back(*value_a);
      values_b.push_back(*value_b);
      differences.push_back(*value_b - *value_a);
      last = r;
    }
    if (differences.empty()) continue;
    ComparisonRow row{.metric = std::string{statistic.metric},
                      .role = std::string{statistic.role},
                      .stat = std::string{statistic.stat},
                      .policy_a = a.front().policy,
                      .policy_b = b.front().policy,
                      .value_a = mean_of(values_a)->value,
                      .value_b = mean_of(values_b)->value,
                      .ci_low = {},
                      .ci_high = {},
                      .replications = differences.size(),
                      .unit = std::string{statistic.unit},
                      .variant = variant,
                      .estimate = *mean_of(differences),
                      .basis = estimate_basis::replications};
    row.difference = row.estimate.value;
    if (differences.size() == 1) estimate_by_batches(row, a[last].rows[s].batches, b[last].rows[s].batches);
    if (const std::optional<double> half = half_width(row.estimate)) {
      row.ci_low = row.difference - *half;
      row.ci_high = row.difference + *half;
    } else {
      row.basis = {};
    }
    row.p = t_test_p(row.estimate);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::size_t policies) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < policies; ++a) {
    for (std::size_t b = a + 1; b < policies; ++b) pairs.emplace_back(a, b);
  }
  return pairs;
}

std::vector<std::vector<ComparisonRow>> compare_pairs(const std::vector<std::vector<ReplicationSummary>>& sides,
                                                      const std::string& variant) {
  std::vector<std::vector<ComparisonRow>> rows;
  for (const auto& [a, b] : pairs_of(sides.size())) rows.push_back(compare_policies(sides[a], sides[b], variant));
  return rows;
}

std::vector<SummaryRow> means_of(const std::vector<ReplicationSummary>& side) {
  std::vector<SummaryRow> means;
  if (side.empty()) return means;
  for (std::size_t s = 0; s < side.front().rows.size(); ++s) {
    SummaryRow mean = side.front().rows[s];
    std::vector<double> values;
    for (const ReplicationSummary& replication : side) {
      ensure(same_statistic(replication.rows[s], mean), "every summary lists the same statistics");
      if (const auto value = number(replication.rows[s].value)) values.push_back(*value);
    }
    if (values.empty()) continue;
    mean.value = mean_of(values)->value;
    mean.count = static_cast<std::int64_t>(values.size());
    mean.censored = 0;
    mean.batches.clear();
    means.push_back(std::move(mean));
  }
  return means;
}

std::span<const PairComparison> against_baseline(const Comparison& comparison) {
  return std::span(comparison.pairs).first(comparison.policies.size() - 1);
}

std::vector<ComparisonRow> all_rows(const Comparison& comparison) {
  std::vector<ComparisonRow> rows;
  for (const PairComparison& pair : comparison.pairs) rows.insert(rows.end(), pair.rows.begin(), pair.rows.end());
  return rows;
}

const ComparisonRow* find_row(const std::vector<ComparisonRow>& rows, std::string_view variant,
                              std::string_view metric, std::string_view role, std::string_view stat) {
  for (const ComparisonRow& row : rows) {
    if (row.variant == variant && row.metric == metric && row.role == role && row.stat == stat) return &row;
  }
  return nullptr;
}

bool differs(const ComparisonRow& row) {
  if (row.p_holm) return *row.p_holm <= 0.05;
  return row.ci_low && row.ci_high && (*row.ci_low > 0.0 || *row.ci_high < 0.0);
}

bool is_same(const ComparisonRow& row) {
  return row.difference == 0.0 && row.ci_low.value_or(0.0) == 0.0 && row.ci_high.value_or(0.0) == 0.0;
}

bool is_same(const PairComparison& pair) {
  const auto same = [](const ComparisonRow& row) { return is_same(row); };
  return !pair.rows.empty() && std::all_of(pair.rows.begin(), pair.rows.end(), same);
}

std::vector<std::string> without_effect(const PairComparison& pair, const VariantNames& variants) {
  std::vector<std::string> names;
  if (corners_ignore(pair, variants.corners, &CornerName::suspend_ack, &CornerName::api_during_unmap)) {
    names.emplace_back("suspend_ack");
  }
  if (corners_ignore(pair, variants.corners, &CornerName::api_during_unmap, &CornerName::suspend_ack)) {
    names.emplace_back("api_during_unmap");
  }
  const Numbers base = numbers_of(pair, base_variant);
  const auto as_base = [&](const VariantName& name) { return numbers_of(pair, name.variant) == base; };
  for (const VariantName& cost : variants.costs) {
    const bool at_the_top = std::all_of(variants.highs.begin(), variants.highs.end(), [&](const VariantName& high) {
      return high.cost != cost.cost || as_base(high);
    });
    if (!base.empty() && as_base(cost) && at_the_top) names.push_back(cost.cost);
  }
  return names;
}

}  // namespace userqsim
