#include <fmt/format.h>

#include <algorithm>

#include "results/check/formats.hpp"

namespace userqsim {
namespace {

constexpr std::size_t most_shown = 10;  // of each kind, in one step of a workflow

std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

// The number of the line that begins with this after its spaces, for the n-th time; 0: there is none.
std::size_t line_of(std::string_view text, std::string_view beginning, std::size_t n) {
  std::size_t line = 1;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = text.substr(0, end);
    const std::size_t first = whole.find_first_not_of(' ');
    if (first != std::string_view::npos && whole.substr(first).starts_with(beginning) && n-- == 0) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
  }
  return 0;
}

std::string command(std::string_view kind, std::string_view file, std::size_t line, std::string_view title,
                    std::string_view text) {
  return fmt::format("::{} file={},line={},title={}::{}\n", kind, escaped(file, true),
                     std::max<std::size_t>(line, 1), escaped(title, true), escaped(text, false));
}

}  // namespace

std::string check_github(const CheckReport& report, std::string_view baseline_text) {
  std::string out;
  const auto add = [&](std::string_view kind, std::size_t line, std::string_view title, std::string_view text) {
    out += command(kind, report.baseline, line, title, text);
  };
  for (std::size_t i = 0; i < std::min(report.problems.size(), most_shown); ++i) {
    add("error", line_of(baseline_text, "\"input\"", 0), report.problems[i].kind, report.problems[i].text);
  }
  std::vector<const CheckItem*> failing, others;
  for (const CheckItem& item : report.items) {
    if (item.outcome == Outcome::passed) continue;
    (fails(report, item) ? failing : others).push_back(&item);
  }
  const auto worst_first = [](const CheckItem* a, const CheckItem* b) { return a->severity > b->severity; };
  std::stable_sort(failing.begin(), failing.end(), worst_first);
  std::stable_sort(others.begin(), others.end(), worst_first);
  const auto line = [&](const CheckItem& item) {
    return is_digest(item) ? line_of(baseline_text, "\"digests\"", 0)
                           : line_of(baseline_text, "{\"metric\"", item.number);
  };
  for (std::size_t i = 0; i < std::min(failing.size(), most_shown); ++i) {
    add("error", line(*failing[i]), text_of(failing[i]->name), failing[i]->text);
  }
  std::size_t warnings = 0;
  for (const CheckNote& note : report.notes) {
    if (warnings++ < most_shown) add("warning", 1, note.kind, note.text);
  }
  for (const CheckItem* item : others) {
    if (warnings++ < most_shown) add("warning", line(*item), text_of(item->name), item->text);
  }
  std::string sum = summary_of(report);
  if (failing.size() > most_shown) sum += fmt::format("; the {} worst are shown", most_shown);
  add("notice", 1, "userqsim check of " + report.scenario, sum);
  return out;
}

}  // namespace userqsim
