#include "results/report/row_tables.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <type_traits>
#include <utility>

#include "results/compare/compare.hpp"
#include "results/report/human.hpp"
#include "results/report/verdict.hpp"

namespace userqsim {
namespace {

std::string number(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : std::string{}; }

std::string exact(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* fraction = std::get_if<double>(&value)) return fmt::format("{}", *fraction);
  return {};
}

std::string readable(const Value& value, std::string_view unit) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return human(static_cast<double>(*whole), unit);
  if (const auto* fraction = std::get_if<double>(&value)) return human(*fraction, unit);
  return {};
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ", ";
    out += json_string(texts[i]);
  }
  return out + "]";
}

std::string without_end(std::string text) {
  text.pop_back();
  return text;
}

// What is said of each other policy against the first.
std::string pairs_of_baseline(const Comparison& comparison) {
  std::string out = "[";
  for (const PairComparison& pair : against_baseline(comparison)) {
    out += fmt::format("{}\n  {{\"policy_a\": {}, \"policy_b\": {}, \"without_effect\": {}, \"verdict\": {}}}",
                       out.size() > 1 ? "," : "", json_string(pair.policy_a), json_string(pair.policy_b),
                       list_of(without_effect(pair, comparison.variants)),
                       list_of(verdict(pair, comparison.variants)));
  }
  return out + "\n]";
}

// What the forks say, in exact numbers.
ReportTable forks_table(const ComparisonReport& report) {
  ReportTable table{{{"metric"},
                     {"role"},
                     {"policy_a"},
                     {"policy_b"},
                     {"value_a", true},
                     {"value_b", true},
                     {"difference", true},
                     {"ci_low", true},
                     {"ci_high", true},
                     {"evictions", true},
                     {"reps", true},
                     {"unit"}},
                    {}};
  for (const ForkEffect& effect : report.forks.effects) {
    const std::optional<double> half = half_width(effect.difference);
    const double value = effect.difference.value;
    table.rows.push_back({std::string{effect.metric}, std::string{effect.role}, effect.policy_a, effect.policy_b,
                          number(effect.value_a), number(effect.value_b), number(value),
                          number(half ? std::optional{value - *half} : std::nullopt),
                          number(half ? std::optional{value + *half} : std::nullopt),
                          fmt::format("{}", effect.evictions), fmt::format("{}", effect.replications),
                          std::string{effect.unit}});
  }
  return table;
}

}  // namespace

ReportTable comparison_table(const std::string& scenario, const std::vector<ComparisonRow>& rows) {
  ReportTable table{{{"scenario"},
                     {"metric"},
                     {"role"},
                     {"stat"},
                     {"policy_a"},
                     {"policy_b"},
                     {"value_a", true},
                     {"value_b", true},
                     {"difference", true},
                     {"ci_low", true},
                     {"ci_high", true},
                     {"reps", true},
                     {"unit"},
                     {"variant"},
                     {"basis"},
                     {"p", true},
                     {"p_holm", true},
                     {"band", true},
                     {"answer"}},
                    {}};
  for (const ComparisonRow& row : rows) {
    table.rows.push_back({scenario, row.metric, row.role, row.stat, row.policy_a, row.policy_b, number(row.value_a),
                          number(row.value_b), number(row.difference), number(row.ci_low), number(row.ci_high),
                          fmt::format("{}", row.replications), row.unit, row.variant, std::string{row.basis},
                          number(row.p), number(row.p_holm), number(row.band), std::string{row.answer}});
  }
  return table;
}

std::string comparison_json(const ComparisonReport& report) {
  std::string out = "{\n";
  const auto text = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("\"{}\": {},\n", key, json_string(value));
  };
  text("scenario", report.scenario);
  text("question", report.question);
  text("expected", report.expected);
  text("device", report.device);
  out += fmt::format("\"kernel\": {},\n", report.kernel.empty() ? "null" : json_string(report.kernel));
  out += fmt::format("\"pre_wait\": {},\n", report.pre_wait.empty() ? "null" : json_string(report.pre_wait));
  if (!report.kernels.columns.empty())
    out += "\"kernels\": " + without_end(render(report.kernels, TableFormat::json)) + ",\n";
  text("firmware", report.firmware);
  out += "\"policies\": " + list_of(report.comparison.policies) + ",\n";
  out += fmt::format("\"seed\": {},\n\"replications\": {},\n", report.seed, report.replications);
  out += fmt::format("\"replications_asked\": {},\n", report.replications_asked);
  out += "\"assumptions\": " + list_of(report.assumptions) + ",\n";
  out += "\"verdict\": " + list_of(sentences_of(report.comparison)) + ",\n";
  out += "\"pairs\": " + pairs_of_baseline(report.comparison) + ",\n";
  if (report.forks.made) out += "\"forks\": " + without_end(render(forks_table(report), TableFormat::json)) + ",\n";
  text("directory", report.directory);
  out += "\"files\": " + list_of(report.files) + ",\n";
  std::string rows = render(comparison_table(report.scenario, all_rows(report.comparison)), TableFormat::json);
  return out + "\"comparison\": " + rows + "}\n";
}

ReportTable summary_table(const std::string& scenario, const std::string& policy,
                          const std::vector<SummaryRow>& rows) {
  ReportTable table{{{"scenario"},
                     {"policy"},
                     {"metric"},
                     {"role"},
                     {"stat"},
                     {"value", true},
                     {"unit"},
                     {"count", true},
                     {"censored", true},
                     {"ci_low", true},
                     {"ci_high", true}},
                    {}};
  for (const SummaryRow& row : rows) {
    table.rows.push_back({scenario, policy, std::string{row.metric}, std::string{row.role}, std::string{row.stat},
                          exact(row.value), std::string{row.unit}, fmt::format("{}", row.count),
                          fmt::format("{}", row.censored), number(row.ci_low), number(row.ci_high)});
  }
  return table;
}

ReportTable summary_overview(const std::vector<SummaryRow>& rows) {
  constexpr std::array<std::string_view, 7> stats{"count", "sum", "mean", "p50", "p95", "p99", "max"};
  ReportTable table{{{"metric"}, {"role"}}, {}};
  for (const std::string_view stat : stats) table.columns.push_back({std::string{stat}, true});
  table.columns.push_back({"censored", true});
  for (std::size_t i = 0; i < rows.size();) {
    const std::string_view metric = rows[i].metric, role = rows[i].role;
    std::map<std::string_view, const SummaryRow*> by_stat;
    std::int64_t observations = 0;
    for (; i < rows.size() && rows[i].metric == metric && rows[i].role == role; ++i) {
      by_stat[rows[i].stat] = &rows[i];
      observations += rows[i].count + rows[i].censored;
    }
    if (observations == 0) continue;
    std::vector<std::string> cells{std::string{metric}, std::string{role}};
    for (const std::string_view stat : stats) {
      const auto found = by_stat.find(stat);
      if (found == by_stat.end()) {
        cells.emplace_back();
      } else {
        const SummaryRow& row = *found->second;
        cells.push_back(stat == "count" ? exact(row.value) : readable(row.value, row.unit));
      }
    }
    cells.push_back(fmt::format("{}", by_stat.begin()->second->censored));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace userqsim
