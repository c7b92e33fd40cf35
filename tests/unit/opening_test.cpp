// A process opens the device while others take the room that its buffers had.
//
// a's 60 MiB of 100 are written into its page tables until 10 us. It has no queue yet, and so no eviction fence:
// b's 90, pinned, send them away at 5 us, and nowhere else may they lie. b goes at 1 ms.
#include "tests/support/machine_bench.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::opening_test {
namespace {

using namespace test;

MachineSpec crowded_out_while_opening() {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(90)}});
  for (ProcessSpec& p : spec.processes) p.queues = {queue("q", QueueType::compute)};
  spec.processes.back().vram.front().pinned = true;
  spec.processes.back().start = 5us;
  spec.processes.back().stop = 1ms;
  spec.device.compute = {1, 2};
  spec.costs.page_table_base = cost(10us);
  spec.kernel.restore_placement = RestorePlacement::evict_or_fail;
  return spec;
}

std::vector<std::int64_t> fences_of_a(const MachineBench& bench) {
  return bench.times<FenceArmed>([](const FenceArmed& fact) { return fact.eviction.process == a; });
}

// Found by random machines that are to be at one (machine_property_test.cpp), seed 990017.
TEST_CASE("a process whose buffers find no room has no queue until they do", "[driver][open]") {
  MachineSpec spec = crowded_out_while_opening();

  SECTION("KFD tries again after a while") {
    spec.kernel.restore_retry = 400us;
    MachineBench bench(std::move(spec));
    bench.run();
    CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({10us, 410us, 810us}));
    CHECK(fences_of_a(bench) == in_ns({1210us}));
    CHECK(bench.count<Hazard>(hazard(HazardKind::mapped_without_address)) == 0);
  }
  SECTION("amdgpu_userq has the restore work run again at once") {
    spec.costs.worker_latency = cost(300us);
    MachineBench bench(std::move(spec));
    bench.run();
    CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({10us, 310us, 610us, 910us}));
    CHECK(fences_of_a(bench) == in_ns({1210us}));
  }
  SECTION("nor when it is to exit meanwhile: then it exits") {
    spec.kernel.restore_retry = 400us;
    spec.processes.front().stop = 500us;
    MachineBench bench(std::move(spec));
    bench.run();
    CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({10us, 410us, 810us}));
    CHECK(fences_of_a(bench).empty());
    CHECK(bench.times<ProcessExited>() == in_ns({810us, 1ms}));
  }
  SECTION("Xe kills it") {
    spec.kernel.restore_failure_kills = true;
    MachineBench bench(std::move(spec));
    bench.run();
    CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({10us}));
    CHECK(fences_of_a(bench).empty());
    CHECK(bench.times<ProcessExited>() == in_ns({10us, 1ms}));
  }
}

// The system sleeps from 200 us to 2 ms, and who would try again is frozen.
TEST_CASE("a process that opens does not try again while the system sleeps", "[driver][open]") {
  MachineSpec spec = crowded_out_while_opening();
  spec.kernel.restore_retry = 400us;
  spec.processes.back().stop.reset();
  PressureSpec sleep;
  sleep.kind = PressureKind::suspend;
  sleep.at = 200us;
  PressureSpec wake;
  wake.kind = PressureKind::resume;
  wake.at = 2ms;
  spec.events = {sleep, wake};
  spec.horizon = 2100us;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<Hazard>(hazard(HazardKind::restore_failed)) == in_ns({10us, 2ms}));
}

}  // namespace
}  // namespace userqsim::opening_test
