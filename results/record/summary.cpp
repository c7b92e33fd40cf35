#include "results/record/summary.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "results/record/metrics.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// The roles of each process in one replication.
struct Roles {
  std::vector<bool> requester;
  std::vector<bool> victim;
};

Roles find_roles(const RunRecord& record) {
  Roles roles;
  roles.requester.resize(record.process_names.size(), false);
  roles.victim.resize(record.process_names.size(), false);
  for (const EvictionRow& eviction : record.evictions) roles.victim[eviction.process] = true;
  for (const RequestRow& request : record.requests) {
    if (request.kind == "allocate" && request.evictions > 0) roles.requester[request.process] = true;
  }
  return roles;
}

// A complete observation, or one cut off when it had lasted `so_far`.
void observe(Samples& samples, const OptionalNs& value, std::int64_t so_far) {
  if (value) {
    samples.add(*value);
  } else {
    samples.add_censored(so_far);
  }
}

// A metric's samples by the role of whose process was observed; one that asked for memory and was evicted has both.
struct ByRole {
  const Roles& roles;
  Samples& requester;
  Samples& victim;
  Samples& bystander;

  void add(std::uint32_t process, const OptionalNs& value, std::int64_t so_far) {
    const bool asked = roles.requester[process];
    const bool stopped = roles.victim[process];
    if (asked) observe(requester, value, so_far);
    if (stopped) observe(victim, value, so_far);
    if (!asked && !stopped) observe(bystander, value, so_far);
  }
};

Value value_of(const std::optional<std::int64_t>& value) { return value ? Value{*value} : Value{}; }
Value value_of(const std::optional<double>& value) { return value ? Value{*value} : Value{}; }

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Measures::Measures(const RunRecord& record, std::int64_t measure_from_ns) {
  std::size_t size = 0;
  for (const MetricInfo& metric : metric_catalogue()) size += metric.roles.size();
  entries_.resize(size);
  measure_evictions(record, measure_from_ns);
  measure_requests(record, measure_from_ns);
  measure_jobs(record, measure_from_ns);
  measure_device(record, measure_from_ns);
}

Measures::Entry& Measures::entry(std::string_view name, std::string_view role) {
  std::size_t index = 0;
  for (const MetricInfo& metric : metric_catalogue()) {
    for (const std::string_view candidate : metric.roles) {
      if (metric.name == name && candidate == role) return entries_[index];
      ++index;
    }
  }
  fail_invariant("a metric that is not in the catalogue", SourceLocation::current());
}

void Measures::measure_evictions(const RunRecord& record, std::int64_t from) {
  Samples& evict = entry("evict_latency_ns", "victim").samples;
  Samples& restore = entry("restore_latency_ns", "victim").samples;
  Samples& downtime = entry("downtime_ns", "victim").samples;
  Samples& fence_wait = entry("fence_wait_ns", "victim").samples;
  Samples& lock_wait = entry("lock_wait_ns", "victim").samples;
  for (const EvictionRow& row : record.evictions) {
    if (row.start_ns < from) continue;
    const bool complete = row.restored_ns.has_value();
    observe(evict, row.evict_latency_ns, row.ended_ns - row.start_ns);
    if (row.signaled_ns) observe(restore, row.restore_latency_ns, row.ended_ns - *row.signaled_ns);
    if (row.first_stop_ns) observe(downtime, row.downtime_ns, row.ended_ns - *row.first_stop_ns);
    observe(fence_wait, row.signaled_ns ? OptionalNs{row.fence_wait_ns} : std::nullopt, row.fence_wait_ns);
    observe(lock_wait, complete ? OptionalNs{row.lock_wait_ns} : std::nullopt, row.lock_wait_ns);
  }
}

void Measures::measure_requests(const RunRecord& record, std::int64_t from) {
  Samples& stall = entry("requester_stall_ns", "requester").samples;
  for (const RequestRow& row : record.requests) {
    if (row.requested_ns < from || !row.waited) continue;
    observe(stall, row.stall_ns, row.observed_until_ns - row.requested_ns);
  }
}

void Measures::measure_jobs(const RunRecord& record, std::int64_t from) {
  const Roles roles = find_roles(record);
  const auto by_role = [&](std::string_view metric) {
    return ByRole{roles, entry(metric, "requester").samples, entry(metric, "victim").samples,
                  entry(metric, "bystander").samples};
  };
  ByRole latencies = by_role("job_latency_ns");
  for (const JobRow& row : record.jobs) {
    if (row.submitted_ns < from) continue;
    const OptionalNs latency = row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns} : std::nullopt;
    latencies.add(row.process, latency, row.observed_until_ns - row.submitted_ns);
  }
  ByRole excesses = by_role("graph_excess_ns");
  for (const GraphRow& row : record.graphs) {
    if (row.submitted_ns < from) continue;
    const std::int64_t alone = std::max(row.critical_path_ns, row.work_bound_ns);
    const OptionalNs excess =
        row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns - alone} : std::nullopt;
    const std::int64_t so_far = std::max<std::int64_t>(row.observed_until_ns - row.submitted_ns - alone, 0);
    excesses.add(row.process, excess, so_far);
  }
  ByRole waits = by_role("slot_wait_ns");
  for (const SlotWaitRow& row : record.slot_waits) {
    if (row.since_ns < from) continue;
    const std::int64_t length = row.until_ns - row.since_ns;
    waits.add(row.process, row.mapped ? OptionalNs{length} : std::nullopt, length);
  }
}

void Measures::measure_device(const RunRecord& record, std::int64_t from) {
  using Cost = std::pair<std::string_view, std::int64_t EvictionRow::*>;
  constexpr std::array costs{Cost{"mes_packets", &EvictionRow::mes_packets},
                             Cost{"mes_busy_ns", &EvictionRow::mes_busy_ns},
                             Cost{"mes_lock_hold_ns", &EvictionRow::mes_lock_hold_ns},
                             Cost{"cpu_poll_ns", &EvictionRow::cpu_poll_ns},
                             Cost{"cu_lost_ns", &EvictionRow::cu_lost_ns},
                             Cost{"context_bytes", &EvictionRow::context_bytes},
                             Cost{"moved_bytes", &EvictionRow::moved_bytes}};
  for (const EvictionRow& row : record.evictions) {
    if (row.start_ns < from) continue;
    ++entry("evictions", "device").total;
    ++entry("outcome_" + std::string{row.outcome}, "device").total;
    for (const auto& [name, member] : costs) {
      Entry& cost = entry(name, "device");
      cost.total += row.*member;
      ++cost.denominator;
    }
  }
  for (const HazardRow& row : record.hazards) {
    if (row.time_ns >= from) ++entry("hazards", "device").total;
  }
  const std::int64_t window = record.end_ns > from ? record.end_ns - from : 0;
  const std::int64_t slot_time = window * static_cast<std::int64_t>(record.slot_names.size());
  entry("slot_used", "device").total = record.slot_used_ns;
  entry("slot_used", "device").denominator = slot_time;
  entry("slot_running", "device").total = record.slot_running_ns;
  entry("slot_running", "device").denominator = slot_time;
}

void Measures::merge(const Measures& other) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].samples.merge(other.entries_[i].samples);
    entries_[i].total += other.entries_[i].total;
    entries_[i].denominator += other.entries_[i].denominator;
  }
}

std::vector<SummaryRow> Measures::rows() {
  std::vector<SummaryRow> rows;
  std::size_t index = 0;
  for (const MetricInfo& metric : metric_catalogue()) {
    for (const std::string_view role : metric.roles) {
      Entry& e = entries_[index++];
      const auto add = [&](std::string_view stat, Value value, std::int64_t count, std::int64_t censored) {
        rows.push_back({std::string{metric.name}, std::string{role}, std::string{stat}, value,
                        stat == "count" ? "count" : std::string{metric.unit}, count, censored});
      };
      const auto count = static_cast<std::int64_t>(e.samples.count());
      const auto censored = static_cast<std::int64_t>(e.samples.censored());
      switch (metric.kind) {
        case MetricKind::sample:
          add("count", count, count, censored);
          add("sum", e.samples.sum(), count, censored);
          add("mean", value_of(e.samples.mean()), count, censored);
          add("p50", value_of(e.samples.quantile_permille(500)), count, censored);
          add("p95", value_of(e.samples.quantile_permille(950)), count, censored);
          add("p99", value_of(e.samples.quantile_permille(990)), count, censored);
          add("max", value_of(e.samples.max()), count, censored);
          break;
        case MetricKind::cost:
          add("sum", e.total, e.denominator, 0);
          add("mean", value_of(ratio(e.total, e.denominator)), e.denominator, 0);
          break;
        case MetricKind::count:
          add("count", e.total, e.total, 0);
          break;
        case MetricKind::share:
          add("mean", value_of(ratio(e.total, e.denominator)), 1, 0);
          break;
      }
    }
  }
  return rows;
}

}  // namespace userqsim
