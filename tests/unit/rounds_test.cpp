// Replications in rounds, and the end of a warm-up.
#include "scenarios/experiment/rounds.hpp"

#include <atomic>

#include "results/record/recorder.hpp"
#include "scenarios/experiment/cells.hpp"
#include "scenarios/experiment/warm_up.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"
#include "tests/support/summaries.hpp"

namespace userqsim::rounds_test {

using namespace test;

namespace {

PrecisionRule rule_of(double half_width, std::uint32_t round, std::uint32_t most) {
  return {"downtime_ns", "victim", half_width, round, most};
}

// A machine whose downtimes vary from one replication to the next.
MachineSpec varied_machine() {
  MachineSpec spec = ideal_machine();
  spec.costs.worker_latency.value = ExponentialDuration{260us};
  spec.processes = {process("app", {queue("comp0", QueueType::compute, stream(ClosedArrival{}, job(1ms)))})};
  spec.events = {evict_at(10ms, "app"), evict_at(30ms, "app")};
  spec.horizon = 50ms;
  return spec;
}

Rounds run(const PrecisionRule& rule, unsigned jobs) {
  std::atomic<bool> interrupt = false;
  PoolOptions options;
  options.interrupt = &interrupt;
  options.jobs = jobs;
  const std::vector<Cell> cells = plan_run(share(varied_machine()), 0, rule.most);
  return run_in_rounds(cells, rule, [&](const std::vector<Cell>& some, std::size_t first) {
    CHECK(first % rule.round == 0);
    return run_cells(some, options);
  });
}

}  // namespace

// 1 2 3 4 5: half-width 2.776445 * sqrt(0.5), of a mean of 3. Differences from (10 10 10): 1 2 3, half-width
// 4.302653 * sqrt(1/3), of 10.
TEST_CASE("the relative half-width", "[rounds]") {
  const PrecisionRule rule = rule_of(0.05, 10, 10);
  CHECK(near(*relative_half_width({side("a", {1, 2, 3, 4, 5})}, rule), 2.776445 * std::sqrt(0.5) / 3.0));
  const auto ten = side("a", {10, 10, 10});
  CHECK(near(*relative_half_width({ten, side("b", {11, 12, 13})}, rule), 4.302653 * std::sqrt(1.0 / 3.0) / 10.0));
  // The widest of the others counts.
  const auto same = side("c", {12, 12, 12});
  CHECK(relative_half_width({ten, same}, rule) == 0.0);
  CHECK(relative_half_width({ten, same, side("b", {11, 12, 13})}, rule) ==
        relative_half_width({ten, side("b", {11, 12, 13}), same}, rule));
  CHECK_FALSE(relative_half_width({side("a", {1})}, rule));
  CHECK_FALSE(relative_half_width({ten, same}, {"evict_latency_ns", "victim", 0.05, 10, 10}));
}

TEST_CASE("rounds end when the interval is narrow, at the same replication at any number of threads", "[rounds]") {
  const Rounds one = run(rule_of(0.1, 4, 400), 1);
  const Rounds four = run(rule_of(0.1, 4, 400), 4);
  REQUIRE(one.reached);
  CHECK(one.replications > 4);
  CHECK(one.replications < 400);
  CHECK(one.replications % 4 == 0);
  CHECK(four.replications == one.replications);
  REQUIRE(four.results.cells.size() == one.replications);
  // It was not narrow enough a round before.
  std::vector<ReplicationSummary> before;
  const std::vector<Cell> cells = plan_run(share(varied_machine()), 0, one.replications);
  for (std::size_t i = 0; i + 4 < one.replications; ++i)
    before.push_back(summary_of(cells[i], *one.results.cells[i]));
  CHECK(*relative_half_width({before}, rule_of(0.1, 4, 400)) > 0.1);
}

TEST_CASE("rounds end at the most that is allowed, whole", "[rounds]") {
  const Rounds rounds = run(rule_of(0.0001, 4, 10), 2);
  CHECK_FALSE(rounds.reached);
  CHECK(rounds.replications == 10);
  CHECK(rounds.results.cells.size() == 10);
}

TEST_CASE("a metric that is not measured ends the first round", "[rounds]") {
  PrecisionRule rule = rule_of(0.05, 3, 9);
  rule.metric = "requester_stall_ns";
  rule.role = "requester";
  const Rounds rounds = run(rule, 1);
  CHECK(rounds.unmeasured);
  CHECK(rounds.replications == 3);
}

TEST_CASE("a warm-up is found where latencies begin to be alike", "[rounds]") {
  MachineSpec spec = ideal_machine();
  // Jobs of 1 ms, one each 2 ms.
  spec.processes = {process("app", {queue("q", QueueType::compute, stream(PeriodicArrival{2ms}, job(1ms)))})};
  spec.horizon = 1s;
  CHECK(find_warm_up({share(spec)}, nullptr) == 0ns);  // all alike from the first on
  ProcessSpec& other = spec.processes.emplace_back(
      process("before", {queue("long", QueueType::compute, stream(PeriodicArrival{1h}, job(100ms), 1))}));
  other.queues[0].priority = Priority::high;
  // The long job is alone on the machine until 100 ms: 50 jobs wait, and 100 ms later the queue has caught up.
  const auto found = find_warm_up({share(spec)}, nullptr);
  REQUIRE(found);
  CHECK(*found >= 100ms);
  CHECK(*found <= 250ms);
  spec.horizon = 150ms;
  CHECK_FALSE(find_warm_up({share(spec)}, nullptr));
}

}  // namespace userqsim::rounds_test
