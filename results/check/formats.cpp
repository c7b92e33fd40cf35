#include "results/check/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/report/human.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

std::string number_or_null(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : std::string{"null"};
}

std::string shown(const std::optional<double>& value, const std::string& unit) {
  return value ? human(*value, unit) : std::string{};
}

std::string change(const CheckItem& item) {
  if (!item.expected || !item.value) return {};
  if (*item.expected == *item.value) return "0";
  const std::string share = human_share(*item.value - *item.expected, *item.expected);
  return human_signed(*item.value - *item.expected, item.unit) + (share.empty() ? "" : " (" + share + ")");
}

// All, or those that did not simply pass.
ReportTable table_of(const CheckReport& report, bool all) {
  ReportTable table{{{"policy"},
                     {"statistic"},
                     {"baseline", true},
                     {"run", true},
                     {"change", true},
                     {"allowed", true},
                     {"outcome"}},
                    {}};
  for (const CheckItem& item : report.items) {
    if (!all && item.outcome == Outcome::passed) continue;
    const std::string name =
        is_digest(item) ? "digest" : fmt::format("{} {} {}", item.name.metric, item.name.role, item.name.stat);
    table.rows.push_back({item.name.policy, name, shown(item.expected, item.unit), shown(item.value, item.unit),
                          change(item), shown(item.allowed, item.unit),
                          fails(report, item) && item.outcome != Outcome::failed
                              ? fmt::format("{}, fails", name_of(item.outcome))
                              : std::string{name_of(item.outcome)}});
  }
  return table;
}

std::string notes_json(const std::vector<CheckNote>& notes) {
  std::string out = "[";
  for (std::size_t i = 0; i < notes.size(); ++i) {
    out += fmt::format(R"({}{{"kind": {}, "text": {}}})", i > 0 ? ", " : "", json_string(notes[i].kind),
                       json_string(notes[i].text));
  }
  return out + "]";
}

std::string divergence_json(const Divergence& at) {
  std::string facts;
  for (const StatedFact& fact : at.facts) {
    facts += fmt::format(R"({}{{"time_ns": {}, "kind": {}, "text": {}}})", facts.empty() ? "" : ", ", fact.time_ns,
                         json_string(fact.kind), json_string(fact.text));
  }
  return fmt::format(R"({{"rep": {}, "equal_facts": {}, "first_different": {}, "exact": {}, "facts": [{}]}})",
                     at.replication, at.after, at.upto, at.upto == at.after + 1, facts);
}

// Of a tolerance that is passed the table has every number.
bool row_says_all(const CheckReport& report, const CheckItem& item) {
  return !is_digest(item) && !report.moved && item.outcome != Outcome::missing;
}

// What does not pass, in words.
void add_words(const CheckReport& report, TableFormat format, std::string& out) {
  const bool md = format == TableFormat::md;
  const auto line = [&](const std::string& text) {
    out += md ? "- " + text + "\n" : wrap("  " + text, page_width, 2);
  };
  std::string words;
  std::swap(words, out);
  for (const CheckNote& problem : report.problems) line(fmt::format("{}: {}", problem.kind, problem.text));
  for (const CheckItem& item : report.items) {
    if (item.outcome != Outcome::passed && !row_says_all(report, item)) {
      line(fmt::format("{}: {}", text_of(item.name), item.text));
    }
  }
  for (const CheckNote& note : report.notes) line(fmt::format("note, {}: {}", note.kind, note.text));
  std::swap(words, out);
  if (!words.empty()) out += "\n" + words;
}

std::string benchmark_name(const CheckReport& report, const CheckItem& item) {
  return fmt::format("{}/{}/{}/{}/{}", report.scenario, item.name.policy, item.name.metric, item.name.role,
                     item.name.stat);
}

}  // namespace

std::string check_text(const CheckReport& report, TableFormat format) {
  const bool md = format == TableFormat::md;
  std::string out =
      md ? fmt::format("### userqsim check of {}\n\n{}\n", report.scenario, summary_of(report))
         : fmt::format("{}, {} against {}\n{}\n", report.scenario, report.run, report.baseline, summary_of(report));
  const ReportTable table = table_of(report, md);  // a page is kept, a terminal is read
  if (!table.rows.empty()) out += "\n" + render(table, format);
  add_words(report, format, out);
  return out;
}

std::string check_json(const CheckReport& report) {
  std::string items;
  for (const CheckItem& item : report.items) {
    items += fmt::format(
        "{}\n    {{\"metric\": {}, \"role\": {}, \"stat\": {}, \"policy\": {}, \"unit\": {}, \"baseline\": {}, "
        "\"value\": {}, \"allowed\": {}, \"ci_low\": {}, \"ci_high\": {}, \"direction\": \"{}\", \"outcome\": "
        "\"{}\", "
        "\"fails\": {}, \"text\": {}, \"first_divergence\": {}}}",
        items.empty() ? "" : ",", json_string(item.name.metric), json_string(item.name.role),
        json_string(item.name.stat), json_string(item.name.policy), json_string(item.unit),
        number_or_null(item.expected), number_or_null(item.value), number_or_null(item.allowed),
        number_or_null(item.low), number_or_null(item.high), name_of(item.direction), name_of(item.outcome),
        fails(report, item), json_string(item.text),
        item.divergence ? divergence_json(*item.divergence) : std::string{"null"});
  }
  return fmt::format(
      "{{\n  \"format\": \"userqsim-check/1\",\n  \"scenario\": {},\n  \"run\": {},\n  \"baseline\": {},\n"
      "  \"verdict\": \"{}\",\n  \"summary\": {},\n  \"moved\": {},\n  \"strict\": {},\n  \"problems\": {},\n  "
      "\"notes\": {},\n"
      "  \"items\": [{}{}]\n}}\n",
      json_string(report.scenario), json_string(report.run), json_string(report.baseline), verdict_of(report),
      json_string(summary_of(report)), report.moved, report.strict, notes_json(report.problems),
      notes_json(report.notes), items, items.empty() ? "" : "\n  ");
}

std::string check_gab(const CheckReport& report) {
  std::string out;
  for (const CheckItem& item : report.items) {
    if (is_digest(item) || !item.value || item.direction != Better::lower) continue;
    out += fmt::format("{}\n  {{\"name\": {}, \"unit\": {}, \"value\": {}", out.empty() ? "" : ",",
                       json_string(benchmark_name(report, item)), json_string(item.unit), *item.value);
    if (item.low && item.high) {
      out += fmt::format(", \"range\": {}", json_string(fmt::format("± {}", (*item.high - *item.low) / 2)));
    }
    if (item.expected)
      out += fmt::format(", \"extra\": {}", json_string(fmt::format("baseline {}", *item.expected)));
    out += "}";
  }
  return "[" + out + (out.empty() ? "]\n" : "\n]\n");
}

// A benchmark for each policy, a measure for each statistic.
std::string check_bmf(const CheckReport& report) {
  std::vector<std::string> policies;
  for (const CheckItem& item : report.items) {
    if (is_digest(item) || !item.value) continue;
    if (std::count(policies.begin(), policies.end(), item.name.policy) == 0) policies.push_back(item.name.policy);
  }
  std::string out;
  for (const std::string& policy : policies) {
    out += fmt::format("{}\n  {}: {{", out.empty() ? "" : ",",
                       json_string(fmt::format("{}/{}", report.scenario, policy)));
    bool first = true;
    for (const CheckItem& item : report.items) {
      if (is_digest(item) || !item.value || item.name.policy != policy) continue;
      out += fmt::format("{}\n    {}: {{\"value\": {}", first ? "" : ",",
                         json_string(fmt::format("{}/{}/{}", item.name.metric, item.name.role, item.name.stat)),
                         *item.value);
      // Bounds belong to the value that stands between them; those of a mean may leave a pooled quantile out.
      if (item.low && item.high && *item.low <= *item.value && *item.value <= *item.high) {
        out += fmt::format(R"(, "lower_value": {}, "upper_value": {})", *item.low, *item.high);
      }
      out += "}";
      first = false;
    }
    out += "\n  }";
  }
  return "{" + out + (out.empty() ? "}\n" : "\n}\n");
}

std::string render_check(const CheckReport& report, CheckFormat format, std::string_view baseline_text) {
  switch (format) {
    case CheckFormat::table:
      return check_text(report, TableFormat::table);
    case CheckFormat::md:
      return check_text(report, TableFormat::md);
    case CheckFormat::json:
      return check_json(report);
    case CheckFormat::junit:
      return check_junit(report);
    case CheckFormat::github:
      return check_github(report, baseline_text);
    case CheckFormat::gab:
      return check_gab(report);
    case CheckFormat::bmf:
      return check_bmf(report);
  }
  fail_invariant("an unknown format of a check", SourceLocation::current());
}

}  // namespace userqsim
