// Rows as tables and JSON: exact numbers for programs, and an overview for people.
#pragma once

#include <string>
#include <vector>

#include "results/record/rows.hpp"
#include "results/report/comparison_report.hpp"
#include "results/report/table.hpp"

namespace userqsim {

// The columns of comparison.csv.
ReportTable comparison_table(const std::string& scenario, const std::vector<ComparisonRow>& rows);

// The whole report as one JSON object.
std::string comparison_json(const ComparisonReport& report);

// The columns of summary.csv, for one policy's pooled rows.
ReportTable summary_table(const std::string& scenario, const std::string& policy,
                          const std::vector<SummaryRow>& rows);

// The same for people: one line a metric.
ReportTable summary_overview(const std::vector<SummaryRow>& rows);

}  // namespace userqsim
