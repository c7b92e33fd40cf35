// Copies the machine of a running replication at the start of evictions, and lets each policy deal with the same
// eviction from the same state.
//
// A fork ends when its eviction does: when the process is restored or the eviction cut off, its workers are done
// and the request that set it off is answered. All forks of an eviction then go on to one common time, `behind`
// after the last of them ended, or to the horizon. What was under way at the copying goes on under the policy that
// began it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "results/compare/forks.hpp"
#include "scenarios/experiment/compare.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

struct ForkRequest {
  std::vector<CompareSide> sides;  // histories are those of the first
  std::size_t evictions = 20;      // of each replication; 0: all
  Duration behind{0};
  Duration measure_from{0};  // evictions that start before it are left alone
  const std::atomic<bool>* interrupt = nullptr;
};

// Which of `count` evictions, in order of start, are taken: the middle one of each of `sample` parts of one size;
// all when there are no more, or `sample` is 0.
std::vector<std::size_t> evenly_spaced(std::size_t count, std::size_t sample);

// The forks of an experiment's cells, made on the threads that run them.
class Forks {
 public:
  explicit Forks(ForkRequest request) : request_(std::move(request)) {}

  // As a CellAttach, for the base's cells; of the first side's the forks are made when the run is over.
  CellFinisher attach(Machine& machine, const Cell& cell);
  // Whether the replication's forks are whole.
  bool has(std::uint32_t replication) const { return rows_.contains(replication); }
  // Those of the replications, by policy's name, replication, start of the eviction, metric: the order of the file.
  std::vector<ForkRow> rows(const std::vector<std::uint32_t>& replications) const;

 private:
  void fork_all(const Cell& cell, const RunRecord& record, const std::vector<std::uint64_t>& events_before);

  ForkRequest request_;
  std::mutex mutex_;
  std::map<std::uint32_t, std::vector<ForkRow>> rows_;  // by replication
};

}  // namespace userqsim
