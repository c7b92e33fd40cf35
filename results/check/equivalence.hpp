// Whether the mean of a statistic over replications is the same as before, within a margin: two one-sided Student
// tests at 5 % each, which is to ask whether the 90 % interval of the difference lies inside the margin.
#pragma once

#include <optional>
#include <vector>

namespace userqsim {

// The difference of two means, new - old, and its 90 % interval.
struct MeanDifference {
  double difference = 0.0;
  double low = 0.0;
  double high = 0.0;
  double old_mean = 0.0;
  std::size_t count = 0;  // pairs; of unpaired values the fewer
  bool paired = false;
};

// REQUIRES: old_values and new_values have the same size. Nothing for fewer than two pairs.
std::optional<MeanDifference> paired_difference(const std::vector<double>& old_values,
                                                const std::vector<double>& new_values);
// Welch's: the two vary by themselves. Nothing when either has fewer than two values.
std::optional<MeanDifference> unpaired_difference(const std::vector<double>& old_values,
                                                  const std::vector<double>& new_values);

}  // namespace userqsim
