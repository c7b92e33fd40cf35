// What `compare` prints: the question, both policies side by side, what remains without the costs that are unique
// to a scheme, the four firmware corners, the assumptions, and the verdict. Text for people fits 110 columns.
#pragma once

#include <string>
#include <vector>

#include "results/record/rows.hpp"
#include "results/report/table.hpp"
#include "results/report/verdict.hpp"

namespace userqsim {

struct ComparisonReport {
  std::string scenario;
  std::string question;
  std::string expected;
  std::string device;
  std::string kernel;
  std::string pre_wait;
  std::string firmware;  // the base's corner
  std::string horizon;
  std::uint64_t seed = 0;
  std::size_t replications = 0;
  std::size_t replications_asked = 0;
  std::string policy_a;
  std::string policy_b;
  std::vector<SummaryRow> pooled_a;  // all replications as one
  std::vector<SummaryRow> pooled_b;
  VerdictInput comparison;
  std::vector<std::string> assumptions;
  std::vector<std::string> sentences;  // the verdict
  std::string directory;               // where the files are
  std::vector<std::string> files;
};

std::string render(const ComparisonReport& report, TableFormat format);

}  // namespace userqsim
