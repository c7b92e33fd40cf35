// Policies compared over the same replications, two at a time. Reads summaries, never models.
//
// A replication gives each policy one value of a statistic; the two are paired, because both met the same arrivals,
// sizes and costs. The values shown are means over the replications, the difference is b - a, and its interval is
// the paired 95 % Student interval; of one replication alone, in a steady state, that of batch means. Replications
// in which either policy lacks the statistic are left out of all three. With more than two policies each pair is
// compared by itself: that a third lacks a statistic takes nothing from the two that have it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "results/compare/comparison.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// One row for each metric, role and statistic that at least one replication has under both policies, in the order
// of the summaries. REQUIRES: a[i] and b[i] are the same replication under two policies.
std::vector<ComparisonRow> compare_policies(const std::vector<ReplicationSummary>& a,
                                            const std::vector<ReplicationSummary>& b, const std::string& variant);

// Every pair of `policies` indices, the smaller first: (0, 1), (0, 2), ..., (1, 2), ... So the first come the
// policies - 1 pairs of the baseline with each other policy.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::size_t policies);

// compare_policies of every pair, in the order of pairs_of(). REQUIRES: sides[i] holds the same replications for
// every policy i.
std::vector<std::vector<ComparisonRow>> compare_pairs(const std::vector<std::vector<ReplicationSummary>>& sides,
                                                      const std::string& variant);

// The mean of each statistic over those of the replications that have it, in the order of the summaries; `count` is
// their number. A statistic that none has has no row.
std::vector<SummaryRow> means_of(const std::vector<ReplicationSummary>& side);

// The pairs of the baseline with each other policy.
std::span<const PairComparison> against_baseline(const Comparison& comparison);

// The rows of all pairs, pair after pair.
std::vector<ComparisonRow> all_rows(const Comparison& comparison);

// The row, or null.
const ComparisonRow* find_row(const std::vector<ComparisonRow>& rows, std::string_view variant,
                              std::string_view metric, std::string_view role, std::string_view stat);

// Whether the policies are shown to differ in this: where several metrics are read together, whether the corrected
// p is at most 5 % (judge.hpp), else whether the interval leaves zero out. False without an interval.
bool differs(const ComparisonRow& row);

// Whether every replication gave both policies the same value: their difference is zero without any spread.
bool is_same(const ComparisonRow& row);

// Whether no number of the two policies differs, in the base and in every variant. False without any row.
bool is_same(const PairComparison& pair);

// Which unknowns do not apply to the pair: firmware options and unique costs of which no value that was tried moved
// any number of either policy. By their names, options first.
std::vector<std::string> without_effect(const PairComparison& pair, const VariantNames& variants);

}  // namespace userqsim
