// Two policies compared over the same replications. Reads summaries, never models.
//
// A replication gives each policy one value of a statistic; the two are paired, because both met the same arrivals,
// sizes and costs. The values shown are means over the replications, the difference is b - a, and its interval is
// the paired 95 % Student interval. Replications in which either policy lacks the statistic are left out of all
// three.
#pragma once

#include <string>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim {

// One row for each metric, role and statistic that at least one replication has under both policies, in the order
// of the summaries. REQUIRES: a[i] and b[i] are the same replication under two policies.
std::vector<ComparisonRow> compare_policies(const std::vector<ReplicationSummary>& a,
                                            const std::vector<ReplicationSummary>& b, const std::string& variant);

// The row, or null.
const ComparisonRow* find_row(const std::vector<ComparisonRow>& rows, std::string_view variant,
                              std::string_view metric, std::string_view role, std::string_view stat);

// Whether the interval leaves zero out: the policies differ in this. False without an interval.
bool differs(const ComparisonRow& row);

}  // namespace userqsim
