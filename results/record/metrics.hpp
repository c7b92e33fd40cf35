// The metrics: what each measures, for whom, in which unit. The one place where they are defined; summaries, `list
// metrics` and comparisons follow it.
//
// Cost is what the machine spent (role device). Latency is what somebody waited, by role:
//   requester  whose allocation evicted a process, its own included
//   victim     who was evicted
//   bystander  who was neither
// A process can be requester and victim in one replication; its jobs then count in both roles.
#pragma once

#include <string_view>
#include <vector>

namespace userqsim {

// What statistics a metric has.
enum class MetricKind {
  sample,  // one observation for each event: count, sum, mean, p50, p95, p99, max
  cost,    // spent by evictions: sum, and mean for each eviction
  count,   // a number of events: count
  share,   // a part of a whole between 0 and 1: mean
};

struct MetricInfo {
  std::string_view name;
  std::vector<std::string_view> roles;
  std::string_view unit;  // ns, bytes, packets, 1
  std::string_view doc;
  MetricKind kind = MetricKind::sample;
};

const std::vector<MetricInfo>& metric_catalogue();

}  // namespace userqsim
