// Resets in a whole machine: what MODE2 keeps and MODE1 loses, a reset that fails, a queue that is reset alone.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::reset_machine_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};

// q0's jobs have no fence, q1's have one: one of 100 ms each, from time zero on, in rounds of 1 ms, side by side.
// The GPU is reset at 10.5 ms, which takes 5 ms.
MachineSpec machine(const std::string& kernel, ResetMethod method) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  spec.device.reset_method = method;
  spec.costs.mode1_reset = spec.costs.mode2_reset = cost(5ms);
  JobSpec plain = job(100ms);
  plain.grain = 1ms;
  JobSpec fenced = plain;
  fenced.fence = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, plain, 1)),
                                  queue("q1", QueueType::compute, stream(PeriodicArrival{1h}, fenced, 1))})};
  PressureSpec reset;
  reset.kind = PressureKind::gpu_reset;
  reset.at = 10500us;
  spec.events = {reset};
  return spec;
}

auto ended(QueueId queue, JobOutcome outcome) {
  return [=](const JobEnded& j) { return j.queue == queue && j.outcome == outcome; };
}

// pre_reset removes q0, then q1: their rounds end at 11 ms. q1's fence is completed by force then. The hardware is
// back at 16 ms, both queues are mapped again, and q0's job, whose context had been saved, goes on.
TEST_CASE("a reset that keeps VRAM maps every queue again", "[reset]") {
  MachineBench bench(machine("7.1", ResetMethod::mode2));
  const GpuResetDone done = bench.expect_at<GpuResetDone>(16ms);
  CHECK(done.began == SimTime{10500us});
  CHECK(done.ok);
  bench.expect_at<JobEnded>(11ms, ended(q1, JobOutcome::cancelled));
  bench.expect_at<JobEnded>(100ms + (16ms - 11ms), ended(q0, JobOutcome::finished));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::vram_lost)) == 0);
  CHECK(bench.all<QueueTransition>([](const auto& t) { return t.queue == q0; }).back().to == UserqState::mapped);
}

TEST_CASE("a reset that loses VRAM leaves every queue HUNG", "[reset]") {
  MachineBench bench(machine("7.1", ResetMethod::mode1));
  CHECK(bench.expect_at<Hazard>(16ms, hazard(HazardKind::vram_lost)).process == ProcessId{0});
  bench.run();
  CHECK(bench.count<JobEnded>(ended(q1, JobOutcome::cancelled)) == 1);
  CHECK(bench.count<JobEnded>(ended(q0, JobOutcome::open)) == 1);
  for (const QueueId q : {q0, q1}) {
    const auto of_queue = [=](const QueueTransition& t) { return t.queue == q; };
    CHECK(bench.all<QueueTransition>(of_queue).back().to == UserqState::hung);
  }
}

// No pre_reset, no post_reset: the waves die under way at 10.5 ms, the driver still calls the queues MAPPED, and
// MES knows neither.
TEST_CASE("up to 6.18 a reset does not know of user queues", "[reset]") {
  MachineBench bench(machine(GENERATE("6.16", "6.18"), ResetMethod::mode2));
  bench.expect_at<JobEnded>(10500us, ended(q0, JobOutcome::lost));
  bench.run();
  CHECK(bench.count<JobEnded>(ended(q1, JobOutcome::open)) == 1);
  CHECK(bench.count<QueueTransition>() == 2);
}

// 6.19's pre_reset cancels restore works, and waits for one that runs. Without the reset the same restore says when
// it runs.
TEST_CASE("a reset that finds a restore at work goes on when that is through", "[reset]") {
  MachineSpec spec = machine("6.19", ResetMethod::mode2);
  for (QueueSpec& idle : spec.processes[0].queues) idle.jobs.reset();
  spec.costs.mes_api = cost(1ms);
  spec.kernel.restore_delay = 0ms;
  spec.events = {evict_at(10ms, "p")};
  MachineBench undisturbed(spec);
  undisturbed.run();
  REQUIRE(undisturbed.count<EvictionResumed>() == 1);
  const SimTime restored = undisturbed.all<EvictionResumed>().front().time;
  REQUIRE(restored >= undisturbed.all<EvictionSignaled>().front().time + 2ms);  // two packets at least

  PressureSpec reset;
  reset.kind = PressureKind::gpu_reset;
  reset.at = restored.time_since_epoch() - 500us;
  spec.events.push_back(reset);
  MachineBench bench(std::move(spec));
  bench.run();
  const auto before_reset = [](const QueueTransition& t) { return t.operation == Operation::pre_reset; };
  REQUIRE(bench.count<EvictionResumed>() == 1);
  CHECK(bench.all<EvictionResumed>().front().time == restored);
  REQUIRE(bench.count<QueueTransition>(before_reset) == 2);
  CHECK(bench.all<QueueTransition>(before_reset).front().began == restored);
  REQUIRE(bench.count<GpuResetDone>() == 1);
  CHECK(bench.all<GpuResetDone>().front().began == restored - 500us);
}

TEST_CASE("a reset that fails leaves the GPU dead until one succeeds", "[reset]") {
  const bool again = GENERATE(false, true);
  MachineSpec spec = machine("7.1", ResetMethod::mode2);
  FaultSpec fails = fault_at(1ms, FaultKind::reset_fails);
  fails.scope = ResetScope::gpu;
  spec.faults = {fails};
  if (again) {
    spec.events.push_back(spec.events[0]);
    spec.events[1].at = 100ms;
  }
  MachineBench bench(std::move(spec));
  CHECK_FALSE(bench.expect_at<GpuResetDone>(16ms).ok);
  CHECK(bench.expect_at<Hazard>(16ms, hazard(HazardKind::gpu_wedged)).process == ProcessId::none());
  if (!again) {
    bench.run();
    CHECK(bench.count<JobEnded>(ended(q0, JobOutcome::open)) == 1);
    return;
  }
  // The queues are HUNG since 11 ms, so the second reset has nothing to remove.
  CHECK(bench.expect_at<GpuResetDone>(105ms).ok);
  bench.expect_at<JobEnded>(105ms + (100ms - 11ms), ended(q0, JobOutcome::finished));
}

// The reset takes 5 ms after pre_reset's last REMOVE_QUEUE. Then SET_HW_RSRC and QUERY_SCHEDULER_STATUS: 7 us of
// the API processor each, seen at the poll's fourth step of 2 us, and only then the queues are mapped again.
TEST_CASE("after a reset MES is told what it may use", "[reset]") {
  MachineSpec spec = machine("7.1", ResetMethod::mode2);
  spec.costs.mes_api = cost(7us);
  spec.kernel.api_poll = 2us;
  MachineBench bench(std::move(spec));
  bench.run_until(20ms);
  const auto removes = bench.all<PacketEnded>(packet(Opcode::remove_queue));
  const SimTime polled = removes.back().issued, written = *removes.back().acked;
  const SimTime up = polled + 2us * ceil_div((written - polled).count(), Duration{2us}.count()) + 5ms;
  const PacketEnded resources = bench.all<PacketEnded>(packet(Opcode::set_hw_rsrc)).at(0);
  CHECK(resources.issued == up);
  CHECK(resources.acked == up + 7us);
  const PacketEnded status = bench.all<PacketEnded>(packet(Opcode::query_scheduler_status)).at(0);
  CHECK(status.issued == up + 8us);
  CHECK(status.acked == up + 15us);
  CHECK(bench.all<PacketEnded>(packet(Opcode::add_queue)).at(2).issued == up + 16us);
  CHECK(bench.count<Hazard>(hazard(HazardKind::gpu_wedged)) == 0);
}

// MES falls silent at 12 ms, while the hardware comes up; SET_HW_RSRC, sent at 16 ms, is given up after 2.1 s.
TEST_CASE("where MES does not come up the reset has failed", "[reset]") {
  MachineSpec spec = machine("7.1", ResetMethod::mode2);
  spec.faults = {fault_at(12ms, FaultKind::mes_silent)};
  spec.horizon = 3s;
  MachineBench bench(std::move(spec));
  CHECK_FALSE(bench.expect_at<GpuResetDone>(16ms + 2100ms).ok);
  bench.expect_at<Hazard>(16ms + 2100ms, hazard(HazardKind::gpu_wedged));
  bench.run();
  CHECK(bench.count<JobEnded>(ended(q0, JobOutcome::open)) == 1);
}

// MES speaks again at 2.5 s: SET_HW_RSRC, given up at 2.116 s, was for a device that is dead since.
TEST_CASE("a GPU that did not come up stays down whatever MES says later", "[reset]") {
  MachineSpec spec = machine("7.1", ResetMethod::mode2);
  spec.faults = {fault_at(12ms, FaultKind::mes_silent)};
  spec.faults.front().time = 2500ms - 12ms;
  spec.horizon = 10s;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<GpuResetDone>() == 1);
  CHECK(bench.count<QueueRan>([](const QueueRan& ran) { return ran.time > SimTime{2100ms}; }) == 0);
}

// q1 hangs at 20 ms; its fence, submitted at 0, is late at 30 ms.
MachineSpec late(bool fails) {
  MachineSpec spec = machine("7.1", ResetMethod::mode2);
  spec.events.clear();
  spec.costs.queue_reset = cost(2ms);
  spec.kernel.job_timeout = {30ms, 30ms, 30ms};
  spec.faults = {fault_at(20ms, FaultKind::hang, "p", "q1")};
  FaultSpec in_vain = fault_at(1ms, FaultKind::reset_fails);
  in_vain.scope = ResetScope::queue;
  if (fails) spec.faults.push_back(in_vain);
  return spec;
}

TEST_CASE("a queue that is reset alone costs its own jobs and nobody else's", "[reset]") {
  MachineBench bench(late(false));
  CHECK(bench.expect_at<Hazard>(30ms).kind == HazardKind::job_timeout);
  bench.expect_at<JobEnded>(32ms, ended(q1, JobOutcome::cancelled));
  bench.expect_at<JobEnded>(100ms, ended(q0, JobOutcome::finished));
  bench.run();
  CHECK(bench.count<GpuResetDone>() == 0);
}

// RESET is answered with an error at 30 ms; the GPU's reset removes q0, whose round ends just then, and tries q1
// for MES's 2 s in vain.
TEST_CASE("where a queue's reset fails the GPU is reset", "[reset]") {
  MachineSpec spec = late(true);
  spec.horizon = 10s;
  MachineBench bench(std::move(spec));
  bench.run();
  REQUIRE(bench.count<GpuResetDone>() == 1);
  const GpuResetDone done = bench.all<GpuResetDone>()[0];
  CHECK(done.began - SimTime{} >= Duration{30ms});
  CHECK(done.time - done.began == Duration{2s + 5ms});
  CHECK(bench.count<JobEnded>(ended(q1, JobOutcome::cancelled)) == 1);
  CHECK(bench.count<JobEnded>(ended(q0, JobOutcome::finished)) == 1);
}

// 6.19: q0 does not preempt, its suspend fence is given up after 2.1 s, and the detection that follows finds it.
TEST_CASE("where a detection cannot reset what it found the GPU is reset", "[reset]") {
  const bool fails = GENERATE(false, true);
  MachineSpec spec = late(fails);
  spec.kernel = kernel_of("6.19");
  spec.kernel.pre_wait = PreWait::none;
  spec.policy = "preempt_restore";
  spec.events = {evict_at(10500us, "p")};
  spec.horizon = 10s;
  spec.faults[0] = fault_of_eviction(0, FaultKind::no_preempt, "p", "q0");
  MachineBench bench(std::move(spec));
  bench.run();
  const auto hung = [](const QueueTransition& t) { return t.queue == q0 && t.to == UserqState::hung; };
  CHECK(bench.times<QueueTransition>(hung).front() == Duration{10500us + 2100ms}.count());
  CHECK(bench.count<GpuResetDone>() == (fails ? 1 : 0));
  CHECK(bench.count<EvictionSignaled>() == 1);
}

TEST_CASE("with recovery off nothing is reset", "[reset]") {
  MachineSpec spec = late(false);
  spec.kernel.gpu_recovery = false;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>() == 0);
  CHECK(bench.count<JobEnded>(ended(q1, JobOutcome::open)) == 1);
}

// The draw outlasts MES's unmap time-out. At 6 ms KFD asks for a reset, signals the fence and lets its lock go: an
// exit that waits for both is woken twice. Its process is gone after the reset has met the job, not between the
// two.
TEST_CASE("an exit that is woken twice waits for its rings", "[reset][exit]") {
  MachineSpec spec = ideal_machine();
  spec.kernel.lifecycle = "kfd";
  spec.kernel.exit_evicts = false;
  spec.kernel.stop_failure = StopFailure::go_on;
  spec.firmware.unmap_timeout = 1ms;
  spec.costs.mode1_reset = cost(5ms);
  spec.processes = {process("p", {queue("q0", QueueType::gfx, stream(PeriodicArrival{1h}, job(100ms), 1))})};
  spec.policy = "unmap_map";
  spec.events = {evict_at(5ms, "p")};
  spec.faults = {fault_at(5500us, FaultKind::kill, "p")};
  spec.horizon = 50ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.expect_at<JobEnded>(6ms, ended(q0, JobOutcome::lost)).started == SimTime{0ms});
  bench.expect_at<ProcessExited>(6ms);
}

}  // namespace
}  // namespace userqsim::reset_machine_test
