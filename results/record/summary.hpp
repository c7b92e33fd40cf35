// The statistics of one replication, and of several pooled.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "results/record/rows.hpp"
#include "sim/stats/statistics.hpp"

namespace userqsim {

// What one replication measured: an entry for each metric and role of the catalogue, in its order.
class Measures {
 public:
  // Evictions, jobs and requests that begin before `measure_from_ns` are left out.
  Measures(const RunRecord& record, std::int64_t measure_from_ns);

  // Adds another replication's observations.
  void merge(const Measures& other);
  // One row a statistic. A statistic that does not exist (a mean of nothing, p99 of less than 200 complete
  // observations, a quantile that may fall among the censored) has no value, but has its row.
  std::vector<SummaryRow> rows();

 private:
  struct Entry {
    Samples samples;               // MetricKind::sample
    std::int64_t total = 0;        // cost, count, and a share's part
    std::int64_t denominator = 0;  // a cost's evictions, a share's whole
  };

  Entry& entry(std::string_view metric, std::string_view role);
  void measure_evictions(const RunRecord& record, std::int64_t from);
  void measure_requests(const RunRecord& record, std::int64_t from);
  void measure_jobs(const RunRecord& record, std::int64_t from);
  void measure_device(const RunRecord& record, std::int64_t from);

  std::vector<Entry> entries_;
};

}  // namespace userqsim
