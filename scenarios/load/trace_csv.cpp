#include "scenarios/load/trace_csv.hpp"

#include <fmt/format.h>

#include <charconv>

#include "scenarios/load/place.hpp"
#include "scenarios/load/scenario.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

struct Line {
  std::string_view text;
  std::size_t number = 0;
  const std::string& file;

  [[noreturn]] void fail(std::string_view message) const {
    throw InputError(fmt::format("{}: line {}: {}", file, number, message));
  }
};

Duration nanoseconds(std::string_view field, const Line& line, std::string_view column) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || error != std::errc{} || end != field.data() + field.size() || value < 0) {
    line.fail(fmt::format("{}: expected a whole number of nanoseconds, found {}", column, in_quotes(field, 60)));
  }
  // The longest time a scenario may state.
  const auto longest = std::get<Duration>(parse_duration("876000h"));
  if (Duration{value} > longest) line.fail(fmt::format("{}: more than 100 years", column));
  return Duration{value};
}

TraceArrival::Row read_row(const Line& line, bool has_work) {
  const std::size_t comma = line.text.find(',');
  if ((comma != std::string_view::npos) != has_work ||
      line.text.find(',', comma + 1 + (has_work ? 0 : 1)) != std::string_view::npos) {
    line.fail(
        fmt::format("expected {}, found {}", has_work ? "two fields" : "one field", in_quotes(line.text, 60)));
  }
  TraceArrival::Row row{nanoseconds(line.text.substr(0, comma), line, "arrival_ns"), std::nullopt};
  if (has_work && comma + 1 < line.text.size()) {
    row.work = nanoseconds(line.text.substr(comma + 1), line, "work_ns");
  }
  return row;
}

}  // namespace

std::vector<TraceArrival::Row> parse_trace(std::string_view text, const std::string& file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<TraceArrival::Row> rows;
  Line line{{}, 0, file};
  bool has_work = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    line.text = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.text.empty() && line.text.back() == '\r') line.text.remove_suffix(1);
    if (++line.number == 1) {
      has_work = line.text == "arrival_ns,work_ns";
      if (!has_work && line.text != "arrival_ns") {
        line.fail(fmt::format("expected the header arrival_ns or arrival_ns,work_ns, found {}",
                              in_quotes(line.text, 60)));
      }
      continue;
    }
    rows.push_back(read_row(line, has_work));
    if (rows.size() > 1 && rows.back().arrival < rows[rows.size() - 2].arrival) {
      line.fail("arrival_ns is less than in the line before");
    }
  }
  if (rows.empty()) throw InputError(file + ": holds no arrival");
  return rows;
}

}  // namespace userqsim
