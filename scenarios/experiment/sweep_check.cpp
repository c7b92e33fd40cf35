#include "scenarios/experiment/sweep_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include "results/record/directory_lock.hpp"
#include "results/record/file_hash.hpp"
#include "results/record/output_error.hpp"
#include "results/record/output_place.hpp"
#include "scenarios/experiment/prepared_files.hpp"
#include "scenarios/experiment/sweep.hpp"
#include "scenarios/experiment/sweep_directory.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr std::array result_files{resolved_study_file, resolved_scenario_file, points_file,
                                  "runs.csv",          "summary.csv",          "estimates.csv"};

std::string shard_text(const SweepRecord& record) {
  return record.shards == 1 ? "the whole study" : fmt::format("shard {}/{}", record.shard, record.shards);
}

// What is in `directory` belongs to this sweep and shard, or the error says why not.
void require_same(const fs::path& directory, const SweepRecord& mine, const SweepRecord& found) {
  const std::string other = difference(mine, found);
  if (!other.empty()) {
    throw InputError(fmt::format("{} holds runs of another sweep: {}; give --force to begin anew, or another --out",
                                 directory.string(), other));
  }
  if (mine.shard == found.shard && mine.shards == found.shards) return;
  throw InputError(fmt::format("{} holds runs of {}, and this is {}; give another --out", directory.string(),
                               shard_text(found), shard_text(mine)));
}

// A record, or why it cannot be read; neither where there is none.
struct FoundRecord {
  std::optional<SweepRecord> record;
  std::string fault;
};

FoundRecord find_record(const fs::path& directory) {
  try {
    return {read_sweep_record(directory), {}};
  } catch (const InputError& error) {
    return {std::nullopt, error.what()};
  }
}

std::string lost_or_damaged(const fs::path& path) {
  std::error_code error;
  return fmt::format("{} is {}", path.string(), fs::exists(path, error) ? "damaged" : "lost");
}

FinishedSweep look_at_shard(const fs::path& out, const SweepRecord& record) {
  FinishedSweep finished;
  const FoundRecord found = find_record(out);
  if (found.record) require_same(out, record, *found.record);
  finished.pieces = list_pieces(out / pieces_folder, sweep_key(record));
  finished.is_this = found.record || !finished.pieces.sound.empty();
  if (!finished.is_this) return finished;
  if (!found.record) finished.damage.push_back(lost_or_damaged(out / sweep_record_file));
  for (const std::string& name : damaged_prepared(out, record)) {
    finished.damage.push_back(lost_or_damaged(out / name));
  }
  for (const fs::path& piece : finished.pieces.damaged) finished.damage.push_back(lost_or_damaged(piece));
  std::vector<std::vector<std::uint64_t>> done;
  for (const PieceInfo& piece : finished.pieces.sound) done.push_back(piece.runs);
  const std::size_t missing = missing_runs(record.runs, {record.shard, record.shards}, done).size();
  if (missing > 0)
    finished.damage.push_back(fmt::format("{} of {} {} lost",
                                          missing == 1 ? "1 run" : fmt::format("{} runs", missing), out.string(),
                                          missing == 1 ? "is" : "are"));
  return finished;
}

FinishedSweep look_at_result(const fs::path& out, const SweepRecord& record) {
  FinishedSweep finished;
  const auto study = content_of(out / resolved_study_file);
  const auto scenario = content_of(out / resolved_scenario_file);
  // Where the manifest is lost, these two say what it is.
  finished.is_this = is_result_of(out, record) || (study && study->xxh3_128 == record.study_hash && scenario &&
                                                   scenario->xxh3_128 == record.scenario_hash);
  if (!finished.is_this) return finished;
  const auto manifest = read_sweep_manifest(out, record);
  if (!manifest) {
    finished.damage.push_back(lost_or_damaged(out / "manifest.json"));
    return finished;
  }
  for (const char* name : result_files) {
    const auto listed = std::find_if(manifest->files.begin(), manifest->files.end(),
                                     [name](const FileSummary& file) { return file.name == name; });
    const auto found = content_of(out / name);
    const bool whole = listed != manifest->files.end() && found && found->bytes == listed->bytes &&
                       found->xxh3_128 == listed->xxh3_128;
    if (!whole) finished.damage.push_back(lost_or_damaged(out / name));
  }
  return finished;
}

}  // namespace

bool holds_work_of(const fs::path& partial, const SweepRecord& record) {
  const FoundRecord found = find_record(partial);
  if (found.record) {
    require_same(partial, record, *found.record);
    return true;
  }
  const PieceList pieces = list_pieces(partial / pieces_folder, sweep_key(record));
  if (!pieces.sound.empty()) return true;
  if (!found.fault.empty() && !pieces.damaged.empty()) {
    throw InputError(fmt::format("{}; give --force to begin anew, or another --out", found.fault));
  }
  return false;
}

FinishedSweep look_at_finished(const fs::path& out, const SweepRecord& record) {
  std::error_code error;
  const bool is_shard = fs::exists(out / sweep_record_file, error) || fs::exists(out / pieces_folder, error);
  if (is_shard) return look_at_shard(out, record);
  return record.shards == 1 ? look_at_result(out, record) : FinishedSweep{};
}

void refuse_to_replace_strangers(const fs::path& out) {
  const std::array others{"manifest.json",   "provenance.json", "timing.csv",
                          sweep_record_file, pieces_folder,     DirectoryLock::marker};
  const auto ours = [&](const fs::path& name) {
    const auto is = [&](const char* other) { return name == other; };
    return std::any_of(result_files.begin(), result_files.end(), is) ||
           std::any_of(others.begin(), others.end(), is);
  };
  std::error_code error;
  for (fs::directory_iterator entry(out, error); !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    if (ours(entry->path().filename())) continue;
    throw OutputError(OutputFault::path,
                      fmt::format("{} is damaged, and {} in it is not the sweep's; move that away first, or give "
                                  "--force to lose it",
                                  out.string(), entry->path().filename().string()));
  }
  if (error) throw output_error("read", out.string(), error.value());
}

}  // namespace userqsim
