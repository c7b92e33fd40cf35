#include "results/trace/csv_trace.hpp"

#include <fmt/format.h>

#include <iterator>

namespace userqsim {

std::vector<std::string_view> CsvTrace::slice_columns() {
  return {"scenario", "policy", "rep", "track", "name", "start_ns", "end_ns", "detail", "flows"};
}

std::vector<std::string_view> CsvTrace::counter_columns() {
  return {"scenario", "policy", "rep", "track", "time_ns", "value"};
}

void CsvTrace::declare(const TraceTrack& track) {
  if (track.id >= paths_.size()) paths_.resize(track.id + 1);
  paths_[track.id] = track.path;
}

void CsvTrace::add(const TraceSlice& slice) {
  slices_ << key_.scenario << key_.policy << key_.replication << paths_.at(slice.track) << slice.name
          << slice.start_ns << slice.end_ns;
  text_.clear();
  for (const TraceArg& arg : slice.args) {
    if (!text_.empty()) text_ += "; ";
    std::visit([&](const auto& value) { fmt::format_to(std::back_inserter(text_), "{}={}", arg.key, value); },
               arg.value);
  }
  slices_ << text_;
  text_.clear();
  for (const TraceFlow& flow : slice.flows) {
    if (!text_.empty()) text_ += ' ';
    fmt::format_to(std::back_inserter(text_), "{}", flow.id);
  }
  slices_ << text_;
  slices_.end_row();
}

void CsvTrace::count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) {
  counters_ << key_.scenario << key_.policy << key_.replication << paths_.at(track) << time_ns << value;
  counters_.end_row();
}

}  // namespace userqsim
