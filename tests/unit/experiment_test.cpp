// The pool that runs cells, and the plan of a comparison.
#include <algorithm>
#include <atomic>
#include <set>

#include "results/compare/compare.hpp"
#include "scenarios/experiment/cells.hpp"
#include "scenarios/experiment/compare.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

using namespace userqsim;
using namespace userqsim::test;

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
  options.attach = [](Machine&, const Cell& cell) { ensure(cell.replication < 2, "made to fail"); };
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
    return plan_comparison({.machine = shared(spec),
                            .policies = {"unmap_map", "preempt_restore"},
                            .first_replication = 5,
                            .replications = 2});
  };
  SECTION("without unique costs the base is the structural difference") {
    CHECK(variants_of(plan()).size() == 1 + 3);
    CHECK(plan().costs.empty());
  }
  SECTION("each unique cost that is not zero, and all together") {
    spec.costs.teardown = cost(5us);
    spec.costs.teardown.range.clear();
    const ComparePlan with_teardown = plan();
    CHECK(variants_of(with_teardown).contains("unique_zero"));
    CHECK(variants_of(with_teardown).contains("teardown_zero"));
    CHECK(variants_of(with_teardown).size() == 1 + 1 + 1 + 3);
    CHECK(with_teardown.cells.size() == 6 * 2 * 2);
    CHECK(with_teardown.highs.empty());  // no range is known
  }
  SECTION("each unique cost that is not zero at the top of its range") {
    spec.costs.teardown = cost(5us);
    spec.costs.teardown.range = {0us, 200us};
    spec.costs.registration = cost(100us);
    spec.costs.registration.range = {0us, 100us};  // it is there already
    spec.costs.suspend_book.range = {0us, 200us};  // zero on purpose
    const ComparePlan with_range = plan();
    REQUIRE(with_range.highs.size() == 1);
    CHECK(with_range.highs.front().variant == "teardown_high");
    CHECK(with_range.highs.front().label == "teardown 200us");
    for (const Cell& cell : with_range.cells) {
      if (cell.variant == "teardown_high") CHECK(cell.spec->costs.teardown.value == constant(Duration{200us}));
    }
  }
  CHECK(plan().corners.size() == 4);
  CHECK(plan().cells.front().replication == 5);
}

TEST_CASE("the base stands among the corners under its own name") {
  std::atomic<bool> interrupt = false;
  const ComparePlan plan = plan_comparison({.machine = shared(busy_machine()),
                                            .policies = {"unmap_map", "preempt_restore"},
                                            .first_replication = 0,
                                            .replications = 3});
  const CompareOutcome outcome = assess(plan, run_cells(plan.cells, with(interrupt, 2)));
  const std::vector<ComparisonRow>& rows = outcome.comparison.rows;
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
  CHECK(outcome.comparison.policy_a == "unmap_map");
  CHECK_FALSE(outcome.pooled[0].empty());
}
