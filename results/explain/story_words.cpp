#include "results/explain/story_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/report/human.hpp"

namespace userqsim {

std::string exact_us(std::int64_t ns) {
  const std::int64_t size = ns < 0 ? -ns : ns;
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", size / 1000, size % 1000);
}

std::string offset_text(std::int64_t ns) {
  if (ns == 0) return "at 0";
  return fmt::format("at {}{} us", ns > 0 ? "+" : "", exact_us(ns));
}

std::string size_text(std::int64_t bytes) { return human(static_cast<double>(bytes), "bytes"); }
std::string length_text(std::int64_t ns) { return human(static_cast<double>(ns), "ns"); }

std::string count_text(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string list_text(const std::vector<std::string>& words, std::size_t most) {
  const std::size_t shown = words.size() > most ? most - 1 : words.size();
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == words.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + words[i];
  }
  if (shown < words.size()) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

std::int64_t overlap_ns(std::int64_t start, std::int64_t end, std::int64_t from, std::int64_t to) {
  return std::max<std::int64_t>(0, std::min(end, to) - std::max(start, from));
}

std::string process_name(const RunRecord& record, std::uint32_t process) {
  return process == no_index ? "nobody" : record.process_names[process];
}

std::string queue_name(const RunRecord& record, QueueId queue) {
  return record.process_names[record.queues[queue.index()].process] + "/" + record.queue_names[queue.index()];
}

}  // namespace userqsim
