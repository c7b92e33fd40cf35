// The options that say how precise an experiment is to be, what of its differences matters, and which evictions are
// forked: checked, and as values. Each throws InputError.
#pragma once

#include <optional>
#include <string>

#include "results/compare/judge.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/experiment/fork.hpp"
#include "scenarios/experiment/rounds.hpp"

namespace userqsim {

// --equivalence.
Bands equivalence_bands(const ExperimentOptions& options);

// --until-half-width, --metric, --max-reps; --reps is a round, ten where that is one. Nothing without the first.
std::optional<PrecisionRule> precision_rule(const ExperimentOptions& options);

// --fork, --fork-sample, --fork-window, for these sides. Nothing without the first.
std::optional<ForkRequest> fork_request(const ExperimentOptions& options, const std::vector<CompareSide>& sides,
                                        Duration measure_from);

}  // namespace userqsim
