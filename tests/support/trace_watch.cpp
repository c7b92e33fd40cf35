#include "tests/support/trace_watch.hpp"

#include <fmt/format.h>

namespace userqsim::test {
namespace {

bool one_at_a_time(const std::string& path) {
  for (const char* group : {"slot/", "mes/pipe", "lock/"}) {
    if (path.rfind(group, 0) == 0) return true;
  }
  return path.rfind("process/", 0) == 0 &&
         (path.find("/queue ") != std::string::npos || path.find("/evictions") != std::string::npos);
}

}  // namespace

void TraceWatch::declare(const TraceTrack& track) {
  if (track.id != tracks_.size()) violations_.push_back(track.path + " is declared out of order");
  if (begun_ && one_at_a_time(track.path)) violations_.push_back("two slices at once, so there is " + track.path);
  tracks_.push_back({track});
}

void TraceWatch::add(const TraceSlice& slice) {
  begun_ = true;
  Track& track = tracks_.at(slice.track);
  if (slice.start_ns < track.ends_ns || slice.end_ns < slice.start_ns || slice.name.empty()) {
    violations_.push_back(fmt::format("{} of {} from {} to {} ns, after {} ns", slice.name, track.track.path,
                                      slice.start_ns, slice.end_ns, track.ends_ns));
  }
  track.ends_ns = slice.end_ns;
  track.total_ns += slice.end_ns - slice.start_ns;
}

void TraceWatch::count(TraceTrackId id, std::int64_t time_ns, std::int64_t value) {
  Track& track = tracks_.at(id);
  if (value < 0 || time_ns < track.counted_ns) {
    violations_.push_back(
        fmt::format("{} is {} at {} ns, after {} ns", track.track.path, value, time_ns, track.counted_ns));
  }
  track.counted_ns = time_ns;
}

std::int64_t TraceWatch::total(const std::string& prefix) const {
  std::int64_t sum = 0;
  for (const Track& track : tracks_) {
    if (track.track.path.rfind(prefix, 0) == 0) sum += track.total_ns;
  }
  return sum;
}

std::vector<std::string> TraceWatch::finish(const RunRecord& record) const {
  std::vector<std::string> violations = violations_;
  if (!closed_) violations.emplace_back("a time line was not closed");
  std::int64_t in_slots = 0, busy = 0, evicted = 0;
  for (const QueueRow& row : record.queues) in_slots += row.slot_ns;
  for (const MesOpRow& row : record.mes_ops) busy += row.busy_ns;
  for (const EvictionRow& row : record.evictions) evicted += row.ended_ns - row.start_ns;
  std::int64_t evictions = 0;
  for (const std::string& name : record.process_names)
    evictions += total(fmt::format("process/{}/evictions", name));
  const auto check = [&](const char* what, std::int64_t shown, std::int64_t expected) {
    if (shown != expected) violations.push_back(fmt::format("{}: {} ns shown of {} ns", what, shown, expected));
  };
  check("slots", total("slot/"), in_slots);
  check("MES's processors", total("mes/pipe"), busy);
  check("evictions", evictions, evicted);
  return violations;
}

}  // namespace userqsim::test
