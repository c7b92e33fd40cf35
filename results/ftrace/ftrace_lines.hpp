// The lines of a trace, as they become known, and the file's text in the order of a trace.
//
// Some facts tell of a past start (a helper was called, a packet was issued), so a line may be added later than
// lines that stand behind it. REQUIRES: the names outlive the lines. PROMISES: lines are printed by time; at one
// time in the order in which they were added, except that a line added before another stands before it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "results/ftrace/ftrace_names.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// A place among the lines: that of a line, or one that was kept for lines to stand before.
struct FtracePlace {
  SimTime time;
  std::uint64_t sequence = 0;
  std::size_t line = 0;  // the index of the line, where the place is one's
  auto operator<=>(const FtracePlace&) const = default;
};

class FtraceLines {
 public:
  explicit FtraceLines(const FtraceNames& names) : names_(names) {}

  // `event` is the event's name, a colon, a space and its fields.
  FtracePlace add(SimTime time, FtraceTask task, std::string event);
  // The line is of the same time as the place. Among themselves such lines stand as they were added.
  void add_before(const FtracePlace& place, FtraceTask task, std::string event);
  // A place without a line.
  FtracePlace keep_place(SimTime time) { return {time, next_++, lines_.size()}; }
  // Who ran at a line is known better now. REQUIRES: the place is that of a line.
  void set_task(const FtracePlace& place, FtraceTask task) { lines_[place.line].task = task; }

  // Passes the whole text on, piece by piece: the header, then the lines up to `end`; what would have been later
  // has not happened. Call once.
  void print(SimTime end, const std::function<void(std::string_view)>& out);

 private:
  struct Line {
    FtracePlace place;
    bool before = false;
    FtraceTask task;
    std::string event;
  };

  const FtraceNames& names_;
  std::vector<Line> lines_;
  std::uint64_t next_ = 0;
};

}  // namespace userqsim
