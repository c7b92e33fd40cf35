// The options --slices, --trace, --trace-window and --trace-filter, and the time lines that they ask for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/trace/trace_files.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/experiment/replicate.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// What is to be traced, checked against the scenario's tracks. Throws InputError.
struct TraceRequest {
  TraceFormats formats;
  TraceSelection selection;
};
TraceRequest trace_request(const ExperimentOptions& options, const LoadedScenario& loaded);

// The time lines of an experiment's cells. Of the cells that keep their record all are in slices.csv, and the first
// replication of each policy in what viewers read.
class ExperimentTraces {
 public:
  // The cells outlive it; `directory` is there.
  ExperimentTraces(const TraceRequest& request, const std::vector<Cell>& cells, const std::string& scenario,
                   const std::filesystem::path& directory);

  // As a CellAttach.
  CellFinisher attach(Machine& machine, const Cell& cell, std::size_t index);
  // Writes the files of these cells.
  std::vector<FileSummary> join(const std::vector<std::size_t>& whole);

 private:
  std::string scenario_;
  TraceFiles files_;
  std::vector<std::uint32_t> runs_;  // by cell
};

}  // namespace userqsim
