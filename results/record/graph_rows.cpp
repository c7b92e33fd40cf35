#include "results/record/graph_rows.hpp"

#include <algorithm>

#include "sim/core/wide.hpp"

namespace userqsim {

void GraphFacts::add(const JobEnded& job) {
  if (layout_.streams[job.stream.index()].nodes.size() > 1) arrivals_[{job.first, job.stream}].push_back(job);
}

std::vector<GraphRow> GraphFacts::rows() const {
  std::vector<GraphRow> rows;
  rows.reserve(arrivals_.size());
  for (const auto& [key, jobs] : arrivals_) rows.push_back(row_of(key.second, jobs));
  return rows;
}

// The critical path is the longest chain of jobs that wait for one another, each at full speed. The work bound is
// the time in which the compute units could do all the work that is theirs, or the copy engine its own, if nothing
// waited for anything.
GraphRow GraphFacts::row_of(StreamId stream_id, const std::vector<JobEnded>& jobs) const {
  const StreamLayout& stream = layout_.streams[stream_id.index()];
  GraphRow row;
  row.process = stream.process.value;
  row.queue = stream.queue.value;
  row.first_job = jobs.front().first.value;
  row.jobs = static_cast<std::uint32_t>(stream.nodes.size());
  row.submitted_ns = jobs.front().submitted.time_since_epoch().count();
  row.outcome = name_of(JobOutcome::finished);
  std::vector<std::int64_t> work(stream.nodes.size(), 0);
  Wide compute = 0;
  Wide copy = 0;
  for (const JobEnded& job : jobs) {
    work[job.node] = job.work.count();
    const bool copies = layout_.queue(job.queue).type == QueueType::sdma;
    (copies ? copy : compute) += Wide{job.work.count()} * (copies ? 1 : stream.spec->graph[job.node].width);
    row.observed_until_ns = std::max(row.observed_until_ns, job.time.time_since_epoch().count());
    if (job.outcome != JobOutcome::finished) row.outcome = name_of(job.outcome);
  }
  std::vector<std::int64_t> path(stream.nodes.size(), 0);  // to the node's end
  for (const std::uint32_t node : stream.order) {
    for (const std::uint32_t before : stream.nodes[node].after) path[node] = std::max(path[node], path[before]);
    path[node] += work[node];
  }
  row.critical_path_ns = *std::max_element(path.begin(), path.end());
  const Wide units = compute_units_;
  row.work_bound_ns = static_cast<std::int64_t>(std::max((compute + units - 1) / units, copy));
  if (row.outcome == name_of(JobOutcome::finished)) row.finished_ns = row.observed_until_ns;
  return row;
}

}  // namespace userqsim
