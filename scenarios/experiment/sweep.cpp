#include "scenarios/experiment/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "results/record/pieces.hpp"
#include "scenarios/experiment/sweep_rows.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

using Clock = std::chrono::steady_clock;

// A piece ends when it holds so much, or when so long has passed: then no more than that is lost.
constexpr std::size_t piece_runs = 64;
constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
constexpr std::chrono::seconds piece_time{5};

// The machine of a run. Runs of one point and side follow each other: the last one is kept.
class Machines {
 public:
  explicit Machines(const Study& study) : study_(study) {}

  const LoadedScenario& of(const StudyRun& run) {
    const std::pair wanted{run.point, run.side};
    if (!loaded_ || at_ != wanted) {
      loaded_ = study_.load(run.point, run.side);
      at_ = wanted;
    }
    return *loaded_;
  }

 private:
  const Study& study_;
  std::pair<std::uint64_t, std::size_t> at_;
  std::optional<LoadedScenario> loaded_;
};

Cell cell_of(const Study& study, const StudyRun& run, const LoadedScenario& loaded) {
  return {study.sides[run.side].key, run.replication, "base", loaded.machine, false};
}

PoolOptions cell_options(const LoadedScenario& loaded, const SweepOptions& options) {
  PoolOptions pool;
  pool.measure_from = loaded.scenario.measure_from;
  pool.batches = batches_of(loaded.scenario);
  pool.max_events = options.max_events;
  pool.interrupt = options.interrupt;
  return pool;
}

// Several threads on a list of runs, block by block.
class Sweep {
 public:
  Sweep(const Study& study, const std::vector<std::uint64_t>& runs, const std::filesystem::path& pieces,
        const std::string& key, const SweepOptions& options)
      : study_(study), runs_(runs), pieces_(pieces), key_(key), options_(options), started_(Clock::now()) {
    // Small enough that no thread waits long for the last one's block.
    block_ = std::clamp<std::size_t>(runs.size() / (std::size_t{8} * std::max(1U, options.jobs)), 1, piece_runs);
  }

  SweepOutcome run() {
    const std::size_t threads = std::clamp<std::size_t>(options_.jobs, 1, std::max<std::size_t>(runs_.size(), 1));
    running_ = threads;
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
      watch();
    }
    if (failure_) std::rethrow_exception(failure_);
    if (done_ == runs_.size()) outcome_.stop = PoolStop::none;
    outcome_.done = done_;
    return outcome_;
  }

 private:
  void work() {
    Machines machines(study_);
    try {
      while (const auto block = next()) run_block(machines, block->first, block->second);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }

  std::optional<std::pair<std::size_t, std::size_t>> next() {
    const std::lock_guard lock(mutex_);
    if (failure_ || *options_.interrupt || next_ == runs_.size()) return std::nullopt;
    const std::size_t first = next_;
    next_ = std::min(first + block_, runs_.size());
    return std::pair{first, next_};
  }

  void run_block(Machines& machines, std::size_t first, std::size_t last) {
    std::vector<RunRows> piece;
    std::size_t bytes = 0;
    Clock::time_point since = Clock::now();
    const auto flush = [&] {
      if (!piece.empty()) write_piece(pieces_, key_, piece);
      piece.clear();
      bytes = 0;
      since = Clock::now();
    };
    for (std::size_t i = first; i < last && !*options_.interrupt; ++i) {
      auto rows = run_one(machines, runs_[i]);
      if (!rows) break;
      bytes += rows->summary.size();
      piece.push_back(std::move(*rows));
      if (bytes >= piece_bytes || Clock::now() - since >= piece_time) flush();
    }
    flush();
  }

  // Nothing when it was interrupted.
  std::optional<RunRows> run_one(Machines& machines, std::uint64_t number) {
    const StudyRun run = study_.run_at(number);
    const LoadedScenario& loaded = machines.of(run);
    std::optional<RunRows> rows;
    std::uint64_t events = 0;
    try {
      const CellResult result = run_cell(cell_of(study_, run, loaded), 0, cell_options(loaded, options_));
      if (result.stop == StopReason::interrupted) return std::nullopt;
      events = result.events;
      rows = rows_of(study_, number, result);
    } catch (const InvariantError& error) {
      rows = rows_of_failure(study_, number, error.what());
    }
    const std::lock_guard lock(mutex_);
    ++done_;
    events_ += events;
    return rows;
  }

  // Waits for the workers; tells progress and stops them at the time-out.
  void watch() {
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds{200});
      if (*options_.interrupt && outcome_.stop == PoolStop::none) outcome_.stop = PoolStop::interrupted;
      const Clock::duration elapsed = Clock::now() - started_;
      if (options_.timeout && elapsed > *options_.timeout && outcome_.stop == PoolStop::none && running_ > 0) {
        outcome_.stop = PoolStop::timeout;
        *options_.interrupt = true;
      }
      if (!options_.progress) continue;
      const PoolProgress now{done_, runs_.size(), events_, std::chrono::duration<double>(elapsed).count()};
      lock.unlock();
      options_.progress(now);
      lock.lock();
    }
    if (done_ < runs_.size() && outcome_.stop == PoolStop::none) outcome_.stop = PoolStop::interrupted;
  }

  const Study& study_;
  const std::vector<std::uint64_t>& runs_;
  const std::filesystem::path& pieces_;
  const std::string& key_;
  const SweepOptions& options_;
  Clock::time_point started_;
  std::size_t block_ = 1;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  SweepOutcome outcome_;
  std::exception_ptr failure_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace

std::vector<std::uint64_t> missing_runs(std::uint64_t runs, const Shard& shard,
                                        const std::vector<std::vector<std::uint64_t>>& done) {
  std::vector<bool> is_done(runs, false);
  for (const auto& list : done) {
    for (const std::uint64_t run : list) {
      if (run < runs) is_done[run] = true;
    }
  }
  std::vector<std::uint64_t> missing;
  for (std::uint64_t run = shard.shard; run < runs; run += shard.shards) {
    if (!is_done[run]) missing.push_back(run);
  }
  return missing;
}

bool check_points(const Study& study, const std::vector<std::uint64_t>& runs, const SweepOptions& options) {
  std::mutex mutex;
  std::size_t next = 0;
  std::uint64_t wrong = study.runs();  // the first run whose scenario is wrong
  std::exception_ptr problem;
  const auto work = [&] {
    while (true) {
      std::uint64_t number = 0;
      {
        const std::lock_guard lock(mutex);
        if (next == runs.size() || problem || *options.interrupt) return;
        number = runs[next++];
        const StudyRun at = study.run_at(number);
        const auto same = [&](std::uint64_t other) {
          const StudyRun run = study.run_at(other);
          return run.point == at.point && run.side == at.side;
        };
        while (next < runs.size() && same(runs[next])) ++next;
      }
      try {
        const StudyRun run = study.run_at(number);
        study.load(run.point, run.side);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (number < wrong) problem = std::current_exception();
        wrong = std::min(wrong, number);
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, options.jobs); ++i) workers.emplace_back(work);
  }
  if (problem) std::rethrow_exception(problem);
  return !*options.interrupt;
}

SweepOutcome run_sweep(const Study& study, const std::vector<std::uint64_t>& runs,
                       const std::filesystem::path& pieces, const std::string& key, const SweepOptions& options) {
  ensure(options.interrupt != nullptr, "a sweep can be interrupted");
  return Sweep(study, runs, pieces, key, options).run();
}

double longest_run_seconds(const Study& study, const SweepOptions& options) {
  double longest = 0.0;
  for (const std::uint64_t point : {std::uint64_t{0}, study.points() - 1}) {
    for (std::size_t side = 0; side < study.sides.size(); ++side) {
      const LoadedScenario loaded = study.load(point, side);
      const StudyRun run{point, side, 0};
      const CellResult result = run_cell(cell_of(study, run, loaded), 0, cell_options(loaded, options));
      longest = std::max(longest, result.wall_seconds);
    }
  }
  return longest;
}

}  // namespace userqsim
