#include "results/report/comparison_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
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
  const std::string kernel =
      report.kernel.empty() ? "each kernel with its native policy" : "kernel " + report.kernel;
  facts.emplace_back("machine", fmt::format("{}, {}, {}", report.device, kernel, report.firmware));
  if (!report.pre_wait.empty()) facts.emplace_back("pre-wait", report.pre_wait);
  std::string runs =
      fmt::format("{} replications of {}, seed {}", report.replications, report.horizon, report.seed);
  if (report.replications < report.replications_asked) {
    runs += fmt::format(" (PARTIAL: {} were asked for)", report.replications_asked);
  }
  facts.emplace_back("runs", runs);
  if (!report.measured.empty()) facts.emplace_back("measured", report.measured);
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

constexpr std::string_view many_note =
    "Each interval stands by itself: among many, about one in twenty leaves zero out by chance. What is called a "
    "difference below is one after correction for the metrics and policies that are read together (Holm).";

constexpr std::string_view answers_note =
    "p: that chance alone gives such a difference; Holm: corrected for the headline metrics that are read "
    "together. "
    "Band: less does not matter (--equivalence). When to read what: docs/statistics.md.";

constexpr std::string_view forks_note =
    "The same evictions of a's history, each dealt with from the same state of the machine: the decision alone, "
    "without what two histories make of it. Means are over evictions, intervals over replications (of one "
    "replication: over its evictions). Each p is of its row alone: of twenty rows one is below 0.05 by chance.";

constexpr std::string_view pooled_note =
    "p99 is empty below 200 complete observations. n+cens.: complete and censored observations.";

constexpr std::string_view variant_note =
    "ack before, after: SUSPEND is acknowledged before or after the preemption; api blocked, free: during an unmap "
    "MES takes no packets, or does. Nobody outside the firmware knows which.";

constexpr std::string_view kernels_note =
    "A difference between two kernels is that of all these fields and of the native policies together. What the "
    "scenario overrides is the same under each.";

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
    kernels();
    title("Side by side");
    tables(means_and_differences(comparison_));
    paragraph(comparison_.pairs.size() == 1 ? std::string{note} : fmt::format("{} {}", note, many_note));
    out_ += "\n";
    tables(pooled_tables(comparison_, report_.pooled));
    paragraph(pooled_note);
    forks();
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

  void forks() {
    if (!report_.forks.made) return;
    const bool all = report_.forks.sample == "all";
    title(fmt::format("The decision alone ({} evictions of each replication, and {} behind them)",
                      all ? "all" : "up to " + report_.forks.sample, report_.forks.window));
    if (report_.forks.effects.empty()) return paragraph("No eviction starts while things are measured.");
    for (std::size_t side = 1; side < comparison_.policies.size(); ++side) {
      tables({fork_table(report_.forks.effects, comparison_.policies, side)});
    }
    paragraph(forks_note);
  }

  void kernels() {
    if (report_.kernels.columns.empty()) return;
    title("What the kernels differ in");
    ReportTable lettered = report_.kernels;
    const std::size_t sides = lettered.columns.size() - 1;
    for (std::size_t side = 0; side < sides; ++side) {
      std::string& name = lettered.columns[side + 1].name;
      name = fmt::format("{} {}", side_letter(side), name);
    }
    tables(folded(lettered, std::vector<std::size_t>(sides, 1)));
    paragraph(kernels_note);
  }

  // Each other policy against the first; one of which no number differs from another's is not told twice.
  void other_assumptions() {
    const std::size_t others = comparison_.policies.size() - 1;
    if (others == 1) {
      title("The difference under other assumptions");
      against_first(1);
      return;
    }
    for (std::size_t side = 1; side <= others; ++side) {
      const PairComparison& pair = comparison_.pairs[side - 1];
      title(fmt::format("{} - a: {} against {}", side_letter(side), pair.policy_b, pair.policy_a));
      const std::optional<std::size_t> twin = twin_of(side);
      if (!twin) {
        against_first(side);
        continue;
      }
      paragraph(fmt::format("No number of {} differs from one of {}, under any of the assumptions{}.",
                            pair.policy_b, comparison_.policies[*twin],
                            *twin == 0 ? "" : fmt::format(": all is as under {} - a", side_letter(*twin))));
    }
    out_ += "\n";
    paragraph(variant_note);
  }

  // The first of the sides before it that gave the same numbers.
  std::optional<std::size_t> twin_of(std::size_t side) const {
    const auto pairs = pairs_of(comparison_.policies.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (pairs[p].second == side && is_same(comparison_.pairs[p])) return pairs[p].first;
    }
    return std::nullopt;
  }

  // The differences under each variant; which unknowns do not apply to the two; and, where the verdict is about
  // more than these two, what their rows say.
  void against_first(std::size_t side) {
    const PairComparison& pair = comparison_.pairs[side - 1];
    tables({variant_table(pair, comparison_.variants, side_letter(side) + " - a, mean, under")});
    const bool alone = comparison_.pairs.size() == 1;
    if (alone) paragraph(variant_note);
    const ReportTable answers = answers_table(pair, side_letter(side) + " - a, mean of");
    if (!answers.rows.empty()) {
      out_ += alone ? "\n" : "";
      tables({answers});
      if (alone) paragraph(answers_note);
    }
    const std::vector<std::string> idle = without_effect(pair, comparison_.variants);
    if (!idle.empty()) {
      paragraph(
          fmt::format("Does not apply here, since no number of either moves with it: {}.", fmt::join(idle, ", ")));
      if (!alone) out_ += "\n";
    }
    if (alone || pair.rows.empty()) return;
    for (const std::string& sentence : verdict(pair, comparison_.variants)) bullet(sentence);
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
