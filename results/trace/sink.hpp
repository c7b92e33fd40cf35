// What a time line is made of: tracks, slices on them, counters, and flows that lead from slice to slice. A tracer
// (tracer.hpp) makes them of a run's facts, a sink writes them down in one format.
//
// PROMISES of who calls a sink: a track is declared before it is used, its parent before it; the slices of one
// track come in order and never overlap. Times are nanoseconds from the start of the run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "sim/core/ensure.hpp"

namespace userqsim {

using TraceTrackId = std::uint32_t;  // dense, from 0
constexpr TraceTrackId no_trace_track = 0xffff'ffff;

enum class TraceTrackKind : std::uint8_t { group, slices, bytes, count };

struct TraceTrack {
  TraceTrackId id = no_trace_track;
  TraceTrackId parent = no_trace_track;
  std::string name;  // below its parent
  std::string path;  // from the top: "process/game/suspend worker"
  std::string row;   // the path of the first of the tracks that stand side by side for the same, as its own
  TraceTrackKind kind = TraceTrackKind::slices;
};

// One of the slices that a flow leads through. All slices with its id belong together, in order of their starts.
struct TraceFlow {
  std::uint64_t id = 0;
  bool first = false;
};

// What else is known of a slice. Text is a view that lives until the sink returns.
struct TraceArg {
  std::string_view key;
  std::variant<std::int64_t, std::string_view> value;
};

class TraceArgs {
 public:
  void add(std::string_view key, std::int64_t value) { put({key, value}); }
  // Empty text is left out.
  void add(std::string_view key, std::string_view value) {
    if (!value.empty()) put({key, value});
  }
  const TraceArg* begin() const { return args_.data(); }
  const TraceArg* end() const { return args_.data() + count_; }
  std::size_t size() const { return count_; }

 private:
  void put(const TraceArg& arg) {
    ensure(count_ < args_.size(), "a slice has room for its arguments");
    args_[count_++] = arg;
  }

  std::array<TraceArg, 6> args_;
  std::size_t count_ = 0;
};

struct TraceSlice {
  TraceTrackId track = no_trace_track;
  std::string_view name;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;  // the same: an instant
  TraceArgs args{};
  std::span<const TraceFlow> flows{};
};

class TraceSink {
 public:
  TraceSink() = default;
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink() = default;

  virtual void declare(const TraceTrack& track) = 0;
  virtual void add(const TraceSlice& slice) = 0;
  virtual void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) = 0;
  // Call once, at the end.
  virtual void close() = 0;
};

}  // namespace userqsim
