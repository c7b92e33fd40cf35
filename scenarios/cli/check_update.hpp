// Writes a baseline from a run.
#pragma once

#include "results/check/check.hpp"
#include "scenarios/cli/check_command.hpp"
#include "scenarios/load/run_manifest.hpp"

namespace userqsim {

// Makes or renews options.baseline and prints what changed. Keeps the tolerances of what stands there. Returns the
// exit status: 0 nothing changed; 1 it was written. Throws InputError, also where CI is set and not forced.
int update_baseline(const CheckOptions& options, const RunManifest& manifest, const CheckedRun& run);

}  // namespace userqsim
