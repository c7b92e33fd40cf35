// `merge`: the shards of a sweep as one result.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include "results/record/durable.hpp"
#include "results/record/file_hash.hpp"
#include "results/record/manifest.hpp"
#include "results/record/output_place.hpp"
#include "results/record/run_directory.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/sweep_parts.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/cli/version.hpp"
#include "scenarios/experiment/prepared_files.hpp"
#include "scenarios/experiment/sweep_directory.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view how_to_mend = "sweep --resume with this shard and its --out writes it anew";

struct Shards {
  SweepRecord record;  // of the first
  std::string first;   // that one, as given
  fs::path prepared;   // a directory with the files that all of them have
  std::vector<fs::path> places;
  PieceList pieces;
  std::vector<std::string> missing;  // directories that are not there
};

// A shard that is still at work, or was cut off, has ".partial" behind its name.
fs::path place_of(const std::string& directory) {
  std::error_code error;
  const fs::path whole = normal_output_path(directory);
  if (fs::exists(whole, error)) return whole;
  return with_suffix(whole, ".partial");
}

// Nothing where its process had not begun. What it says is believed, so it has to be as the sweep wrote it, and so
// have the files that are copied from here.
std::optional<SweepRecord> checked_record(const fs::path& place, const std::string& directory) {
  std::optional<SweepRecord> record;
  try {
    record = read_sweep_record(place);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}; {}", error.what(), how_to_mend));
  }
  if (!record && place.extension() == ".partial") return std::nullopt;
  if (!record) {
    throw InputError(fmt::format("{}: holds no {}; allowed: a directory that sweep --shard wrote",
                                 printable(directory, 200), sweep_record_file));
  }
  if (const std::vector<std::string> damaged = damaged_prepared(place, *record); !damaged.empty()) {
    throw InputError(fmt::format("{}: is lost, or was changed since the sweep wrote it; {}",
                                 (place / damaged.front()).string(), how_to_mend));
  }
  return record;
}

Shards read_shards(const std::vector<std::string>& directories) {
  Shards shards;
  bool first = true;
  for (const std::string& directory : directories) {
    const fs::path place = place_of(directory);
    std::error_code error;
    if (!fs::exists(place, error)) {
      shards.missing.push_back(directory);
      continue;
    }
    const auto record = checked_record(place, directory);
    if (!record) {
      shards.missing.push_back(directory);
      continue;
    }
    shards.places.push_back(place);
    if (first) {
      shards.record = *record;
      shards.first = directory;
      shards.prepared = place;
      first = false;
    } else if (const std::string other = difference(shards.record, *record); !other.empty()) {
      throw InputError(fmt::format("{}: is of another sweep than {}: {}", printable(directory, 200),
                                   printable(shards.first, 200), other));
    }
    PieceList list = list_pieces(place / pieces_folder, sweep_key(*record));
    std::move(list.sound.begin(), list.sound.end(), std::back_inserter(shards.pieces.sound));
    std::move(list.damaged.begin(), list.damaged.end(), std::back_inserter(shards.pieces.damaged));
  }
  if (first) throw InputError(fmt::format("{}: no such directory", printable(directories.front(), 200)));
  std::stable_sort(shards.pieces.sound.begin(), shards.pieces.sound.end(),
                   [](const PieceInfo& a, const PieceInfo& b) { return a.runs.front() < b.runs.front(); });
  return shards;
}

// What is missing, by shard: that is what somebody has to run again.
int report_missing(const Shards& shards, const std::vector<std::uint64_t>& missing) {
  const SweepRecord& record = shards.record;
  say(fmt::format("userqsim: {} of {} runs are missing; nothing was written", missing.size(), record.runs));
  for (const std::string& directory : shards.missing) say(fmt::format("  {}: not there", directory));
  for (const fs::path& piece : shards.pieces.damaged) {
    say(fmt::format("  {}: damaged", piece.string()));
  }
  std::map<std::uint64_t, std::vector<std::string>> by_shard;
  for (const std::uint64_t run : missing) by_shard[run % record.shards].push_back(fmt::format("{}", run));
  for (const auto& [shard, runs] : by_shard) {
    say(fmt::format("  shard {}/{}: {} runs: {}", shard, record.shards, runs.size(), some_of(runs, 8)));
  }
  say("  sweep --resume with the shard and its --out does what is missing of it");
  return exit_status::incomplete;
}

// Replacing OUT takes along what is in it.
void refuse_to_replace_inputs(const fs::path& out, const Shards& shards) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(out, error);
  for (const fs::path& place : shards.places) {
    const fs::path inside = fs::weakly_canonical(place, error).lexically_relative(whole);
    if (inside.empty() || *inside.begin() == "..") continue;
    throw InputError(fmt::format("--out: {} {} {}, which is merged; give another --out", out.string(),
                                 inside == "." ? "is" : "holds", place.string()));
  }
}

bool same_bytes(const fs::path& a, const fs::path& b) {
  const auto one = content_of(a);
  const auto other = content_of(b);
  return one && other && one->bytes == other->bytes && one->xxh3_128 == other->xxh3_128;
}

bool same_result(const Assembled& assembled, const fs::path& fresh, const fs::path& old) {
  if (!same_bytes(fresh / "manifest.json", old / "manifest.json")) return false;
  return std::all_of(assembled.files.begin(), assembled.files.end(),
                     [&](const FileSummary& file) { return same_bytes(fresh / file.name, old / file.name); });
}

}  // namespace

int cmd_merge(const MergeCommand& command) {
  const std::string started = utc_now();
  const Shards shards = read_shards(command.directories);
  const SweepRecord& record = shards.record;
  if (record.model_version != build_info().model_version || record.tool_version != build_info().version) {
    throw InputError(fmt::format("{}: was written by version {} (model {}), and this is {} (model {})",
                                 shards.prepared.string(), record.tool_version, record.model_version,
                                 build_info().version, build_info().model_version));
  }
  std::vector<std::vector<std::uint64_t>> done;
  for (const PieceInfo& piece : shards.pieces.sound) done.push_back(piece.runs);
  const std::vector<std::uint64_t> missing = missing_runs(record.runs, {}, done);
  if (!missing.empty()) return report_missing(shards, missing);
  const std::string out = command.out.empty() ? "out/" + record.study : command.out;
  const fs::path place = normal_output_path(out);
  refuse_to_replace_inputs(place, shards);
  const bool is_taken = !is_free_output(place);
  // What is there may be this very result: merging twice is no mistake.
  if (is_taken && !command.force && !is_result_of(place, record)) {
    throw InputError(fmt::format("{} is not empty; give --force to replace it, or another --out", out));
  }
  RunDirectory directory(out, true);
  const Assembled assembled =
      write_result(record, shards.prepared, shards.pieces, directory.partial(), command.argv, started);
  if (is_taken && same_result(assembled, directory.partial(), place)) {
    write_stdout(fmt::format("{}: {} holds it already, byte for byte\n", record.study, out));
    return assembled.failed == 0 ? exit_status::ok : exit_status::incomplete;
  }
  if (is_taken && !command.force) {
    throw InputError(fmt::format("{} holds this study with other bytes; give --force to replace it", out));
  }
  sync_tree_to_disk(directory.partial());
  directory.publish();
  return finish_sweep(record, out, assembled);
}

}  // namespace userqsim
