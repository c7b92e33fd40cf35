#include "scenarios/cli/ftrace_option.hpp"
#include "scenarios/cli/terminal.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

// The directory of the results is renamed into place as a whole; what somebody put there meanwhile goes.
const std::string& allowed(const std::string& path, const std::string& scenario, const fs::path& out) {
  if (path == "-") {
    throw InputError("--ftrace: found \"-\"; standard output carries the table, so allowed is the name of a file");
  }
  std::error_code error;
  if (fs::equivalent(path, scenario, error)) {
    throw InputError(fmt::format("--ftrace: {} is the scenario; allowed is another file", path));
  }
  const fs::path inside = fs::weakly_canonical(path, error).lexically_relative(fs::weakly_canonical(out, error));
  if (error || inside.empty() || *inside.begin() == "..") return path;
  throw InputError(
      fmt::format("--ftrace: {} lies in {}, which is replaced whole by the results; allowed is a file "
                  "elsewhere",
                  path, out.string()));
}

}  // namespace

FtraceOutput::FtraceOutput(const ExperimentOptions& options, const fs::path& out)
    : path_(allowed(options.ftrace, options.scenario, out)),
      replication_(options.first_rep),
      file_(path_, options.force) {}

void FtraceOutput::attach(Machine& machine, const Cell& cell) {
  if (cell.replication != replication_) return;
  sink_ = std::make_unique<FtraceSink>(machine.probes(), machine.layout(), cell.spec);
}

std::optional<std::string> FtraceOutput::publish(const Cell& cell, const std::optional<CellResult>& result) {
  if (!result) {
    say(fmt::format("userqsim: {} is not written: replication {} did not reach the horizon", path_, replication_));
    return std::nullopt;
  }
  sink_->print(SimTime{cell.spec->horizon}, [this](std::string_view text) { file_.write(text); });
  file_.publish();
  return fmt::format("trace of replication {}: {}", replication_, path_);
}

}  // namespace userqsim
