#include "results/calibrate/run_samples.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "results/record/csv_reader.hpp"

namespace userqsim {
namespace {

// The rows of one file of a run. `columns` are handed to `row` in their order.
template <std::size_t N>
void each_row(const std::filesystem::path& path, const std::array<std::string_view, N>& columns,
              const std::function<void(const CsvReader&, const std::array<std::size_t, N>&)>& row) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw RunProblem(fmt::format("{}: cannot be read; expected a file that run or compare wrote", path.string()));
  CsvReader csv(in);
  std::array<std::size_t, N> at{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto column = csv.column(columns[i]);
    if (!column) throw RunProblem(fmt::format("{}: line 1: the column {} is missing", path.string(), columns[i]));
    at[i] = *column;
  }
  while (csv.next()) row(csv, at);
  if (csv.damaged()) throw RunProblem(fmt::format("{}: line {}: is no whole row", path.string(), csv.line()));
}

// The times in a row, of the file that is named for errors.
class RowTimes {
 public:
  RowTimes(const std::filesystem::path& path, const CsvReader& csv, std::uint64_t& dropped)
      : path_(path), csv_(csv), dropped_(dropped) {}

  // Nothing where the field is empty, or no number: then the row is counted as dropped.
  std::optional<std::int64_t> at(std::size_t column) {
    constexpr std::int64_t longest = 315'360'000'000'000'000;  // ten years
    const auto number = csv_.number(column);
    if (!number && !csv_.at(column).empty()) drop();
    if (number && (*number < 0 || *number > longest)) {
      throw problem(fmt::format("the time {}; allowed is 0 to {} (ten years)", *number, longest));
    }
    return number;
  }

  bool is_dropped() const { return is_dropped_; }

  void drop() {
    if (!std::exchange(is_dropped_, true)) ++dropped_;
  }

  // From one to the other. REQUIRES: both are times.
  std::int64_t span(std::int64_t from, std::int64_t to) const {
    if (to < from) throw problem(fmt::format("an end at {} that is before its beginning at {}", to, from));
    return to - from;
  }

 private:
  RunProblem problem(const std::string& found) const {
    return RunProblem(fmt::format("{}: line {}: found {}", path_.string(), csv_.line(), found));
  }

  const std::filesystem::path& path_;
  const CsvReader& csv_;
  std::uint64_t& dropped_;
  bool is_dropped_ = false;
};

std::optional<TimeClass> class_of_call(const std::string& opcode) {
  for (const TimeClass each : {TimeClass::add, TimeClass::remove, TimeClass::suspend, TimeClass::resume}) {
    if (name_of(each) == opcode) return each;
  }
  return std::nullopt;
}

// Policy, replication, process and the eviction's number.
using Eviction = std::tuple<std::string, std::string, std::string, std::string>;

class RunReader {
 public:
  RunTimes read(const std::filesystem::path& directory) {
    read_transitions(directory / "transitions.csv");
    read_evictions(directory / "evictions.csv");
    read_parts(directory / "eviction_parts.csv");
    return std::move(times_);
  }

 private:
  void add(const std::string& policy, TimeClass what, std::int64_t time) {
    times_.by_policy[policy][what].push_back(time);
  }

  void read_transitions(const std::filesystem::path& path) {
    constexpr std::array<std::string_view, 9> columns{"policy",   "rep",    "process", "eviction", "op",
                                                      "mes_call", "result", "time_ns", "began_ns"};
    each_row<9>(path, columns, [&](const CsvReader& csv, const auto& at) {
      const auto what = class_of_call(csv.at(at[5]));
      if (!what) return;
      RowTimes row(path, csv, times_.dropped);
      const auto end = row.at(at[7]), began = row.at(at[8]);
      if (!end || !began) return row.drop();
      if (csv.at(at[6]) == "ok") add(csv.at(at[0]), *what, row.span(*began, *end));
      if (csv.at(at[4]) == "restore" && !csv.at(at[3]).empty()) {
        restarts_.try_emplace({csv.at(at[0]), csv.at(at[1]), csv.at(at[2]), csv.at(at[3])}, *began);
      }
    });
  }

  void read_evictions(const std::filesystem::path& path) {
    constexpr std::array<std::string_view, 6> columns{"policy",   "rep",         "process",
                                                      "eviction", "signaled_ns", "evict_latency_ns"};
    each_row<6>(path, columns, [&](const CsvReader& csv, const auto& at) {
      RowTimes row(path, csv, times_.dropped);
      const auto signaled = row.at(at[4]), latency = row.at(at[5]);
      if (row.is_dropped()) return;
      if (latency) add(csv.at(at[0]), TimeClass::evict_latency, *latency);
      const auto restart = restarts_.find({csv.at(at[0]), csv.at(at[1]), csv.at(at[2]), csv.at(at[3])});
      if (signaled && restart != restarts_.end()) {
        add(csv.at(at[0]), TimeClass::restore, row.span(*signaled, restart->second));
      }
    });
  }

  void read_parts(const std::filesystem::path& path) {
    constexpr std::array<std::string_view, 4> columns{"policy", "part", "start_ns", "end_ns"};
    each_row<4>(path, columns, [&](const CsvReader& csv, const auto& at) {
      if (csv.at(at[1]) != "suspend_start" && csv.at(at[1]) != "restore_start") return;
      RowTimes row(path, csv, times_.dropped);
      const auto start = row.at(at[2]), end = row.at(at[3]);
      if (start && end) add(csv.at(at[0]), TimeClass::worker_latency, row.span(*start, *end));
    });
  }

  RunTimes times_;
  std::map<Eviction, std::int64_t> restarts_;  // when the first helper of the restart was called
};

}  // namespace

TimesByClass times_of(const TraceSamples& samples) {
  TimesByClass times;
  const auto add = [&times](TimeClass what, const std::vector<std::int64_t>& more) {
    if (!more.empty()) times[what].insert(times[what].end(), more.begin(), more.end());
  };
  add(TimeClass::add, samples.of(Service::add).whole);
  add(TimeClass::remove, samples.of(Service::remove).whole);
  add(TimeClass::remove, samples.of(Service::remove_preempted).whole);
  add(TimeClass::suspend, samples.of(Service::suspend).whole);
  add(TimeClass::resume, samples.of(Service::resume).whole);
  add(TimeClass::worker_latency, samples.worker_latency);
  add(TimeClass::evict_latency, samples.evict_latency);
  add(TimeClass::restore, samples.restore);
  return times;
}

RunTimes read_run_times(const std::filesystem::path& directory) { return RunReader().read(directory); }

}  // namespace userqsim
