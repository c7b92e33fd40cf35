// A trace file as a stream of typed events, and several of them as one recording or as several. Every line is
// counted once, whatever it holds; nothing in a file is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "results/calibrate/pairing.hpp"
#include "results/calibrate/trace_event.hpp"
#include "results/calibrate/trace_samples.hpp"

namespace userqsim {

struct TimedEvent {
  std::int64_t time_ns = 0;
  TraceEvent event;
};

// Lines of a bounded length.
class LineSource {
 public:
  static constexpr std::size_t longest = 64U << 10U;

  explicit LineSource(std::istream& in) : in_(&in) {}

  // False at the end. The line has no line end, a carriage return counting to it; of one that is too long nothing
  // is kept.
  bool next(std::string& line);
  bool too_long() const { return too_long_; }
  bool has_end() const { return has_end_; }  // the last line of a file that was cut has none

 private:
  bool fill();

  std::istream* in_;
  std::string block_;
  std::size_t at_ = 0;
  bool too_long_ = false;
  bool has_end_ = true;
};

// The events of one file, in order of time: a line whose time is before that of an event before it is counted and
// left out. When so many of them follow each other that the clock must have been set back, a gap is told and what
// comes after is taken.
class TraceInput {
 public:
  // `go_on`, which must outlive it, is asked every 4096 lines; false ends the input there.
  TraceInput(std::istream& in, LineCounts& counts, const std::function<bool()>& go_on)
      : lines_(in), counts_(&counts), go_on_(&go_on) {}

  std::optional<TimedEvent> next();

 private:
  std::optional<TimedEvent> read(const std::string& line);
  std::optional<TimedEvent> in_order(std::int64_t time, const TraceEvent& event);

  LineSource lines_;
  LineCounts* counts_;
  const std::function<bool()>* go_on_;
  std::uint64_t read_ = 0;  // lines
  std::string line_;
  std::int64_t last_ = 0;
  std::int64_t last_early_ = 0;
  std::uint64_t early_in_a_row_ = 0;
};

// Whether the files are recordings of their own, or parts of one on one clock (a trace and the kernel's log).
enum class Recordings : std::uint8_t { separate, together };

// Reads all of them and adds what they tell. `go_on` is asked every 4096 lines, whatever they hold; false ends the
// reading.
void read_traces(const std::vector<std::istream*>& files, Recordings recordings, const TracedDriver& driver,
                 TraceSamples& samples, LineCounts& counts, const std::function<bool()>& go_on);

}  // namespace userqsim
