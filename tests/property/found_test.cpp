// What random search once found broken, cut down to what it takes: under every release and every policy the machine
// is whole after each event, and at the end everything adds up. Each file says what broke.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "models/policy/policies.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::found_test {
namespace {

using namespace test;

TEST_CASE("what was once found broken holds under every release and policy", "[found]") {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/property/found")) {
    paths.push_back(entry.path().string());
  }
  REQUIRE(paths.size() >= 6);
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    for (const char* kernel : releases) {
      for (const std::string_view policy : policy_names()) {
        CAPTURE(path, kernel, policy);
        LoadOptions options;
        options.sets = {fmt::format("/kernel={}", kernel), fmt::format("/policy={}", policy)};
        const WatchedRun run = watched_run(load_scenario(path, options).machine, 0);
        CAPTURE(run.violations);
        CHECK(run.violations.empty());
      }
    }
  }
}

}  // namespace
}  // namespace userqsim::found_test
