// The same times out of a run's directory as a trace tells, for a comparison of the two.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "results/calibrate/trace_samples.hpp"

namespace userqsim {

// What a recording and a run can be compared in.
enum class TimeClass : std::uint8_t { add, remove, suspend, resume, worker_latency, evict_latency, restore };
template <>
struct EnumNames<TimeClass> {
  static constexpr std::array entries{std::pair{TimeClass::add, std::string_view{"ADD_QUEUE"}},
                                      std::pair{TimeClass::remove, std::string_view{"REMOVE_QUEUE"}},
                                      std::pair{TimeClass::suspend, std::string_view{"SUSPEND"}},
                                      std::pair{TimeClass::resume, std::string_view{"RESUME"}},
                                      std::pair{TimeClass::worker_latency, std::string_view{"worker_latency"}},
                                      std::pair{TimeClass::evict_latency, std::string_view{"evict_latency"}},
                                      std::pair{TimeClass::restore, std::string_view{"restore"}}};
};

// ns, by class. Calls are whole: with the wait for the MES mutex.
using TimesByClass = std::map<TimeClass, std::vector<std::int64_t>>;

TimesByClass times_of(const TraceSamples& samples);

// A directory, or a file in it, is not what `run` or `compare` writes. what() says which, and what is wrong.
class RunProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RunTimes {
  std::map<std::string, TimesByClass> by_policy;
  std::uint64_t dropped = 0;  // rows that ought to hold a time and hold something else
};

// Out of transitions.csv, evictions.csv and eviction_parts.csv, all replications together. Throws RunProblem, also
// where a time is not between 0 and ten years, or a row's end is before its beginning.
RunTimes read_run_times(const std::filesystem::path& directory);

}  // namespace userqsim
