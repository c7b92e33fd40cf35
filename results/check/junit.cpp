#include <fmt/format.h>

#include "results/check/formats.hpp"

namespace userqsim {
namespace {

// XML 1.0 allows no control characters but tab and line ends, not even escaped.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string test_case(const CheckReport& report, std::string_view policy, std::string_view name,
                      std::string_view element, std::string_view type, std::string_view text) {
  const std::string head = fmt::format(R"(    <testcase classname="userqsim.{}.{}" name="{}" time="0")",
                                       xml(report.scenario), xml(policy), xml(name));
  if (text.empty()) return head + "/>\n";
  if (element == "system-out")
    return fmt::format("{}>\n      <system-out>{}</system-out>\n    </testcase>\n", head, xml(text));
  // Some readers show the attribute, some the text.
  return fmt::format("{}>\n      <{} message=\"{}\" type=\"{}\">{}</{}>\n    </testcase>\n", head, element,
                     xml(text), xml(type), xml(text), element);
}

}  // namespace

std::string check_junit(const CheckReport& report) {
  std::string cases;
  std::size_t tests = 0, failures = 0;
  for (const CheckNote& problem : report.problems) {
    cases += test_case(report, "inputs", fmt::format("{} {}", problem.kind, ++tests), "error", problem.kind,
                       problem.text);
  }
  const std::size_t errors = tests;
  for (const CheckItem& item : report.items) {
    ++tests;
    const std::string name =
        is_digest(item) ? "digest" : fmt::format("{}/{}/{}", item.name.metric, item.name.role, item.name.stat);
    const bool failed = fails(report, item);
    failures += failed;
    const bool silent = item.outcome == Outcome::passed;
    cases += test_case(report, item.name.policy, name, failed ? "failure" : "system-out", name_of(item.outcome),
                       silent ? std::string_view{} : std::string_view{item.text});
  }
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="{}" time="0")", tests, failures, errors);
  std::string notes;
  for (const CheckNote& note : report.notes) notes += fmt::format("{}: {}\n", note.kind, note.text);
  if (!notes.empty()) notes = fmt::format("    <system-out>{}</system-out>\n", xml(notes));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"userqsim check\" {}>\n"
      "  <testsuite name=\"{}\" skipped=\"0\" {}>\n{}{}  </testsuite>\n</testsuites>\n",
      counts, xml(report.scenario), counts, cases, notes);
}

}  // namespace userqsim
