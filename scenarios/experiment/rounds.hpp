// Replications in rounds, until an interval is narrow enough.
//
// PROMISES: after a round all its replications are looked at, in their order, and nothing else is; so how many
// there are depends neither on the number of threads nor on which run was done first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/record/rows.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

struct PrecisionRule {
  std::string metric;
  std::string role;
  double half_width = 0.05;  // of the 95 % interval, as a share of the value
  std::uint32_t round = 10;  // replications
  std::uint32_t most = 1000;
};

struct Rounds {
  PoolResult results;              // of the cells that were run, the first of those given
  std::uint32_t replications = 0;  // that were begun
  bool reached = false;
  bool unmeasured = false;  // the first round gave no interval: it ended there
};

// Half the width of the interval of the metric's mean over replications, relative to that mean; nothing where no
// replication, or one alone, has it. With two sides or more it is of the difference of each from the first,
// relative to the first's mean, and the widest counts. REQUIRES: sides[i] holds the same replications for every
// side i.
std::optional<double> relative_half_width(const std::vector<std::vector<ReplicationSummary>>& sides,
                                          const PrecisionRule& rule);

// `cells`: replication by replication, each with the same number of sides, and rule.most replications of them.
// `run` runs some of them; `first` is the index of the first.
Rounds run_in_rounds(const std::vector<Cell>& cells, const PrecisionRule& rule,
                     const std::function<PoolResult(const std::vector<Cell>& some, std::size_t first)>& run);

}  // namespace userqsim
