#include "results/trace/filter.hpp"

#include <algorithm>
#include <utility>

namespace userqsim {

// At each `*` the shortest text is tried first; only the last one needs another try.
bool matches_track(std::string_view pattern, std::string_view path) {
  std::size_t p = 0, t = 0;
  std::optional<std::pair<std::size_t, std::size_t>> star;  // where in the pattern, and up to where it reaches
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = {p++, t};
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == path[t])) {
      ++p;
      ++t;
    } else if (p == pattern.size() && p > 0 && path[t] == '/') {
      return true;  // a group, and what is below it
    } else if (star) {
      p = star->first + 1;
      t = ++star->second;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool TraceFilter::selects(std::string_view path) const {
  const std::vector<std::string>& patterns = selection_.tracks;
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const std::string& pattern) { return matches_track(pattern, path); });
}

void TraceFilter::declare(const TraceTrack& track) {
  ensure(track.id == known_.size(), "tracks are declared in their order");
  known_.push_back({track, track.kind != TraceTrackKind::group && (selects(track.path) || selects(track.row)),
                    false, std::nullopt});
  if (known_.back().kept) pass_on(known_.back());
}

void TraceFilter::pass_on(Known& known) {
  if (std::exchange(known.declared, true)) return;
  if (known.track.parent != no_trace_track) pass_on(known_.at(known.track.parent));
  next_.declare(known.track);
}

void TraceFilter::add(const TraceSlice& slice) {
  if (!known_.at(slice.track).kept) return;
  TraceSlice cut = slice;
  cut.start_ns = std::max(slice.start_ns, selection_.from_ns);
  if (selection_.to_ns) cut.end_ns = std::min(slice.end_ns, *selection_.to_ns);
  const bool instant = slice.start_ns == slice.end_ns;
  if (cut.start_ns < cut.end_ns || (instant && cut.start_ns == cut.end_ns)) next_.add(cut);
}

// The value that a counter enters the window with.
void TraceFilter::open_counter(TraceTrackId track) {
  const auto before = std::exchange(known_.at(track).before, std::nullopt);
  if (before) next_.count(track, selection_.from_ns, *before);
}

void TraceFilter::count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) {
  Known& known = known_.at(track);
  if (!known.kept) return;
  if (time_ns < selection_.from_ns) {
    known.before = value;
    return;
  }
  if (time_ns == selection_.from_ns) known.before.reset();
  open_counter(track);
  if (!selection_.to_ns || time_ns <= *selection_.to_ns) next_.count(track, time_ns, value);
}

void TraceFilter::close() {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (known_[i].kept) open_counter(static_cast<TraceTrackId>(i));
  }
  next_.close();
}

}  // namespace userqsim
