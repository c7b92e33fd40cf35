// Writes a time line as the rows of slices.csv and counters.csv.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/tables.hpp"
#include "results/trace/sink.hpp"

namespace userqsim {

class CsvTrace final : public TraceSink {
 public:
  static std::vector<std::string_view> slice_columns();
  static std::vector<std::string_view> counter_columns();

  // The files outlive it and are not closed by it.
  CsvTrace(CsvWriter& slices, CsvWriter& counters, RecordKey key)
      : slices_(slices), counters_(counters), key_(std::move(key)) {}

  void declare(const TraceTrack& track) override;
  void add(const TraceSlice& slice) override;
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override;
  void close() override {}

 private:
  CsvWriter& slices_;
  CsvWriter& counters_;
  RecordKey key_;
  std::vector<std::string> paths_;  // by track
  std::string text_;
};

}  // namespace userqsim
