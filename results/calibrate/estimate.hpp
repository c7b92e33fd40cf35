// From samples of a time to the distribution that a cost profile states.
//
// What a poll saw stands for the middle of the poll's step before it; a clock rounds to the nearest, so what it
// says stands. What else a sample holds (costs that are known otherwise) is taken off. Of a few samples that leave
// nothing each counts as 0; where half or more leave nothing, nothing is identified.
//
//   constant      when all lie within one step: the mean
//   exponential,  with 50 samples or more: the one of the two whose Kolmogorov-Smirnov distance is less, if it is
//   lognormal     below the 5 % point for a distribution whose parameters were estimated (Stephens, 1974); the
//                 lognormal only of samples above 0, and with a sigma and a mean that a profile may state
//   empirical     else: the samples, of more than 256 so many of their quantiles
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/core/distribution.hpp"

namespace userqsim {

struct Resolution {
  std::int64_t step_ns = 1;  // of the poll or the clock; samples that differ by no more may be equal
  bool rounds_up = false;    // a poll sees what happened before; a clock rounds both stamps to the nearest
  std::int64_t late_ns = 0;  // by how much more some of the samples may be late
};

struct CostEstimate {
  Distribution value;
  Duration least{0};  // what the samples allow: for a constant the step, else the least and most sample
  Duration most{0};
  std::size_t samples = 0;   // that it rests on
  std::size_t too_long = 0;  // that were left out: longer than a profile may state
  std::size_t negative = 0;  // that left nothing when that was taken off, and count as 0
  bool identified = true;    // false: half of the samples or more left nothing, and the value says nothing
};

// `given` is taken off each sample. Nothing without a sample. REQUIRES: no sample is negative.
std::optional<CostEstimate> estimate(std::vector<std::int64_t> samples_ns, const Resolution& resolution,
                                     Duration given);

}  // namespace userqsim
