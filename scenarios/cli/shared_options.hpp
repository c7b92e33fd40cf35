// Options that several subcommands have, or that are too many for main.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include "scenarios/cli/experiment_commands.hpp"

namespace userqsim {

// Time lines: --slices, --trace, --trace-window, --trace-filter.
void add_traces(CLI::App& app, ExperimentOptions& options);

// Replications in rounds: --until-half-width, --metric, --max-reps.
void add_precision(CLI::App& app, ExperimentOptions& options);

// Of `compare`: --equivalence, --fork, --fork-sample, --fork-window.
void add_comparison(CLI::App& app, ExperimentOptions& options);

}  // namespace userqsim
