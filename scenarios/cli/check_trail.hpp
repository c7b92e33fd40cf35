// Runs replications of a run again: for the trails of their digests, or to find where they leave a trail.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/check/check.hpp"
#include "scenarios/experiment/replicate.hpp"
#include "scenarios/load/run_manifest.hpp"

namespace userqsim {

// The replications of a run as cells. `profiles`: a directory of further ones. Throws InputError.
struct ReplayPlan {
  std::vector<Cell> cells;
  unsigned jobs = 0;
};
ReplayPlan plan_replay(const RunManifest& run, const std::vector<CheckedDigest>& which, const std::string& profiles,
                       unsigned jobs);

// Digest, number of facts and trail of each cell. Nothing when a signal came.
std::optional<std::vector<BaselineDigest>> trails_of(const ReplayPlan& plan, std::uint64_t exact_facts);

// Where each cell leaves the trail of the same index. `digest` is that of the repeated run.
struct Departure {
  std::optional<Divergence> divergence;  // nothing: it does not leave it
  std::uint64_t digest = 0;
};
std::optional<std::vector<Departure>> departures_of(const ReplayPlan& plan,
                                                    const std::vector<const BaselineDigest*>& trails,
                                                    std::uint64_t exact_facts);

// In words, for the item of a digest.
std::string words_for(const Divergence& divergence, const BaselineDigest& expected);

}  // namespace userqsim
