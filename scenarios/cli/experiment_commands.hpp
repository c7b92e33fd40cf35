// The subcommands that run machines: their options as plain values, so that only main.cpp knows how they are
// parsed. Errors are thrown, as in commands.hpp; the return value is the exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/report/table.hpp"
#include "sim/search/search.hpp"

namespace userqsim {

// Exit statuses, the same for every subcommand.
namespace exit_status {
constexpr int ok = 0;
constexpr int check_failed = 1;
constexpr int bad_input = 2;
constexpr int invariant = 3;
constexpr int limit = 4;
constexpr int incomplete = 5;  // runs of a study failed, or are missing
constexpr int system = 6;
constexpr int signal_base = 128;  // plus the signal's number
}  // namespace exit_status

// What `compare` compares: policies on one kernel, or kernels, each with its native policy.
enum class Vary : std::uint8_t { policy, kernel };

struct ExperimentOptions {
  std::string scenario;               // path, name in the library, or "-"
  std::vector<std::string> policies;  // run: at most one; compare: two or more, or none for the usual two
  Vary vary = Vary::policy;           // compare
  std::vector<std::string> kernels;   // compare, when it varies them: two or more, or none for all
  std::optional<std::string> kernel;
  std::optional<std::string> device;
  std::optional<std::uint64_t> seed;
  std::uint32_t reps = 1;
  std::uint32_t first_rep = 0;
  unsigned jobs = 0;  // 0: one for each processor
  std::string out;    // empty: out/<scenario's name>
  bool force = false;
  std::vector<std::string> sets;
  std::optional<std::string> until;
  std::uint64_t max_events = 0;
  std::optional<std::string> timeout;
  bool dry_run = false;
  TableFormat format = TableFormat::table;
  bool slices = false;
  std::vector<std::string> trace;  // formats: pftrace, json
  std::optional<std::string> trace_window;
  std::vector<std::string> trace_filter;
  std::vector<std::string> equivalence;         // compare: "5%", "METRIC=5%", "METRIC=100us"
  bool fork = false;                            // compare
  std::string fork_sample = "20";               // evictions of each replication, or "all"
  std::string fork_window = "10ms";             // behind the end of the eviction
  std::optional<std::string> until_half_width;  // "5%": replications in rounds until the interval is so narrow
  std::optional<std::string> metric;            // whose; "METRIC" or "METRIC:ROLE"
  std::uint32_t max_reps = 1000;
  std::string ftrace;  // run: file of the trace; empty: none
  std::string profiles;
  std::vector<std::string> argv;
};

int cmd_run(const ExperimentOptions& options);
int cmd_compare(const ExperimentOptions& options);

struct ExploreOptions {
  SearchLimits search{10'000'000, 0};
  std::string memory = "4GiB";
};
// Explores the scenario: of the options, what makes the machine and the format count. Prints what it found.
int cmd_explore(const ExperimentOptions& options, const ExploreOptions& limits);

struct ExplainOptions {
  std::string run;       // a directory that run or compare wrote
  std::string eviction;  // "3", the row in evictions.csv, or "game/3", the process's own count; both from 0
  std::optional<std::string> policy;  // what the column `policy` says; default: the first of the run
  std::optional<std::uint32_t> rep;   // default: the first of the run
  std::vector<std::string> against;   // other policies; none: the counterpart; "all": every one
  TableFormat format = TableFormat::table;
  std::string profiles;
};
// Runs one replication of a run again and prints the story of one eviction.
int cmd_explain(const ExplainOptions& options);

}  // namespace userqsim
