#include "scenarios/experiment/sweep_directory.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/durable.hpp"
#include "results/record/output_error.hpp"
#include "results/record/output_place.hpp"
#include "scenarios/experiment/sweep_check.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr const char* result_folder = "result";

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
  const bool is_taken = !is_free_output(out_);
  FinishedSweep finished;
  if (is_taken && !options.force) {
    if (options.resume) finished = look_at_finished(out_, record_);
    if (!finished.is_this) {
      throw OutputError(OutputFault::path,
                        fmt::format("{} is not empty; give --force to replace it, or another --out", out.string()));
    }
    if (finished.damage.empty()) {
      complete_ = true;
      remove_finished_partial();
      return;
    }
    refuse_to_replace_strangers(out_);
    damage_ = std::move(finished.damage);
    force_ = true;
  }
  if (is_taken) refuse_to_replace_ancestors(out_);
  take_partial(options);
  take_over(finished.pieces);
}

// A process that was killed between the two steps of publish_result() left it.
void SweepDirectory::remove_finished_partial() {
  std::error_code error;
  if (!fs::exists(partial_ / DirectoryLock::marker, error)) return;
  try {
    if (fs::exists(partial_ / sweep_record_file, error) && !holds_work_of(partial_, record_)) return;
  } catch (const InputError&) {
    return;  // it is another sweep's
  }
  const DirectoryLock held(partial_);
  remove_partial(partial_);
}

void SweepDirectory::take_partial(const Options& options) {
  require_left_over(partial_);
  lock_ = std::make_unique<DirectoryLock>(partial_);
  std::error_code error;
  if (!options.resume && !options.force && fs::exists(partial_ / sweep_record_file, error)) {
    throw InputError(
        fmt::format("{} holds an unfinished sweep; give --resume to go on with it, or --force to begin anew",
                    partial_.string()));
  }
  if (options.resume && holds_work_of(partial_, record_)) {
    resumed_ = true;
    remove_path(partial_ / result_folder);  // it was cut off in the middle, or its renaming was
  } else {
    remove_left_over(partial_);
  }
  fs::create_directories(pieces(), error);
  if (error) throw output_error("create", pieces().string(), error.value());
}

// OUT stays as it is until what takes its place is whole.
void SweepDirectory::take_over(const PieceList& finished) {
  for (const PieceInfo& piece : finished.sound) {
    const fs::path here = pieces() / piece.file.filename();
    std::error_code error;
    if (fs::exists(here, error)) continue;
    fs::create_hard_link(piece.file, here, error);
    if (!error) continue;
    fs::copy_file(piece.file, here, error);  // not every file system has links
    if (error) throw output_error("write", here.string(), error.value());
  }
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
  rename_durably(unfinished, partial_ / sweep_record_file);
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
  // The pieces that it is made of go: it has to be on the disk.
  sync_tree_to_disk(partial_ / result_folder);
  const fs::path old = put_in_place(partial_ / result_folder, out_, force_);
  published_ = true;
  sync_to_disk(out_.parent_path());
  remove_partial(partial_);
  remove_replaced(old);
}

void SweepDirectory::publish_shard() {
  if (!lock_->holds(partial_)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} was removed by somebody else meanwhile", partial_.string()));
  }
  sync_tree_to_disk(partial_);
  const fs::path old = put_in_place(partial_, out_, force_);
  published_ = true;
  sync_to_disk(out_.parent_path());
  remove_path(out_ / DirectoryLock::marker);
  remove_replaced(old);
}

}  // namespace userqsim
