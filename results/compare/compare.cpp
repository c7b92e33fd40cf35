#include "results/compare/compare.hpp"

#include <optional>

#include "sim/core/ensure.hpp"
#include "sim/stats/statistics.hpp"

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

}  // namespace

std::vector<ComparisonRow> compare_policies(const std::vector<ReplicationSummary>& a,
                                            const std::vector<ReplicationSummary>& b, const std::string& variant) {
  ensure(a.size() == b.size(), "both policies have the same replications");
  std::vector<ComparisonRow> rows;
  if (a.empty()) return rows;
  for (std::size_t s = 0; s < a.front().rows.size(); ++s) {
    const SummaryRow& statistic = a.front().rows[s];
    std::vector<double> values_a, values_b, differences;
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
    }
    if (differences.empty()) continue;
    ComparisonRow row{.metric = statistic.metric,
                      .role = statistic.role,
                      .stat = statistic.stat,
                      .policy_a = a.front().policy,
                      .policy_b = b.front().policy,
                      .value_a = t_interval(values_a).mean,
                      .value_b = t_interval(values_b).mean,
                      .ci_low = {},
                      .ci_high = {},
                      .replications = differences.size(),
                      .unit = statistic.unit,
                      .variant = variant};
    const Interval interval = t_interval(differences);
    row.difference = interval.mean;
    if (interval.half_width) {
      row.ci_low = interval.mean - *interval.half_width;
      row.ci_high = interval.mean + *interval.half_width;
    }
    rows.push_back(std::move(row));
  }
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
  return row.ci_low && row.ci_high && (*row.ci_low > 0.0 || *row.ci_high < 0.0);
}

}  // namespace userqsim
