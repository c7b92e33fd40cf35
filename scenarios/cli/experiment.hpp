// What `run` and `compare` have in common: from options to machines, from results to a directory, from a stop to an
// exit status.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "results/record/manifest.hpp"
#include "results/record/run_directory.hpp"
#include "results/record/tables.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/traces.hpp"
#include "scenarios/experiment/replicate.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// The scenario with the options applied. Throws InputError.
LoadedScenario load_experiment(const ExperimentOptions& options);

// The same, to be run by the clock. Throws InputError where the scenario states an order, too.
LoadedScenario load_timed_experiment(const ExperimentOptions& options);

// The same under each kernel profile, with the policy that is native to it. Throws InputError.
std::vector<LoadedScenario> load_experiment_under_kernels(const ExperimentOptions& options,
                                                          const std::vector<std::string>& kernels);

// Throws InputError when there is no such policy; `option` is where it was given.
void require_policy(const std::string& option, const std::string& policy);

// Where results go: --out, or out/<name>.
std::string output_path(const ExperimentOptions& options, const LoadedScenario& loaded);

// Prints the cells that would be run.
void print_plan(const std::vector<Cell>& cells, const LoadedScenario& loaded, TableFormat format);

// Runs the cells with progress, log and limits as the options say. `attach` is as in
// PoolOptions. A broken invariant is thrown as InvariantError with the command that
// repeats it.
PoolResult run_experiment(const std::vector<Cell>& cells, const ExperimentOptions& options,
                          const LoadedScenario& loaded, const CellAttach& attach);

// The sides of a comparison, for the manifest.
struct VariedSides {
  std::string what;  // policy or kernel; empty when nothing is
  std::vector<ManifestSide> sides;
  std::vector<std::pair<std::string, std::string>> files;  // name and text of further scenarios that sides name
};

// An experiment that is done.
struct Experiment {
  std::string command;  // run, compare
  std::string started_utc;
  std::vector<Cell> cells;
  PoolResult results;
  std::vector<SummaryBlock> summaries;
  VariedSides varied;                     // compare
  std::vector<ComparisonRow> comparison;  // compare
};

struct Published {
  std::string directory;
  std::vector<std::string> files;
};

// Writes everything and renames the directory into place.
Published publish(RunDirectory& directory, const ExperimentOptions& options, const LoadedScenario& loaded,
                  const Experiment& experiment, ExperimentTraces& traces);

// Says on standard error why the results are partial, and gives the exit status.
int finish(const PoolResult& results, const Published& published);

}  // namespace userqsim
