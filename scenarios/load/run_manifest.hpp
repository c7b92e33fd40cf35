// Reads what `run` and `compare` left in a directory, as far as it takes to run a replication of it again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/load/scenario.hpp"

namespace userqsim {

// A policy of the run, or another side of its comparison.
struct RunSide {
  std::string key;  // what the column `policy` says
  std::string policy;
  std::string scenario;  // the file with every value in place
};

// One replication that it holds, whole.
struct RunReplication {
  std::string key;
  std::uint32_t replication = 0;
  std::uint64_t digest = 0;
};

struct RunManifest {
  std::string directory;  // as given
  std::string file;       // of the manifest, for messages
  std::string model_version;
  std::uint64_t seed = 0;
  std::int64_t horizon_ns = 0;
  std::vector<RunSide> sides;                // as they were given
  std::vector<RunReplication> replications;  // of the base
};

// Throws InputError: no such directory, none that run or compare wrote, or a manifest that is not as they write it.
RunManifest read_run_manifest(const std::string& directory);

// The side's scenario as it was run: its policy, and the horizon of the run. Throws InputError.
LoadedScenario load_side(const RunManifest& run, const RunSide& side, const LoadOptions& options);

}  // namespace userqsim
