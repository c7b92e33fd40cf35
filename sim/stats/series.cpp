#include "sim/stats/series.hpp"

namespace userqsim {

std::optional<std::size_t> mser5(const std::vector<double>& series) {
  constexpr std::size_t batch = 5;
  constexpr std::size_t least_batches = 10;
  std::vector<double> means;
  for (std::size_t i = 0; i + batch <= series.size(); i += batch) {
    double sum = 0.0;
    for (std::size_t k = 0; k < batch; ++k) sum += series[i + k];
    means.push_back(sum / static_cast<double>(batch));
  }
  if (means.size() < least_batches) return std::nullopt;
  // From the end on (Welford), so that each step adds one. The last few are left out: of them a chance agreement
  // would look like a standard error of nothing.
  constexpr std::size_t least_kept = 5;
  std::size_t best = 0, kept = 0;
  double best_error = 0.0, mean = 0.0, squares = 0.0;
  for (std::size_t d = means.size(); d-- > 0;) {
    ++kept;
    const double before = means[d] - mean;
    mean += before / static_cast<double>(kept);
    squares += before * (means[d] - mean);
    if (kept < least_kept) continue;
    const double error = squares / static_cast<double>(kept) / static_cast<double>(kept);
    if (kept > least_kept && error > best_error) continue;  // of equals the earlier: it keeps more
    best = d;
    best_error = error;
  }
  if (2 * best >= means.size()) return std::nullopt;
  return best * batch;
}

}  // namespace userqsim
