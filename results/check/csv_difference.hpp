// Where the rows of two runs part: of each CSV file the first row of one replication under one policy that is not
// the same in both directories, and of all those the earliest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace userqsim {

struct RowDifference {
  std::string file;
  std::uint64_t row = 0;            // among the replication's rows in the file, from 0
  std::int64_t time_ns = 0;         // the earlier of the two rows' times
  std::vector<std::string> fields;  // "signaled_ns: 120, was 118"; or that one has no such row
};

// The earliest first. Files that either lacks, or whose columns are not the same, are left out.
std::vector<RowDifference> row_differences(const std::filesystem::path& old_run,
                                           const std::filesystem::path& new_run, const std::string& policy,
                                           std::uint32_t replication);

}  // namespace userqsim
