// Where a sweep works: OUT.partial with what the sweep is (sweep.json), the files that are known before the first
// run, and pieces/. It outlives the process, so that the sweep can be gone on with; what is complete takes OUT's
// place. Errors throw OutputError, or InputError where what is there does not fit.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "results/record/directory_lock.hpp"
#include "results/record/pieces.hpp"
#include "scenarios/load/sweep_record.hpp"

namespace userqsim {

inline constexpr const char* pieces_folder = "pieces";

class SweepDirectory {
 public:
  struct Options {
    bool force = false;   // replace what is in OUT, and begin anew
    bool resume = false;  // go on with what is in OUT.partial, if there is anything
  };

  // Takes OUT.partial, which only one process at a time may have. Refuses what another sweep has left there, what
  // this one has left there unless `resume` or `force`, and a non-empty OUT unless `force`. With `resume` an OUT
  // that holds this sweep is looked at: whole, there is nothing to do; else its sound pieces are taken over, and
  // publishing replaces it.
  SweepDirectory(const std::filesystem::path& out, const SweepRecord& record, const Options& options);
  // Leaves OUT.partial to be gone on with, if there is any work in it.
  ~SweepDirectory();
  SweepDirectory(const SweepDirectory&) = delete;
  SweepDirectory& operator=(const SweepDirectory&) = delete;

  // OUT holds this sweep, whole: there is nothing to do.
  bool complete() const { return complete_; }
  // OUT.partial holds work of an earlier process.
  bool resumed() const { return resumed_; }
  // What is lost of OUT or damaged, a line each, where OUT holds this sweep and is not whole.
  const std::vector<std::string>& damage() const { return damage_; }
  const std::filesystem::path& partial() const { return partial_; }
  std::filesystem::path pieces() const { return partial_ / pieces_folder; }

  // Writes sweep.json, after everything else that the sweep begins with: from now on it can be gone on with.
  void begin();
  // A folder in OUT.partial for the whole result, empty.
  std::filesystem::path result();
  // Puts the result in OUT's place and removes OUT.partial.
  void publish_result();
  // Puts OUT.partial itself, with its pieces, in OUT's place: of a shard.
  void publish_shard();

 private:
  void remove_finished_partial();
  void take_partial(const Options& options);
  void take_over(const PieceList& finished);

  SweepRecord record_;
  std::filesystem::path out_;
  std::filesystem::path partial_;
  std::unique_ptr<DirectoryLock> lock_;
  std::vector<std::string> damage_;
  bool force_;
  bool complete_ = false;
  bool resumed_ = false;
  bool published_ = false;
};

}  // namespace userqsim
