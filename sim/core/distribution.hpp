// A duration that a scenario or a profile states: a constant, or a distribution to sample from.
#pragma once

#include <variant>
#include <vector>

#include "sim/core/time.hpp"

namespace userqsim {

struct ConstantDuration {
  Duration value{0};
  bool operator==(const ConstantDuration&) const = default;
};

struct ExponentialDuration {
  Duration mean{0};
  bool operator==(const ExponentialDuration&) const = default;
};

// Given by its own mean (not the logarithm's) and the logarithm's standard deviation.
struct LognormalDuration {
  Duration mean{0};
  double sigma = 0.0;
  bool operator==(const LognormalDuration&) const = default;
};

// Exponential with the mean `longer` for a share of the draws, else with the mean `shorter`.
struct HyperexponentialDuration {
  Duration shorter{0};
  Duration longer{0};
  double longer_share = 0.0;
  bool operator==(const HyperexponentialDuration&) const = default;
};

// One of `values`, each equally likely; repeat a value to weight it.
struct EmpiricalDuration {
  std::vector<Duration> values;
  bool operator==(const EmpiricalDuration&) const = default;
};

using Distribution = std::variant<ConstantDuration, ExponentialDuration, LognormalDuration, EmpiricalDuration,
                                  HyperexponentialDuration>;

constexpr Distribution constant(Duration value) { return ConstantDuration{value}; }

// True for a constant of zero: the cost is free and nothing needs to be drawn.
bool is_zero(const Distribution& distribution);

// The expected value, rounded to a nanosecond.
Duration mean_of(const Distribution& distribution);

}  // namespace userqsim
