// `run --ftrace FILE`: from the option to the file.
//
// The first replication is traced. The file appears when that one has reached the horizon, or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "results/ftrace/ftrace_sink.hpp"
#include "results/record/whole_file.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

class FtraceOutput {
 public:
  // REQUIRES: options.ftrace is not empty. `out` is the directory of the results. Throws InputError and OutputError
  // when the file cannot be written there.
  FtraceOutput(const ExperimentOptions& options, const std::filesystem::path& out);

  // Listens to the machine if its cell is the one that is traced. May be called from any thread.
  void attach(Machine& machine, const Cell& cell);
  // What to tell of the file that is now there; where the traced cell is not whole (`result` is empty) there is
  // none, and standard error says so. Call once, when the cell has run. Throws OutputError.
  std::optional<std::string> publish(const Cell& cell, const std::optional<CellResult>& result);

 private:
  std::string path_;
  std::uint32_t replication_;
  WholeFile file_;
  std::unique_ptr<FtraceSink> sink_;
};

}  // namespace userqsim
