#include "results/compare/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>
#include <vector>

#include "results/compare/compare.hpp"
#include "results/compare/headlines.hpp"
#include "results/record/metrics.hpp"

namespace userqsim {
namespace {

constexpr std::array never_wanted{std::string_view{"hazards"}, std::string_view{"outcome_hung"},
                                  std::string_view{"outcome_aborted"}};

const MetricInfo* find_metric(std::string_view name) {
  const std::vector<MetricInfo>& metrics = metric_catalogue();
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const MetricInfo& m) { return m.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

bool is_headline(const ComparisonRow& row) {
  return row.stat == "mean" && std::any_of(headlines.begin(), headlines.end(), [&](const Headline& headline) {
           return headline.metric == row.metric && headline.role == row.role;
         });
}

void correct(Comparison& comparison, const std::string& variant) {
  std::vector<ComparisonRow*> family;
  std::vector<double> p;
  for (std::size_t pair = 0; pair + 1 < comparison.policies.size(); ++pair) {
    for (ComparisonRow& row : comparison.pairs[pair].rows) {
      if (row.variant != variant || !row.p || !is_headline(row)) continue;
      family.push_back(&row);
      p.push_back(*row.p);
    }
  }
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->p_holm = std::round(adjusted[i] * 1e6) / 1e6;
}

std::string_view answer_of(const ComparisonRow& row) {
  if (!row.estimate.standard_error) return {};
  if (is_same(row)) return comparison_answer::same;
  const bool within = is_equivalent(row.estimate, *row.band);
  if (differs(row)) return within ? comparison_answer::difference_within_band : comparison_answer::difference;
  return within ? comparison_answer::no_difference_that_matters : comparison_answer::undecided;
}

// A size in the metric's unit says nothing of how many observations there were.
double band_of(const ComparisonRow& row, double value_a, const Bands& bands) {
  Band band = bands.of(row.metric);
  const MetricInfo* metric = find_metric(row.metric);
  if (!band.is_share && row.stat == "count" && metric != nullptr && metric->kind != MetricKind::count) {
    band = bands.all.value_or(default_band(row.metric));
  }
  return band.is_share ? band.size * std::fabs(value_a) : band.size;
}

void answer(PairComparison& pair, const Bands& bands) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, double> base;  // value_a
  for (const ComparisonRow& row : pair.rows) {
    if (row.variant == base_variant) base[{row.metric, row.role, row.stat}] = row.value_a;
  }
  for (ComparisonRow& row : pair.rows) {
    const auto found = base.find({row.metric, row.role, row.stat});
    row.band = band_of(row, found == base.end() ? row.value_a : found->second, bands);
    row.answer = answer_of(row);
  }
}

}  // namespace

Band default_band(std::string_view metric) {
  if (std::find(never_wanted.begin(), never_wanted.end(), metric) != never_wanted.end()) return {0.0, false};
  const MetricInfo* info = find_metric(metric);
  if (info != nullptr && info->kind == MetricKind::share) return {0.01, false};
  return {0.05, true};
}

std::string text_of(const Band& band, std::string_view unit) {
  if (band.is_share) return fmt::format("{:g} %", band.size * 100.0);
  if (unit == "1") return fmt::format("{:g} of 1", band.size);
  return band.size == 0.0 ? "0" : fmt::format("{:g} {}", band.size, unit);
}

Band Bands::of(std::string_view metric) const {
  const auto found = named.find(metric);
  if (found != named.end()) return found->second;
  return all ? *all : default_band(metric);
}

void judge(Comparison& comparison, const Bands& bands) {
  std::set<std::string> variants;
  for (const PairComparison& pair : comparison.pairs) {
    for (const ComparisonRow& row : pair.rows) variants.insert(row.variant);
  }
  for (const std::string& variant : variants) correct(comparison, variant);
  for (PairComparison& pair : comparison.pairs) answer(pair, bands);
}

}  // namespace userqsim
