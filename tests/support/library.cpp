#include "tests/support/library.hpp"

#include <utility>

#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::test {

RunRecord record(const std::string& name, std::vector<std::string> sets) {
  LoadOptions options;
  options.sets = std::move(sets);
  const WatchedRun run = watched_run(load_scenario("scenarios/library/" + name + ".json", options).machine, 0, 64);
  CAPTURE(run.violations);
  REQUIRE(run.violations.empty());
  return run.record;
}

}  // namespace userqsim::test
