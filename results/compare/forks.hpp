// The effect of a decision by itself: one eviction, told under several policies from the same state of the machine.
// Reads records, never models; scenarios/experiment/fork.hpp makes the copies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// One metric of one eviction under one policy.
struct ForkRow {
  std::string policy;
  std::uint32_t replication = 0;
  std::string process;
  std::uint32_t eviction = 0;  // n-th of its process
  std::int64_t start_ns = 0;
  std::int64_t until_ns = 0;  // end of the window, the same under every policy
  std::string_view metric;
  std::string_view role;
  std::string_view unit;
  std::optional<std::int64_t> value;
  std::optional<std::int64_t> difference;  // from the first policy's; of that itself nothing
};

// The eviction's own metrics, and what was done in the window, in the order of the file. The record is of the fork,
// which ran at least until `until_ns`; the row is the eviction's.
std::vector<ForkRow> fork_rows(const std::string& policy, std::uint32_t replication, const RunRecord& record,
                               const EvictionRow& row, std::int64_t until_ns);

// Fills in the differences. REQUIRES: both are fork_rows() of the same eviction.
void subtract(std::vector<ForkRow>& rows, const std::vector<ForkRow>& from_first);

// A metric's mean over all evictions that have it under both policies.
struct ForkEffect {
  std::string policy_a;
  std::string policy_b;
  std::string_view metric;
  std::string_view role;
  std::string_view unit;
  double value_a = 0.0;
  double value_b = 0.0;
  std::size_t evictions = 0;
  std::size_t replications = 0;
  Estimate difference;  // over replications, in which evictions hang together; of one alone, over its evictions
};

// By policy in the order given, the first being the baseline, then by metric.
std::vector<ForkEffect> fork_effects(const std::vector<ForkRow>& rows, const std::vector<std::string>& policies);

// forks.csv.
FileSummary write_forks(const std::filesystem::path& path, const std::string& scenario,
                        const std::vector<ForkRow>& rows);

}  // namespace userqsim
