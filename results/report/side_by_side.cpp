#include "results/report/side_by_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "results/compare/compare.hpp"
#include "results/compare/headlines.hpp"
#include "results/report/human.hpp"

namespace userqsim {
namespace {

struct Line {
  std::string_view metric;
  std::string_view role;
  std::string_view label;
  bool share;  // a latency: is told as a share of the downtime
};

constexpr std::array lines{
    Line{"downtime_ns", "victim", "downtime", true},
    Line{"evict_latency_ns", "victim", "evict latency", true},
    Line{"restore_latency_ns", "victim", "restore latency", true},
    Line{"fence_wait_ns", "victim", "fence wait", true},
    Line{"lock_wait_ns", "victim", "lock wait", true},
    Line{"requester_stall_ns", "requester", "requester stall", true},
    Line{"job_latency_ns", "requester", "requester's jobs", true},
    Line{"job_latency_ns", "victim", "victim's jobs", true},
    Line{"job_latency_ns", "bystander", "bystander's jobs", true},
    Line{"mes_packets", "device", "MES packets", false},
    Line{"mes_busy_ns", "device", "MES busy", false},
    Line{"mes_lock_hold_ns", "device", "MES mutex hold", true},
    Line{"cpu_poll_ns", "device", "CPU polling", true},
    Line{"cu_lost_ns", "device", "CU time lost", false},
    Line{"context_bytes", "device", "context bytes", false},
    Line{"moved_bytes", "device", "moved bytes", false},
};

const SummaryRow* find(const std::vector<SummaryRow>& rows, const Line& line, std::string_view stat) {
  for (const SummaryRow& row : rows) {
    if (row.metric == line.metric && row.role == line.role && row.stat == stat) return &row;
  }
  return nullptr;
}

std::string readable(const std::vector<SummaryRow>& rows, const Line& line, std::string_view stat) {
  const SummaryRow* row = find(rows, line, stat);
  if (row == nullptr) return {};
  if (const auto* whole = std::get_if<std::int64_t>(&row->value))
    return human(static_cast<double>(*whole), row->unit);
  if (const auto* fraction = std::get_if<double>(&row->value)) return human(*fraction, row->unit);
  return {};
}

// "120" or "120+3" with the censored.
std::string observations(const std::vector<SummaryRow>& rows, const Line& line) {
  const SummaryRow* row = find(rows, line, "mean");
  if (row == nullptr) return {};
  return row->censored == 0 ? fmt::format("{}", row->count) : fmt::format("{}+{}", row->count, row->censored);
}

std::string interval_of(const ComparisonRow& row) {
  return row.ci_low && row.ci_high ? human_interval(*row.ci_low, *row.ci_high, row.unit) : std::string{};
}

double value_of(const std::vector<SummaryRow>& means, const Line& line) {
  const SummaryRow* row = find(means, line, "mean");
  const auto* value = row == nullptr ? nullptr : std::get_if<double>(&row->value);
  return value == nullptr ? 0.0 : *value;
}

// Nothing to see where no policy spent or waited anything.
bool is_zero(const Comparison& comparison, const Line& line) {
  return std::all_of(comparison.means.begin(), comparison.means.end(),
                     [&](const auto& means) { return value_of(means, line) == 0.0; });
}

// "b - a", its interval, and its share of a's downtime.
std::array<std::string, 3> difference_of(const PairComparison& pair, const Line& line, double downtime) {
  const ComparisonRow* row = find_row(pair.rows, base_variant, line.metric, line.role, "mean");
  if (row == nullptr) return {};
  const bool share = line.share && row->difference != 0.0;
  return {human_signed(row->difference, row->unit), interval_of(*row),
          share ? human_share(row->difference, downtime) : ""};
}

ReportTable means_table(const Comparison& comparison, bool names) {
  ReportTable table{{{"mean of"}}, {}};
  for (std::size_t side = 0; side < comparison.policies.size(); ++side) {
    const std::string letter = side_letter(side);
    table.columns.push_back({names ? fmt::format("{} {}", letter, comparison.policies[side]) : letter, true});
  }
  for (const Line& line : lines) {
    if (is_zero(comparison, line)) continue;
    table.rows.push_back({std::string{line.label}});
    for (const auto& means : comparison.means) table.rows.back().push_back(readable(means, line, "mean"));
  }
  return table;
}

ReportTable differences_table(const Comparison& comparison) {
  ReportTable table{{{"difference of"}}, {}};
  for (std::size_t side = 1; side < comparison.policies.size(); ++side) {
    table.columns.push_back({side_letter(side) + " - a", true});
    table.columns.push_back({"95 % interval", true});
    table.columns.push_back({"share", true});
  }
  const double downtime = value_of(comparison.means.front(), lines.front());
  for (const Line& line : lines) {
    if (is_zero(comparison, line)) continue;
    table.rows.push_back({std::string{line.label}});
    for (const PairComparison& pair : against_baseline(comparison)) {
      for (std::string& cell : difference_of(pair, line, downtime)) table.rows.back().push_back(std::move(cell));
    }
  }
  return table;
}

// Both have the same rows.
ReportTable beside(ReportTable left, const ReportTable& right) {
  left.columns.insert(left.columns.end(), right.columns.begin() + 1, right.columns.end());
  for (std::size_t r = 0; r < left.rows.size(); ++r) {
    left.rows[r].insert(left.rows[r].end(), right.rows[r].begin() + 1, right.rows[r].end());
  }
  return left;
}

std::string p_text(double p) { return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p); }

std::string under(const PairComparison& pair, const std::string& variant, std::string_view metric,
                  std::string_view role) {
  const ComparisonRow* row = find_row(pair.rows, variant, metric, role, "mean");
  if (row == nullptr) return {};
  return fmt::format("{} {}", human_signed(row->difference, row->unit), interval_of(*row));
}

}  // namespace

std::string side_letter(std::size_t side) {
  constexpr std::size_t letters = 26;
  const std::string last(1, static_cast<char>('a' + side % letters));
  return side < letters ? last : side_letter(side / letters - 1) + last;
}

std::vector<ReportTable> means_and_differences(const Comparison& comparison) {
  ReportTable means = means_table(comparison, true);
  if (!fits_page(means)) means = means_table(comparison, false);
  const ReportTable differences = differences_table(comparison);
  ReportTable both = beside(means, differences);
  if (fits_page(both)) return {std::move(both)};
  const std::size_t policies = comparison.policies.size();
  std::vector<ReportTable> tables = folded(means, std::vector<std::size_t>(policies, 1));
  for (ReportTable& table : folded(differences, std::vector<std::size_t>(policies - 1, 3))) {
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<ReportTable> pooled_tables(const Comparison& comparison,
                                       const std::vector<std::vector<SummaryRow>>& pooled) {
  ReportTable table{{{"all replications"}}, {}};
  for (const std::string_view what : {"p50", "p99", "n+cens."}) {
    for (std::size_t side = 0; side < pooled.size(); ++side) {
      table.columns.push_back({fmt::format("{} {}", what, side_letter(side)), true});
    }
  }
  for (const Line& line : lines) {
    if (is_zero(comparison, line) || find(pooled.front(), line, "p50") == nullptr) continue;
    std::vector<std::string> cells{std::string{line.label}};
    for (const std::string_view stat : {"p50", "p99"}) {
      for (const auto& rows : pooled) cells.push_back(readable(rows, line, stat));
    }
    for (const auto& rows : pooled) cells.push_back(observations(rows, line));
    table.rows.push_back(std::move(cells));
  }
  return folded(table, std::vector<std::size_t>(3, pooled.size()));
}

ReportTable variant_table(const PairComparison& pair, const VariantNames& variants, const std::string& title) {
  ReportTable table{{{title}, {"downtime", true}, {"evict latency", true}, {"MES mutex hold", true}}, {}};
  const auto add = [&](const std::string& variant, const std::string& label) {
    if (find_row(pair.rows, variant, "evictions", "device", "count") == nullptr) return;
    table.rows.push_back({label, under(pair, variant, "downtime_ns", "victim"),
                          under(pair, variant, "evict_latency_ns", "victim"),
                          under(pair, variant, "mes_lock_hold_ns", "device")});
  };
  add(std::string{base_variant}, "as configured");
  add(std::string{unique_zero_variant}, "unique costs zero");
  for (const VariantName& cost : variants.costs) add(cost.variant, cost.label + " zero");
  for (const VariantName& cost : variants.highs) add(cost.variant, cost.label);
  for (const CornerName& corner : variants.corners) add(corner.variant, corner.label);
  return table;
}

ReportTable answers_table(const PairComparison& pair, const std::string& title) {
  ReportTable table{{{title},
                     {"difference", true},
                     {"95 % interval", true},
                     {"p", true},
                     {"p, Holm", true},
                     {"band", true},
                     {"so"}},
                    {}};
  for (const Headline& headline : headlines) {
    const ComparisonRow* row = find_row(pair.rows, base_variant, headline.metric, headline.role, "mean");
    if (row == nullptr || row->answer.empty() || !row->p_holm) continue;
    std::string answer{row->answer};
    std::replace(answer.begin(), answer.end(), '_', ' ');
    table.rows.push_back({row->metric, human_signed(row->difference, row->unit), interval_of(*row), p_text(*row->p),
                          p_text(*row->p_holm), human(*row->band, row->unit), answer});
  }
  return table;
}

ReportTable fork_table(const std::vector<ForkEffect>& effects, const std::vector<std::string>& policies,
                       std::size_t side) {
  ReportTable table{{{fmt::format("{} - a, of an eviction", side_letter(side))},
                     {"role"},
                     {"a", true},
                     {side_letter(side), true},
                     {"difference", true},
                     {"95 % interval", true},
                     {"p", true},
                     {"n", true}},
                    {}};
  for (const ForkEffect& effect : effects) {
    if (effect.policy_b != policies[side] || (effect.value_a == 0.0 && effect.value_b == 0.0)) continue;
    const std::string unit{effect.unit == "count" ? "" : effect.unit};
    const std::optional<double> half = half_width(effect.difference);
    const double value = effect.difference.value;
    const std::optional<double> p = t_test_p(effect.difference);
    table.rows.push_back({std::string{effect.metric}, std::string{effect.role}, human(effect.value_a, unit),
                          human(effect.value_b, unit), human_signed(value, unit),
                          half ? human_interval(value - *half, value + *half, unit) : std::string{},
                          p ? p_text(*p) : std::string{}, fmt::format("{}", effect.evictions)});
  }
  return table;
}

}  // namespace userqsim
