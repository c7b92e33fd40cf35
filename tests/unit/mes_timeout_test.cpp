// What it costs when MES does not answer: 2.1 s a REMOVE_QUEUE, up to 4.2 s a preempt, one queue after the other,
// and what the release makes of it (domain: mes_v11_0.c polls an API fence for 2,100 ms; mes_userqueue.c polls the
// suspend fence for as long again).
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::mes_timeout_test {
namespace {

using namespace test;

constexpr Duration limit = 2100ms;

// `queues` idle queues of one process, evicted at one second.
MachineSpec machine(const std::string& kernel, int queues) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.compute = {8, 1};
  spec.processes = {process("p", {})};
  for (int i = 0; i < queues; ++i) {
    spec.processes[0].queues.push_back(queue("q" + std::to_string(i), QueueType::compute));
  }
  spec.events = {evict_at(1s, "p")};
  spec.horizon = 60s;
  return spec;
}

FaultSpec silent_from(Duration at) { return fault_at(at, FaultKind::mes_silent); }

bool is_hung(const QueueTransition& t) { return t.operation == Operation::evict && t.to == UserqState::hung; }

TEST_CASE("a REMOVE_QUEUE that MES does not answer costs 2.1 s, queue after queue", "[faults][timeout]") {
  MachineSpec spec = machine("6.16", 3);
  spec.faults = {silent_from(500ms)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + limit, 1s + 2 * limit, 1s + 3 * limit}));
  // 6.16 gives the eviction up: nobody signals its fence.
  bench.expect_at<EvictionAborted>(1s + 3 * limit);
  CHECK(bench.count<EvictionSignaled>() == 0);
}

TEST_CASE("a SUSPEND that MES does not acknowledge costs 2.1 s, and no second wait", "[faults][timeout]") {
  MachineSpec spec = machine("6.18", 2);
  spec.faults = {silent_from(500ms)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + limit, 1s + 2 * limit}));
  bench.expect_at<EvictionAborted>(1s + 2 * limit);
}

TEST_CASE("a preempt costs up to 4.2 s: acknowledged late, its fence never written", "[faults][timeout]") {
  MachineSpec spec = machine("6.18", 1);
  spec.costs.mes_api = cost(limit - 2us);  // acknowledged at the last poll but one
  spec.firmware.suspend_ack = SuspendAck::before_preempt;
  spec.faults = {fault_of_eviction(0, FaultKind::no_preempt, "p", "q0")};
  spec.events = {evict_at(10s, "p")};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({10s + 2 * limit - 2us}));  // 4.2 s
  CHECK(bench.expect_at<MesLockHeld>(10s + limit - 2us, by_eviction<MesLockHeld>).start == SimTime{10s});
}

TEST_CASE("6.19 asks who hangs at every turn, and signals in the end", "[faults][timeout]") {
  MachineSpec spec = machine("6.19", 2);
  spec.faults = {silent_from(500ms)};
  spec.costs.mode1_reset = cost(1500ms);
  MachineBench bench(std::move(spec));
  bench.run();
  // RESET before the walk is not answered: the GPU is reset, which first unmaps both queues in vain, 2.1 s each.
  // Behind it MES works again, and both queues are HUNG: VRAM was lost.
  bench.expect_at<GpuResetDone>(1s + limit + 2 * limit + 1500ms);
  bench.expect_at<EvictionSignaled>(1s + limit + 2 * limit + 1500ms);
  CHECK(bench.count<EvictionAborted>() == 0);
}

TEST_CASE("7.1 resets the GPU when the walk is over, and signals in the end", "[faults][timeout]") {
  MachineSpec spec = machine("7.1", 3);
  spec.faults = {silent_from(500ms)};
  spec.costs.mode1_reset = cost(1500ms);
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + limit, 1s + 2 * limit, 1s + 3 * limit}));
  bench.expect_at<GpuResetDone>(1s + 3 * limit + 1500ms);
  bench.expect_at<EvictionSignaled>(1s + 3 * limit + 1500ms);
  CHECK(bench.expect_at<Hazard>(1s + 3 * limit + 1500ms, hazard(HazardKind::vram_lost)).process == ProcessId{0});
}

TEST_CASE("without recovery 7.1 signals right behind the last time-out", "[faults][timeout]") {
  MachineSpec spec = machine("7.1", 3);
  spec.faults = {silent_from(500ms)};
  spec.kernel.gpu_recovery = false;
  MachineBench bench(std::move(spec));
  bench.run();
  bench.expect_at<EvictionSignaled>(1s + 3 * limit);
  CHECK(bench.count<GpuResetDone>() == 0);
}

TEST_CASE("one lost packet costs one time-out", "[faults][timeout]") {
  MachineSpec spec = machine("7.1", 2);
  spec.kernel.gpu_recovery = false;
  spec.faults = {fault_of_eviction(0, FaultKind::packet_lost, "p", "q0")};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + limit}));
  CHECK(bench.expect_at<FaultInjected>(1s).kind == FaultKind::packet_lost);
  bench.expect_at<EvictionSignaled>(1s + limit);
}

TEST_CASE("a queue that does not leave its slot is UNMAP_FAIL after MES's own 2 s", "[faults][timeout]") {
  MachineSpec spec = machine("6.16", 1);
  spec.faults = {fault_of_eviction(0, FaultKind::no_preempt, "p", "q0")};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.expect_at<PacketEnded>(1s + 2s, packet(Opcode::remove_queue)).result == PacketResult::unmap_fail);
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + 2s}));
}

TEST_CASE("MES that comes back after the driver gave up writes a late fence", "[faults][timeout]") {
  MachineSpec spec = machine("6.18", 1);
  FaultSpec silence = silent_from(500ms);
  silence.time = 10s;
  spec.faults = {silence};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<QueueTransition>(is_hung) == in_ns({1s + limit}));
  bench.expect_at<Hazard>(500ms + 10s, hazard(HazardKind::late_fence_write));
}

}  // namespace
}  // namespace userqsim::mes_timeout_test
