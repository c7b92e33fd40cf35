// What of a trace is kept: the tracks that one of some patterns names, and a window of time. It stands before
// another sink.
//
// A pattern is a track's path in which `*` stands for any text and `?` for any one character; who names a group has
// all below it, and who names the first of tracks that stand side by side has all of them. A slice that reaches out
// of the window is cut at its edge; an instant or a counter outside it is left out, but a counter has its value at
// the window's beginning. Groups are declared when a track below them is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/trace/sink.hpp"

namespace userqsim {

struct TraceSelection {
  std::int64_t from_ns = 0;
  std::optional<std::int64_t> to_ns;  // none: to the end
  std::vector<std::string> tracks;    // patterns; none: all

  bool operator==(const TraceSelection&) const = default;
};

bool matches_track(std::string_view pattern, std::string_view path);

class TraceFilter final : public TraceSink {
 public:
  // The next sink outlives it.
  TraceFilter(TraceSelection selection, TraceSink& next) : selection_(std::move(selection)), next_(next) {}

  void declare(const TraceTrack& track) override;
  void add(const TraceSlice& slice) override;
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override;
  void close() override;

 private:
  struct Known {
    TraceTrack track;
    bool kept = false;
    bool declared = false;
    std::optional<std::int64_t> before;  // a counter's value before the window
  };

  bool selects(std::string_view path) const;
  void pass_on(Known& known);
  void open_counter(TraceTrackId track);

  TraceSelection selection_;
  TraceSink& next_;
  std::vector<Known> known_;  // by id
};

}  // namespace userqsim
