// The tables of a comparison: a column for each policy, their differences from the first, and those under other
// assumptions. Where a table has no room for the policies' names, their letters stand for them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/compare/comparison.hpp"
#include "results/compare/forks.hpp"
#include "results/report/table.hpp"

namespace userqsim {

// "a" for the first, ..., "z", "aa".
std::string side_letter(std::size_t side);

// The means, and each other policy's difference from the first, as tables that fit the page.
std::vector<ReportTable> means_and_differences(const Comparison& comparison);

// Quantiles and numbers of observations of each policy's replications, pooled, as tables that fit the page.
// REQUIRES: pooled[i] is policy i's.
std::vector<ReportTable> pooled_tables(const Comparison& comparison,
                                       const std::vector<std::vector<SummaryRow>>& pooled);

// What a pair's differences become under each variant that was run; `title` stands above the variants' names.
ReportTable variant_table(const PairComparison& pair, const VariantNames& variants, const std::string& title);

// What may be said of a pair's headline metrics; no rows where none has an interval.
ReportTable answers_table(const PairComparison& pair, const std::string& title);

// What the forks say of that side against the first.
ReportTable fork_table(const std::vector<ForkEffect>& effects, const std::vector<std::string>& policies,
                       std::size_t side);

}  // namespace userqsim
