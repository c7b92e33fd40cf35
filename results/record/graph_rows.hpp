// Job graphs: each arrival of a stream of several jobs, with the two bounds below which no schedule can bring it.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "models/workload/facts.hpp"
#include "models/workload/layout.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

class GraphFacts {
 public:
  // `layout` outlives this. `compute_units`: of the device.
  GraphFacts(const Layout& layout, std::uint32_t compute_units) : layout_(layout), compute_units_(compute_units) {}

  void add(const JobEnded& job);
  // One row for each arrival of more than one job, in the order of arrival. Call when every job has ended or been
  // stated open.
  std::vector<GraphRow> rows() const;

 private:
  GraphRow row_of(StreamId stream, const std::vector<JobEnded>& jobs) const;

  const Layout& layout_;
  std::uint32_t compute_units_;
  std::map<std::pair<JobId, StreamId>, std::vector<JobEnded>> arrivals_;  // by first job
};

}  // namespace userqsim
