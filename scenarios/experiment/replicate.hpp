// Runs the cells of an experiment, (policy, replication) pairs, on several threads.
//
// PROMISES: results stand in the order of the cells and are the same at any number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/machine/machine.hpp"
#include "results/record/rows.hpp"
#include "results/record/summary.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

struct Cell {
  std::string policy;  // what the key column says: the policy's name, or a label
  std::uint32_t replication = 0;
  std::string variant;  // "base", or what was changed in the spec
  std::shared_ptr<const MachineSpec> spec;
  bool is_base = true;  // else of its result only the summary is kept
};

struct CellResult {
  RunRecord record;                  // empty rows where records are not kept, and of a variant
  std::optional<Measures> measures;  // nothing of a variant
  std::vector<SummaryRow> summary;   // what they say of this cell alone
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::vector<std::string> waits;  // at the horizon, for ever: a story each (models/machine/wait_graph.hpp)
  double wall_seconds = 0.0;
  StopReason stop = StopReason::horizon;
};

// A run that broke an invariant. what() is the invariant's message; the cell tells how to repeat it.
class CellFailure : public std::runtime_error {
 public:
  CellFailure(const std::string& message, Cell cell) : std::runtime_error(message), cell_(std::move(cell)) {}
  const Cell& cell() const { return cell_; }

 private:
  Cell cell_;
};

// Why a pool gave up before all cells were done.
enum class PoolStop : std::uint8_t { none, interrupted, timeout, event_limit };

struct PoolProgress {
  std::size_t done = 0;
  std::size_t cells = 0;
  std::uint64_t events = 0;
  double seconds = 0.0;
};

// More sinks for the cell of that number, before it runs. What it returns, if anything, is called when the run has
// reached its horizon. Both on the cell's thread.
using CellFinisher = std::function<void(SimTime end, const RunRecord& record)>;
using CellAttach = std::function<CellFinisher(Machine&, const Cell&, std::size_t index)>;
// One after the other; either may be nothing.
CellFinisher both(CellFinisher one, CellFinisher other);

struct PoolOptions {
  unsigned jobs = 1;
  Duration measure_from{0};
  bool keep_records = true;                                    // else those of no cell
  std::size_t batches = 0;                                     // windows for batch means; 0: none
  std::uint64_t max_events = 0;                                // of each cell; 0: no limit
  std::optional<std::chrono::steady_clock::duration> timeout;  // of the whole pool
  std::atomic<bool>* interrupt = nullptr;                      // becomes true: stop; the pool sets it at a time-out
  CellAttach attach;
  std::function<void(const PoolProgress&)> progress;  // called on the caller's thread, about each 200 ms
};

// In a steady state a replication is cut into 20 windows: few enough that each is long, enough for an interval.
inline std::size_t batches_of(const Scenario& scenario) {
  return scenario.analysis == Analysis::steady_state ? 20 : 0;
}

struct PoolResult {
  std::vector<std::optional<CellResult>> cells;  // nothing for a cell that did not reach the horizon
  PoolStop stop = PoolStop::none;
  double seconds = 0.0;  // of real time
  unsigned threads = 1;  // that ran them
};

// Runs one cell on the caller's thread; the number is for options.attach. Throws InvariantError.
CellResult run_cell(const Cell& cell, std::size_t index, const PoolOptions& options);

// REQUIRES: options.interrupt is not null. Throws CellFailure for the first cell, in their order, that broke an
// invariant, and what else a cell threw.
PoolResult run_cells(const std::vector<Cell>& cells, const PoolOptions& options);

}  // namespace userqsim
