#include "scenarios/experiment/replicate.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "models/machine/wait_graph.hpp"
#include "results/record/eviction_parts.hpp"
#include "results/record/recorder.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

CellFinisher both(CellFinisher one, CellFinisher other) {
  if (!one) return other;
  if (!other) return one;
  return [one = std::move(one), other = std::move(other)](SimTime end, const RunRecord& record) {
    one(end, record);
    other(end, record);
  };
}

CellResult run_cell(const Cell& cell, std::size_t index, const PoolOptions& options) {
  const Clock::time_point start = Clock::now();
  Machine machine(cell.spec, cell.replication);
  Recorder recorder(machine.probes(), machine.layout(), cell.spec->device, options.measure_from);
  const CellFinisher finish = options.attach ? options.attach(machine, cell, index) : CellFinisher{};
  const StopReason stop = machine.run(options.max_events, options.interrupt);
  const bool whole = stop == StopReason::horizon;
  RunRecord record = recorder.finish(whole ? SimTime{cell.spec->horizon} : machine.now());
  // A run that was cut off may stand between two facts of one moment, and is not used.
  const std::string violation = whole ? verify_parts(record) : std::string{};
  ensure(violation.empty(), violation);
  Measures measures(record, options.measure_from.count(), options.batches);
  const std::chrono::duration<double> wall = Clock::now() - start;  // without what is written, maybe for others too
  if (whole && finish) finish(SimTime{cell.spec->horizon}, record);
  std::vector<SummaryRow> summary = measures.rows();  // here, where other threads do theirs at the same time
  return {.record = cell.is_base && options.keep_records ? std::move(record) : RunRecord{},
          .measures = cell.is_base ? std::optional(std::move(measures)) : std::nullopt,
          .summary = std::move(summary),
          .digest = machine.digest(),
          .events = machine.events(),
          .waits = whole ? machine.wait_graph().stories() : std::vector<std::string>{},
          .wall_seconds = wall.count(),
          .stop = stop};
}

namespace {

class Pool {
 public:
  Pool(const std::vector<Cell>& cells, const PoolOptions& options)
      : cells_(cells), options_(options), started_(Clock::now()) {
    result_.cells.resize(cells.size());
    failures_.resize(cells.size());
  }

  PoolResult run() {
    const std::size_t threads = std::clamp<std::size_t>(options_.jobs, 1, std::max<std::size_t>(cells_.size(), 1));
    running_ = threads;
    result_.threads = static_cast<unsigned>(threads);
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
      watch();
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) rethrow(i);
    result_.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    return std::move(result_);
  }

 private:
  void work() {
    while (const auto index = next()) {
      try {
        store(*index, run_cell(cells_[*index], *index, options_));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        failures_[*index] = std::current_exception();
        failed_ = true;
      }
    }
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }

  // The next cell to run. Cells begin in their order, so all before a failed one have begun and the first failure
  // is the same at any number of threads.
  std::optional<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    if (failed_ || *options_.interrupt || result_.stop != PoolStop::none || next_ == cells_.size()) {
      return std::nullopt;
    }
    return next_++;
  }

  void store(std::size_t index, CellResult result) {
    const std::lock_guard lock(mutex_);
    events_ += result.events;
    ++done_;
    // The other cells still run, each to its own limit: which ones are whole must not depend on the threads.
    if (result.stop == StopReason::event_limit) event_limited_ = true;
    if (result.stop == StopReason::horizon) result_.cells[index] = std::move(result);
  }

  // Waits for the workers; tells progress and stops them at the time-out.
  void watch() {
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds{200});
      if (*options_.interrupt && result_.stop == PoolStop::none && running_ > 0)
        result_.stop = PoolStop::interrupted;
      const Clock::duration elapsed = Clock::now() - started_;
      if (options_.timeout && elapsed > *options_.timeout && result_.stop == PoolStop::none && running_ > 0) {
        result_.stop = PoolStop::timeout;
        *options_.interrupt = true;
      }
      if (!options_.progress) continue;
      const PoolProgress now{done_, cells_.size(), events_, std::chrono::duration<double>(elapsed).count()};
      lock.unlock();
      options_.progress(now);
      lock.lock();
    }
    const bool all =
        std::all_of(result_.cells.begin(), result_.cells.end(), [](const auto& c) { return c.has_value(); });
    if (all) {
      result_.stop = PoolStop::none;
    } else if (result_.stop == PoolStop::none) {
      result_.stop = event_limited_ && !*options_.interrupt ? PoolStop::event_limit : PoolStop::interrupted;
    }
  }

  void rethrow(std::size_t index) const {
    if (!failures_[index]) return;
    try {
      std::rethrow_exception(failures_[index]);
    } catch (const InvariantError& error) {
      throw CellFailure(error.what(), cells_[index]);
    }
  }

  const std::vector<Cell>& cells_;
  const PoolOptions& options_;
  Clock::time_point started_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  PoolResult result_;
  std::vector<std::exception_ptr> failures_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::size_t done_ = 0;
  std::uint64_t events_ = 0;
  bool failed_ = false;
  bool event_limited_ = false;
};

}  // namespace

PoolResult run_cells(const std::vector<Cell>& cells, const PoolOptions& options) {
  ensure(options.interrupt != nullptr, "a pool can be interrupted");
  return Pool(cells, options).run();
}

}  // namespace userqsim
