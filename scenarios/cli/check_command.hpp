// `check`: a run against a baseline. Its options as plain values, and how the command line gives them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/check/formats.hpp"
#include "results/check/trail.hpp"

namespace userqsim {

struct CheckOptions {
  std::string run;
  std::string baseline;
  CheckFormat format = CheckFormat::table;
  bool moved = false;                // the trajectory was moved on purpose
  bool strict = false;               // what got better past its tolerance fails too
  std::string against;               // directory of the run that the baseline was made from; empty: none
  bool update = false;               // write the baseline
  bool force = false;                // also where CI is set
  std::vector<std::string> metrics;  // that an update adds: METRIC/ROLE/STAT[/POLICY]
  double abs_tol = 0.0;              // of those that an update adds
  double rel_tol = 0.0;
  double margin = 0.05;
  std::optional<std::uint64_t> exact_facts;  // none: as the baseline has it
  unsigned jobs = 0;
  std::string profiles;  // directory of those that the run was made with
};

// Adds the subcommand. When it is chosen, `command` becomes what runs it.
void add_check(CLI::App& app, std::function<int()>& command);

// Returns the exit status: 0 passed; 1 failed, or a baseline was changed; 2 the two cannot be compared.
int cmd_check(const CheckOptions& options);

}  // namespace userqsim
