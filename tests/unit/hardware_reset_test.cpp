// Queues that hang, resets, and jobs whose waves die. Every time is worked out from the costs.
#include "tests/support/part_bench.hpp"

namespace userqsim::hardware_reset_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};
constexpr SlotId slot0{0}, slot1{1};

// Mapped at 10 us, running at 13 us; out of a slot without waves in 5 + 11 us.
constexpr Duration first_run = 13us, out_idle = 5us + 11us;

MachineSpec machine(std::vector<QueueSpec> queues) {
  MachineSpec spec = ideal_machine();
  spec.device.gfx = {0, 0};
  spec.device.compute = {2, 1};
  spec.costs.map = cost(10us);
  spec.costs.connect = cost(3us);
  spec.costs.preempt_idle = cost(5us);
  spec.costs.preempt_running = cost(7us);
  spec.costs.unmap = cost(11us);
  spec.processes = {process("p", std::move(queues))};
  return spec;
}

QueueSpec busy(std::string name, Duration work, std::uint64_t jobs, bool fence = false) {
  JobSpec j = job(work);
  j.fence = fence;
  return queue(std::move(name), QueueType::compute, stream(PeriodicArrival{1us}, j, jobs));
}

bool was(const JobEnded& ended, JobOutcome outcome) { return ended.outcome == outcome; }
auto outcome(JobOutcome o) {
  return [o](const JobEnded& ended) { return was(ended, o); };
}
auto to(SlotState state) {
  return [state](const SlotChanged& change) { return change.to == state; };
}

TEST_CASE("a hung queue asked to stop stays in draining until it is reset", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 1)}));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.wiring.workload.hang.post({q0});
  bench.run_until(200us);
  CHECK(bench.hardware.is_stuck(q0));
  bench.unmap(q0, slot0);
  bench.expect_at<SlotChanged>(200us, to(SlotState::draining));
  bench.nothing_before<SlotFreed>(5s);
  bench.nothing_before<JobEnded>(5s);
  bench.wiring.firmware.reset.post({q0});
  bench.expect_at<SlotFreed>(5s - 1ns);
  const JobEnded lost = bench.expect_at<JobEnded>(5s - 1ns, outcome(JobOutcome::lost));
  CHECK(lost.started == SimTime{first_run});
  CHECK_FALSE(lost.finished.has_value());
  CHECK_FALSE(bench.expect_at<QueueStopped>(5s - 1ns).pending);
  CHECK_FALSE(bench.hardware.is_stuck(q0));
  CHECK(bench.count<JobRetired>() == 1);
}

TEST_CASE("a hung queue takes nothing of the machine", "[hardware][reset]") {
  // Each has half of the one unit from 13 us on. At 113 us q0 has done 50 us of its 1000 us; alone it needs the
  // other 950 us.
  HardwareBench bench(machine({busy("q0", 1000us, 1), busy("q1", 1000us, 1)}));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(113us);
  bench.wiring.workload.hang.post({q1});
  bench.nothing_before<JobEnded>(113us + 950us);
  CHECK(bench.expect_at<JobEnded>(113us + 950us).queue == q0);
}

TEST_CASE("a queue that hangs without a slot never runs", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 1)}));
  bench.wiring.workload.hang.post({q0});
  bench.map(q0, slot0);
  bench.expect_at<SlotChanged>(first_run, to(SlotState::running));
  bench.nothing_before<QueueRan>(10ms);
  SECTION("reset, its job has not begun and is not lost") {
    bench.wiring.firmware.reset.post({q0});
    bench.expect_at<SlotFreed>(10ms - 1ns);
    CHECK(bench.count<JobEnded>() == 0);
    bench.run_until(20ms);
    bench.map(q0, slot0);
    CHECK_FALSE(bench.expect_at<QueueRan>(20ms + first_run).resumed);
    bench.expect_at<JobEnded>(20ms + first_run + 1000us, outcome(JobOutcome::finished));
  }
  SECTION("asked to stop it does not") {
    bench.unmap(q0, slot0);
    bench.nothing_before<SlotFreed>(900ms);
  }
}

// Found by a random machine (seed 16242693417160848425): the connection, at 103 us, delayed the other's end by as
// long as nothing had happened before.
TEST_CASE("a hung queue that is connected is nobody's loss", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 2), busy("q1", 1000us, 1)}));
  bench.map(q0, slot0);
  bench.run_until(50us);
  bench.wiring.workload.hang.post({q1});
  bench.run_until(90us);
  bench.map(q1, slot1);
  bench.expect_at<SlotChanged>(90us + 13us,
                               [](const SlotChanged& s) { return s.slot == slot1 && s.to == SlotState::running; });
  bench.expect_at<JobDone>(first_run + 1000us);
  bench.expect_at<JobDone>(first_run + 2000us);
}

TEST_CASE("a queue that hangs while it is unmapped leaves", "[hardware][reset]") {
  HardwareBench bench(machine({queue("q0", QueueType::compute)}));
  bench.map(q0, slot0);
  bench.run_until(20us);
  bench.unmap(q0, slot0);
  bench.run_until(21us);
  bench.wiring.workload.hang.post({q0});
  bench.expect_at<SlotFreed>(20us + out_idle);
  CHECK(bench.hardware.is_stuck(q0));
}

TEST_CASE("what stands behind a lost job runs when the queue is mapped again", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 2)}));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.wiring.firmware.reset.post({q0});
  CHECK(bench.expect_at<JobEnded>(100us).outcome == JobOutcome::lost);
  CHECK(bench.expect_at<QueueStopped>(100us).pending);
  bench.run_until(200us);
  bench.map(q0, slot0);
  CHECK(bench.expect_at<JobEnded>(200us + first_run + 1000us).outcome == JobOutcome::finished);
}

TEST_CASE("a job with a fence stays in the ring until the driver cancels it", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 2, true)}));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.wiring.firmware.reset.post({q0});
  bench.nothing_before<JobEnded>(200us);
  CHECK(bench.hardware.ring_size(q0) == 2);
  SECTION("cancelled") {
    bench.wiring.driver.cancel_fenced.post({q0});
    bench.expect_at<JobEnded>(200us - 1ns, outcome(JobOutcome::cancelled));
    bench.expect_at<JobEnded>(200us - 1ns, outcome(JobOutcome::cancelled));
    CHECK(bench.hardware.ring_size(q0) == 0);
    CHECK(bench.count<JobRetired>() == 2);
  }
  SECTION("not cancelled it runs anew") {
    bench.run_until(300us);
    bench.map(q0, slot0);
    bench.expect_at<JobEnded>(300us + first_run + 1000us, outcome(JobOutcome::finished));
  }
}

TEST_CASE("the fenced job that runs is cancelled and the next one runs", "[hardware][reset]") {
  MachineSpec spec = machine({busy("q0", 1000us, 1)});
  JobSpec fenced = job(1000us);
  fenced.name = "fenced";
  fenced.fence = true;
  spec.processes[0].queues[0].jobs->graph.insert(spec.processes[0].queues[0].jobs->graph.begin(), fenced);
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(113us);
  bench.wiring.driver.cancel_fenced.post({q0});
  CHECK(bench.expect_at<JobEnded>(113us).outcome == JobOutcome::cancelled);
  CHECK(bench.expect_at<JobEnded>(113us + 1000us).outcome == JobOutcome::finished);
}

TEST_CASE("a drain ends when the job it waits for is cancelled", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 1, true)}));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0);
  bench.run_until(150us);
  bench.wiring.driver.cancel_fenced.post({q0});
  bench.expect_at<SlotFreed>(150us + 7us + 11us);
}

TEST_CASE("who waits for a lost job goes on", "[hardware][reset]") {
  JobSpec first = job(1000us), second = job(100us);
  first.name = "first";
  second.name = "second";
  second.queue = "q1";
  second.after = {"first"};
  StreamSpec jobs = stream(ClosedArrival{1, constant(5us)}, first, 2);
  jobs.graph.push_back(second);
  HardwareBench bench(machine({queue("q0", QueueType::compute, jobs), queue("q1", QueueType::compute)}));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(500us);
  bench.wiring.firmware.reset.post({q0});
  CHECK(bench.expect_at<JobEnded>(500us).outcome == JobOutcome::lost);
  // q1 was mapped and idle: it connects, and runs.
  const JobEnded waiter = bench.expect_at<JobEnded>(500us + 3us + 100us);
  CHECK(waiter.outcome == JobOutcome::finished);
  CHECK(waiter.queue == q1);
  // The client has its answer and thinks for 5 us.
  bench.expect_at<Doorbell>(5us, of(q0));
  bench.expect_at<Doorbell>(603us + 5us, of(q0));
}

TEST_CASE("a reset of the GPU empties every slot at once", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 1), queue("q1", QueueType::compute)}));
  bench.copy_buffer_of(ProcessId{0}, 100us);
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(60us);
  bench.wiring.driver.gpu_reset.post({});
  bench.expect_at<SlotChanged>(60us, to(SlotState::free));
  bench.expect_at<SlotChanged>(60us, to(SlotState::free));
  CHECK(bench.expect_at<JobEnded>(60us).outcome == JobOutcome::lost);
  bench.expect_at<QueueStopped>(60us, of(q0));
  bench.expect_at<QueueStopped>(60us, of(q1));
  CHECK(bench.count<SlotFreed>() == 0);
  // The kernel's copy starts anew when the chip is up again.
  bench.run_until(90us);
  bench.wiring.driver.gpu_reset.post({true});
  bench.nothing_before<CopyDone>(90us + 100us);
  bench.expect_at<CopyDone>(90us + 100us);

  SECTION("what MES posted before it is void") {
    bench.map(q0, slot0);
    bench.run_until(1ms);
    CHECK(bench.count<SlotChanged>(to(SlotState::mapping)) == 2);
  }
  SECTION("what it posts after it is not") {
    bench.wiring.firmware.map.post({q0, slot0, 0, 1});
    bench.run_until(1ms);
    CHECK(bench.times<SlotChanged>(to(SlotState::mapping)) == in_ns({0us, 0us, 190us}));
  }
}

// The first reset fails: there is no second message for it. The copy is asked for while the chip is down.
TEST_CASE("a copy that never began outlasts a reset after a reset that failed", "[hardware][reset]") {
  HardwareBench bench(machine({}));
  bench.wiring.driver.gpu_reset.post({});
  bench.run_until(10us);
  bench.copy_buffer_of(ProcessId{0}, 100us);
  bench.run_until(20us);
  bench.wiring.driver.gpu_reset.post({});
  bench.run_until(50us);
  bench.wiring.driver.gpu_reset.post({true});
  bench.nothing_before<CopyDone>(50us + 100us);
  bench.expect_at<CopyDone>(50us + 100us);
}

TEST_CASE("a reset of the GPU ends every hang", "[hardware][reset]") {
  HardwareBench bench(machine({busy("q0", 1000us, 1), busy("q1", 1000us, 1)}));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.wiring.workload.hang.post({q0});
  bench.wiring.workload.hang.post({q1});
  bench.run_until(200us);
  bench.wiring.driver.gpu_reset.post({});
  bench.run_until(300us);
  CHECK_FALSE(bench.hardware.is_stuck(q0));
  CHECK_FALSE(bench.hardware.is_stuck(q1));
  CHECK(bench.all<JobEnded>().size() == 1);  // q1's had not begun
}

FaultSpec fault(FaultKind kind) {
  FaultSpec f;
  f.kind = kind;
  f.process = "p";
  f.queue = "q0";
  f.eviction = 3;
  return f;
}

TEST_CASE("a slow preemption takes its time longer", "[hardware][fault]") {
  MachineSpec spec = machine({busy("q0", 1000us, 1)});
  spec.faults = {fault(FaultKind::slow_preempt)};
  spec.faults[0].time = 100us;
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(20us);
  bench.wiring.firmware.unmap.post({q0, slot0, true, 0, FaultId{0}, 3});
  const FaultInjected injected = bench.expect_at<FaultInjected>(20us);
  CHECK(injected.kind == FaultKind::slow_preempt);
  CHECK(injected.queue == q0);
  CHECK(injected.eviction == 3U);
  const Duration freed = first_run + 1000us + 7us + 100us + 11us;  // the drain, then the stop
  bench.nothing_before<SlotFreed>(freed);
  bench.expect_at<SlotFreed>(freed);
}

TEST_CASE("a queue that is never preempted hangs", "[hardware][fault]") {
  MachineSpec spec = machine({busy("q0", 1000us, 1)});
  spec.faults = {fault(FaultKind::no_preempt)};
  HardwareBench bench(std::move(spec));
  const bool idle = GENERATE(true, false);
  if (idle) bench.run_until(5us);
  bench.map(q0, slot0);
  const Duration asked = idle ? 10us : 100us;  // while it is being mapped, or running
  bench.run_until(asked);
  bench.wiring.firmware.unmap.post({q0, slot0, true, 0, FaultId{0}, 3});
  CHECK(bench.expect_at<FaultInjected>(asked).kind == FaultKind::no_preempt);
  bench.nothing_before<SlotFreed>(900ms);
  CHECK(bench.hardware.is_stuck(q0));
  CHECK(bench.count<JobEnded>() == 0);
}

TEST_CASE("a fault does not hit a stop that is past the preemption", "[hardware][fault]") {
  MachineSpec spec = machine({queue("q0", QueueType::compute)});
  spec.faults = {fault(FaultKind::no_preempt)};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(20us);
  bench.unmap(q0, slot0, false);  // MES's own
  bench.run_until(21us);
  bench.wiring.firmware.unmap.post({q0, slot0, true, 0, FaultId{0}, 3});
  bench.expect_at<SlotFreed>(20us + out_idle);
  CHECK(bench.count<FaultInjected>() == 0);
}

}  // namespace
}  // namespace userqsim::hardware_reset_test
