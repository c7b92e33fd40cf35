// What becomes of job graphs, and of queues that wait for a slot, in the rows that a run leaves. Everything costs
// nothing here, so the times follow from the jobs and the quanta.
#include "tests/support/machine_bench.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::graphs_and_waits_test {
namespace {

using namespace test;

std::int64_t ns(Duration d) { return d.count(); }

JobSpec node(const std::string& name, const std::string& queue, Duration work, std::uint32_t width,
             std::vector<std::string> after = {}) {
  JobSpec j = job(work, width);
  j.name = name;
  j.queue = queue;
  j.after = std::move(after);
  return j;
}

// Two compute units. b waits for a, c and d for nobody.
MachineSpec graph_machine(Duration copy) {
  MachineSpec spec = ideal_machine();
  spec.device.compute_units = 2;
  spec.device.compute = {3, 1};
  StreamSpec jobs = stream(PeriodicArrival{1h}, job(0ns), 1);
  jobs.graph = {node("a", "q0", 2ms, 1), node("b", "q1", 1ms, 2, {"a"}), node("c", "q2", 4ms, 1),
                node("d", "copy", copy, 1)};
  spec.processes = {process("p", {queue("q0", QueueType::compute, jobs), queue("q1", QueueType::compute),
                                  queue("q2", QueueType::compute), queue("copy", QueueType::sdma)})};
  spec.horizon = 20ms;
  return spec;
}

// a and c fill the machine until a is done at 2 ms. b and c want three units of two, so b's 1 ms takes 1.5; then c,
// which has done 1 ms of its last two, ends alone at 4.5 ms.
TEST_CASE("a graph's latency stands beside its critical path and its work bound", "[graphs]") {
  SECTION("a path of 4 ms, and work for 4 ms of two units") {
    const WatchedRun run = watched_run(share(graph_machine(1ms)), 0);
    REQUIRE(run.record.graphs.size() == 1);
    const GraphRow& graph = run.record.graphs.front();
    CHECK(graph.jobs == 4);
    CHECK(graph.critical_path_ns == ns(4ms));  // c; a and b are 3 ms
    CHECK(graph.work_bound_ns == (ns(2ms) + 2 * ns(1ms) + ns(4ms)) / 2);
    CHECK(graph.finished_ns == ns(4500us));
    CHECK(graph.outcome == "finished");
    CHECK(run.violations.empty());
  }
  SECTION("a copy that takes longer than all of it") {
    const GraphRow graph = watched_run(share(graph_machine(9ms)), 0).record.graphs.front();
    CHECK(graph.critical_path_ns == ns(9ms));
    CHECK(graph.work_bound_ns == ns(9ms));
    CHECK(graph.finished_ns == ns(9ms));
  }
  SECTION("one that is not done in time has bounds and no end") {
    MachineSpec spec = graph_machine(1ms);
    spec.horizon = 3ms;
    const GraphRow graph = watched_run(share(spec), 0).record.graphs.front();
    CHECK_FALSE(graph.finished_ns.has_value());
    CHECK(graph.outcome == "open");
    CHECK(graph.critical_path_ns == ns(4ms));
  }
}

TEST_CASE("single jobs are no graphs", "[graphs]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q", QueueType::compute, stream(PeriodicArrival{1ms}, job(1us), 5))})};
  CHECK(watched_run(share(spec), 0).record.graphs.empty());
}

// One slot. q0 has 5 ms of work from the start; q1 has 1 ms from the start too, and no turn is over before 10 ms.
MachineSpec one_slot() {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, job(5ms), 1))}),
                    process("r", {queue("q1", QueueType::compute, stream(PeriodicArrival{1h}, job(1ms), 1))})};
  spec.horizon = 20ms;
  return spec;
}

TEST_CASE("a queue's wait for a slot is on record", "[waits]") {
  SECTION("until it is mapped") {
    const RunRecord record = watched_run(share(one_slot()), 0).record;
    REQUIRE(record.slot_waits.size() == 1);  // q0 was mapped before its job came
    CHECK(record.slot_waits[0].queue == 1);
    CHECK(record.slot_waits[0].since_ns == 0);
    CHECK(record.slot_waits[0].until_ns == ns(5ms));
    CHECK(record.slot_waits[0].mapped);
    CHECK(record.queues[1].longest_wait_ns == ns(5ms));
    CHECK(record.queues[1].running_ns == ns(1ms));
    CHECK(record.queues[1].jobs == 1);
    CHECK_FALSE(record.queues[1].waits_still);
  }
  SECTION("to the end of the run") {
    MachineSpec spec = one_slot();
    spec.horizon = 3ms;
    const RunRecord record = watched_run(share(spec), 0).record;
    CHECK(record.queues[1].waits_still);
    CHECK(record.queues[1].slot_wait_ns == ns(3ms));
    CHECK(record.queues[1].slot_ns == 0);
  }
  SECTION("not while it is evicted") {
    // Stopped at 2 ms and ready again at 3 ms, when the process submits; it waits from 0 to 2 and from 3 to 5 ms.
    MachineSpec spec = one_slot();
    spec.events = {evict_at(2ms, "r")};
    spec.kernel.restore_delay = 1ms;
    const RunRecord record = watched_run(share(spec), 0).record;
    REQUIRE(record.evictions.size() == 1);
    const std::int64_t ready = *record.evictions[0].resumed_ack_ns;
    CHECK(record.queues[1].waits == 2);
    CHECK(record.queues[1].slot_wait_ns == ns(2ms) + (ns(5ms) - ready));
  }
}

// Two of one process context: turns of 1 ms. q0 runs from 0, q1 from 1, q0 from 2 ms on, and so on.
TEST_CASE("who gives its slot up with work left waits too", "[waits]") {
  MachineSpec spec = ideal_machine();
  spec.kernel.process_context = ProcessContext::process;
  spec.kernel.cwsr = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, job(3ms), 1)),
                                  queue("q1", QueueType::compute, stream(PeriodicArrival{1h}, job(3ms), 1))})};
  const RunRecord record = watched_run(share(spec), 0).record;
  CHECK(record.queues[0].slot_wait_ns == ns(2ms));  // 1 to 2, 3 to 4
  CHECK(record.queues[1].slot_wait_ns == ns(3ms));  // 0 to 1, 2 to 3, 4 to 5
  CHECK(record.queues[0].waits == 2);
  CHECK(record.queues[1].waits == 3);
}

}  // namespace
}  // namespace userqsim::graphs_and_waits_test
