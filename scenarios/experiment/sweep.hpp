// Runs a study: its points checked, its runs spread over threads, what they leave written piece by piece. Nothing
// but the piece at hand is held in memory.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/experiment/replicate.hpp"
#include "scenarios/load/study.hpp"

namespace userqsim {

struct SweepOptions {
  unsigned jobs = 1;
  std::uint64_t max_events = 0;                                // of each run; 0: no limit
  std::optional<std::chrono::steady_clock::duration> timeout;  // of all
  std::atomic<bool>* interrupt = nullptr;                      // becomes true: stop
  std::function<void(const PoolProgress&)> progress;           // about each 200 ms, on the caller's thread
};

// The runs of a shard: those whose number leaves `shard` when it is divided by `shards`.
struct Shard {
  std::uint64_t shard = 0;
  std::uint64_t shards = 1;
};

// The runs of the shard that are in none of the lists (`done`), ascending.
std::vector<std::uint64_t> missing_runs(std::uint64_t runs, const Shard& shard,
                                        const std::vector<std::vector<std::uint64_t>>& done);

// Loads and checks the scenario of every point that the runs are of, under every side that they are of. Throws the
// InputError of the first that is wrong, by number. False when it was interrupted.
bool check_points(const Study& study, const std::vector<std::uint64_t>& runs, const SweepOptions& options);

struct SweepOutcome {
  std::uint64_t done = 0;
  PoolStop stop = PoolStop::none;
};

// Runs `runs` and writes pieces of them into the folder. A run that breaks an invariant is a row; everything else
// that is thrown ends the sweep, when the pieces at hand are written. REQUIRES: options.interrupt is not null.
SweepOutcome run_sweep(const Study& study, const std::vector<std::uint64_t>& runs,
                       const std::filesystem::path& pieces, const std::string& key, const SweepOptions& options);

// The longest time that one run took of the first and the last point, one replication under each side: a pilot.
double longest_run_seconds(const Study& study, const SweepOptions& options);

}  // namespace userqsim
