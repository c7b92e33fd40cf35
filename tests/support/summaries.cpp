#include "tests/support/summaries.hpp"

namespace userqsim::test {

ReplicationSummary replication(const std::string& policy, std::uint32_t number, Value value) {
  return {policy, number, {{"downtime_ns", "victim", "mean", value, "ns", 5, 0}}};
}

std::vector<ReplicationSummary> side(const std::string& policy, const std::vector<double>& values) {
  std::vector<ReplicationSummary> summaries;
  for (std::size_t i = 0; i < values.size(); ++i) {
    summaries.push_back(replication(policy, static_cast<std::uint32_t>(i), values[i]));
  }
  return summaries;
}

bool near(double a, double b) { return std::fabs(a - b) < 1e-9 * std::max(1.0, std::fabs(b)); }

}  // namespace userqsim::test
