#include "scenarios/cli/sweep_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "results/record/file_hash.hpp"
#include "results/record/manifest.hpp"
#include "results/record/output_error.hpp"
#include "results/report/table.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/cli/version.hpp"
#include "scenarios/experiment/prepared_files.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

std::string program_hash() {
  const fs::path path = program_path();
  const auto content = content_of(path);
  if (!content) throw output_error("read", path.string(), ENOENT);
  return content->xxh3_128;
}

}  // namespace

fs::path program_path() {
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) throw output_error("find this program:", "/proc/self/exe", error.value());
  return path;
}

SweepRecord record_of(const Study& study, const Shard& shard, std::uint64_t max_events) {
  SweepRecord record;
  record.study = study.name;
  record.question = study.question;
  record.file = fs::path{study.file}.filename().string();
  record.input = study.input_hash;
  record.scenario = study.base.scenario.name;
  record.device = study.base.scenario.device;
  record.kernel = study.base.scenario.kernel;
  for (const StudySide& side : study.sides) record.policies.push_back(side.key);
  record.design = study.design;
  record.seed = study.base.machine->seed;
  record.points = study.points();
  record.replications = study.replications;
  record.runs = study.runs();
  record.max_events = max_events;
  record.assumptions = study.base.assumptions;
  record.tool_version = build_info().version;
  record.model_version = build_info().model_version;
  record.program = program_hash();
  record.shard = shard.shard;
  record.shards = shard.shards;
  add_prepared_hashes(study, record);
  return record;
}

int report_interrupted() {
  say(fmt::format("userqsim: interrupted by signal {} before the first run", received_signal()));
  return exit_status::signal_base + received_signal();
}

std::string some_of(const std::vector<std::string>& words, std::size_t most) {
  const auto shown = std::min(words.size(), most);
  const std::string list =
      fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return shown == words.size() ? list : fmt::format("{} and {} more", list, words.size() - shown);
}

Assembled write_result(const SweepRecord& record, const fs::path& prepared, const PieceList& pieces,
                       const fs::path& to, const std::vector<std::string>& argv, const std::string& started_utc) {
  Assembled assembled = assemble(record, prepared, pieces, to);
  write_provenance(to / "provenance.json", {.argv = argv,
                                            .tool_version = std::string{build_info().version},
                                            .build_type = std::string{build_info().build_type},
                                            .commit = std::string{build_info().commit},
                                            .started_utc = started_utc});
  return assembled;
}

int finish_sweep(const SweepRecord& record, const std::string& out, const Assembled& assembled) {
  std::string files;
  for (const FileSummary& file : assembled.files) files += file.name + ", ";
  const std::string did =
      fmt::format("{}: {} points x {} policies ({}) x {} replications: {} runs", record.study, record.points,
                  record.policies.size(), fmt::join(record.policies, ", "), record.replications, record.runs);
  const std::string where = fmt::format("written to {}: {}manifest.json, timing.csv, provenance.json", out, files);
  write_stdout(wrap(did, page_width, 0) + wrap(where, page_width, 0));
  if (assembled.failed == 0) return exit_status::ok;
  say(fmt::format("userqsim: {} of {} runs failed; runs.csv says which and why", assembled.failed, record.runs));
  return exit_status::incomplete;
}

}  // namespace userqsim
