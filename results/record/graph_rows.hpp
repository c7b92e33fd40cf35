// Job graphs: each arrival of a stream of several jobs, with the two bounds below which no schedule can bring it.
#pragma once

#include <cstdint>
#include <vector>

#include "models/workload/facts.hpp"
#include "models/workload/layout.hpp"
#include "results/record/rows.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

class GraphFacts {
 public:
  // `layout` outlives this. `compute_units`: of the device.
  GraphFacts(const Layout& layout, std::uint32_t compute_units) : layout_(layout), compute_units_(compute_units) {}

  void add(const JobEnded& job);
  // One row for each arrival of more than one job, in the order of arrival. Call once, when every job has ended or
  // been stated open.
  RowBlocks<GraphRow> take_rows();

 private:
  // An arrival some of whose jobs have ended. Its row lacks its bounds and its end.
  struct Arrival {
    GraphRow row;
    std::uint32_t ended = 0;         // jobs
    Wide compute = 0, copy = 0;      // work of those, a compute unit's and the copy engine's
    std::vector<std::int64_t> work;  // of each job, by node
  };
  struct Open {
    JobId first;
    StreamId stream;
    std::size_t place = 0;  // in arrivals_
  };

  Open& open_of(const JobEnded& job, const StreamLayout& stream);
  std::size_t begin(const JobEnded& job, const StreamLayout& stream);
  void finish(const Open& open);

  const Layout& layout_;
  std::uint32_t compute_units_;
  std::vector<Open> open_;  // by first job: few, near the end of those that have come
  std::vector<Arrival> arrivals_;
  std::vector<std::size_t> free_;  // places in arrivals_
  RowBlocks<GraphRow> rows_;       // of arrivals that have ended, in that order
  std::vector<std::int64_t> path_;
};

}  // namespace userqsim
