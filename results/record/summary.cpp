#include "results/record/summary.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <numeric>
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

Value value_of(const std::optional<std::int64_t>& value) { return value ? Value{*value} : Value{}; }
Value value_of(const std::optional<double>& value) { return value ? Value{*value} : Value{}; }

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Whose entry is which: the metrics of the catalogue, each with its roles.
struct EntryName {
  const MetricInfo* metric = nullptr;
  std::string_view role;
};

const std::vector<EntryName>& entry_names() {
  static const std::vector<EntryName> all = [] {
    std::vector<EntryName> names;
    for (const MetricInfo& metric : metric_catalogue()) {
      for (const std::string_view role : metric.roles) names.push_back({&metric, role});
    }
    return names;
  }();
  return all;
}

std::optional<double> as_double(const std::optional<std::int64_t>& value) {
  return value ? std::optional{static_cast<double>(*value)} : std::nullopt;
}

}  // namespace

// A metric's entries by the role of whose process was observed; one that asked for memory and was evicted has both.
struct Measures::ByRole {
  const Measures& measures;
  const Roles& roles;
  Entry& requester;
  Entry& victim;
  Entry& bystander;

  void add(std::uint32_t process, std::int64_t begin, const OptionalNs& value, std::int64_t so_far) {
    const bool asked = roles.requester[process];
    const bool stopped = roles.victim[process];
    if (asked) measures.observe(requester, begin, value, so_far);
    if (stopped) measures.observe(victim, begin, value, so_far);
    if (!asked && !stopped) measures.observe(bystander, begin, value, so_far);
  }
};

Measures::Measures(const RunRecord& record, std::int64_t measure_from_ns, std::size_t batches)
    : from_ns_(measure_from_ns), end_ns_(record.end_ns), batches_(batches) {
  entries_.resize(entry_names().size());
  for (Entry& entry : entries_) entry.clusters.resize(batches);
  measure_evictions(record, measure_from_ns);
  measure_requests(record, measure_from_ns);
  measure_jobs(record, measure_from_ns);
  measure_device(record, measure_from_ns);
}

Cluster Measures::Entry::whole() const {
  if (denominator > 0) return {static_cast<double>(total), static_cast<double>(denominator)};
  return {static_cast<double>(samples.sum()), static_cast<double>(samples.count())};
}

void Measures::observe(Entry& entry, std::int64_t begin, const OptionalNs& value, std::int64_t so_far) const {
  if (!value) {
    entry.samples.add_censored(so_far);
    return;
  }
  entry.samples.add(*value);
  add_to_batch(entry, begin, *value);
}

void Measures::add_to_batch(Entry& entry, std::int64_t begin, std::int64_t value) const {
  if (batches_ == 0 || begin >= end_ns_) return;
  const Wide place = static_cast<Wide>(begin - from_ns_) * static_cast<Wide>(batches_) / (end_ns_ - from_ns_);
  Cluster& batch = entry.clusters.at(static_cast<std::size_t>(place));
  batch.sum += static_cast<double>(value);
  batch.count += 1.0;
}

Measures::Entry& Measures::entry(std::string_view name, std::string_view role) {
  const std::vector<EntryName>& names = entry_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].metric->name == name && names[i].role == role) return entries_[i];
  }
  fail_invariant("a metric that is not in the catalogue", SourceLocation::current());
}

void Measures::measure_evictions(const RunRecord& record, std::int64_t from) {
  Entry& evict = entry("evict_latency_ns", "victim");
  Entry& restore = entry("restore_latency_ns", "victim");
  Entry& downtime = entry("downtime_ns", "victim");
  Entry& fence_wait = entry("fence_wait_ns", "victim");
  Entry& lock_wait = entry("lock_wait_ns", "victim");
  for (const EvictionRow& row : record.evictions) {
    const std::int64_t start = row.start_ns;
    if (start < from) continue;
    const bool complete = row.restored_ns.has_value();
    observe(evict, start, row.evict_latency_ns, row.ended_ns - start);
    if (row.signaled_ns) observe(restore, start, row.restore_latency_ns, row.ended_ns - *row.signaled_ns);
    if (row.first_stop_ns) observe(downtime, start, row.downtime_ns, row.ended_ns - *row.first_stop_ns);
    observe(fence_wait, start, row.signaled_ns ? OptionalNs{row.fence_wait_ns} : std::nullopt, row.fence_wait_ns);
    observe(lock_wait, start, complete ? OptionalNs{row.lock_wait_ns} : std::nullopt, row.lock_wait_ns);
  }
}

void Measures::measure_requests(const RunRecord& record, std::int64_t from) {
  Entry& stall = entry("requester_stall_ns", "requester");
  for (const RequestRow& row : record.requests) {
    if (row.requested_ns < from || !row.waited) continue;
    observe(stall, row.requested_ns, row.stall_ns, row.observed_until_ns - row.requested_ns);
  }
}

void Measures::measure_jobs(const RunRecord& record, std::int64_t from) {
  const Roles roles = find_roles(record);
  const auto by_role = [&](std::string_view metric) {
    return ByRole{*this, roles, entry(metric, "requester"), entry(metric, "victim"), entry(metric, "bystander")};
  };
  ByRole latencies = by_role("job_latency_ns");
  for (const JobRow& row : record.jobs) {
    if (row.submitted_ns < from) continue;
    const OptionalNs latency = row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns} : std::nullopt;
    latencies.add(row.process, row.submitted_ns, latency, row.observed_until_ns - row.submitted_ns);
  }
  ByRole excesses = by_role("graph_excess_ns");
  for (const GraphRow& row : record.graphs) {
    if (row.submitted_ns < from) continue;
    const std::int64_t alone = std::max(row.critical_path_ns, row.work_bound_ns);
    const OptionalNs excess =
        row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns - alone} : std::nullopt;
    const std::int64_t so_far = std::max<std::int64_t>(row.observed_until_ns - row.submitted_ns - alone, 0);
    excesses.add(row.process, row.submitted_ns, excess, so_far);
  }
  ByRole waits = by_role("slot_wait_ns");
  for (const SlotWaitRow& row : record.slot_waits) {
    if (row.since_ns < from) continue;
    const std::int64_t length = row.until_ns - row.since_ns;
    waits.add(row.process, row.since_ns, row.mapped ? OptionalNs{length} : std::nullopt, length);
  }
}

void Measures::measure_device(const RunRecord& record, std::int64_t from) {
  using CostField = std::pair<std::string_view, std::int64_t EvictionRow::*>;
  constexpr std::array costs{CostField{"mes_packets", &EvictionRow::mes_packets},
                             CostField{"mes_busy_ns", &EvictionRow::mes_busy_ns},
                             CostField{"mes_lock_hold_ns", &EvictionRow::mes_lock_hold_ns},
                             CostField{"cpu_poll_ns", &EvictionRow::cpu_poll_ns},
                             CostField{"cu_lost_ns", &EvictionRow::cu_lost_ns},
                             CostField{"context_bytes", &EvictionRow::context_bytes},
                             CostField{"moved_bytes", &EvictionRow::moved_bytes}};
  for (const EvictionRow& row : record.evictions) {
    if (row.start_ns < from) continue;
    ++entry("evictions", "device").total;
    ++entry("outcome_" + std::string{row.outcome}, "device").total;
    for (const auto& [name, member] : costs) {
      Entry& cost = entry(name, "device");
      cost.total += row.*member;
      ++cost.denominator;
      add_to_batch(cost, row.start_ns, row.*member);
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

// What one metric measured in all replications, which have it no longer.
Measures::Entry Measures::pooled(std::vector<Measures>& all, std::size_t index) {
  Entry pool;
  std::vector<Samples> samples;
  for (Measures& one : all) {
    Entry& entry = one.entries_[index];
    pool.clusters.push_back(entry.whole());
    pool.total += entry.total;
    pool.denominator += entry.denominator;
    samples.push_back(std::move(entry.samples));
  }
  pool.samples = Samples::joined(samples);
  return pool;
}

// Metrics by how much was observed of them in all replications, most first.
std::vector<std::size_t> Measures::by_observations(const std::vector<Measures>& all) {
  std::vector<std::size_t> observations(entry_names().size(), 0);
  for (const Measures& one : all) {
    for (std::size_t i = 0; i < observations.size(); ++i) observations[i] += one.entries_[i].samples.count();
  }
  std::vector<std::size_t> order(observations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return observations[a] > observations[b]; });
  return order;
}

// Metric by metric, so that of few at a time the observations are there twice; the longest first, so that no thread
// begins with it when the others have ended.
std::vector<SummaryRow> Measures::pooled_rows(std::vector<Measures> all, unsigned threads) {
  ensure(!all.empty() && threads > 0, "statistics are pooled of replications, by a thread or more");
  if (all.size() == 1) return all.front().rows();
  all.front().pooled_ = true;
  const std::vector<EntryName>& names = entry_names();
  std::vector<std::vector<SummaryRow>> rows(names.size());
  const std::vector<std::size_t> order = by_observations(all);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t at = next++; at < order.size(); at = next++) {
      const std::size_t i = order[at];
      Entry pool = pooled(all, i);
      all.front().add_rows(rows[i], pool, *names[i].metric, names[i].role);
    }
  };
  std::vector<std::future<void>> others;
  for (unsigned i = 1; i < threads; ++i) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
  std::vector<SummaryRow> joined;
  for (const auto& of_entry : rows) joined.insert(joined.end(), of_entry.begin(), of_entry.end());
  return joined;
}

std::vector<SummaryRow> Measures::rows() {
  std::vector<SummaryRow> rows;
  const std::vector<EntryName>& names = entry_names();
  for (std::size_t i = 0; i < names.size(); ++i) add_rows(rows, entries_[i], *names[i].metric, names[i].role);
  rows.shrink_to_fit();  // they are kept for every cell of an experiment
  return rows;
}

void Measures::add_rows(std::vector<SummaryRow>& rows, Entry& e, const MetricInfo& metric,
                        std::string_view role) const {
  std::int64_t count = e.denominator;
  std::int64_t censored = 0;
  const auto add = [&](std::string_view stat, Value value) -> SummaryRow& {
    rows.push_back({metric.name, role, stat, value, stat == "count" ? std::string_view{"count"} : metric.unit,
                    count, censored});
    return rows.back();
  };
  const auto add_mean = [&](std::optional<double> value) {
    SummaryRow& row = add("mean", value_of(value));
    if (!pooled_) row.batches = e.clusters;
    const std::optional<Estimate> estimate = ratio_of(e.clusters);
    const std::optional<double> half = estimate ? half_width(*estimate) : std::nullopt;
    if (!value || !half) return;
    row.ci_low = *value - *half;
    row.ci_high = *value + *half;
  };
  switch (metric.kind) {
    case MetricKind::sample: {
      count = static_cast<std::int64_t>(e.samples.count());
      censored = static_cast<std::int64_t>(e.samples.censored());
      add("count", count);
      add("sum", e.samples.sum());
      add_mean(e.samples.mean());
      for (const auto& [stat, p] : {std::pair{"p50", 500}, std::pair{"p95", 950}, std::pair{"p99", 990}}) {
        SummaryRow& row = add(stat, value_of(e.samples.quantile_permille(p)));
        const Bounds bounds = e.samples.quantile_bounds(p);
        row.ci_low = as_double(bounds.low);
        row.ci_high = as_double(bounds.high);
      }
      add("max", value_of(e.samples.max()));
      if (censored == 0) {  // they are the same, to the bit
        add("km_mean", value_of(e.samples.mean()));
        add("km_p50", value_of(e.samples.quantile_permille(500)));
        add("km_p95", value_of(e.samples.quantile_permille(950)));
        break;
      }
      const KaplanMeier curve = e.samples.kaplan_meier();
      add("km_mean", value_of(curve.restricted_mean(end_ns_ - from_ns_)));
      add("km_p50", value_of(curve.quantile_permille(500)));
      add("km_p95", value_of(curve.quantile_permille(950)));
      break;
    }
    case MetricKind::cost:
      add("sum", e.total);
      add_mean(ratio(e.total, e.denominator));
      break;
    case MetricKind::count:
      count = e.total;
      add("count", e.total);
      break;
    case MetricKind::share:
      count = 1;
      add_mean(ratio(e.total, e.denominator));
      break;
  }
}

}  // namespace userqsim
