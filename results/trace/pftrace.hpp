// Writes a time line as a Perfetto trace (.pftrace): protobuf messages TracePacket, each whole, so that the traces
// of several runs are one when their bytes stand behind each other. Names are written once and referred to by
// number.
//
// Field numbers are those that Perfetto publishes (protos/perfetto/trace); docs/traces.md lists them. Memory is
// bounded by the number of tracks and of different names. Throws OutputError.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "results/record/csv.hpp"
#include "results/trace/sink.hpp"

namespace userqsim {

class PftraceWriter final : public TraceSink {
 public:
  // `title` names the run's tracks as a whole, which are those of "process" `run` + 1; no two runs of one file have
  // the same. The file outlives the writer and is not closed by it.
  PftraceWriter(OutputFile& file, std::uint32_t run, const std::string& title);

  void declare(const TraceTrack& track) override;
  void add(const TraceSlice& slice) override;
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override;
  void close() override;

 private:
  // What stands at the beginning of each event of a track, by type.
  struct Beginnings {
    std::string begin, end, instant, count;
  };
  // A name that was used lately, and its number. Found by where its text lies, then compared.
  struct Recent {
    std::string name;
    std::uint64_t number = 0;
  };

  void write_packet();
  void write_event(std::int64_t time_ns);
  void append_argument(const TraceArg& arg);
  std::uint64_t name_number(std::string_view name);
  std::uint64_t uuid(TraceTrackId track) const { return root() + 1 + track; }
  std::uint64_t root() const { return (std::uint64_t{run_} + 1) << 32; }
  // Of arguments: what each begins with.
  struct Key {
    const char* address;
    std::string name;
    std::string written;
  };

  OutputFile& file_;
  std::uint32_t run_;
  std::string buffer_;                     // packets that are not in the file yet
  std::string packet_begins_;              // each packet with this
  std::string packet_, event_, argument_;  // under construction
  std::vector<Beginnings> tracks_;
  std::map<std::string, std::uint64_t, std::less<>> names_;
  std::array<Recent, 64> recent_;
  std::vector<Key> keys_;
};

}  // namespace userqsim
