// `sweep`: a study, whole or one shard of it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <thread>

#include "results/record/file_hash.hpp"
#include "results/record/manifest.hpp"
#include "results/record/output_place.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/sweep_parts.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/prepared_files.hpp"
#include "scenarios/experiment/sweep_directory.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

Shard shard_of(const std::string& text) {
  if (text.empty()) return {};
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.shard);
  const bool cut = first == std::errc{} && slash != end && *slash == '/';
  const auto [last, second] =
      cut ? std::from_chars(slash + 1, end, shard.shards) : std::from_chars_result{end, first};
  if (!cut || second != std::errc{} || last != end || shard.shards == 0 || shard.shard >= shard.shards) {
    throw InputError(
        fmt::format("--shard: found {}; allowed: i/n, such as 0/4 to 3/4 for four shards", in_quotes(text, 80)));
  }
  return shard;
}

SweepOptions sweep_options(const SweepCommand& command) {
  SweepOptions options;
  options.jobs = command.jobs > 0 ? command.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.max_events = command.max_events;
  options.interrupt = interrupt_flag();
  if (command.timeout) options.timeout = quantity_of("--timeout", parse_duration(*command.timeout));
  return options;
}

std::string output_of(const SweepCommand& command, const Study& study, const Shard& shard) {
  if (!command.out.empty()) return command.out;
  if (command.shard.empty()) return "out/" + study.name;
  return fmt::format("out/{}.shard-{}-of-{}", study.name, shard.shard, shard.shards);
}

// The points that runs are of, each with how many.
int print_points(const Study& study, const std::vector<std::uint64_t>& runs, TableFormat format) {
  ReportTable table{{{"point", true}}, {}};
  for (const std::string& column : study.columns()) table.columns.push_back({column, true});
  table.columns.push_back({"runs", true});
  for (std::size_t i = 0; i < runs.size();) {
    const std::uint64_t point = study.run_at(runs[i]).point;
    const std::size_t first = i;
    while (i < runs.size() && study.run_at(runs[i]).point == point) ++i;
    std::vector<std::string> row{fmt::format("{}", point)};
    for (std::string& value : study.values(point)) row.push_back(std::move(value));
    row.push_back(fmt::format("{}", i - first));
    table.rows.push_back(std::move(row));
  }
  write_stdout(render(table, format));
  std::string sides;
  for (const StudySide& side : study.sides) sides += (sides.empty() ? "" : ", ") + side.key;
  say(fmt::format("userqsim: {} points x {} policies ({}) x {} replications: {} runs, {} of them here",
                  study.points(), study.sides.size(), sides, study.replications, study.runs(), runs.size()));
  return exit_status::ok;
}

// The files that are known before the first run.
void prepare(SweepDirectory& directory, const Study& study) {
  for (const char* name : prepared_files) write_prepared(study, name, directory.partial());
  directory.begin();
}

// The same, where an earlier process has written them: what was damaged since is written anew.
void mend(SweepDirectory& directory, const Study& study, const SweepRecord& record) {
  const auto tell = [&](const std::string& name) {
    say(fmt::format("userqsim: {} is damaged; it is written anew", (directory.partial() / name).string()));
  };
  for (const std::string& name : damaged_prepared(directory.partial(), record)) {
    tell(name);
    write_prepared(study, name, directory.partial());
  }
  const auto found = content_of(directory.partial() / sweep_record_file);
  FileHash expected;
  expected.add(text_of(record));
  if (found && found->xxh3_128 == expected.hexadecimal()) return;
  tell(sweep_record_file);
  directory.begin();
}

// What earlier processes have left whole; what is damaged goes, and is done again.
PieceList usable_pieces(const SweepDirectory& directory, const std::string& key) {
  PieceList pieces = list_pieces(directory.pieces(), key);
  for (const fs::path& damaged : pieces.damaged) {
    say(fmt::format("userqsim: {} is damaged; its runs are done again", damaged.string()));
    std::error_code ignored;
    fs::remove(damaged, ignored);
  }
  return pieces;
}

std::vector<std::vector<std::uint64_t>> runs_of(const PieceList& pieces) {
  std::vector<std::vector<std::uint64_t>> runs;
  for (const PieceInfo& piece : pieces.sound) runs.push_back(piece.runs);
  return runs;
}

int report_stop(const SweepOutcome& outcome, std::size_t asked, const SweepDirectory& directory) {
  const std::string kept = fmt::format("{} of {} runs were done; they are in {}, go on with --resume", outcome.done,
                                       asked, directory.partial().string());
  if (outcome.stop == PoolStop::timeout) {
    say(fmt::format("userqsim: stopped by --timeout; {}", kept));
    return exit_status::limit;
  }
  say(fmt::format("userqsim: interrupted by signal {}; {}", received_signal(), kept));
  return exit_status::signal_base + received_signal();
}

std::uint64_t failed_among(const PieceList& pieces, const std::string& key) {
  std::uint64_t failed = 0;
  for (const PieceInfo& piece : pieces.sound) {
    const std::vector<RunRows> runs = read_piece(piece.file, key);
    failed += static_cast<std::uint64_t>(
        std::count_if(runs.begin(), runs.end(), [](const RunRows& run) { return run.summary.empty(); }));
  }
  return failed;
}

int finish_shard(SweepDirectory& directory, const SweepRecord& record, const std::string& out,
                 const std::string& key) {
  const std::uint64_t failed = failed_among(list_pieces(directory.pieces(), key), key);
  directory.publish_shard();
  write_stdout(fmt::format("{}: shard {}/{} is in {}; userqsim merge puts shards together\n", record.study,
                           record.shard, record.shards, out));
  if (failed == 0) return exit_status::ok;
  say(fmt::format("userqsim: {} runs failed; runs.csv of the merged study will say which and why", failed));
  return exit_status::incomplete;
}

int run_all(const SweepCommand& command, const Study& study, const Shard& shard, SweepOptions& options) {
  const std::string started = utc_now();
  const SweepRecord record = record_of(study, shard, command.max_events);
  const std::string key = sweep_key(record);
  const std::string out = output_of(command, study, shard);
  SweepDirectory directory(out, record, {.force = command.force, .resume = command.resume});
  if (directory.complete()) {
    write_stdout(fmt::format("{}: {} holds it already, whole; nothing to do\n", study.name, out));
    return exit_status::ok;
  }
  for (const std::string& damage : directory.damage()) {
    say(fmt::format("userqsim: {}; what is lost is done again", damage));
  }
  const std::vector<std::uint64_t> runs = missing_runs(study.runs(), shard, runs_of(usable_pieces(directory, key)));
  // Where sweep.json is, its points have been checked.
  if (!directory.resumed() && !check_points(study, runs, options)) {
    return report_interrupted();
  }
  if (directory.resumed()) {
    mend(directory, study, record);
  } else {
    prepare(directory, study);
  }
  SweepOutcome outcome;
  {
    ProgressLine line;
    options.progress = [&line](const PoolProgress& progress) { line.show(progress); };
    outcome = run_sweep(study, runs, directory.pieces(), key, options);
  }
  if (outcome.stop != PoolStop::none) return report_stop(outcome, runs.size(), directory);
  if (!command.shard.empty()) return finish_shard(directory, record, out, key);
  const Assembled assembled = write_result(record, directory.partial(), list_pieces(directory.pieces(), key),
                                           directory.result(), command.argv, started);
  directory.publish_result();
  return finish_sweep(record, out, assembled);
}

}  // namespace

int cmd_sweep(const SweepCommand& command) {
  const Shard shard = shard_of(command.shard);
  SweepOptions options = sweep_options(command);
  const Study study = load_study(command.study, command.profiles);
  if (shard.shards > study.runs()) {
    throw InputError(fmt::format("--shard: {} shards of {} runs; allowed: as many shards as runs, or fewer",
                                 shard.shards, study.runs()));
  }
  if (!command.spread.engine.empty()) return emit_spread(study, command, options);
  if (command.dry_run) {
    const std::vector<std::uint64_t> runs = missing_runs(study.runs(), shard, {});
    check_points(study, runs, options);
    return print_points(study, runs, command.format);
  }
  return run_all(command, study, shard, options);
}

}  // namespace userqsim
