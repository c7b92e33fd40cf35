// A scenario under several kernel profiles, and what they differ in.
#include "scenarios/load/kernel_fields.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim::load_kernels_test {

using namespace load_test;

namespace {

// A directory of profiles with two kernels of its own that differ in little.
LoadOptions with_two_kernels(const ScratchFolder& folder) {
  const auto profile = [](const std::string& name, const std::string& policy, const std::string& limit) {
    return R"({"name": ")" + name + R"(", "title": "t", "source": "s", "lifecycle": "6.18", "native_policy": ")" +
           policy + R"(", "pre_wait": "abort", "pre_wait_limit": ")" + limit + "\"}";
  };
  folder.write("profiles/kernels/old.json", profile("old", "unmap_map", "100ms"));
  folder.write("profiles/kernels/new.json", profile("new", "preempt_restore", "70ms"));
  return {.profiles_dir = folder.path() + "/profiles", .sets = {}};
}

constexpr const char* simple_jobs = R"({"arrival": {"periodic": "1ms"}, "work": "100us"})";

}  // namespace

TEST_CASE("each kernel comes with its native policy, whatever the scenario says") {
  const ScratchFolder folder("load-kernels");
  const LoadOptions options = with_two_kernels(folder);
  const std::string file = folder.write("s.json", scenario_text(simple_jobs, R"(, "policy": "preempt_restore")"));
  const std::vector<LoadedScenario> both = load_under_kernels(file, {"old", "new"}, options);
  REQUIRE(both.size() == 2);
  CHECK(both[0].scenario.kernel == "old");
  CHECK(both[0].machine->kernel.name == "old");
  CHECK(both[0].machine->policy == "unmap_map");
  CHECK(both[1].machine->policy == "preempt_restore");
  CHECK(both[0].input_hash != both[1].input_hash);

  // What each leaves reads back to the same machine.
  const std::string resolved = folder.write("resolved.json", both[0].resolved_json);
  const LoadedScenario again = load_scenario(resolved, options);
  CHECK(again.machine->policy == "unmap_map");
  CHECK(again.resolved_json == both[0].resolved_json);
}

TEST_CASE("overrides of kernel fields hold under each kernel") {
  const ScratchFolder folder("load-kernels-overrides");
  const LoadOptions options = with_two_kernels(folder);
  const std::string file = folder.write(
      "s.json",
      scenario_text(simple_jobs, R"(, "overrides": {"kernel": {"pre_wait_limit": "7ms", "min_run": "1ms"}})"));
  for (const LoadedScenario& loaded : load_under_kernels(file, {"old", "new"}, options)) {
    CHECK(loaded.machine->kernel.pre_wait_limit == std::chrono::milliseconds{7});
    CHECK(loaded.machine->kernel.min_run == std::chrono::milliseconds{1});
  }
}

TEST_CASE("overrides that name the kernel leave none to compare") {
  const ScratchFolder folder("load-kernels-name");
  const LoadOptions options = with_two_kernels(folder);
  const std::string file = folder.write("s.json", scenario_text());
  const std::string resolved =
      folder.write("resolved.json", load_under_kernels(file, {"old"}, options).front().resolved_json);
  try {
    load_under_kernels(resolved, {"old", "new"}, options);
    FAIL("was accepted");
  } catch (const InputError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.find(resolved + ": /overrides/kernel/name: \"old\" would be the name of every kernel") == 0);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("kernels are told apart by the fields in which they differ") {
  const ScratchFolder folder("load-kernels-fields");
  const std::string file = folder.write("s.json", scenario_text());
  std::vector<KernelFields> fields;
  for (const LoadedScenario& loaded : load_under_kernels(file, {"old", "new"}, with_two_kernels(folder))) {
    fields.push_back(kernel_fields(loaded.machine->kernel));
  }
  using Rows = std::vector<std::vector<std::string>>;
  CHECK(differing_fields(fields) ==
        Rows{{"native_policy", "unmap_map", "preempt_restore"}, {"pre_wait_limit", "0.1s", "70ms"}});
  CHECK(differing_fields({{{"x", "1"}}, {{"x", "1"}, {"y", "2"}}}) == Rows{{"y", "", "2"}});
}

}  // namespace userqsim::load_kernels_test
