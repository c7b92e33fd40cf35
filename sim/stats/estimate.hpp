// Estimates with their uncertainty: means, ratios of sums over clusters, what a test says of them, and of several
// read together. Student's quantiles are Boost.Math's, rounded, so that libm's last bit cannot reach a result file.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace userqsim {

// A value that was estimated from `samples` independent ones. Without a standard error nothing is known of it.
struct Estimate {
  double value = 0.0;
  std::optional<double> standard_error;
  std::size_t samples = 0;
};

// What one cluster (a replication, a batch) adds to a mean over all observations.
struct Cluster {
  double sum = 0.0;
  double count = 0.0;
};

// The mean of independent samples. Nothing of none; no standard error of one.
std::optional<Estimate> mean_of(const std::vector<double>& samples);

// Sum over count of all clusters together. The observations within a cluster may depend on each other: the error is
// that of the ratio of two means over clusters, linearised (Cochran, Sampling Techniques, 3rd ed. 1977, 6.4), so a
// cluster counts by what it holds. Nothing when no cluster holds anything.
std::optional<Estimate> ratio_of(const std::vector<Cluster>& clusters);

// ratio_of(b) - ratio_of(a), cluster i of both being of the same draws. REQUIRES: as many in a as in b.
std::optional<Estimate> ratio_difference(const std::vector<Cluster>& a, const std::vector<Cluster>& b);

// The two-sided Student quantile of `level` for n samples (n - 1 degrees of freedom). REQUIRES: n >= 2, 0 < level
// < 1.
double t_quantile(std::size_t n, double level);

// Half the width of the Student interval; nothing without a standard error.
std::optional<double> half_width(const Estimate& estimate, double level = 0.95);

// The probability that an estimate lies at least so far from zero when the truth is zero (Student, two-sided), to
// six decimals. Without any spread: 1 at zero, 0 elsewhere. Nothing without a standard error.
std::optional<double> t_test_p(const Estimate& estimate);

// Whether the truth is shown to lie within (-band, band), at 5 %: two one-sided tests (Schuirmann, 1987), which is
// whether the 90 % interval lies within the band. False without a standard error.
bool is_equivalent(const Estimate& estimate, double band);

// The p-values adjusted for being read together (Holm, 1979): who calls those of at most 5 % a difference, calls
// any true null one in at most 5 % of all cases, however the metrics hang together.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace userqsim
