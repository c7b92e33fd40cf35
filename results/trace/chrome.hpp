// Writes a time line as Chrome's trace events: JSON, compressed, for viewers that do not read .pftrace. The events
// of several runs stand between chrome_head and chrome_tail, with a comma between two.
//
// Times are microseconds with three decimals, as that format wants them. A group of tracks is a "process" there, a
// track a "thread". Throws OutputError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/trace/gzip_file.hpp"
#include "results/trace/sink.hpp"

namespace userqsim {

constexpr std::string_view chrome_head = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
constexpr std::string_view chrome_tail = "\n]}\n";

class ChromeWriter final : public TraceSink {
 public:
  // No two runs of one file have the same number. `title` stands before each group's name. The file outlives the
  // writer and is not closed by it.
  ChromeWriter(GzipFile& file, std::uint32_t run, std::string title)
      : file_(file), run_(run), title_(std::move(title)) {}

  void declare(const TraceTrack& track) override;
  void add(const TraceSlice& slice) override;
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override;
  void close() override;

 private:
  struct Known {
    std::uint64_t group = 0;
    std::string name;
  };

  void begin(std::string_view phase, TraceTrackId track);
  void name_group(const TraceTrack& track);
  void flush();

  GzipFile& file_;
  std::uint32_t run_;
  std::string title_;
  std::vector<Known> known_;  // by track
  std::string buffer_;
  bool empty_ = true;
};

}  // namespace userqsim
