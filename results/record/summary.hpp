// The statistics of one replication, and of several pooled.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "results/record/rows.hpp"
#include "sim/stats/statistics.hpp"

namespace userqsim {

struct MetricInfo;

// What one replication measured: an entry for each metric and role of the catalogue, in its order.
class Measures {
 public:
  // Evictions, jobs and requests that begin before `measure_from_ns` are left out. With `batches` the time from
  // there on is cut into so many windows of one length, and a mean's interval is that of batch means.
  Measures(const RunRecord& record, std::int64_t measure_from_ns, std::size_t batches = 0);

  // The rows of several replications as one: a mean's interval is then over replications. Of one alone they are its
  // own. So many threads share the metrics, which changes nothing in the rows. REQUIRES: there are a replication
  // and a thread, and all are measured from the same time with as many batches.
  static std::vector<SummaryRow> pooled_rows(std::vector<Measures> all, unsigned threads);
  // One row a statistic, with its 95 % interval where there is one. A statistic that does not exist (a mean of
  // nothing, p99 of less than 200 complete observations, a quantile that may fall among the censored) has no value,
  // but has its row.
  std::vector<SummaryRow> rows();

 private:
  struct Entry {
    Samples samples;                // MetricKind::sample
    std::int64_t total = 0;         // cost, count, and a share's part
    std::int64_t denominator = 0;   // a cost's evictions, a share's whole
    std::vector<Cluster> clusters;  // what makes up the mean: the windows of a replication, or the replications

    Cluster whole() const;
  };

  struct ByRole;

  static std::vector<std::size_t> by_observations(const std::vector<Measures>& all);
  static Entry pooled(std::vector<Measures>& all, std::size_t index);
  Entry& entry(std::string_view metric, std::string_view role);
  // A complete observation, or one cut off when it had lasted `so_far`, of what began at `begin`.
  void observe(Entry& entry, std::int64_t begin, const OptionalNs& value, std::int64_t so_far) const;
  void add_to_batch(Entry& entry, std::int64_t begin, std::int64_t value) const;
  void add_rows(std::vector<SummaryRow>& rows, Entry& entry, const MetricInfo& metric, std::string_view role) const;
  void measure_evictions(const RunRecord& record, std::int64_t from);
  void measure_requests(const RunRecord& record, std::int64_t from);
  void measure_jobs(const RunRecord& record, std::int64_t from);
  void measure_device(const RunRecord& record, std::int64_t from);

  std::vector<Entry> entries_;
  std::int64_t from_ns_;
  std::int64_t end_ns_;
  std::size_t batches_;
  bool pooled_ = false;  // of several replications
};

}  // namespace userqsim
