#include "tests/support/library.hpp"

#include <algorithm>
#include <filesystem>
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

std::vector<std::string> library_paths() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/library")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace userqsim::test
