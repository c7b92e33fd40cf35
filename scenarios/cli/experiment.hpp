// What `run` and `compare` have in common: from options to machines, from results to a directory, from a stop to an
// exit status.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results/compare/forks.hpp"
#include "results/record/manifest.hpp"
#include "results/record/run_directory.hpp"
#include "results/record/tables.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/traces.hpp"
#include "scenarios/experiment/replicate.hpp"
#include "scenarios/experiment/rounds.hpp"
#include "scenarios/experiment/run_tables.hpp"
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

// Finds the end of the warm-up where the scenario asks for it: its measure_from, from here on. Throws InputError
// when the run is too short to tell. REQUIRES: the machines are those of the experiment.
void settle_warm_up(LoadedScenario& loaded, const std::vector<std::shared_ptr<const MachineSpec>>& machines);

// Runs the cells with progress, log and limits as the options say, of which `spent` seconds of --timeout are gone.
// `attach` is as in PoolOptions. A broken invariant is thrown as InvariantError with the command that
// repeats it.
PoolResult run_experiment(const std::vector<Cell>& cells, const ExperimentOptions& options,
                          const LoadedScenario& loaded, const CellAttach& attach, double spent = 0.0);

struct Experiment;

// Runs cells that keep their records: all of them, or, under a rule, as many replications of them as it asks for;
// the others are taken out. REQUIRES: as run_in_rounds() has it. Throws InputError where the rule's metric is not
// there.
PoolResult run_replications(std::vector<Cell>& cells, const std::optional<PrecisionRule>& rule,
                            const ExperimentOptions& options, const LoadedScenario& loaded,
                            const CellAttach& attach, Experiment& experiment);

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
  VariedSides varied;                         // compare
  std::vector<ComparisonRow> comparison;      // compare
  std::optional<std::vector<ForkRow>> forks;  // compare --fork
  std::optional<ManifestStopping> stopping;
  std::uint32_t replications_asked = 0;
};

struct Published {
  std::string directory;
  std::vector<std::string> files;
};

// Writes everything and renames the directory into place.
Published publish(RunDirectory& directory, const ExperimentOptions& options, const LoadedScenario& loaded,
                  const Experiment& experiment, ExperimentTraces& traces, RunTables& tables);

// Says on standard error why the results are partial, and gives the exit status.
int finish(const PoolResult& results, const Published& published);

}  // namespace userqsim
