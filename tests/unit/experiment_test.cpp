// The pool that runs cells, and the plan of a comparison.
#include <algorithm>
#include <atomic>
#include <set>

#include "results/compare/compare.hpp"
#include "scenarios/experiment/cells.hpp"
#include "scenarios/experiment/compare.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::experiment_test {

using namespace test;

namespace {

MachineSpec busy_machine() {
  MachineSpec spec = ideal_machine();
  spec.costs.mes_api = cost(10us);
  spec.costs.unmap = cost(20us);
  spec.costs.map = cost(20us);
  spec.processes = {process("app", {queue("comp0", QueueType::compute, stream(PoissonArrival{3ms}, job(1ms)))})};
  spec.events = {evict_at(100ms, "app"), evict_at(300ms, "app")};
  return spec;
}

std::shared_ptr<const MachineSpec> shared(MachineSpec spec) {
  return std::make_shared<const MachineSpec>(std::move(spec));
}

PoolOptions with(std::atomic<bool>& interrupt, unsigned jobs) {
  PoolOptions options;
  options.interrupt = &interrupt;
  options.jobs = jobs;
  return options;
}

// The machine under both policies.
std::vector<CompareSide> both(const MachineSpec& spec) {
  std::vector<CompareSide> sides;
  for (const char* policy : {"unmap_map", "preempt_restore"}) {
    MachineSpec machine = spec;
    machine.policy = policy;
    sides.push_back({policy, shared(std::move(machine))});
  }
  return sides;
}

std::set<std::string> variants_of(const ComparePlan& plan) {
  std::set<std::string> variants;
  for (const Cell& cell : plan.cells) variants.insert(cell.variant);
  return variants;
}

}  // namespace

TEST_CASE("cells give the same results at any number of threads") {
  std::atomic<bool> interrupt = false;
  const std::vector<Cell> cells = plan_run(shared(busy_machine()), 0, 6);
  const PoolResult one = run_cells(cells, with(interrupt, 1));
  const PoolResult four = run_cells(cells, with(interrupt, 4));
  REQUIRE(one.stop == PoolStop::none);
  REQUIRE(four.stop == PoolStop::none);
  std::set<std::uint64_t> digests;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    REQUIRE(one.cells[i].has_value());
    CHECK(one.cells[i]->digest == four.cells[i]->digest);
    CHECK(one.cells[i]->record.evictions.size() == 2);
    digests.insert(one.cells[i]->digest);
  }
  CHECK(digests.size() == cells.size());  // each replication has its own arrivals
}

TEST_CASE("a broken invariant names the first cell that broke it") {
  std::atomic<bool> interrupt = false;
  PoolOptions options = with(interrupt, 3);
  options.attach = [](Machine&, const Cell& cell, std::size_t) -> CellFinisher {
    ensure(cell.replication < 2, "made to fail");
    return {};
  };
  try {
    run_cells(plan_run(shared(busy_machine()), 0, 6), options);
    FAIL("nothing was thrown");
  } catch (const CellFailure& failure) {
    CHECK(failure.cell().replication == 2);
    CHECK(std::string{failure.what()}.find("made to fail") != std::string::npos);
  }
}

TEST_CASE("limits and interrupts leave no half cell") {
  std::atomic<bool> interrupt = false;
  const std::vector<Cell> cells = plan_run(shared(busy_machine()), 0, 3);
  PoolOptions options = with(interrupt, 2);
  SECTION("too many events") {
    options.max_events = 5;
    const PoolResult result = run_cells(cells, options);
    CHECK(result.stop == PoolStop::event_limit);
    CHECK(whole_base_cells(cells, result).empty());
  }
  SECTION("an interrupt before the start") {
    interrupt = true;
    const PoolResult result = run_cells(cells, options);
    CHECK(result.stop == PoolStop::interrupted);
    CHECK(whole_base_cells(cells, result).empty());
  }
}

TEST_CASE("a comparison repeats the base with one assumption changed") {
  MachineSpec spec = busy_machine();
  const auto plan = [&] {
    return plan_comparison({.sides = both(spec), .first_replication = 5, .replications = 2});
  };
  SECTION("without unique costs the base is the structural difference") {
    CHECK(variants_of(plan()).size() == 1 + 3);
    CHECK(plan().variants.costs.empty());
  }
  SECTION("each unique cost that is not zero, and all together") {
    spec.costs.teardown = cost(5us);
    spec.costs.teardown.range.clear();
    const ComparePlan with_teardown = plan();
    CHECK(variants_of(with_teardown).contains("unique_zero"));
    CHECK(variants_of(with_teardown).contains("teardown_zero"));
    CHECK(variants_of(with_teardown).size() == 1 + 1 + 1 + 3);
    CHECK(with_teardown.cells.size() == 6 * 2 * 2);
    CHECK(with_teardown.variants.highs.empty());  // no range is known
  }
  SECTION("each unique cost that is not zero at the top of its range") {
    spec.costs.teardown = cost(5us);
    spec.costs.teardown.range = {0us, 200us};
    spec.costs.registration = cost(100us);
    spec.costs.registration.range = {0us, 100us};  // it is there already
    spec.costs.suspend_book.range = {0us, 200us};  // zero on purpose
    const ComparePlan with_range = plan();
    REQUIRE(with_range.variants.highs.size() == 1);
    CHECK(with_range.variants.highs.front().variant == "teardown_high");
    CHECK(with_range.variants.highs.front().label == "teardown 200us");
    for (const Cell& cell : with_range.cells) {
      if (cell.variant == "teardown_high") CHECK(cell.spec->costs.teardown.value == constant(Duration{200us}));
    }
  }
  CHECK(plan().variants.corners.size() == 4);
  CHECK(plan().cells.front().replication == 5);
}

TEST_CASE("the base stands among the corners under its own name") {
  std::atomic<bool> interrupt = false;
  const ComparePlan plan = plan_comparison({.sides = both(busy_machine()), .replications = 3});
  PoolResult results = run_cells(plan.cells, with(interrupt, 2));
  const CompareOutcome outcome = assess(plan, results);
  REQUIRE(outcome.comparison.pairs.size() == 1);
  const std::vector<ComparisonRow>& rows = outcome.comparison.pairs.front().rows;
  const ComparisonRow* base = find_row(rows, base_variant, "downtime_ns", "victim", "mean");
  const ComparisonRow* corner = find_row(rows, plan.base_corner, "downtime_ns", "victim", "mean");
  REQUIRE(base != nullptr);
  REQUIRE(corner != nullptr);
  CHECK(base->difference == corner->difference);
  CHECK(base->replications == 3);
  CHECK(outcome.replications == std::vector<std::uint32_t>{0, 1, 2});
  REQUIRE(outcome.summaries.size() == 2 * (3 + 1));
  CHECK(outcome.summaries.front().policy == "preempt_restore");  // files are sorted by name, not by side
  CHECK_FALSE(outcome.summaries[3].replication.has_value());
  CHECK(outcome.comparison.pairs.front().policy_a == "unmap_map");
  CHECK(outcome.comparison.means.size() == 2);
  CHECK_FALSE(outcome.pooled[0].empty());
}

namespace {

// Both policies, and one of them with other kernel rules: three sides that evict each in its own way.
std::vector<CompareSide> three_sides() {
  std::vector<CompareSide> sides = both(busy_machine());
  MachineSpec slow = *sides[1].machine;
  slow.kernel.pre_wait = PreWait::none;
  slow.kernel.restore_delay = 5ms;
  sides.push_back({"slow:preempt_restore", shared(std::move(slow))});
  return sides;
}

}  // namespace

TEST_CASE("every pair of three is compared over replications that are whole for all of them") {
  std::atomic<bool> interrupt = false;
  const ComparePlan plan = plan_comparison({.sides = three_sides(), .replications = 3});
  CHECK(plan.cells.size() == 4 * 3 * 3);  // the base and the three other corners
  PoolResult results = run_cells(plan.cells, with(interrupt, 2));
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const bool lost = plan.cells[i].variant == "base" && plan.cells[i].policy == "slow:preempt_restore" &&
                      plan.cells[i].replication == 1;
    if (lost) results.cells[i].reset();
  }
  const CompareOutcome outcome = assess(plan, results);
  CHECK(outcome.replications == std::vector<std::uint32_t>{0, 2});
  REQUIRE(outcome.comparison.pairs.size() == 3);
  for (const PairComparison& pair : outcome.comparison.pairs) {
    const ComparisonRow* base = find_row(pair.rows, base_variant, "downtime_ns", "victim", "mean");
    REQUIRE(base != nullptr);
    CHECK(base->replications == 2);
    CHECK((base->policy_a == pair.policy_a && base->policy_b == pair.policy_b));
  }
  CHECK(outcome.comparison.pairs[2].policy_a == "preempt_restore");
  CHECK(outcome.comparison.pairs[2].policy_b == "slow:preempt_restore");
  const ComparisonRow* slow =
      find_row(outcome.comparison.pairs[2].rows, base_variant, "downtime_ns", "victim", "mean");
  CHECK(slow->difference > 4e6);  // the delay of 5 ms, less what was waited for anyway
  CHECK(outcome.pooled.size() == 3);
  CHECK(outcome.summaries.size() == 3 * (2 + 1));
}

TEST_CASE("every side meets the same arrivals and the same work, whatever it does with them") {
  std::atomic<bool> interrupt = false;
  const ComparePlan plan = plan_comparison({.sides = three_sides(), .replications = 2});
  const PoolResult results = run_cells(plan.cells, with(interrupt, 2));
  std::set<std::vector<std::int64_t>> arrivals;
  std::set<std::uint64_t> digests;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (plan.cells[i].variant != base_variant) continue;
    std::vector<std::int64_t> times;
    for (const JobRow& job : results.cells[i]->record.jobs) times.push_back(job.submitted_ns);
    CHECK(times.size() > 50);
    arrivals.insert(std::move(times));
    digests.insert(results.cells[i]->digest);
  }
  CHECK(arrivals.size() == 2);     // one series for each replication
  CHECK(digests.size() == 2 * 3);  // and yet six different runs
}

}  // namespace userqsim::experiment_test
