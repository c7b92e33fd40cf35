// `calibrate`: from traces of a machine to a cost profile, and beside a run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <system_error>

#include "results/calibrate/cost_findings.hpp"
#include "results/calibrate/run_samples.hpp"
#include "results/calibrate/trace_input.hpp"
#include "results/record/whole_file.hpp"
#include "scenarios/cli/calibrate_report.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/cost_file.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/profile_store.hpp"

namespace userqsim {
namespace {

// The files, all open, so that a name that is wrong is told before anything is read.
class Traces {
 public:
  explicit Traces(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) open(path);
  }

  std::vector<std::istream*> streams;
  std::vector<std::string> names;

 private:
  void open(const std::string& path) {
    if (path == "-") {
      for (const std::string& name : names) {
        if (name == "standard input")
          throw InputError("calibrate: - is named twice; standard input can be read once");
      }
      streams.push_back(&std::cin);
      names.emplace_back("standard input");
      return;
    }
    const std::string file = printable(path, 200);
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) throw InputError(file + ": is a directory, not a file");
    errno = 0;
    files_.push_back(std::make_unique<std::ifstream>(path, std::ios::binary));
    if (!*files_.back()) {
      const std::error_code reason(errno == 0 ? EIO : errno, std::generic_category());
      throw InputError(fmt::format("{}: cannot be read: {}", file, reason.message()));
    }
    streams.push_back(files_.back().get());
    names.push_back(std::filesystem::path(path).filename().string());
  }

  std::vector<std::unique_ptr<std::ifstream>> files_;
};

// A file of a profile's name in the working directory does not take that profile's place.
bool is_path(const std::string& base) { return base.find('/') != std::string::npos || base.ends_with(".json"); }

struct Given {
  CalibrationBase base;
  TracedDriver driver;
};

Given given_by(const CalibrateOptions& options) {
  const ProfileStore profiles(options.profiles);
  const ProfileFile costs = is_path(options.base)
                                ? profiles.read_costs_file(options.base)
                                : profiles.find_costs(options.base, Place{"calibrate --base", {}});
  const KernelSpec kernel = read_kernel(profiles.find("kernels", options.kernel, Place{"calibrate --kernel", {}}));
  const bool sees_suspend_end = kernel.suspend_fence_wait && !kernel.suspend_overlap;
  return {{costs.name, read_costs(costs), kernel.name, kernel.api_poll, kernel.suspend_poll, sees_suspend_end,
           options.idle},
          {sees_suspend_end, kernel.mes_timeout.count()}};
}

// Begun before anything is read, so that a name that is wrong is told at once.
std::unique_ptr<WholeFile> output_of(const CalibrateOptions& options) {
  if (options.output.empty()) return nullptr;
  if (options.output == "-") {
    throw InputError(
        "calibrate -o: found \"-\"; standard output carries the table, so allowed is the name of a file");
  }
  for (const std::string& trace : options.traces) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(options.output, trace == "-" ? "/dev/stdin" : trace, ignored)) continue;
    throw InputError(fmt::format("calibrate -o: {} is the trace {}; give the name of another file",
                                 printable(options.output, 200), printable(trace, 200)));
  }
  return std::make_unique<WholeFile>(options.output, options.force);
}

ReportTable times_beside(const std::string& directory, const TraceSamples& samples) {
  if (directory.empty()) return {};
  try {
    const RunTimes run = read_run_times(directory);
    if (run.dropped > 0) {
      say(fmt::format("userqsim: warning: {}: {} rows are left out: a time in them is no number",
                      printable(directory, 200), run.dropped));
    }
    return time_table(times_of(samples), run.by_policy);
  } catch (const RunProblem& problem) {
    throw InputError(problem.what());
  }
}

void warn(const TraceSamples& samples, const LineCounts& lines, const Calibration& calibration) {
  if (lines.of(LineFate::lost_events) > 0) {
    say(fmt::format("userqsim: warning: events were lost in {} places; calls across them are left out",
                    lines.of(LineFate::lost_events)));
  }
  if (samples.mes_timeouts > 0) {
    say(fmt::format("userqsim: warning: MES failed to respond {} times", samples.mes_timeouts));
  }
  for (const CostFinding& finding : calibration.findings) {
    if (!finding.warning.empty()) say(fmt::format("userqsim: warning: {}: {}", finding.cost, finding.warning));
  }
}

// " (2 unparsable, 1 comment)": what became of the lines.
std::string fates_of(const LineCounts& lines) {
  std::string text;
  for (const auto& [fate, name] : EnumNames<LineFate>::entries) {
    if (lines.of(fate) > 0) text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", lines.of(fate), name);
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

int cmd_calibrate(const CalibrateOptions& options) {
  const auto [base, driver] = given_by(options);
  const Traces traces(options.traces);
  const std::unique_ptr<WholeFile> output = output_of(options);
  TraceSamples samples;
  LineCounts lines;
  const Recordings recordings = options.together ? Recordings::together : Recordings::separate;
  read_traces(traces.streams, recordings, driver, samples, lines, [] { return received_signal() == 0; });
  if (received_signal() != 0) {
    say(fmt::format("userqsim: interrupted by signal {}", received_signal()));
    return exit_status::signal_base + received_signal();
  }
  for (std::size_t i = 0; i < traces.streams.size(); ++i) {
    if (traces.streams[i]->bad()) throw InputError(traces.names[i] + ": cannot be read to its end");
  }
  const std::string names = fmt::format("{}", fmt::join(traces.names, ", "));
  if (!samples.any()) {
    throw InputError(
        fmt::format("{}: no sample of a cost in {} lines{}; expected text of ftrace or trace-cmd report with "
                    "amdgpu_userq, workqueue or dma_fence events",
                    printable(names, 200), lines.total(), fates_of(lines)));
  }
  const Calibration calibration = calibrate(samples, base, names);
  const ReportTable times = times_beside(options.compare, samples);
  if (output) {
    output->write(cost_file_text(calibration, samples, lines, base, traces.names));
    output->publish();
  }
  warn(samples, lines, calibration);
  write_stdout(calibrate_report(calibration, samples, lines, times, options.format));
  return exit_status::ok;
}

}  // namespace userqsim
