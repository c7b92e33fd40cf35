#include "results/record/graph_rows.hpp"

#include <algorithm>

namespace userqsim {

void GraphFacts::add(const JobEnded& job) {
  const StreamLayout& stream = layout_.streams[job.stream.index()];
  if (stream.nodes.size() < 2) return;
  Open& open = open_of(job, stream);
  Arrival& arrival = arrivals_[open.place];
  arrival.work[job.node] = job.work.count();
  const bool copies = layout_.queue(job.queue).type == QueueType::sdma;
  (copies ? arrival.copy : arrival.compute) +=
      Wide{job.work.count()} * (copies ? 1 : stream.spec->graph[job.node].width);
  GraphRow& row = arrival.row;
  row.observed_until_ns = std::max(row.observed_until_ns, job.time.time_since_epoch().count());
  if (job.outcome != JobOutcome::finished) row.outcome = name_of(job.outcome);
  if (++arrival.ended < stream.nodes.size()) return;
  finish(open);
  free_.push_back(open.place);
  open_.erase(open_.begin() + (&open - open_.data()));
}

GraphFacts::Open& GraphFacts::open_of(const JobEnded& job, const StreamLayout& stream) {
  const auto comes_before = [](const Open& open, JobId first) { return open.first < first; };
  const auto found = std::lower_bound(open_.begin(), open_.end(), job.first, comes_before);
  if (found != open_.end() && found->first == job.first) return *found;
  return *open_.insert(found, {job.first, job.stream, begin(job, stream)});
}

std::size_t GraphFacts::begin(const JobEnded& job, const StreamLayout& stream) {
  if (free_.empty()) {
    free_.push_back(arrivals_.size());
    arrivals_.emplace_back();
  }
  const std::size_t place = free_.back();
  free_.pop_back();
  Arrival& arrival = arrivals_[place];
  arrival.row = {};
  arrival.row.process = stream.process.value;
  arrival.row.queue = stream.queue.value;
  arrival.row.first_job = job.first.value;
  arrival.row.jobs = static_cast<std::uint32_t>(stream.nodes.size());
  arrival.row.submitted_ns = job.submitted.time_since_epoch().count();
  arrival.row.outcome = name_of(JobOutcome::finished);
  arrival.ended = 0;
  arrival.compute = arrival.copy = 0;
  arrival.work.assign(stream.nodes.size(), 0);
  return place;
}

// The critical path is the longest chain of jobs that wait for one another, each at full speed. The work bound is
// the time in which the compute units could do all the work that is theirs, or the copy engine its own, if nothing
// waited for anything.
void GraphFacts::finish(const Open& open) {
  Arrival& arrival = arrivals_[open.place];
  const StreamLayout& stream = layout_.streams[open.stream.index()];
  path_.assign(stream.nodes.size(), 0);  // to the node's end
  for (const std::uint32_t node : stream.order) {
    for (const std::uint32_t before : stream.nodes[node].after) path_[node] = std::max(path_[node], path_[before]);
    path_[node] += arrival.work[node];
  }
  GraphRow& row = arrival.row;
  row.critical_path_ns = *std::max_element(path_.begin(), path_.end());
  const Wide units = compute_units_;
  row.work_bound_ns = static_cast<std::int64_t>(std::max((arrival.compute + units - 1) / units, arrival.copy));
  if (row.outcome == name_of(JobOutcome::finished)) row.finished_ns = row.observed_until_ns;
  rows_.push_back(row);
}

RowBlocks<GraphRow> GraphFacts::take_rows() {
  for (const Open& open : open_) finish(open);  // of a run that was cut off
  open_.clear();
  std::sort(rows_.begin(), rows_.end(),
            [](const GraphRow& a, const GraphRow& b) { return a.first_job < b.first_job; });
  return std::move(rows_);
}

}  // namespace userqsim
