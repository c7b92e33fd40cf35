#include "results/report/comparison_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "results/compare/compare.hpp"
#include "results/report/overview.hpp"
#include "results/report/row_tables.hpp"
#include "results/report/side_by_side.hpp"
#include "results/report/verdict.hpp"

namespace userqsim {
namespace {

// "120 evictions, 118 restored".
std::string evictions_held(const ComparisonReport& report, const std::vector<SummaryRow>& rows) {
  if (report.replications == 0) return "no whole replication";
  const auto count = [&](std::string_view metric) {
    const auto it =
        std::find_if(rows.begin(), rows.end(), [&](const SummaryRow& row) { return row.metric == metric; });
    const auto* value = it == rows.end() ? nullptr : std::get_if<std::int64_t>(&it->value);
    return value == nullptr ? 0 : *value;
  };
  return fmt::format("{} evictions, {} restored", count("evictions"), count("outcome_restored"));
}

std::vector<std::pair<std::string, std::string>> header(const ComparisonReport& report) {
  std::vector<std::pair<std::string, std::string>> facts{{"scenario", report.scenario}};
  if (!report.question.empty()) facts.emplace_back("question", report.question);
  if (!report.expected.empty()) facts.emplace_back("expected", report.expected);
  facts.emplace_back("machine", fmt::format("{}, kernel {}, {}", report.device, report.kernel, report.firmware));
  facts.emplace_back("pre-wait", report.pre_wait);
  std::string runs =
      fmt::format("{} replications of {}, seed {}", report.replications, report.horizon, report.seed);
  if (report.replications < report.replications_asked) {
    runs += fmt::format(" (PARTIAL: {} were asked for)", report.replications_asked);
  }
  facts.emplace_back("runs", runs);
  for (std::size_t side = 0; side < report.pooled.size(); ++side) {
    facts.emplace_back(side_letter(side), fmt::format("{}: {}", report.comparison.policies[side],
                                                      evictions_held(report, report.pooled[side])));
  }
  return facts;
}

constexpr std::string_view note =
    "Means are over replications of each replication's mean; b - a is their paired difference, share what it is of "
    "a's downtime. Where a replication lacks a statistic, means are over those that have it, differences over "
    "those "
    "that have it under both. Costs (from MES packets on) are for each eviction. What is zero under every policy "
    "is "
    "left out.";

constexpr std::string_view pooled_note =
    "p99 is empty below 200 complete observations. n+cens.: complete and censored observations.";

constexpr std::string_view variant_note =
    "ack before, after: SUSPEND is acknowledged before or after the preemption; api blocked, free: during an unmap "
    "MES takes no packets, or does. Nobody outside the firmware knows which.";

// Wraps after a label, the following lines indented as far.
std::string labelled(std::string_view label, const std::string& text) {
  std::string body = wrap(text, page_width, 10);
  return fmt::format("{:<10}", label) + (body.size() > 10 ? body.substr(10) : "\n");
}

// "costs.unmap = 10us (assumed: why; range 1us to 450us)" without the why, which the manifest keeps.
std::string without_source(const std::string& assumption) {
  const std::size_t colon = assumption.find(": ");
  const std::size_t range = assumption.rfind("; range ");
  const std::size_t kind = assumption.find(" (");
  if (colon == std::string::npos || range == std::string::npos || kind > colon || colon > range) return assumption;
  return assumption.substr(0, colon) + ", " + assumption.substr(range + 2);
}

// Puts the parts of the page together, as text or as Markdown.
class Page {
 public:
  Page(const ComparisonReport& report, bool markdown)
      : report_(report), comparison_(report.comparison), markdown_(markdown) {}

  std::string text() {
    for (const auto& [label, words] : header(report_)) {
      out_ += markdown_ ? fmt::format("- **{}**: {}\n", label, words) : labelled(label, words);
    }
    title("Side by side");
    tables(means_and_differences(comparison_));
    paragraph(note);
    out_ += "\n";
    tables(pooled_tables(comparison_, report_.pooled));
    paragraph(pooled_note);
    other_assumptions();
    if (!report_.assumptions.empty()) title("What the numbers rest on (sources: manifest.json)");
    for (const std::string& assumption : report_.assumptions) bullet(without_source(assumption));
    title("Verdict");
    for (const std::string& sentence : sentences_of(comparison_)) bullet(sentence);
    title("Written");
    paragraph(fmt::format("{}: {}", report_.directory, fmt::join(report_.files, ", ")));
    return std::move(out_);
  }

 private:
  void title(std::string_view text) { out_ += fmt::format("\n{}{}\n\n", markdown_ ? "## " : "", text); }
  void paragraph(std::string_view text) { out_ += wrap(text, page_width, 0); }
  void bullet(const std::string& text) {
    std::string item = wrap(text, page_width, 2);
    item[0] = '-';
    out_ += item;
  }
  void tables(const std::vector<ReportTable>& all) {
    for (const ReportTable& table : all) {
      out_ += render(table, markdown_ ? TableFormat::md : TableFormat::table) + "\n";
    }
  }

  // Each other policy against the first: its differences under each variant; which unknowns do not apply to the
  // two; and, where the verdict is about all policies, what the rows say of this pair.
  void other_assumptions() {
    const auto pairs = against_baseline(comparison_);
    if (pairs.size() == 1) title("The difference under other assumptions");
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const PairComparison& pair = pairs[i];
      const std::string letters = side_letter(i + 1) + " - a";
      if (pairs.size() > 1) title(fmt::format("{}: {} against {}", letters, pair.policy_b, pair.policy_a));
      tables({variant_table(pair, comparison_.variants, letters + ", mean, under")});
      if (i == 0) paragraph(variant_note);
      const std::vector<std::string> idle = without_effect(pair, comparison_.variants);
      if (!idle.empty()) {
        paragraph(fmt::format("Does not apply here, since no number of either moves with it: {}.",
                              fmt::join(idle, ", ")));
      }
      if (pairs.size() == 1 || pair.rows.empty()) continue;
      if (i == 0 || !idle.empty()) out_ += "\n";
      for (const std::string& sentence : verdict(pair, comparison_.variants)) bullet(sentence);
    }
  }

  const ComparisonReport& report_;
  const Comparison& comparison_;
  bool markdown_;
  std::string out_;
};

}  // namespace

std::vector<std::string> sentences_of(const Comparison& comparison) {
  if (comparison.pairs.size() == 1) return verdict(comparison.pairs.front(), comparison.variants);
  return overview(comparison);
}

std::string render(const ComparisonReport& report, TableFormat format) {
  switch (format) {
    case TableFormat::table:
      return Page(report, false).text();
    case TableFormat::md:
      return Page(report, true).text();
    case TableFormat::csv:
      return render(comparison_table(report.scenario, all_rows(report.comparison)), TableFormat::csv);
    case TableFormat::json:
      return comparison_json(report);
  }
  return {};
}

}  // namespace userqsim
