#include "results/trace/tracks.hpp"

#include <fmt/format.h>

namespace userqsim {

TraceTrackId TraceTracks::declare(TraceTrackId parent, const std::string& name, TraceTrackKind kind) {
  return declare(parent, name, name, kind);
}

TraceTrackId TraceTracks::declare(TraceTrackId parent, const std::string& name, const std::string& row,
                                  TraceTrackKind kind) {
  const auto id = static_cast<TraceTrackId>(paths_.size());
  const std::string above = parent == no_trace_track ? std::string{} : paths_.at(parent) + "/";
  paths_.push_back(above + name);
  sink_.declare({id, parent, name, paths_.back(), above + row, kind});
  return id;
}

TraceTracks::Row TraceTracks::row(TraceTrackId parent, const std::string& name) {
  return {parent, name, {{declare(parent, name, TraceTrackKind::slices)}}};
}

void TraceTracks::add(Row& row, TraceSlice slice) {
  if (slice.end_ns > slice.start_ns) mark(row, slice);
}

void TraceTracks::mark(Row& row, TraceSlice slice) {
  Row::Lane* best = nullptr;
  for (Row::Lane& lane : row.lanes) {
    if (lane.ends_ns <= slice.start_ns && (best == nullptr || lane.ends_ns > best->ends_ns)) best = &lane;
  }
  if (best == nullptr) {
    const std::string name = fmt::format("{} #{}", row.name, row.lanes.size() + 1);
    best = &row.lanes.emplace_back(Row::Lane{declare(row.parent, name, row.name, TraceTrackKind::slices)});
  }
  best->ends_ns = slice.end_ns;
  slice.track = best->track;
  sink_.add(slice);
}

}  // namespace userqsim
