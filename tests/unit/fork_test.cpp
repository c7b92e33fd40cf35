// Forks: the same evictions under several policies, from the same state.
#include "scenarios/experiment/fork.hpp"

#include <atomic>
#include <map>
#include <set>

#include "scenarios/experiment/cells.hpp"
#include "scenarios/experiment/explain.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::fork_test {
namespace {

using namespace test;

struct Forked {
  std::vector<ForkRow> rows;
  std::vector<std::string> policies;
  PoolResult results;
};

Forked fork(const std::string& scenario, std::vector<std::string> policies, std::size_t sample,
            std::uint32_t replications = 1, unsigned jobs = 1, std::vector<std::string> sets = {}) {
  const LoadedScenario loaded = load_library_scenario(scenario, {.profiles_dir = {}, .sets = std::move(sets)});
  ForkRequest request;
  for (const std::string& policy : policies) {
    auto machine = std::make_shared<MachineSpec>(*loaded.machine);
    machine->policy = policy;
    // A policy that is given twice has a key of its own.
    const std::string key = request.sides.empty() || request.sides[0].policy != policy ? policy : "2:" + policy;
    request.sides.push_back({key, std::move(machine)});
  }
  request.evictions = sample;
  request.behind = 10ms;
  request.measure_from = loaded.scenario.measure_from;
  std::atomic<bool> interrupt = false;
  request.interrupt = &interrupt;
  Forks forks(request);
  std::vector<Cell> cells = plan_run(request.sides.front().machine, 0, replications);
  PoolOptions options;
  options.jobs = jobs;
  options.interrupt = &interrupt;
  options.attach = [&](Machine& machine, const Cell& cell, std::size_t) { return forks.attach(machine, cell); };
  Forked forked;
  forked.results = run_cells(cells, options);
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t r = 0; r < replications; ++r) {
    CHECK(forks.has(r));
    numbers.push_back(r);
  }
  forked.rows = forks.rows(numbers);
  for (const CompareSide& side : request.sides) forked.policies.push_back(side.policy);
  return forked;
}

const ForkRow& find(const Forked& forked, const std::string& policy, std::string_view metric) {
  for (const ForkRow& row : forked.rows) {
    if (row.policy == policy && row.metric == metric) return row;
  }
  FAIL("no such row");
  return forked.rows.front();
}

TEST_CASE("a sample is the middle of parts of one size") {
  CHECK(evenly_spaced(10, 2) == std::vector<std::size_t>{2, 7});  // 2.5 and 7.5
  CHECK(evenly_spaced(9, 3) == std::vector<std::size_t>{1, 4, 7});
  CHECK(evenly_spaced(3, 5) == std::vector<std::size_t>{0, 1, 2});
  CHECK(evenly_spaced(3, 0) == std::vector<std::size_t>{0, 1, 2});
  CHECK(evenly_spaced(0, 5).empty());
  CHECK(evenly_spaced(7, 1) == std::vector<std::size_t>{3});
}

// By hand (one_queue_by_hand_test.cpp): from the fence's enabling SUSPEND is done after 76 us and REMOVE_QUEUE
// after 78, and both run again after 112; so the eviction is 2 us longer, and the downtime is the same.
TEST_CASE("the effect of the decision alone, by hand") {
  const Forked forked = fork("one-queue-by-hand", {"preempt_restore", "unmap_map"}, 0);
  const ForkRow& latency = find(forked, "unmap_map", "evict_latency_ns");
  CHECK(latency.difference == 2000);
  CHECK(find(forked, "unmap_map", "downtime_ns").difference == 0);
  CHECK(find(forked, "unmap_map", "downtime_ns").value == 112'000);
  CHECK_FALSE(find(forked, "preempt_restore", "evict_latency_ns").difference);
  CHECK(find(forked, "preempt_restore", "evict_latency_ns").value == *latency.value - 2000);
  // Both go on until 10 ms behind the later end; the scenario may be over before.
  for (const ForkRow& row : forked.rows) CHECK(row.until_ns == latency.until_ns);
  const std::vector<ForkEffect> effects = fork_effects(forked.rows, forked.policies);
  REQUIRE_FALSE(effects.empty());
  CHECK(effects.front().metric == "evict_latency_ns");
  CHECK(effects.front().difference.value == 2000.0);
  CHECK(effects.front().evictions == 1);
  CHECK_FALSE(effects.front().difference.standard_error);  // of one eviction
}

TEST_CASE("the same policy on both sides differs in nothing, under any policy") {
  const std::string policy = GENERATE("preempt_restore", "unmap_map", "hybrid");
  const std::string scenario =
      GENERATE("game-and-llm-on-16g", "third-process-two-victims", "two-managers-one-card");
  const Forked forked = fork(scenario, {policy, policy}, 0, 1, 1, {"/horizon=\"4s\""});
  REQUIRE(forked.rows.size() >= 32);
  std::size_t differences = 0;
  for (const ForkRow& row : forked.rows) {
    if (row.policy == policy) continue;
    CHECK(row.difference.value_or(0) == 0);
    differences += row.difference.has_value();
  }
  CHECK(differences > 0);
  for (const ForkEffect& effect : fork_effects(forked.rows, forked.policies)) CHECK(effect.difference.value == 0.0);
}

// Until the eviction is over nothing has happened that did not happen in the history, too.
TEST_CASE("a fork under the history's own policy is the history") {
  const Forked forked = fork("game-and-llm-on-16g", {"unmap_map", "preempt_restore"}, 0, 1, 1, {"/horizon=\"4s\""});
  const RunRecord& record = forked.results.cells[0]->record;
  std::size_t compared = 0;
  for (const EvictionRow& row : record.evictions) {
    for (const ForkRow& fork : forked.rows) {
      if (fork.policy != "unmap_map" || fork.process != record.process_names[row.process]) continue;
      if (fork.eviction != row.eviction || fork.metric != "downtime_ns") continue;
      CHECK(fork.value == row.downtime_ns);
      CHECK(fork.start_ns == row.start_ns);
      CHECK(fork.until_ns >= row.ended_ns + 10'000'000);
      ++compared;
    }
  }
  CHECK(compared >= 2);
}

// explain copies the machine at the same moment by code of its own.
TEST_CASE("a fork under another policy is what explain tells") {
  const std::vector<std::string> sets{"/horizon=\"4s\"", "/policy=\"preempt_restore\""};
  const auto spec = load_library_scenario("game-and-llm-on-16g", {.profiles_dir = {}, .sets = sets}).machine;
  const auto replayed = replay(spec, 0, nullptr);
  const Forked forked = fork("game-and-llm-on-16g", {"preempt_restore", "unmap_map"}, 0, 1, 1, sets);
  std::size_t compared = 0;
  for (std::size_t number = 0; number < replayed->record.evictions.size(); ++number) {
    const EvictionRow& row = replayed->record.evictions[number];
    if (row.start_ns < 1'000'000'000) continue;  // measure_from
    const Story story = *explain(spec, 0, *replayed, {number, {"unmap_map"}}, nullptr);
    for (const ForkRow& fork : forked.rows) {
      if (fork.policy != "unmap_map" || fork.start_ns != row.start_ns || fork.eviction != row.eviction) continue;
      if (fork.process != replayed->record.process_names[row.process]) continue;
      if (fork.metric == "downtime_ns") CHECK(fork.value == story.others.at(0).row.downtime_ns);
      if (fork.metric == "mes_lock_hold_ns") CHECK(fork.value == story.others.at(0).row.mes_lock_hold_ns);
      if (fork.metric == "downtime_ns") ++compared;
    }
  }
  CHECK(compared >= 2);
}

TEST_CASE("forks are the same at any number of threads, and a sample is some of all") {
  const std::vector<std::string> sets{"/horizon=\"4s\""};
  const auto key = [](const ForkRow& row) {
    return std::tuple{row.policy, row.replication, row.start_ns,   row.process, row.metric,
                      row.role,   row.value,       row.difference, row.until_ns};
  };
  const Forked one = fork("game-and-llm-on-16g", {"preempt_restore", "unmap_map"}, 2, 3, 1, sets);
  const Forked three = fork("game-and-llm-on-16g", {"preempt_restore", "unmap_map"}, 2, 3, 3, sets);
  const Forked all = fork("game-and-llm-on-16g", {"preempt_restore", "unmap_map"}, 0, 3, 2, sets);
  REQUIRE(one.rows.size() == three.rows.size());
  std::set<decltype(key(one.rows[0]))> whole;
  for (const ForkRow& row : all.rows) whole.insert(key(row));
  for (std::size_t i = 0; i < one.rows.size(); ++i) {
    CHECK(key(one.rows[i]) == key(three.rows[i]));
    CHECK(whole.contains(key(one.rows[i])));
  }
  CHECK(all.rows.size() > one.rows.size());
}

// Replications (differences 1, 3) and (8): a mean of 4 over clusters (4 of 2, 8 of 1). Residuals (4 - 8) / 1.5 and
// (8 - 4) / 1.5, squares 2 * 64/9; error sqrt(128/9 / 1 / 2) = 8/3.
TEST_CASE("evictions of a replication hang together") {
  std::vector<ForkRow> rows;
  const auto add = [&](std::uint32_t replication, std::int64_t difference) {
    ForkRow row;
    row.policy = "b";
    row.replication = replication;
    row.metric = "downtime_ns";
    row.value = 10 + difference;
    row.difference = difference;
    rows.push_back(row);
  };
  add(0, 1);
  add(0, 3);
  add(1, 8);
  const std::vector<ForkEffect> effects = fork_effects(rows, {"a", "b"});
  REQUIRE(effects.size() == 1);
  CHECK(effects[0].difference.value == 4.0);
  CHECK(effects[0].difference.samples == 2);
  CHECK(*effects[0].difference.standard_error == Approx(8.0 / 3.0));
  CHECK(effects[0].value_a == 10.0);
  CHECK(effects[0].value_b == 14.0);
}

}  // namespace
}  // namespace userqsim::fork_test
