#include "scenarios/experiment/sweep_directory.hpp"

#include <fmt/format.h>

#include <system_error>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/output_error.hpp"
#include "results/record/output_place.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr const char* result_folder = "result";

std::string shard_text(const SweepRecord& record) {
  return record.shards == 1 ? "the whole study" : fmt::format("shard {}/{}", record.shard, record.shards);
}

// What is in `directory` belongs to this sweep and shard, or the error says why not.
void require_same(const fs::path& directory, const SweepRecord& mine, const SweepRecord& found) {
  const std::string other = difference(mine, found);
  if (!other.empty()) {
    throw InputError(fmt::format("{} holds runs of {}; give --force to begin anew, or another --out",
                                 directory.string(), other));
  }
  if (mine.shard == found.shard && mine.shards == found.shards) return;
  throw InputError(fmt::format("{} holds runs of {}, and this is {}; give another --out", directory.string(),
                               shard_text(found), shard_text(mine)));
}

void remove_path(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw output_error("remove", path.string(), error.value());
}

// Removes OUT.partial, what it is last: killed in between, it is still known for what it was. REQUIRES: it is
// locked. Who comes as soon as the marker is gone may have the folder.
void remove_partial(const fs::path& partial) {
  std::error_code error;
  std::vector<fs::path> others;
  for (const fs::directory_entry& entry : fs::directory_iterator(partial, error)) {
    const fs::path name = entry.path().filename();
    if (name != DirectoryLock::marker && name != sweep_record_file) others.push_back(entry.path());
  }
  if (error) throw output_error("read", partial.string(), error.value());
  for (const fs::path& path : others) remove_path(path);
  remove_path(partial / sweep_record_file);
  remove_path(partial / DirectoryLock::marker);
  fs::remove(partial, error);
}

}  // namespace

SweepDirectory::SweepDirectory(const fs::path& out, const SweepRecord& record, const Options& options)
    : record_(record),
      out_(normal_output_path(out)),
      partial_(with_suffix(out_, ".partial")),
      force_(options.force) {
  if (!is_free_output(out_) && !options.force) {
    if (!out_holds_this(options)) {
      throw OutputError(OutputFault::path,
                        fmt::format("{} is not empty; give --force to replace it, or another --out", out.string()));
    }
    complete_ = true;
    remove_finished_partial();
    return;
  }
  if (!is_free_output(out_)) refuse_to_replace_ancestors(out_);
  take_partial(options);
}

// A whole sweep has a manifest with the study's inputs, a shard its sweep.json.
bool SweepDirectory::out_holds_this(const Options& options) {
  if (!options.resume) return false;
  if (const auto found = read_sweep_record(out_)) {
    require_same(out_, record_, *found);
    return true;
  }
  return record_.shards == 1 && is_result_of(out_, record_);
}

// A process that was killed between the two steps of publish_result() left it.
void SweepDirectory::remove_finished_partial() {
  std::error_code error;
  if (!fs::exists(partial_ / DirectoryLock::marker, error)) return;
  const auto left = read_sweep_record(partial_);
  if (left && !difference(record_, *left).empty()) return;
  const DirectoryLock held(partial_);
  remove_partial(partial_);
}

void SweepDirectory::take_partial(const Options& options) {
  require_left_over(partial_);
  lock_ = std::make_unique<DirectoryLock>(partial_);
  const auto found = options.force && !options.resume ? std::nullopt : read_sweep_record(partial_);
  if (found && !options.resume) {
    throw InputError(
        fmt::format("{} holds an unfinished sweep; give --resume to go on with it, or --force to begin anew",
                    partial_.string()));
  }
  if (found) {
    require_same(partial_, record_, *found);
    resumed_ = true;
    remove_path(partial_ / result_folder);  // it was cut off in the middle, or its renaming was
  } else {
    remove_left_over(partial_);
  }
  std::error_code error;
  fs::create_directories(pieces(), error);
  if (error) throw output_error("create", pieces().string(), error.value());
}

SweepDirectory::~SweepDirectory() {
  std::error_code ignored;  // nothing is left to be told to
  if (complete_ || published_ || !lock_->holds(partial_)) return;
  if (resumed_ || (fs::exists(pieces(), ignored) && !fs::is_empty(pieces(), ignored))) return;
  try {
    remove_partial(partial_);
  } catch (const OutputError&) {
    return;  // nothing is left to be told to
  }
}

void SweepDirectory::begin() {
  const fs::path unfinished = partial_ / "sweep.json.tmp";
  remove_path(unfinished);
  OutputFile file(unfinished);
  file.write(text_of(record_));
  file.close();
  std::error_code error;
  fs::rename(unfinished, partial_ / sweep_record_file, error);
  if (error) throw output_error("rename", unfinished.string(), error.value());
}

fs::path SweepDirectory::result() {
  const fs::path folder = partial_ / result_folder;
  remove_path(folder);
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) throw output_error("create", folder.string(), error.value());
  return folder;
}

void SweepDirectory::publish_result() {
  if (!lock_->holds(partial_)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} was removed by somebody else meanwhile", partial_.string()));
  }
  const fs::path old = put_in_place(partial_ / result_folder, out_, force_);
  published_ = true;
  remove_partial(partial_);
  remove_replaced(old);
}

void SweepDirectory::publish_shard() {
  if (!lock_->holds(partial_)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} was removed by somebody else meanwhile", partial_.string()));
  }
  const fs::path old = put_in_place(partial_, out_, force_);
  published_ = true;
  remove_path(out_ / DirectoryLock::marker);
  remove_replaced(old);
}

}  // namespace userqsim
