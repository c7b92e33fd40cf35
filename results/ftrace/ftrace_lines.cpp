#include "results/ftrace/ftrace_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace userqsim {
namespace {

// That of /sys/kernel/tracing/trace, with its default options.
constexpr std::string_view header =
    "# tracer: nop\n"
    "#\n"
    "# entries-in-buffer/entries-written: {0}/{0}   #P:1\n"
    "#\n"
    "#                                _-----=> irqs-off/BH-disabled\n"
    "#                               / _----=> need-resched\n"
    "#                              | / _---=> hardirq/softirq\n"
    "#                              || / _--=> preempt-depth\n"
    "#                              ||| / _-=> migrate-disable\n"
    "#                              |||| /     delay\n"
    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
    "#              | |         |   |||||     |         |\n";

// ns2usecs: to the nearest.
std::int64_t microseconds(SimTime time) { return (time.time_since_epoch().count() + 500) / 1000; }

}  // namespace

FtracePlace FtraceLines::add(SimTime time, FtraceTask task, std::string event) {
  const FtracePlace place = keep_place(time);
  lines_.push_back({place, false, task, std::move(event)});
  return place;
}

void FtraceLines::add_before(const FtracePlace& place, FtraceTask task, std::string event) {
  lines_.push_back({place, true, task, std::move(event)});
}

void FtraceLines::print(SimTime end, const std::function<void(std::string_view)>& out) {
  std::erase_if(lines_, [&](const Line& line) { return line.place.time > end; });
  std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) {
    return std::tuple{a.place, !a.before} < std::tuple{b.place, !b.before};
  });
  out(fmt::format(fmt::runtime(header), lines_.size()));
  for (const Line& line : lines_) {
    const std::int64_t time = microseconds(line.place.time);
    // An interrupt is seen with interrupts off, in hard-interrupt context.
    const std::string_view flags = line.task == names_.idle() ? "d.h.." : ".....";
    out(fmt::format("{} [000] {} {:5}.{:06}: {}\n", names_.column(line.task), flags, time / 1'000'000,
                    time % 1'000'000, line.event));
  }
}

}  // namespace userqsim
