#include "results/trace/chrome.hpp"

#include <fmt/format.h>

#include <iterator>

#include "results/report/table.hpp"

namespace userqsim {
namespace {

constexpr std::size_t buffered = 1 << 16;

void append_microseconds(std::string& to, std::string_view key, std::int64_t ns) {
  fmt::format_to(std::back_inserter(to), ",\"{}\":{}.{:03}", key, ns / 1000, ns % 1000);
}

}  // namespace

// One event after another, each on a line of its own.
void ChromeWriter::begin(std::string_view phase, TraceTrackId track) {
  if (!empty_) buffer_ += ',';
  empty_ = false;
  fmt::format_to(std::back_inserter(buffer_), "\n{{\"ph\":\"{}\",\"pid\":{},\"tid\":{}", phase,
                 known_.at(track).group, track + 1);
}

void ChromeWriter::name_group(const TraceTrack& track) {
  begin("M", track.id);
  buffer_ += R"(,"name":"process_name","args":{"name":)";
  buffer_ += json_string(fmt::format("{}: {}", title_, track.path));
  buffer_ += "}}";
}

void ChromeWriter::declare(const TraceTrack& track) {
  if (track.id >= known_.size()) known_.resize(track.id + 1);
  Known& known = known_[track.id];
  known.name = track.name;
  if (track.kind == TraceTrackKind::group) {
    known.group = (std::uint64_t{run_} + 1) * 1'000'000 + track.id;
    return name_group(track);
  }
  known.group = known_.at(track.parent).group;
  if (track.kind != TraceTrackKind::slices) return;
  begin("M", track.id);
  buffer_ += R"(,"name":"thread_name","args":{"name":)";
  buffer_ += json_string(track.name);
  buffer_ += "}}";
  flush();
}

void ChromeWriter::add(const TraceSlice& slice) {
  const bool instant = slice.start_ns == slice.end_ns;
  begin(instant ? "i" : "X", slice.track);
  append_microseconds(buffer_, "ts", slice.start_ns);
  if (!instant) append_microseconds(buffer_, "dur", slice.end_ns - slice.start_ns);
  if (instant) buffer_ += ",\"s\":\"t\"";
  buffer_ += ",\"name\":";
  buffer_ += json_string(slice.name);
  if (slice.args.size() > 0) buffer_ += ",\"args\":{";
  for (const TraceArg& arg : slice.args) {
    if (&arg != slice.args.begin()) buffer_ += ',';
    buffer_ += json_string(arg.key);
    buffer_ += ':';
    if (const auto* whole = std::get_if<std::int64_t>(&arg.value)) {
      fmt::format_to(std::back_inserter(buffer_), "{}", *whole);
    } else {
      buffer_ += json_string(std::get<std::string_view>(arg.value));
    }
  }
  buffer_ += slice.args.size() > 0 ? "}}" : "}";
  for (const TraceFlow& flow : slice.flows) {
    begin(flow.first ? "s" : "t", slice.track);
    append_microseconds(buffer_, "ts", slice.start_ns);
    fmt::format_to(std::back_inserter(buffer_), R"(,"cat":"eviction","name":"eviction","id":"{}.{}"}})", run_,
                   flow.id);
  }
  flush();
}

void ChromeWriter::count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) {
  begin("C", track);
  append_microseconds(buffer_, "ts", time_ns);
  buffer_ += ",\"name\":";
  buffer_ += json_string(known_.at(track).name);
  fmt::format_to(std::back_inserter(buffer_), ",\"args\":{{\"value\":{}}}}}", value);
  flush();
}

void ChromeWriter::flush() {
  if (buffer_.size() < buffered) return;
  file_.write(buffer_);
  buffer_.clear();
}

void ChromeWriter::close() {
  file_.write(buffer_);
  buffer_.clear();
}

}  // namespace userqsim
