// Reads of a run's directory what `check` looks at: its manifest, its summary, and where it was made.
#pragma once

#include <string>

#include "results/check/check.hpp"
#include "scenarios/load/run_manifest.hpp"

namespace userqsim {

// REQUIRES: `manifest` was read from this directory. Throws InputError, also where summary.csv is not the file that
// the manifest names.
CheckedRun read_checked_run(const RunManifest& manifest);

}  // namespace userqsim
