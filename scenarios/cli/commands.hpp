// The subcommands, one function each. Results go to stdout, messages to stderr. Each returns the exit status;
// wrong input is thrown as InputError and a contradiction of the model as InvariantError, for main() to report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/report/table.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// Loads and checks each scenario; one line for each that is sound. Every path is tried: 0 when all are sound,
// else 2.
int cmd_validate(const std::vector<std::string>& paths, const LoadOptions& options);

// Prints the JSON Schema of a scenario.
int cmd_schema();

// `what`: devices, kernels, policies, costs, metrics or scenarios.
int cmd_list(const std::string& what, TableFormat format, const LoadOptions& options);

// Prints a line an edge, or Graphviz text with `dot`. `what`: lifecycle (of the kernel profile `subject`), jobs (of
// the scenario `subject`) or wiring (`subject` is not used).
// With `other`, a second kernel profile: what the two lifecycles do not have in common.
int cmd_graph(const std::string& what, const std::string& subject, const std::string& other, bool dot,
              const LoadOptions& options);

struct LifecycleOptions {
  std::string kernel;                // kernel profile
  std::string policy;                // empty: the release's own
  std::string file = "-";            // of operations, one JSON object a line
  std::string profiles;              // directory of further profiles
  std::optional<bool> gpu_recovery;  // none: as the kernel profile says
  bool per_queue_reset = true;
  bool vram_lost = true;  // by a reset that an operation sets off
  bool tables = false;    // print the tables instead
};
// Replays operations on the lifecycle tables of a release, an answer a line; or prints those tables as Markdown.
int cmd_lifecycle(const LifecycleOptions& options);

struct CalibrateOptions {
  std::vector<std::string> traces;  // paths, "-" for standard input
  std::string output;               // the cost profile; empty: none is written
  std::string base = "default";     // cost profile, by name or path
  std::string kernel = "6.18";      // kernel profile: how its driver polls
  std::string compare;              // directory of a run; empty: none
  std::string profiles;             // directory of further profiles
  bool together = false;            // the traces are parts of one recording
  bool idle = false;                // every queue that was stopped was idle, and in a slot
  bool force = false;
  TableFormat format = TableFormat::table;
};
// Estimates costs from traces of a machine, writes them as a cost profile, and prints them; beside the same times
// of a run, if one is named.
int cmd_calibrate(const CalibrateOptions& options);

}  // namespace userqsim
