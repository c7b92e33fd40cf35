// What a process's cgroup protects of its VRAM: dmem.min for good, dmem.low while there is somebody else; and who
// is within it evicts before it settles in GTT, where the kernel has it so.
#include "tests/support/memory_specs.hpp"

namespace userqsim::dmem_test {
namespace {

using namespace test;

using Order = std::vector<std::uint32_t>;

// a has two buffers of 20 MiB, and b wants all of the 100.
TEST_CASE("dmem.min protects for good what is within it, dmem.low while there is somebody else", "[memory][dmem]") {
  struct Case {
    DmemSpec dmem;
    Order victims;
    RequestOutcome outcome;
  };
  using enum RequestOutcome;
  const auto [dmem, victims, outcome] =
      GENERATE(Case{{}, {0, 1}, ready}, Case{{mib(40), mib(0)}, {}, fell_to_gtt},
               Case{{mib(39), mib(0)}, {0}, fell_to_gtt},  // 20 are left of it, and are within
               Case{{mib(0), mib(40)}, {0, 1}, ready}, Case{{mib(20), mib(40)}, {0}, fell_to_gtt});
  MachineSpec spec = memory_machine({{vram(40, 2)}, {vram(100)}});
  spec.processes.front().dmem = dmem;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == victims);
  CHECK(bench.all<RequestEnded>().back().outcome == outcome);
}

// a's buffer is older than b's.
TEST_CASE("who is within dmem.low goes after those who are not", "[memory][dmem]") {
  const bool low = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(40)}, {vram(40)}, {vram(50)}});
  if (low) spec.processes.front().dmem.low = mib(40);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == (low ? Order{1} : Order{0}));
}

TEST_CASE("nothing protects a process from itself", "[memory][dmem]") {
  MachineSpec spec = memory_machine({{vram(60)}});
  spec.processes.front().dmem.min = mib(100);
  spec.events = {allocation("a", vram(60))};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.allocate(PressureId{0});
  bench.run_for(1ms);
  CHECK(moved(bench) == Order{0});
}

// a has 90 MiB; b asks for 20 that may lie in GTT.
TEST_CASE("who is within his protection evicts others before he settles in GTT", "[memory][dmem]") {
  struct Case {
    bool first;
    DmemSpec of_b;
    bool a_protected;
    bool evicts;
  };
  const Case test =
      GENERATE(Case{true, {mib(0), mib(20)}, false, true}, Case{false, {mib(0), mib(20)}, false, false},
               Case{true, {mib(0), mib(19)}, false, false},
               Case{true, {mib(0), mib(20)}, true, false},  // below low he takes no protected room,
               Case{true, {mib(20), mib(0)}, true, true});  // below min he does
  BufferSpec may_settle = vram(20);
  may_settle.domain = Domain::vram_or_gtt;
  MachineSpec spec = memory_machine({{vram(90)}, {may_settle}});
  spec.kernel.dmem_evicts_first = test.first;
  spec.processes[1].dmem = test.of_b;
  if (test.a_protected) spec.processes[0].dmem.low = mib(90);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == (test.evicts ? Order{0} : Order{}));
  CHECK(bench.all<RequestEnded>().back().outcome ==
        (test.evicts ? RequestOutcome::ready : RequestOutcome::fell_to_gtt));
}

}  // namespace
}  // namespace userqsim::dmem_test
