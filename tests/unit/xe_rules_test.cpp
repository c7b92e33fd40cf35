// What the rules of Xe differ in: suspends that overlap, and a restore that has no place but VRAM.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::xe_rules_test {
namespace {

using namespace test;

// Two queues run rounds of 10 ms from 0 on, and are stopped at 5 ms, by a MES that takes packets while it unmaps.
MachineSpec two_queues(bool overlap) {
  JobSpec rounds = job(1h);
  rounds.grain = 10ms;
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("0", QueueType::compute, stream(ClosedArrival{}, rounds)),
                                  queue("1", QueueType::compute, stream(ClosedArrival{}, rounds))})};
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  spec.firmware.api_during_unmap = ApiDuringUnmap::free;
  spec.kernel.suspend_overlap = overlap;
  spec.kernel.stop_failure = StopFailure::go_on;
  spec.events = {evict_at(5ms, "p")};
  return spec;
}

// To unmap takes 5 ms. One after the other: the first round ends at 10 and its queue is out at 15; the second
// queue, asked at 15, runs to 20 and is out at 25. Both at once: 15.
TEST_CASE("suspends that overlap stop their queues together", "[xe]") {
  const auto [overlap, at] = GENERATE(std::pair{false, Duration{25ms}}, std::pair{true, Duration{15ms}});
  MachineSpec spec = two_queues(overlap);
  spec.costs.unmap = cost(5ms);
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionSignaled>() == in_ns({at}));
  CHECK(bench.times<EvictionResumed>() == in_ns({at}));
}

// One queue's waves never stop. The time-out of 2.1 s is one for both, from the last packet on, and loses that
// queue and no other, whichever it is.
TEST_CASE("suspends that overlap have one time-out, and it loses who has not stopped", "[xe]") {
  const std::uint32_t hangs = GENERATE(0U, 1U);
  MachineSpec spec = two_queues(true);
  spec.firmware.unmap_timeout = 1h;
  spec.faults = {fault_of_eviction(0, FaultKind::no_preempt, "p", std::to_string(hangs))};
  spec.horizon = 3s;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionSignaled>() == in_ns({5ms + 2100ms}));
  const auto lost = bench.all<Hazard>(hazard(HazardKind::queue_lost));
  REQUIRE(lost.size() == 1);
  CHECK(lost.front().queue == QueueId{hangs});
}

// The packet of one queue is refused at 5 ms; the other drains to 10, and is waited for.
TEST_CASE("a refused suspend does not end the wait for the others", "[xe]") {
  const std::uint32_t refused = GENERATE(0U, 1U);
  MachineSpec spec = two_queues(true);
  spec.faults = {fault_of_eviction(0, FaultKind::packet_error, "p", std::to_string(refused))};
  spec.faults.front().code = PacketError::error;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionSignaled>() == in_ns({10ms}));
}

// 10 MiB are free, and who has the others cannot be evicted.
TEST_CASE("a restore into VRAM alone fails without room there", "[xe][memory]") {
  struct Case {
    Domain domain;
    RestorePlacement placement;
    bool ok;
  };
  using enum RestorePlacement;
  const auto [domain, placement, ok] =
      GENERATE(Case{Domain::vram, evict_others, true}, Case{Domain::vram, evict_or_fail, false},
               Case{Domain::vram_or_gtt, evict_or_fail, true});
  MachineSpec spec = memory_machine({{{"buffer", mib(60), 1, domain}}, {vram(90)}});
  spec.processes.back().vram.front().pinned = true;
  spec.kernel.restore_placement = placement;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.validate(a);
  CHECK(bench.expect_at<Validated>(2ms).ok == ok);
}

TEST_CASE("a process whose restore fails is killed where the kernel has it so", "[xe]") {
  const bool kills = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(60)}, {vram(90)}});
  for (ProcessSpec& p : spec.processes) p.queues = {queue("q", QueueType::compute)};
  spec.processes.back().vram.front().pinned = true;
  spec.processes.back().start = 1ms;
  spec.device.compute = {1, 2};
  spec.kernel.restore_placement = RestorePlacement::evict_or_fail;
  spec.kernel.restore_failure_kills = kills;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({1ms}));
  CHECK(bench.count<Hazard>(hazard(HazardKind::restore_cancelled)) == (kills ? 0U : 1U));
  CHECK(bench.times<ProcessExited>() == (kills ? in_ns({1ms}) : in_ns({})));
}

// 10 MiB are free for 60. amdgpu asks for GTT then (amdgpu_gem_create_ioctl).
TEST_CASE("a new buffer for VRAM alone fails without room there", "[xe][memory]") {
  const auto [placement, outcome] = GENERATE(std::pair{RestorePlacement::evict_others, RequestOutcome::fell_to_gtt},
                                             std::pair{RestorePlacement::evict_or_fail, RequestOutcome::failed});
  MachineSpec spec = memory_machine({{vram(90)}, {vram(60)}});
  spec.processes.front().vram.front().pinned = true;
  spec.kernel.restore_placement = placement;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(bench.all<RequestEnded>().back().outcome == outcome);
}

// 8 MiB of VRAM in blocks, six of which are a's; its piece of 4 has its block when its own leave.
TEST_CASE("a process leaves for its own piece under KFD, and not under Xe", "[xe][memory][buddy]") {
  const bool kfd = GENERATE(true, false);
  MachineSpec spec = memory_machine({{vram(6, 6)}});
  spec.device.vram = mib(8);
  spec.device.vram_blocks = true;
  spec.kernel.evicts_itself = false;
  spec.kernel.evicts_itself_for_piece = kfd;
  spec.events = {allocation("a", vram(4))};
  spec.events.front().buffer->contiguous = true;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.allocate(PressureId{0});
  bench.run_for(1ms);
  CHECK(moved(bench).size() == (kfd ? 4U : 0U));
}

}  // namespace
}  // namespace userqsim::xe_rules_test
