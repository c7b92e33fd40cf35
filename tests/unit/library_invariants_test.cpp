// Every scenario of the library, under both policies and both kernels, where its device knows them: after each
// event the machine is whole, at the end everything adds up, and the scenario really evicts, but for four.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/library.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::library_invariants_test {
namespace {

using namespace test;

// With sanitizers a recount after every event takes minutes.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t recount_every = 64;
#else
constexpr std::uint64_t recount_every = 1;
#endif

// What these show comes without an eviction.
bool evicts_nobody(const std::string& path) {
  const std::array names{"model-spills-to-gtt", "ninth-queue", "stutter-since-6-10",
                         "game-comes-back-without-room"};
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return path.ends_with("/" + name + ".json"); });
}

TEST_CASE("library scenarios hold every invariant after every event, and evict") {
  const auto paths = library_paths();
  REQUIRE(paths.size() >= 5);
  using Names = std::vector<std::string>;
  for (const std::string& path : paths) {
    const bool on_hws = load_scenario(path, {}).machine->firmware.scheduler == Scheduler::hws;
    for (const std::string& kernel : on_hws ? Names{"kfd"} : Names{"6.18", "seed-v8"}) {
      for (const std::string& policy : on_hws ? Names{"unmap_map"} : Names{"preempt_restore", "unmap_map"}) {
        CAPTURE(path, kernel, policy);
        LoadOptions options;
        options.sets = {fmt::format("/kernel={}", kernel), fmt::format("/policy={}", policy)};
        const LoadedScenario scenario = load_scenario(path, options);
        const WatchedRun run = watched_run(scenario.machine, 0, recount_every);
        CAPTURE(run.violations);
        CHECK(run.violations.empty());
        CHECK(run.record.evictions.empty() == evicts_nobody(path));
      }
    }
  }
}

}  // namespace
}  // namespace userqsim::library_invariants_test
