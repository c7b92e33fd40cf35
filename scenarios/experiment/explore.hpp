// Explores everything that may happen in a scenario, in whatever order, and keeps for each thing that can go wrong
// one of the shortest sequences that lead to it (docs/exploration.md).
//
// Beside the hazards that the model's parts state, a state in which nothing may happen any more is looked at: a
// thread of the driver that is in the middle of something waits for ever, and so does a process that is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/hardware/facts.hpp"
#include "models/machine/spec.hpp"
#include "sim/search/search.hpp"

namespace userqsim {

// What is found where nothing may happen any more.
constexpr std::string_view waits_for_ever = name_of(HazardKind::waits_for_ever);
constexpr std::string_view stopped_for_ever = name_of(HazardKind::stopped_for_ever);

struct Finding {
  std::string hazard;                 // as in hazards.csv, or one of the two above
  std::string process;                // empty: nobody's
  std::string queue;                  // empty: the process's
  std::vector<std::string> sequence;  // what happens, up to the hazard
  std::vector<std::string> waits;     // of one that lasts for ever: who waits then, and for what
};

struct Exploration {
  SearchCounts counts;
  std::vector<Finding> findings;  // by the hazard's name; the shortest, and of those the first to be found
};

// REQUIRES: check_untimed(*spec) is empty. Ends early, and says so in counts.complete, when `interrupt` became
// true.
Exploration explore(const std::shared_ptr<const MachineSpec>& spec, const SearchLimits& limits,
                    const std::atomic<bool>* interrupt);

}  // namespace userqsim
