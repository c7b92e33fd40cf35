// Kolmogorov-Smirnov distances: how far two samples, or a sample and a distribution, lie apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace userqsim {

// The largest difference of the two empirical distribution functions, 0 to 1. REQUIRES: both sorted, neither empty.
double ks_distance(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b);

// The same of a sample and a distribution function, where a value stands for the cell (value - half, value + half]
// of a coarser clock: the functions are compared at the cells' upper ends. REQUIRES: sorted and not empty, half >=
// 0, `cdf` not decreasing, from 0 to 1.
double ks_distance(const std::vector<std::int64_t>& sample, double half, const std::function<double(double)>& cdf);

// The probability that two samples of one continuous distribution lie at least so far apart: the asymptotic series
// with Stephens's correction for small samples (Stephens, 1970), good from four in each on. Ties make it too large,
// never too small. REQUIRES: neither count is 0.
double ks_two_sample_p(double distance, std::size_t a, std::size_t b);

}  // namespace userqsim
