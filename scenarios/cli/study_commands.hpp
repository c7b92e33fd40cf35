// The subcommands of studies: `sweep` and `merge`, and the schema of a study file.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/report/table.hpp"

namespace userqsim {

// Adds them to the command's parser. The one that is given becomes `command`. REQUIRES: `schema` is there already.
void add_study_commands(CLI::App& app, std::function<int()>& command, const std::vector<std::string>& argv);

// How `sweep --emit` spreads a study.
struct SpreadOptions {
  std::string engine;                     // slurm, parallel, mpirun; empty: none
  std::optional<std::uint64_t> shards;    // default: as many as keep each at work for some minutes
  std::optional<std::uint64_t> at_once;   // at most so many at a time
  std::uint64_t cpus = 1;                 // of each
  std::optional<std::string> time_limit;  // of each; default: from a pilot run
};

struct SweepCommand {
  std::string study;
  std::string out;    // empty: out/<study's name>, of a shard out/<name>.shard-<i>-of-<n>
  unsigned jobs = 0;  // 0: one for each processor
  bool force = false;
  bool resume = false;
  std::string shard;  // "i/n"; empty: all
  std::uint64_t max_events = 0;
  std::optional<std::string> timeout;
  bool dry_run = false;
  SpreadOptions spread;
  std::string profiles;
  TableFormat format = TableFormat::table;
  std::vector<std::string> argv;
};
int cmd_sweep(const SweepCommand& options);

struct MergeCommand {
  std::vector<std::string> directories;
  std::string out;  // empty: out/<study's name>
  bool force = false;
  std::vector<std::string> argv;
};
int cmd_merge(const MergeCommand& options);

}  // namespace userqsim
