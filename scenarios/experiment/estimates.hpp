// estimates.csv: each statistic of a point under a policy as a mean over its replications, with its interval. Made
// of the rows of summary.csv as they pass by.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/record/csv.hpp"

namespace userqsim {

class Estimates {
 public:
  explicit Estimates(const std::filesystem::path& path);

  // The rows of one run. REQUIRES: runs of a point and policy follow each other, and have the same statistics in
  // the same order, or none at all.
  void add(std::string_view summary_rows);
  FileSummary close();

 private:
  struct Entry {
    std::string metric, role, stat, unit;
    std::vector<double> values;
  };

  void end_group();

  CsvWriter csv_;
  std::string scenario_, point_, policy_;
  std::vector<Entry> entries_;
};

}  // namespace userqsim
