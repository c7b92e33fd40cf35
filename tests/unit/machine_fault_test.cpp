// Faults in a whole machine: where they hit, that both policies meet the same, and that they are part of its state.
#include <set>
#include <tuple>

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::machine_fault_test {
namespace {

using namespace test;

// Two processes of two queues, evicted again and again; faults that the driver gets over.
MachineSpec machine(const std::string& policy) {
  MachineSpec spec = ideal_machine();
  spec.policy = policy;
  spec.device.compute = {4, 1};
  spec.device.compute_units = 4;
  spec.costs.mes_api = cost(10us);
  spec.costs.unmap = cost(7us);
  spec.costs.map = cost(3us);
  spec.costs.preempt_running = cost(5us);
  spec.costs.worker_latency.value = ExponentialDuration{100us};
  for (const char* name : {"a", "b"}) {
    JobSpec work = job(1ms);
    work.grain = 100us;
    spec.processes.push_back(process(name, {queue("q0", QueueType::compute, stream(ClosedArrival{2}, work)),
                                            queue("q1", QueueType::compute, stream(ClosedArrival{1}, work))}));
    PressureSpec storm = evict_at(0ns, name);
    storm.at.reset();
    storm.every = constant(10ms);
    spec.events.push_back(storm);
  }
  FaultSpec slow = fault(FaultKind::slow_preempt);
  slow.probability = 0.3;
  slow.time = 300us;
  FaultSpec silent = fault(FaultKind::mes_silent);
  silent.probability = 0.1;
  silent.time = 200us;
  spec.faults = {slow, silent};
  spec.horizon = 400ms;
  return spec;
}

using Hit = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // fault, queue, eviction

std::set<Hit> hits(MachineSpec spec, std::uint32_t evictions) {
  MachineBench bench(std::move(spec));
  bench.run();
  std::set<Hit> found;
  for (const FaultInjected& fact : bench.all<FaultInjected>()) {
    REQUIRE(fact.eviction.has_value());
    if (*fact.eviction < evictions) found.insert({fact.fault.value, fact.queue.value, *fact.eviction});
  }
  return found;
}

TEST_CASE("both policies meet the same faults at the same evictions of the same queues", "[fault]") {
  constexpr std::uint32_t evictions = 30;  // of each process: both policies get so far
  const std::set<Hit> preempt = hits(machine("preempt_restore"), evictions);
  CHECK(preempt == hits(machine("unmap_map"), evictions));
  // 120 stops: 36 and 12 hits are expected, with standard deviations of 5 and 3.3.
  CHECK(preempt.size() > 20);
  CHECK(preempt.size() < 80);
  MachineSpec other = machine("preempt_restore");
  other.seed = 2;
  CHECK(preempt != hits(other, evictions));
}

TEST_CASE("the faults are part of what a copy takes over", "[fault]") {
  MachineSpec spec = machine("unmap_map");
  FaultSpec hang = fault(FaultKind::hang);
  hang.process = "b";
  hang.queue = "q1";
  hang.at = 41ms;
  FaultSpec kill = fault(FaultKind::kill);
  kill.process = "a";
  kill.at = 200ms;
  spec.faults.push_back(hang);
  spec.faults.push_back(kill);
  const auto shared = share(std::move(spec));
  Machine machine(shared, 0);
  for (int i = 0; i < 3000; ++i) machine.step();
  Machine copy(machine);
  CHECK(copy.state_hash() == machine.state_hash());
  machine.run();
  copy.run();
  CHECK(copy.digest() == machine.digest());
  CHECK(copy.state_hash() == machine.state_hash());
}

TEST_CASE("a queue that hangs is another state", "[fault]") {
  const auto at_end = [](bool hangs) {
    MachineSpec spec = ideal_machine();
    spec.processes = {process("p", {queue("q0", QueueType::compute)})};
    FaultSpec hang = fault(FaultKind::hang);
    hang.process = "p";
    hang.queue = "q0";
    hang.at = 10ms;
    if (hangs) spec.faults = {hang};
    spec.horizon = 20ms;
    Machine machine(share(std::move(spec)), 0);
    while (machine.step()) {
    }
    return machine.state_hash();
  };
  CHECK(at_end(true) != at_end(false));
}

TEST_CASE("a process that hangs at a time never runs on", "[fault]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{10ms}, job(1ms)))})};
  FaultSpec hang = fault(FaultKind::hang);
  hang.process = "p";
  hang.queue = "q0";
  hang.at = 20ms + 400us;
  spec.faults = {hang};
  spec.horizon = 100ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<JobEnded>(1ms);
  bench.expect_at<JobEnded>(11ms);
  const FaultInjected injected = bench.expect_at<FaultInjected>(20ms + 400us);
  CHECK(injected.kind == FaultKind::hang);
  CHECK(injected.process == ProcessId{0});
  CHECK(injected.queue == QueueId{0});
  bench.run();
  const auto open = [](const JobEnded& j) { return j.outcome == JobOutcome::open; };
  CHECK(bench.count<JobEnded>() - bench.count<JobEnded>(open) == 2);
}

TEST_CASE("a killed process exits as one that ends by itself", "[fault]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{10ms}, job(1ms)))})};
  spec.horizon = 100ms;
  MachineSpec exits = spec;
  exits.processes[0].stop = 33ms;
  FaultSpec kill = fault(FaultKind::kill);
  kill.process = "p";
  kill.at = 30ms;
  kill.time = 3ms;
  spec.faults = {kill};
  MachineBench killed(std::move(spec)), exited(std::move(exits));
  CHECK(killed.expect_at<FaultInjected>(33ms).kind == FaultKind::kill);
  const ProcessExited gone = exited.expect_at<ProcessExited>(33ms);
  killed.expect_at<ProcessExited>(gone.time.time_since_epoch());
  killed.run();
  exited.run();
  CHECK(killed.times<JobEnded>() == exited.times<JobEnded>());
}

TEST_CASE("a stop that never ends is given up by MES and by the driver", "[fault]") {
  MachineSpec spec = ideal_machine();
  spec.policy = GENERATE("preempt_restore", "unmap_map");
  spec.kernel.stop_failure = StopFailure::go_on;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(ClosedArrival{1}, job(1ms)))})};
  spec.events = {evict_at(10ms + 500us, "p")};
  FaultSpec stuck = fault(FaultKind::no_preempt);
  stuck.process = "p";
  stuck.queue = "q0";
  stuck.eviction = 0;
  spec.faults = {stuck};
  spec.horizon = 5s;
  MachineBench bench(std::move(spec));
  const FaultInjected injected = bench.expect_at<FaultInjected>(10ms + 500us);
  CHECK(injected.eviction == 0U);
  const auto failed = [](const PacketEnded& p) { return p.result == PacketResult::unmap_fail; };
  CHECK(bench.expect_at<PacketEnded>(10ms + 500us + 2s, failed).issued == SimTime{10ms + 500us});
  bench.run();
  CHECK(bench.count<QueueTransition>([](const QueueTransition& t) { return t.to == UserqState::hung; }) == 1);
}

// The fault waits from 5 ms on for the first packet that stops q0: that of the eviction at 10.5 ms, in the middle
// of a job. Its own drain ends with the round of waves, at 11 ms; the fault holds the queue 3 ms longer.
TEST_CASE("a stop that takes longer, by time, is the first from then on and no other", "[fault]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(ClosedArrival{1}, job(1ms)))})};
  spec.events = {evict_at(1ms + 500us, "p"), evict_at(10ms + 500us, "p"), evict_at(20ms + 500us, "p")};
  FaultSpec slow = fault(FaultKind::slow_preempt);
  slow.process = "p";
  slow.queue = "q0";
  slow.at = 5ms;
  slow.time = 3ms;
  spec.faults = {slow};
  spec.horizon = 1s;
  MachineBench bench(std::move(spec));
  bench.expect_at<QueueStopped>(2ms);
  const FaultInjected injected = bench.expect_at<FaultInjected>(10ms + 500us);
  CHECK(injected.kind == FaultKind::slow_preempt);
  CHECK(injected.eviction == 1U);
  bench.expect_at<QueueStopped>(11ms + 3ms);
  bench.run();
  CHECK(bench.count<FaultInjected>() == 1);
  CHECK(bench.times<QueueStopped>().back() == 21'000'000);
}

// The second ADD_QUEUE is the second queue's: there is no such queue, and no ring for its work.
TEST_CASE("work for a queue that could not be created waits for ever, and stops nobody", "[fault]") {
  MachineSpec spec = ideal_machine_with(GENERATE("6.16", "6.18", "6.19", "7.1"));
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(ClosedArrival{1}, job(5ms))),
                                  queue("q1", QueueType::compute, stream(ClosedArrival{1}, job(5ms)))})};
  FaultSpec refused = fault_at(0ns, FaultKind::packet_error);
  refused.code = PacketError::error;
  refused.nth = 2;
  spec.faults = {refused};
  spec.events = {evict_at(7ms, "p")};
  spec.horizon = 20ms;
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  CAPTURE(run.violations);
  CHECK(run.violations.empty());
  for (const JobRow& job : run.record.jobs) {
    CAPTURE(job.queue, job.submitted_ns);
    CHECK(job.started_ns.has_value() == (job.queue == 0));
  }
}

}  // namespace
}  // namespace userqsim::machine_fault_test
