// Scenarios of the library, run with every invariant checked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::test {

// The record of its first replication; `sets` as --set has them.
inline RunRecord record(const std::string& name, std::vector<std::string> sets = {}) {
  LoadOptions options;
  options.sets = std::move(sets);
  const WatchedRun run = watched_run(load_scenario("scenarios/library/" + name + ".json", options).machine, 0, 64);
  CAPTURE(run.violations);
  REQUIRE(run.violations.empty());
  return run.record;
}

}  // namespace userqsim::test
