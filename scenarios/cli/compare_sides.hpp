// What `compare` compares: from its options to a machine for each side.
#pragma once

#include <string>
#include <vector>

#include "results/record/manifest.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/experiment/compare.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

struct ComparedSides {
  LoadedScenario loaded;              // what the sides have in common, as the first has it; hash of all their input
  std::vector<CompareSide> machines;  // in the order given; the first is the baseline
  VariedSides varied;                 // the same for the manifest
};

// Throws InputError when the options contradict each other, name what there is not, or leave nothing to compare.
ComparedSides load_sides(const ExperimentOptions& options);

}  // namespace userqsim
