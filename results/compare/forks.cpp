#include "results/compare/forks.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

struct OwnTime {
  std::string_view metric;
  std::string_view role;
  OptionalNs EvictionRow::*value;
};
constexpr std::array own_times{
    OwnTime{"evict_latency_ns", "victim", &EvictionRow::evict_latency_ns},
    OwnTime{"restore_latency_ns", "victim", &EvictionRow::restore_latency_ns},
    OwnTime{"downtime_ns", "victim", &EvictionRow::downtime_ns},
    OwnTime{"requester_stall_ns", "requester", &EvictionRow::requester_stall_ns},
};

struct OwnCost {
  std::string_view metric;
  std::string_view role;
  std::string_view unit;
  std::int64_t EvictionRow::*value;
};
constexpr std::array own_costs{
    OwnCost{"fence_wait_ns", "victim", "ns", &EvictionRow::fence_wait_ns},
    OwnCost{"lock_wait_ns", "victim", "ns", &EvictionRow::lock_wait_ns},
    OwnCost{"mes_packets", "device", "packets", &EvictionRow::mes_packets},
    OwnCost{"mes_busy_ns", "device", "ns", &EvictionRow::mes_busy_ns},
    OwnCost{"mes_lock_hold_ns", "device", "ns", &EvictionRow::mes_lock_hold_ns},
    OwnCost{"cpu_poll_ns", "device", "ns", &EvictionRow::cpu_poll_ns},
    OwnCost{"cu_lost_ns", "device", "ns", &EvictionRow::cu_lost_ns},
    OwnCost{"context_bytes", "device", "bytes", &EvictionRow::context_bytes},
    OwnCost{"moved_bytes", "device", "bytes", &EvictionRow::moved_bytes},
};

// What was done from the start of the eviction to the end of the window.
struct Window {
  std::int64_t jobs_victim = 0;
  std::int64_t jobs_others = 0;
  std::int64_t evictions = 0;
};

Window count_window(const RunRecord& record, const EvictionRow& row, std::int64_t until_ns) {
  Window window;
  const auto within = [&](std::int64_t time) { return time > row.start_ns && time <= until_ns; };
  for (const JobRow& job : record.jobs) {
    if (!job.finished_ns || !within(*job.finished_ns)) continue;
    ++(job.process == row.process ? window.jobs_victim : window.jobs_others);
  }
  for (const EvictionRow& other : record.evictions) window.evictions += within(other.start_ns) ? 1 : 0;
  return window;
}

}  // namespace

std::vector<ForkRow> fork_rows(const std::string& policy, std::uint32_t replication, const RunRecord& record,
                               const EvictionRow& row, std::int64_t until_ns) {
  std::vector<ForkRow> rows;
  const auto add = [&](std::string_view metric, std::string_view role, std::string_view unit,
                       std::optional<std::int64_t> value) {
    rows.push_back({policy, replication, record.process_names.at(row.process), row.eviction, row.start_ns, until_ns,
                    metric, role, unit, value, std::nullopt});
  };
  for (const OwnTime& time : own_times) add(time.metric, time.role, "ns", row.*time.value);
  for (const OwnCost& cost : own_costs) add(cost.metric, cost.role, cost.unit, row.*cost.value);
  const Window window = count_window(record, row, until_ns);
  add("jobs_finished", "victim", "count", window.jobs_victim);
  add("jobs_finished", "others", "count", window.jobs_others);
  add("further_evictions", "device", "count", window.evictions);
  return rows;
}

void subtract(std::vector<ForkRow>& rows, const std::vector<ForkRow>& from_first) {
  ensure(rows.size() == from_first.size(), "an eviction has the same metrics under every policy");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ensure(rows[i].metric == from_first[i].metric && rows[i].role == from_first[i].role, "metrics are paired");
    if (rows[i].value && from_first[i].value) rows[i].difference = *rows[i].value - *from_first[i].value;
  }
}

std::vector<ForkEffect> fork_effects(const std::vector<ForkRow>& rows, const std::vector<std::string>& policies) {
  struct Sums {
    ForkEffect effect;
    std::vector<double> differences;
    std::map<std::uint32_t, Cluster> by_replication;
  };
  std::vector<Sums> all;
  using Key = std::tuple<std::string, std::string_view, std::string_view>;
  std::map<Key, std::size_t> index;
  for (std::size_t side = 1; side < policies.size(); ++side) {
    for (const ForkRow& row : rows) {
      if (row.policy != policies[side]) continue;
      const auto [place, is_new] = index.try_emplace({row.policy, row.metric, row.role}, all.size());
      if (is_new)
        all.push_back({{policies[0], row.policy, row.metric, row.role, row.unit, 0, 0, 0, 0, {}}, {}, {}});
      if (!row.difference) continue;
      Sums& sums = all[place->second];
      const auto difference = static_cast<double>(*row.difference);
      sums.effect.value_b += static_cast<double>(*row.value);
      sums.effect.value_a += static_cast<double>(*row.value - *row.difference);
      sums.differences.push_back(difference);
      Cluster& part = sums.by_replication[row.replication];
      part.sum += difference;
      part.count += 1.0;
    }
  }
  std::vector<ForkEffect> effects;
  for (Sums& sums : all) {
    if (sums.differences.empty()) continue;
    std::vector<Cluster> parts;
    for (const auto& [replication, part] : sums.by_replication) parts.push_back(part);
    const auto n = static_cast<double>(sums.differences.size());
    sums.effect.value_a /= n;
    sums.effect.value_b /= n;
    sums.effect.evictions = sums.differences.size();
    sums.effect.replications = parts.size();
    sums.effect.difference = parts.size() >= 2 ? *ratio_of(parts) : *mean_of(sums.differences);
    effects.push_back(std::move(sums.effect));
  }
  return effects;
}

FileSummary write_forks(const std::filesystem::path& path, const std::string& scenario,
                        const std::vector<ForkRow>& rows) {
  CsvWriter csv(path, {"scenario", "policy", "rep", "process", "eviction", "start_ns", "until_ns", "metric", "role",
                       "value", "difference", "unit"});
  for (const ForkRow& row : rows) {
    csv << scenario << row.policy << row.replication << row.process << row.eviction << row.start_ns << row.until_ns
        << row.metric << row.role << row.value << row.difference << row.unit;
    csv.end_row();
  }
  return csv.close();
}

}  // namespace userqsim
