// The tracks of one trace: it names them, and keeps the slices of each apart. Slices that would overlap, as of two
// copies at the same time, go to a further track, "engine #2" beside "engine", which is declared when it is
// needed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/trace/sink.hpp"

namespace userqsim {

class TraceTracks {
 public:
  // A row of tracks side by side, of which mostly the first is used.
  struct Row {
    TraceTrackId parent = no_trace_track;
    std::string name;
    struct Lane {
      TraceTrackId track = no_trace_track;
      std::int64_t ends_ns = 0;  // its last slice
    };
    std::vector<Lane> lanes;
  };

  // The sink outlives it.
  explicit TraceTracks(TraceSink& sink) : sink_(sink) {}

  TraceTrackId declare(TraceTrackId parent, const std::string& name, TraceTrackKind kind);
  Row row(TraceTrackId parent, const std::string& name);

  // Adds the slice to that track of the row which has been free for the shortest time; slice.track is not read.
  // A slice without length is left out. REQUIRES: the slices of a row come in order of their ends.
  void add(Row& row, TraceSlice slice);
  // The same of an instant, which is shown.
  void mark(Row& row, TraceSlice slice);
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) { sink_.count(track, time_ns, value); }
  void close() { sink_.close(); }

 private:
  TraceTrackId declare(TraceTrackId parent, const std::string& name, const std::string& row, TraceTrackKind kind);

  TraceSink& sink_;
  std::vector<std::string> paths_;
};

}  // namespace userqsim
