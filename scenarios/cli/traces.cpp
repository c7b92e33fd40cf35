#include "scenarios/cli/traces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "models/workload/layout.hpp"
#include "results/trace/tracer.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

constexpr std::uint32_t untraced = 0xffff'ffff;

std::string no_trace(std::string_view option) {
  return fmt::format("{}: there is no trace without --trace or --slices", option);
}

std::int64_t time_option(const std::string& text) {
  return quantity_of("--trace-window", parse_duration(text)).count();
}

// "8s..8.1s"; either side may be missing.
void set_window(const std::string& text, Duration horizon, TraceSelection& selection) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos || text.size() == 2) {
    throw InputError(fmt::format("--trace-window: found '{}', expected FROM..TO, such as 8s..8.1s or 8s..", text));
  }
  if (dots > 0) selection.from_ns = time_option(text.substr(0, dots));
  if (dots + 2 < text.size()) selection.to_ns = time_option(text.substr(dots + 2));
  if (selection.from_ns < 0 || (selection.to_ns && *selection.to_ns <= selection.from_ns)) {
    throw InputError(
        fmt::format("--trace-window: {} must end later than it begins, and begin at 0 or later", text));
  }
  if (Duration{selection.from_ns} >= horizon) {
    throw InputError(
        fmt::format("--trace-window: {} begins when the run is over, at {}", text, format_duration(horizon)));
  }
}

void check_patterns(const std::vector<std::string>& patterns, const LoadedScenario& loaded) {
  if (patterns.empty()) return;
  const Layout layout = make_layout(loaded.machine->processes);
  const std::vector<std::string> paths = trace_paths(layout, loaded.machine->device);
  for (const std::string& pattern : patterns) {
    // Who overlaps goes to a track that is declared only then: "mes/packets #2".
    const std::string row = pattern.substr(0, pattern.rfind(" #"));
    const bool any = std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return matches_track(pattern, path) || matches_track(row, path);
    });
    if (any) continue;
    std::vector<std::string> tops;
    for (const std::string& path : paths) {
      if (path.find('/') == std::string::npos) tops.push_back(path);
    }
    throw InputError(fmt::format("--trace-filter: no track is named '{}'; tracks stand in {}, such as '{}'",
                                 pattern, fmt::join(tops, ", "), paths.back()));
  }
}

}  // namespace

TraceRequest trace_request(const ExperimentOptions& options, const LoadedScenario& loaded) {
  TraceRequest request;
  request.formats.csv = options.slices;
  for (const std::string& format : options.trace) {
    if (format != "pftrace" && format != "json") {
      throw InputError(fmt::format("--trace: there is no format '{}'; there are pftrace and json", format));
    }
    request.formats.pftrace = request.formats.pftrace || format == "pftrace";
    request.formats.chrome = request.formats.chrome || format == "json";
  }
  if (!request.formats.any() && options.trace_window) throw InputError(no_trace("--trace-window"));
  if (!request.formats.any() && !options.trace_filter.empty()) throw InputError(no_trace("--trace-filter"));
  if (options.trace_window) set_window(*options.trace_window, loaded.machine->horizon, request.selection);
  request.selection.tracks = options.trace_filter;
  check_patterns(options.trace_filter, loaded);
  return request;
}

ExperimentTraces::ExperimentTraces(const TraceRequest& request, const std::vector<Cell>& cells,
                                   const std::string& scenario, const std::filesystem::path& directory)
    : scenario_(scenario), files_(directory, request.formats, request.selection) {
  std::set<std::string> seen;  // policies whose first replication has come
  for (const Cell& cell : cells) {
    const bool traced = cell.is_base && request.formats.any();
    runs_.push_back(traced ? files_.expect(seen.insert(cell.policy).second) : untraced);
  }
}

CellFinisher ExperimentTraces::attach(Machine& machine, const Cell& cell, std::size_t index) {
  const std::uint32_t run = runs_.at(index);
  if (run == untraced) return {};
  const std::shared_ptr<RunTrace> trace = files_.begin(run, machine, {scenario_, cell.policy, cell.replication});
  if (!trace) return {};
  return [this, run, trace](SimTime end, const RunRecord& record) {
    trace->finish(end, record);
    files_.end(run, *trace);
  };
}

std::vector<FileSummary> ExperimentTraces::join(const std::vector<std::size_t>& whole) {
  std::vector<std::uint32_t> runs;
  for (const std::size_t cell : whole) {
    if (runs_.at(cell) != untraced) runs.push_back(runs_[cell]);
  }
  return files_.join(runs);
}

}  // namespace userqsim
