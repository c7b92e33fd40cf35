// What can come between: an eviction between a new fence and the restart, whoever cancels a restore, a reset that
// waits for itself, an answer that comes too late.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::eviction_race_test {
namespace {

using namespace test;

// One process with one idle compute queue, evicted at 10 ms, its restore work queued for 5 ms.
MachineSpec machine(const std::string& kernel) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.kernel.restore_delay = 5ms;
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.events = {evict_at(10ms, "p")};
  spec.horizon = 10s;
  return spec;
}

PressureSpec event(PressureKind kind, Duration at) {
  PressureSpec e;
  e.kind = kind;
  e.at = at;
  return e;
}

JobSpec fenced(Duration work) {
  JobSpec j = job(work);
  j.fence = true;
  return j;
}

// The new fence is armed at 15 ms, userq_mutex wanted at 16 ms. An eviction in between finds the queue UNMAPPED,
// has nothing to stop, and signals; then the restart maps the queue of a process that counts as evicted.
TEST_CASE("without locks an eviction can overtake the restart", "[race]") {
  MachineSpec spec = machine("7.1");
  spec.kernel.restore_locks = RestoreLocks::none;
  spec.kernel.restart_gap = 1ms;
  const Duration second = GENERATE(15ms + 1ns, 15500us, 16ms + 1ns);
  const bool in_the_gap = second < 16ms;
  spec.events.push_back(evict_at(second, "p"));
  MachineBench bench(std::move(spec));
  bench.run_until(18ms);
  CHECK(bench.times<EvictionSignaled>() == in_ns({10ms, second}));
  const auto overtaken = bench.times<Hazard>(hazard(HazardKind::restarted_while_evicted));
  CHECK(overtaken == (in_the_gap ? in_ns({16ms}) : in_ns({})));
  // Where it ran into the gap the queue is MAPPED while the process is evicted; else the eviction unmapped it.
  CHECK(bench.all<QueueTransition>().back().to == (in_the_gap ? UserqState::mapped : UserqState::unmapped));
}

TEST_CASE("with userq_mutex or the buffers held, nothing comes between", "[race]") {
  MachineSpec spec = machine("7.1");
  spec.kernel.restore_locks = GENERATE(RestoreLocks::userq_mutex, RestoreLocks::buffers);
  spec.events.push_back(evict_at(15ms, "p"));
  spec.events.push_back(evict_at(15ms + 1ns, "p"));
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::restarted_while_evicted)) == 0);
}

TEST_CASE("system suspend, isolation and destroy cancel a queued restore, and nobody queues it again", "[race]") {
  MachineSpec spec = machine(GENERATE("6.16", "6.18", "6.19", "7.1"));
  spec.processes[0].queues.push_back(queue("q1", QueueType::sdma));
  const PressureKind kind =
      GENERATE(PressureKind::suspend, PressureKind::isolation_stop, PressureKind::destroy_queue);
  PressureSpec cancels = event(kind, 12ms);
  if (kind == PressureKind::destroy_queue) {
    cancels.process = "p";
    cancels.queue = "q1";
  }
  spec.events.push_back(cancels);
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<Hazard>(12ms).kind == HazardKind::restore_cancelled);
  bench.run();
  CHECK(bench.count<EvictionResumed>() == 0);
}

// The queue was preempted at 10 ms; its restore would have run at 15 ms. A submission with a fence at 40 ms needs a
// live eviction fence, and queues the restore work.
TEST_CASE("the next submission with a fence brings a cancelled restore back", "[race]") {
  MachineSpec spec = machine("6.18");
  TraceArrival once;
  once.rows.push_back({40ms, std::nullopt});
  spec.processes[0].queues[0].jobs = stream(once, fenced(1ms));
  spec.events.push_back(event(PressureKind::isolation_stop, 12ms));
  spec.events.push_back(event(PressureKind::isolation_start, 13ms));
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<Hazard>(12ms).kind == HazardKind::restore_cancelled);
  bench.expect_at<EvictionResumed>(40ms);
  bench.expect_at<JobEnded>(41ms);
  const auto steps = bench.all<EvictionStep>();
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].kind == EvictionStepKind::restore_delay);
  CHECK(steps[0].start == SimTime{10ms});
  CHECK(steps[0].end == SimTime{12ms});
  CHECK(steps[1].kind == EvictionStepKind::restore_cancelled);
  CHECK(steps[1].start == SimTime{12ms});
  CHECK(steps[1].end == SimTime{40ms});
}

// The second eviction signals at 15.5 ms, in the gap; its restore work is queued then, behind the one that runs
// until 16 ms, and its delay of 5 ms counts from there.
TEST_CASE("the delay of a restore that is queued while one runs begins when it is queued", "[race]") {
  MachineSpec spec = machine("7.1");
  spec.kernel.restore_locks = RestoreLocks::none;
  spec.kernel.restart_gap = 1ms;
  spec.events.push_back(evict_at(15500us, "p"));
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionResumed>() == in_ns({16ms, 21500us}));
}

TEST_CASE("KFD cancels no restore", "[race]") {
  MachineSpec spec = machine("kfd");
  spec.events.push_back(event(PressureKind::isolation_stop, 12ms));
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionResumed>(15ms);
  CHECK(bench.count<Hazard>() == 0);
}

// Patch 11: a failed RESUME resets the GPU inside the restore work, and the reset waits for that work.
TEST_CASE("a reset that a restore work sets off waits for the restore work that waits for the reset", "[race]") {
  MachineSpec spec = machine("seed-v8+reset");
  FaultSpec refused = fault_of_eviction(0, FaultKind::packet_error, "p", "q0");
  refused.code = PacketError::error;
  refused.packet = PacketRole::restart;
  spec.faults = {refused};
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<Hazard>(15ms, hazard(HazardKind::reset_deadlock)).process == ProcessId{0});
  bench.run();
  CHECK(bench.count<GpuResetDone>() == 0);
  CHECK(bench.count<EvictionResumed>() == 0);
}

// The driver waits 2.1 s for the suspend fence and frees its place; the preemption takes 3 s.
TEST_CASE("a suspend fence that comes late is written over somebody else's memory", "[race]") {
  MachineSpec spec = machine("6.19");
  spec.kernel.gpu_recovery = false;
  spec.firmware.suspend_ack = SuspendAck::before_preempt;
  spec.firmware.unmap_timeout = 10s;
  FaultSpec slow = fault_of_eviction(0, FaultKind::slow_preempt, "p", "q0");
  slow.time = 3s;
  spec.faults = {slow};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(10ms + 2100ms);
  CHECK(bench.expect_at<Hazard>(10ms + 3s, hazard(HazardKind::late_fence_write)).process == ProcessId{0});
}

TEST_CASE("buffers that go under a queue are a hazard where nobody looks, and an eviction where somebody does",
          "[race]") {
  const bool looks = GENERATE(false, true);
  MachineSpec spec = machine(looks ? "6.19" : "6.18");
  spec.events.clear();
  spec.faults = {fault_at(20ms, FaultKind::free_buffer, "p", "q0")};
  MachineBench bench(std::move(spec));
  if (looks) {
    CHECK(bench.expect_at<EvictionStarted>(20ms).trigger == Trigger::va_unmap);
    CHECK(bench.expect_at<Hazard>(25ms).kind == HazardKind::queue_without_va);
    CHECK(bench.all<QueueTransition>().back().to == UserqState::invalid_va);
  } else {
    CHECK(bench.expect_at<Hazard>(20ms).kind == HazardKind::freed_under_queue);
    bench.run();
    CHECK(bench.count<EvictionStarted>() == 0);
  }
}

}  // namespace
}  // namespace userqsim::eviction_race_test
