#include "results/calibrate/trace_line.hpp"

#include <charconv>
#include <optional>

namespace userqsim {
namespace {

constexpr std::string_view space = " \t";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_space(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(space);
  return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
}

// The number at the start of `text`, which it is taken off.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || text.empty() || !is_digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// "12.345678" or "12.345678901" at the start of `text`, which it is taken off, in nanoseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
  constexpr std::int64_t most_seconds = 315'360'000;  // 10 years: no machine has been up for longer
  const auto seconds = take_number(text);
  if (!seconds || *seconds >= most_seconds || text.empty() || text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  const std::size_t before = text.size();
  const auto fraction = take_number(text);
  const std::size_t digits = before - text.size();
  if (!fraction || (digits != 6 && digits != 9)) return std::nullopt;
  return *seconds * 1'000'000'000 + (digits == 6 ? *fraction * 1'000 : *fraction);
}

// "[  123.456789][  T98] message", after the priority that `dmesg -r` and `dmesg -x` put before it.
std::optional<TraceLine> kernel_log(std::string_view text) {
  if (text.front() == '<') {
    const std::size_t end = text.find('>');
    if (end == std::string_view::npos || end > 4) return std::nullopt;
    text.remove_prefix(end + 1);
  } else if (text.starts_with("kern")) {
    const std::size_t bracket = text.find('[');
    if (bracket == std::string_view::npos || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz: ") != bracket) {
      return std::nullopt;
    }
    text.remove_prefix(bracket);
  }
  if (text.empty() || text.front() != '[') return std::nullopt;
  text = without_space(text.substr(1));
  TraceLine line;
  const auto time = take_time(text);
  if (!time || text.empty() || text.front() != ']') return std::nullopt;
  text = without_space(text.substr(1));
  if (text.starts_with("[")) {  // who printed it
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    text = without_space(text.substr(end + 1));
  }
  line.form = LineForm::kernel_log;
  line.time_ns = *time;
  line.fields = text;
  return line;
}

// What follows the "[003]" of a line "TASK-PID [003] d..1. 12.345678: event: fields".
std::optional<TraceLine> after_cpu(std::string_view text) {
  text = without_space(text);
  std::string_view rest = text;
  auto time = take_time(rest);
  if (!time || rest.empty() || rest.front() != ':') {  // a column of flags is first
    const std::size_t end = text.find_first_of(space);
    constexpr std::size_t most_flags = 8;
    if (end == std::string_view::npos || end > most_flags) return std::nullopt;
    rest = without_space(text.substr(end));
    time = take_time(rest);
    if (!time || rest.empty() || rest.front() != ':') return std::nullopt;
  }
  rest = without_space(rest.substr(1));
  const std::size_t gap = rest.find_first_of(space);
  std::string_view name = rest.substr(0, gap);
  if (name.size() < 2 || name.back() != ':') return std::nullopt;
  name.remove_suffix(1);
  if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  TraceLine line;
  line.form = LineForm::event;
  line.time_ns = *time;
  line.event = name;
  line.fields = gap == std::string_view::npos ? std::string_view{} : without_space(rest.substr(gap));
  return line;
}

// A task's name may hold brackets and spaces, so each "[digits]" after a space is tried.
std::optional<TraceLine> event_line(std::string_view text) {
  for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
    if (at == 0 || space.find(text[at - 1]) == std::string_view::npos) continue;
    std::string_view rest = text.substr(at + 1);
    if (!take_number(rest) || rest.empty() || rest.front() != ']') continue;
    if (const auto line = after_cpu(rest.substr(1))) return line;
  }
  return std::nullopt;
}

// "CPU:2 [LOST 17 EVENTS]" of the kernel, "CPU:2 [17 EVENTS DROPPED]" of trace-cmd.
std::optional<TraceLine> lost_line(std::string_view text) {
  if (!text.starts_with("CPU:")) return std::nullopt;
  const bool kernel = text.find("[LOST") != std::string_view::npos;
  if (!kernel && text.find("EVENTS DROPPED]") == std::string_view::npos) return std::nullopt;
  TraceLine line;
  line.form = LineForm::lost;
  std::string_view rest = text.substr(text.find('[') + 1);
  if (kernel) rest = without_space(rest.substr(std::string_view{"LOST"}.size()));
  line.lost = static_cast<std::uint64_t>(take_number(rest).value_or(0));
  return line;
}

}  // namespace

TraceLine parse_trace_line(std::string_view line) {
  TraceLine plain;
  const std::string_view text = without_space(line);
  if (text.empty()) {
    plain.form = LineForm::blank;
    return plain;
  }
  // Headers and losses begin their line; a task's name, which may look like one, is padded.
  if (line.front() == '#' || line.starts_with("cpus=") || line.starts_with("version = ")) {
    plain.form = LineForm::comment;
    return plain;
  }
  if (const auto log = kernel_log(text)) return *log;
  if (const auto lost = lost_line(line)) return *lost;
  if (const auto event = event_line(line)) return *event;
  return plain;
}

}  // namespace userqsim
