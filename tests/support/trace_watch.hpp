// Watches a time line while it is made: what a sink is promised (results/trace/sink.hpp), and that what only one
// can have at a time, a slot, a pipe, a lock, never needs a second track.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/record/rows.hpp"
#include "results/trace/sink.hpp"

namespace userqsim::test {

class TraceWatch final : public TraceSink {
 public:
  void declare(const TraceTrack& track) override;
  void add(const TraceSlice& slice) override;
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override;
  void close() override { closed_ = true; }

  // What was wrong, and where the sums over tracks are not those of the record.
  std::vector<std::string> finish(const RunRecord& record) const;

 private:
  struct Track {
    TraceTrack track;
    std::int64_t ends_ns = 0;
    std::int64_t total_ns = 0;
    std::int64_t counted_ns = 0;
  };

  std::int64_t total(const std::string& prefix) const;

  std::vector<Track> tracks_;
  bool begun_ = false;  // slices have come: who is declared now is a further track of a row
  bool closed_ = false;
  std::vector<std::string> violations_;
};

}  // namespace userqsim::test
