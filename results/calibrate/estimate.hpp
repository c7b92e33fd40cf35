// From samples of a time to the distribution that a cost profile states.
//
// What a poll saw stands for the middle of the poll's step before it; a clock rounds to the nearest, so what it
// says stands. What else a sample holds (costs that are known otherwise) is taken off. Of a few samples that leave
// nothing each counts as 0; where half or more leave nothing, nothing is identified.
//
//   constant      when all lie within one step: the mean
//   exponential,  with 50 samples or more: the one of the two whose Kolmogorov-Smirnov distance is less, if it is
//   lognormal     below the 5 % point for a distribution whose parameters were estimated (Stephens, 1974); the
//                 lognormal only of samples above 0
//   empirical     else: the samples, of more than 256 so many of their quantiles
//
// Of stops the least samples decide which took longer for another reason. If a tenth of all, two at least, lie
// within one step of the least, and in the four steps behind it at most a quarter as many, the time is a constant
// and what is above that step is a straggler; else what is above 16 times the lower quartile is one. What is longer
// than an hour is a straggler always. A stop is known only where it is a constant that 5 samples and half of all
// show: a time that spreads may be work that ran to its end, and then it is a bound from above.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/core/distribution.hpp"

namespace userqsim {

struct Resolution {
  std::int64_t step_ns = 1;  // of the poll or the clock; samples that differ by no more may be equal
  bool rounds_up = false;    // a poll sees what happened before; a clock rounds to the nearest
  std::int64_t late_ns = 0;  // by how much more some of the samples may be late
};

struct Estimate {
  Distribution value;
  Duration least{0};  // what the samples allow: for a constant the step, else the least and most sample
  Duration most{0};
  std::size_t samples = 0;     // that it rests on
  std::size_t stragglers = 0;  // that were left out
  std::size_t shorter = 0;     // that were left out as stops without a slot
  std::size_t negative = 0;    // that left nothing when that was taken off, and count as 0
  bool identified = true;      // false: half of the samples or more left nothing, and the value says nothing
  bool upper_bound = false;    // a stop that is no constant: the cost is not known to be as much
};

// The time that is measured may be that of a stop that nobody vouches for: some of the samples may have taken
// longer, for work that ran to its end, and some may lack the time to leave a slot, for the queue had none. Two
// constants that lie that time apart, each of a tenth of all samples, five at least, and with few between them, are
// stops without and with a slot: the upper is taken. Else those that are less than what is taken off are left out,
// where they are the minority.
enum class Measured : std::uint8_t { step, stop };

// `given` is taken off each sample; `slot` is the part of it that a stop without a slot lacks. Nothing without a
// sample. REQUIRES: no sample is negative.
std::optional<Estimate> estimate(std::vector<std::int64_t> samples_ns, const Resolution& resolution, Duration given,
                                 Measured what, Duration slot = Duration{0});

}  // namespace userqsim
