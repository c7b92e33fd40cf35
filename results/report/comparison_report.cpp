#include "results/report/comparison_report.hpp"

#include <fmt/format.h>

#include <array>

#include "results/compare/compare.hpp"
#include "results/report/human.hpp"
#include "results/report/row_tables.hpp"

namespace userqsim {
namespace {

struct Line {
  std::string_view metric;
  std::string_view role;
  std::string_view label;
  bool latency;  // has quantiles, and is told as a share of the downtime
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

std::string pooled(const std::vector<SummaryRow>& rows, const Line& line, std::string_view stat) {
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

ReportTable main_table(const ComparisonReport& report) {
  ReportTable table{{{"mean of"},
                     {"policy"},
                     {"mean", true},
                     {"p50", true},
                     {"p99", true},
                     {"n+cens.", true},
                     {"b - a", true},
                     {"95 % interval", true},
                     {"share", true}},
                    {}};
  const std::vector<ComparisonRow>& rows = report.comparison.rows;
  const ComparisonRow* downtime = find_row(rows, base_variant, "downtime_ns", "victim", "mean");
  for (const Line& line : lines) {
    const ComparisonRow* row = find_row(rows, base_variant, line.metric, line.role, "mean");
    if (row == nullptr || (row->value_a == 0.0 && row->value_b == 0.0)) continue;
    const bool share = line.latency && downtime != nullptr && row->difference != 0.0;
    table.rows.push_back({std::string{line.label}, report.policy_a, human(row->value_a, row->unit),
                          pooled(report.pooled_a, line, "p50"), pooled(report.pooled_a, line, "p99"),
                          observations(report.pooled_a, line), human_signed(row->difference, row->unit),
                          interval_of(*row), share ? human_share(row->difference, downtime->value_a) : ""});
    table.rows.push_back({"", report.policy_b, human(row->value_b, row->unit), pooled(report.pooled_b, line, "p50"),
                          pooled(report.pooled_b, line, "p99"), observations(report.pooled_b, line), "", "", ""});
  }
  return table;
}

std::string cell(const std::vector<ComparisonRow>& rows, const std::string& variant, std::string_view metric,
                 std::string_view role) {
  const ComparisonRow* row = find_row(rows, variant, metric, role, "mean");
  if (row == nullptr) return {};
  return fmt::format("{} {}", human_signed(row->difference, row->unit), interval_of(*row));
}

ReportTable variant_table(const ComparisonReport& report) {
  ReportTable table{{{"b - a, mean, under"}, {"downtime", true}, {"evict latency", true}, {"MES mutex hold", true}},
                    {}};
  const VerdictInput& comparison = report.comparison;
  const auto add = [&](const std::string& variant, const std::string& label) {
    if (find_row(comparison.rows, variant, "evictions", "device", "count") == nullptr) return;
    table.rows.push_back({label, cell(comparison.rows, variant, "downtime_ns", "victim"),
                          cell(comparison.rows, variant, "evict_latency_ns", "victim"),
                          cell(comparison.rows, variant, "mes_lock_hold_ns", "device")});
  };
  add(std::string{base_variant}, "as configured");
  add(std::string{unique_zero_variant}, "unique costs zero");
  for (const VariantName& cost : comparison.costs) add(cost.variant, cost.label + " zero");
  for (const VariantName& cost : comparison.highs) add(cost.variant, cost.label);
  for (const VariantName& corner : comparison.corners) add(corner.variant, corner.label);
  return table;
}

std::string evictions_held(const ComparisonReport& report, const std::vector<SummaryRow>& rows) {
  constexpr Line line{"evictions", "device", "", false};
  constexpr Line restored{"outcome_restored", "device", "", false};
  return fmt::format("{} evictions, {} restored", pooled(rows, line, "count"), pooled(rows, restored, "count")) +
         (report.replications == 0 ? " (no whole replication)" : "");
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
  facts.emplace_back("a", fmt::format("{}: {}", report.policy_a, evictions_held(report, report.pooled_a)));
  facts.emplace_back("b", fmt::format("{}: {}", report.policy_b, evictions_held(report, report.pooled_b)));
  return facts;
}

constexpr std::string_view note =
    "Means are over replications of each replication's mean; b - a is their paired difference, share what it is of "
    "a's "
    "downtime. p50 and p99 are of all replications pooled; p99 is empty below 200 complete observations. n+cens.: "
    "complete and censored observations. Costs (from MES packets on) are for each eviction. What is zero under "
    "both "
    "policies is left out.";

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

std::string render_page(const ComparisonReport& report, bool markdown) {
  const TableFormat format = markdown ? TableFormat::md : TableFormat::table;
  const auto title = [&](std::string_view text) { return fmt::format("\n{}{}\n\n", markdown ? "## " : "", text); };
  const auto bullet = [&](const std::string& text) {
    std::string item = wrap(text, page_width, 2);
    item[0] = '-';
    return item;
  };
  std::string out;
  for (const auto& [label, text] : header(report)) {
    out += markdown ? fmt::format("- **{}**: {}\n", label, text) : labelled(label, text);
  }
  out += title("Side by side") + render(main_table(report), format) + "\n" + wrap(note, page_width, 0);
  out += title("The difference under other assumptions") + render(variant_table(report), format) + "\n" +
         wrap(variant_note, page_width, 0);
  if (!report.assumptions.empty()) {
    out += title("What the numbers rest on (sources: manifest.json)");
    for (const std::string& assumption : report.assumptions) out += bullet(without_source(assumption));
  }
  out += title("Verdict");
  for (const std::string& sentence : report.sentences) out += bullet(sentence);
  out += title("Written");
  return out + wrap(fmt::format("{}: {}", report.directory, fmt::join(report.files, ", ")), page_width, 0);
}

}  // namespace

std::string render(const ComparisonReport& report, TableFormat format) {
  switch (format) {
    case TableFormat::table:
      return render_page(report, false);
    case TableFormat::md:
      return render_page(report, true);
    case TableFormat::csv:
      return render(comparison_table(report.scenario, report.comparison.rows), TableFormat::csv);
    case TableFormat::json:
      return comparison_json(report);
  }
  return {};
}

}  // namespace userqsim
