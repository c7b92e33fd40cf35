// What later runs are checked against: the inputs of one run, its digests with marks on the way to them, and the
// statistics that were named, with what each may differ by. Data alone, and its text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/enum_names.hpp"

namespace userqsim {

// Which way a statistic gets better; `both`: neither is, and any change past the tolerance fails.
enum class Better : std::uint8_t { lower, higher, both };
template <>
struct EnumNames<Better> {
  static constexpr std::array entries{std::pair{Better::lower, std::string_view{"lower"}},
                                      std::pair{Better::higher, std::string_view{"higher"}},
                                      std::pair{Better::both, std::string_view{"both"}}};
};

// What was simulated. Two runs are comparable when theirs are equal.
struct CheckInput {
  std::string scenario;
  std::string hash;               // of the scenario's and the profiles' bytes and of all changes
  std::vector<std::string> sets;  // --set, as the manifest has them
  std::string device;
  std::string kernel;  // empty: kernels were compared
  std::uint64_t seed = 0;
  std::vector<std::uint32_t> replications;
  std::int64_t horizon_ns = 0;
  std::int64_t measure_from_ns = 0;
  std::vector<std::string> policies;  // what the column `policy` says
};

// One replication under one policy.
struct BaselineDigest {
  std::string policy;
  std::uint32_t replication = 0;
  std::uint64_t digest = 0;
  std::uint64_t facts = 0;  // that were stated
  std::string trail;        // the marks (trail.hpp)
};

struct StatisticName {
  std::string metric;
  std::string role;
  std::string stat;
  std::string policy;

  bool operator==(const StatisticName&) const = default;
  auto operator<=>(const StatisticName&) const = default;
};
// "downtime_ns/victim/p99/unmap_map".
std::string text_of(const StatisticName& name);

// A value of one replication, if it has one.
struct MaybeNumber {
  std::optional<double> value;
};

struct BaselineMetric {
  StatisticName name;
  std::string unit;
  double value = 0.0;    // over all replications pooled
  double abs_tol = 0.0;  // same unit
  double rel_tol = 0.0;  // a share of the value
  double margin = 0.0;   // a share of the mean over replications: of a moved trajectory
  Better direction = Better::lower;
  std::vector<MaybeNumber> by_replication;  // in the order of the input's replications
};

struct Baseline {
  std::string tool_version;
  std::string model_version;
  std::string architecture;
  bool moved = false;  // the trajectory may differ: statistics are compared over replications, digests are not
  CheckInput input;
  std::uint64_t exact_facts = 0;  // that have a mark each (trail.hpp)
  std::vector<BaselineDigest> digests;
  std::vector<BaselineMetric> metrics;
};

inline constexpr std::string_view baseline_format = "userqsim-baseline/1";

// As JSON, sorted, one digest and one metric a line, so that a difference of two baselines reads well.
std::string baseline_text(Baseline baseline);

}  // namespace userqsim
