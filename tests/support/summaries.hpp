// Summaries written by hand, for tests of comparisons: one statistic, the mean downtime of a victim.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim::test {

ReplicationSummary replication(const std::string& policy, std::uint32_t number, Value value);

// A value for each replication, from 0.
std::vector<ReplicationSummary> side(const std::string& policy, const std::vector<double>& values);

// Within a part in 10^9.
bool near(double a, double b);

}  // namespace userqsim::test
