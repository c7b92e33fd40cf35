// Which rows a release's tables have under a policy, and how often a search takes them.
#include "models/lifecycle/coverage.hpp"

#include <algorithm>

#include "scenarios/experiment/explore.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::coverage_test {
namespace {

using namespace test;
using enum UserqState;
using O = Operation;
using P = Primitive;

std::vector<TableRow> rows_of(std::string_view release, std::string_view policy) {
  return Coverage(lifecycle(release), *find_policy(policy)).rows();
}

std::size_t rows_of(const std::vector<TableRow>& rows, Operation operation) {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const TableRow& row) { return row.operation == operation; }));
}

const TableRow* find(const std::vector<TableRow>& rows, const TableRow& wanted) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const TableRow& row) { return row.is_for(wanted); });
  return found == rows.end() ? nullptr : &*found;
}

std::uint64_t taken(const std::vector<TableRow>& rows, const TableRow& wanted) {
  const TableRow* row = find(rows, wanted);
  REQUIRE(row != nullptr);
  return row->taken;
}

// 6.16's unmap and map act in one state each: two rows an operation, for success and for failure. What is destroyed
// is freed UNMAPPED or HUNG, what cannot be created HUNG.
TEST_CASE("the rows of 6.16", "[coverage]") {
  const std::vector<TableRow> own = rows_of("6.16", "unmap_map");
  CHECK(rows_of(own, O::create) == 3);
  CHECK(rows_of(own, O::evict) == 2);
  CHECK(rows_of(own, O::destroy) == 4);
  CHECK(rows_of(own, O::hang) == 0);
  CHECK(own.size() == 3 + 2 * 4 + 8 * 2);  // create; destroy and process_exit; eight more operations
  CHECK(find(own, {O::evict, P::unmap, mapped, unmapped, true}) != nullptr);
  CHECK(find(own, {O::evict, P::unmap, mapped, hung, false}) != nullptr);
  CHECK(find(own, {O::evict, P::unmap, preempted, unmapped, true}) == nullptr);
}

// A policy that preempts brings PREEMPTED along, in which unmap acts too: two rows more for each of the five
// operations that unmap.
TEST_CASE("the rows that a foreign policy brings along", "[coverage]") {
  const std::vector<TableRow> own = rows_of("6.16", "unmap_map"), foreign = rows_of("6.16", "preempt_restore");
  CHECK(foreign.size() == own.size() + 5 * 2);
  CHECK(find(foreign, {O::evict, P::preempt, mapped, preempted, true}) != nullptr);
  CHECK(find(foreign, {O::evict, P::unmap, mapped, unmapped, true}) == nullptr);
  CHECK(find(foreign, {O::suspend_s3, P::unmap, preempted, hung, false}) != nullptr);
}

TEST_CASE("a policy with two helpers has the rows of both", "[coverage]") {
  const std::vector<TableRow> hybrid = rows_of("6.18", "hybrid");
  CHECK(rows_of(hybrid, O::evict) == 2 + 4);  // preempt acts in MAPPED, unmap in MAPPED and PREEMPTED
  CHECK(rows_of(hybrid, O::restore) == 2 + 2);
  // One packet for all gangs marks each queue as a packet for one does.
  CHECK(rows_of("6.18", "suspend_all").size() == rows_of("6.18", "preempt_restore").size());
}

// A RESET leaves the state as it was, whether it worked or not.
TEST_CASE("what is no helper's work has rows too", "[coverage]") {
  const std::vector<TableRow> rows = rows_of("6.19", "preempt_restore");
  for (const UserqState from : {unmapped, mapped, preempted, hung})
    CHECK(find(rows, {O::restore, P::nothing, from, invalid_va, true}) != nullptr);
  for (const UserqState from : {unmapped, mapped, preempted})
    CHECK(find(rows, {O::evict, P::nothing, from, hung, true}) != nullptr);
  CHECK(find(rows, {O::resume_s0ix, P::nothing, mapped, hung, true}) == nullptr);  // restore asks nobody
  const std::vector<TableRow> newest = rows_of("7.1", "unmap_map");
  CHECK(find(newest, {O::hang, P::reset, hung, hung, true}) != nullptr);
  CHECK(find(newest, {O::hang, P::reset, hung, hung, false}) != nullptr);
  CHECK(find(newest, {O::evict, P::nothing, mapped, hung, true}) == nullptr);
}

TEST_CASE("a helper is counted by what it saw, and what no row says becomes one", "[coverage]") {
  Coverage coverage(lifecycle("7.1"), *find_policy("unmap_map"));
  const std::size_t before = coverage.rows().size();
  // A reset has made the queue HUNG while REMOVE_QUEUE was on its way.
  coverage.note(O::evict,
                {QueueId::of(0), hung, unmapped, Opcode::remove_queue, PacketResult::ok, P::unmap, mapped});
  CHECK(coverage.rows().size() == before);
  CHECK(taken(coverage.rows(), {O::evict, P::unmap, mapped, unmapped, true}) == 1);
  // And mapped it again before it was freed.
  coverage.note(O::destroy, {QueueId::of(0), mapped, gone, std::nullopt, PacketResult::ok});
  CHECK(coverage.rows().size() == before + 1);
  CHECK(taken(coverage.rows(), {O::destroy, P::nothing, mapped, gone, true}) == 1);
}

// An idle queue each.
MachineSpec idle_machine(const std::string& kernel, std::initializer_list<const char*> processes) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.compute = {1, 4};
  for (const char* name : processes) spec.processes.push_back(process(name, {queue("q", QueueType::compute)}));
  return spec;
}

// One eviction of an idle queue. The queue is created and mapped once, before the search. When MES has the SUSPEND
// through, the worker may look before the gang has left its slot and wait for the suspend fence, or afterwards,
// when all is done; the fence is seen and the queue PREEMPTED on either way, which meet there. When MES has the
// RESUME through, the worker may look before the gang is in its slot or afterwards: either way the queue is MAPPED
// then.
TEST_CASE("the transitions of one eviction, counted by hand", "[coverage]") {
  MachineSpec spec = idle_machine("6.18", {"a"});
  spec.events = {evict_at(1ms, "a")};
  const Exploration all = explore(share(spec), {}, Orders::all, nullptr);
  REQUIRE(all.counts.complete);
  CHECK(taken(all.coverage, {O::create, P::map, unmapped, mapped, true}) == 1);
  CHECK(taken(all.coverage, {O::evict, P::preempt, mapped, preempted, true}) == 2);
  CHECK(taken(all.coverage, {O::restore, P::restore, preempted, mapped, true}) == 2);
  CHECK(std::count_if(all.coverage.begin(), all.coverage.end(),
                      [](const TableRow& row) { return row.taken > 0; }) == 3);
}

// Whatever happens to a machine under any release is in the rows of its tables.
TEST_CASE("no search finds a row that the tables do not have", "[coverage]") {
  for (const char* release : releases) {
    CAPTURE(release);
    MachineSpec spec = idle_machine(release, {"a", "b"});
    spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::suspend), event_at(3ms, PressureKind::resume)};
    spec.faults = {fault_at(1ms, FaultKind::kill, "b")};
    const Exploration some = explore(share(spec), {3000, 0}, Orders::distinct, nullptr);
    CHECK(some.coverage.size() == rows_of(spec.kernel.lifecycle, spec.policy).size());
    const O stop = std::string_view(release) == "kfd" ? O::suspend_s3 : O::evict;
    CHECK(std::any_of(some.coverage.begin(), some.coverage.end(),
                      [&](const TableRow& row) { return row.operation == stop && row.taken > 0; }));
    for (const TableRow& row : some.coverage) {
      CAPTURE(name_of(row.operation));
      if (row.operation == O::pre_reset || row.operation == O::post_reset) CHECK(row.taken == 0);
    }
  }
}

}  // namespace
}  // namespace userqsim::coverage_test
