// What `compare` prints: the question, the policies side by side, what remains without the costs that are unique to
// a scheme, the four firmware corners, the assumptions, and the verdict. With more than two policies each other one
// is set against the first, and the verdict says where they stand as a whole. Text for people fits 110 columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "results/compare/comparison.hpp"
#include "results/compare/forks.hpp"
#include "results/record/rows.hpp"
#include "results/report/table.hpp"

namespace userqsim {

// The effect of the decision alone, if it was asked for.
struct ForkReport {
  bool made = false;
  std::string sample;  // how many evictions of each replication: a number, or all
  std::string window;  // how long a fork goes on behind the eviction
  std::vector<ForkEffect> effects;
};

struct ComparisonReport {
  std::string scenario;
  std::string question;
  std::string expected;
  std::string device;
  std::string kernel;    // empty when kernels are compared
  std::string pre_wait;  // empty when it is not the same everywhere
  ReportTable kernels;   // what the kernels that are compared differ in, a column for each; else no columns
  std::string firmware;  // the base's corner
  std::string horizon;
  std::uint64_t seed = 0;
  std::size_t replications = 0;
  std::size_t replications_asked = 0;
  std::string measured;  // from when on, and when replications ended; may be empty
  Comparison comparison;
  std::vector<std::vector<SummaryRow>> pooled;  // of each of its policies: all replications as one
  ForkReport forks;
  std::vector<std::string> assumptions;
  std::string directory;  // where the files are
  std::vector<std::string> files;
};

// The verdict: of the pair, or of all policies as a whole.
std::vector<std::string> sentences_of(const Comparison& comparison);

// REQUIRES: at least two policies.
std::string render(const ComparisonReport& report, TableFormat format);

}  // namespace userqsim
