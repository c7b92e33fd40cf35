// Who gets memory and who gives it up: LRU victims, placement of new and of restored buffers, limits, release.
#include "models/memory/memory.hpp"

#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_test {
namespace {

using namespace test;

ProcessSpec owner(std::string name, std::int64_t size, std::uint32_t count, Domain domain = Domain::vram) {
  ProcessSpec p = process(std::move(name), {});
  if (size > 0) p.vram = {{"buffers", mib(size), count, domain}};
  return p;
}

// VRAM of 100 MiB; moves and page tables free of cost.
MachineSpec machine(std::vector<ProcessSpec> processes) {
  MachineSpec spec = ideal_machine();
  spec.device.vram = mib(100);
  spec.device.gtt = mib(1000);
  spec.processes = std::move(processes);
  return spec;
}

PressureSpec allocation(std::string process, std::int64_t size, Domain domain = Domain::vram) {
  return test::allocation(std::move(process), BufferSpec{"more", mib(size), 1, domain});
}

TEST_CASE("what fits is allocated where it belongs and evicts nobody", "[memory]") {
  MemoryBench bench(machine({owner("a", 60, 3), owner("b", 40, 1)}));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::vram) == mib(100));
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
  CHECK(bench.times<AllocationReady>() == in_ns({0ms, 1ms}));
  CHECK(bench.count<FenceNeeded>() == 0);
  const auto ended = bench.all<RequestEnded>();
  CHECK(ended[0].outcome == RequestOutcome::ready);
  CHECK(ended[0].bytes == mib(60));
}

TEST_CASE("a size that its count does not divide loses no byte", "[memory]") {
  MachineSpec spec = machine({owner("a", 0, 1)});
  spec.processes.front().vram = {{"odd", Bytes{10'000'001}, 3, Domain::vram}, {"tiny", Bytes{2}, 5, Domain::vram}};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::vram) == Bytes{10'000'003});
  CHECK(bench.all<RequestEnded>().front().bytes == Bytes{10'000'003});
}

TEST_CASE("victims are the least recently allocated, one at a time, as few as make room", "[memory]") {
  struct Case {
    std::int64_t wanted;
    std::vector<std::uint32_t> victims;
  };
  // a holds buffers 0 to 3 of 20 MiB, 20 MiB are free.
  const Case test = GENERATE(Case{20, {}}, Case{21, {0}}, Case{40, {0}}, Case{41, {0, 1}}, Case{100, {0, 1, 2, 3}});
  MemoryBench bench(machine({owner("a", 80, 4), owner("b", test.wanted, 1)}));
  allocate_all(bench);
  CHECK(moved(bench) == test.victims);
  const std::int64_t out = 20 * std::ssize(test.victims);
  CHECK(bench.memory.used(MemType::vram) == mib(80 - out + test.wanted));
  CHECK(bench.memory.used(MemType::gtt) == mib(out));
}

TEST_CASE("a restored buffer is the most recently allocated", "[memory]") {
  MachineSpec spec = machine({owner("a", 50, 1), owner("b", 50, 1), owner("c", 50, 1)});
  spec.events = {allocation("c", 50), allocation("c", 50)};
  MemoryBench bench(std::move(spec));
  bench.allocate(a);  // buffer 0
  bench.allocate(b);  // buffer 1
  bench.run_until(1ms);
  bench.allocate(c);  // buffer 2 sends out 0
  bench.run_until(2ms);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0});
  bench.wiring.driver.release.post({b});
  bench.run_until(3ms);
  bench.validate(a);  // 0 comes back into b's room
  bench.run_until(4ms);
  bench.rearm(a);
  bench.run_until(5ms);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0, 0});
  bench.allocate(PressureId{0});  // buffer 3: its victim is 2, which is older than 0 now
  bench.run_until(6ms);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0, 0, 2});
}

TEST_CASE("a new buffer that may lie in GTT settles there and evicts nobody", "[memory]") {
  MemoryBench bench(machine({owner("a", 90, 1), owner("b", 20, 1, Domain::vram_or_gtt)}));
  allocate_all(bench);
  CHECK(bench.count<FenceNeeded>() == 0);
  CHECK(bench.memory.used(MemType::vram) == mib(90));
  CHECK(bench.memory.used(MemType::gtt) == mib(20));
  const RequestEnded ended = bench.all<RequestEnded>().back();
  CHECK(ended.outcome == RequestOutcome::fell_to_gtt);
  CHECK(ended.time == SimTime{1ms});
}

TEST_CASE("a new buffer that may lie in GTT takes free VRAM first", "[memory]") {
  MemoryBench bench(machine({owner("a", 80, 1), owner("b", 20, 1, Domain::vram_or_gtt)}));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::vram) == mib(100));
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::ready);
}

TEST_CASE("a buffer that belongs in GTT never takes VRAM", "[memory]") {
  MemoryBench bench(machine({owner("a", 20, 1, Domain::gtt)}));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::vram) == mib(0));
  CHECK(bench.memory.used(MemType::gtt) == mib(20));
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::ready);
}

TEST_CASE("a buffer larger than all victims settles in GTT", "[memory]") {
  MemoryBench bench(machine({owner("a", 90, 1), owner("b", 101, 1)}));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::gtt) == mib(101 + 90));  // who was evicted on the way stays evicted
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::fell_to_gtt);
}

// A request is several calls: to TTM the first buffer is as old as any when the second comes.
TEST_CASE("a process evicts its older buffers, those of the same request too", "[memory]") {
  MachineSpec spec = machine({owner("a", 60, 1)});
  spec.events = {allocation("a", 120)};
  spec.events.front().buffer->count = 2;  // 60 and 60
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.allocate(PressureId{0});
  bench.run_until(2ms);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0, 1});
  CHECK(bench.memory.used(MemType::vram) == mib(60));
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::fell_to_gtt);
}

TEST_CASE("a process being validated is nobody's victim until it is rearmed", "[memory]") {
  MachineSpec spec = machine({owner("a", 80, 1), owner("b", 0, 0)});
  spec.events = {allocation("b", 50), allocation("b", 50)};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.validate(a);
  bench.allocate(PressureId{0});
  bench.run_until(3ms);
  CHECK(bench.count<FenceNeeded>() == 0);
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::fell_to_gtt);
  bench.rearm(a);
  bench.run_until(4ms);
  bench.allocate(PressureId{1});
  bench.run_until(5ms);
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::ready);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0});
}

TEST_CASE("a restored buffer takes free VRAM", "[memory]") {
  const auto rule = GENERATE(RestorePlacement::settle_in_gtt, RestorePlacement::evict_others);
  MachineSpec spec = machine({owner("a", 80, 1), owner("b", 80, 1)});
  spec.kernel.restore_placement = rule;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_until(3ms);
  CHECK(bench.memory.used(MemType::vram) == mib(80));
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
  const BufferMoved back = bench.all<BufferMoved>().back();
  CHECK(back.from == MemType::gtt);
  CHECK(back.to == MemType::vram);
}

TEST_CASE("without free VRAM a restored buffer settles in GTT or evicts others, as the kernel's rule says",
          "[memory]") {
  const bool evicts = GENERATE(false, true);
  MachineSpec spec = machine({owner("a", 80, 1), owner("b", 80, 1)});
  spec.kernel.restore_placement = evicts ? RestorePlacement::evict_others : RestorePlacement::settle_in_gtt;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);  // b sent a out
  bench.validate(a);
  bench.run_until(3ms);
  CHECK(bench.count<Validated>() == 1);
  CHECK(bench.memory.used(MemType::vram) == mib(80));
  CHECK(bench.memory.used(MemType::gtt) == mib(80));
  const auto expected = evicts ? std::vector<std::uint32_t>{0, 1, 0} : std::vector<std::uint32_t>{0};
  CHECK(moved(bench) == expected);
  CHECK(bench.memory.slowdown_permille(a) == 1000);  // the factor of this machine is 1
}

// amdgpu_ttm_bo_eviction_valuable knows no same process for user queues; KFD's does.
TEST_CASE("a process evicts itself where the driver lets it", "[memory]") {
  const bool itself = GENERATE(false, true);
  MachineSpec spec = machine({owner("a", 120, 2)});
  spec.kernel.evicts_itself = itself;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == (itself ? std::vector<std::uint32_t>{0} : std::vector<std::uint32_t>{}));
  CHECK(bench.all<RequestEnded>().front().outcome == RequestOutcome::fell_to_gtt);
}

TEST_CASE("a restore evicts others, never itself", "[memory]") {
  MachineSpec spec = machine({owner("a", 120, 2)});
  spec.kernel.restore_placement = RestorePlacement::evict_others;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);  // 60 in VRAM, the first 60 in GTT
  bench.validate(a);
  bench.run_until(3ms);
  CHECK(bench.count<Validated>() == 1);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0});
}

TEST_CASE("with GTT full nobody can be evicted, and the allocation fails", "[memory]") {
  MachineSpec spec = machine({owner("a", 90, 1), owner("b", 20, 1)});
  spec.device.gtt = mib(19);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(bench.count<FenceNeeded>() == 0);
  CHECK(bench.memory.used(MemType::vram) == mib(90));
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::failed);
  CHECK(bench.times<AllocationReady>() == in_ns({0ms, 1ms}));  // the process hears of it
}

TEST_CASE("a victim that GTT has no room for is passed over", "[memory]") {
  MachineSpec spec = machine({owner("a", 60, 1), owner("b", 40, 1), owner("c", 30, 1)});
  spec.device.gtt = mib(50);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == std::vector<std::uint32_t>{1});
  CHECK(bench.memory.slowdown_permille(c) == 1000);
}

TEST_CASE("a process is slower by the share of its bytes that lies in GTT", "[memory]") {
  MachineSpec spec = machine({owner("a", 80, 4), owner("b", 40, 1), owner("c", 60, 1, Domain::gtt)});
  spec.costs.gtt_slowdown.value = 3.0;
  spec.events = {allocation("b", 60)};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);  // b's 40 took the free 20 and a's first 20
  CHECK(bench.memory.slowdown_permille(a) == 1000 + 2000 * 20 / 80);
  CHECK(bench.memory.slowdown_permille(b) == 1000);
  CHECK(bench.memory.slowdown_permille(c) == 1000);  // where it belongs
  bench.allocate(PressureId{0});
  bench.run_until(5ms);
  CHECK(bench.memory.slowdown_permille(a) == 3000);
}

TEST_CASE("what was held for a while is freed", "[memory]") {
  MachineSpec spec = machine({owner("a", 30, 1)});
  spec.events = {allocation("a", 40)};
  spec.events.front().hold = constant(5ms);
  spec.costs.page_table_base = cost(100us);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.allocate(PressureId{0});
  bench.expect_at<AllocationReady>(100us);
  bench.expect_at<AllocationReady>(1ms + 100us);
  bench.nothing_before<HoldOver>(1ms + 100us + 5ms);
  CHECK(bench.memory.used(MemType::vram) == mib(70));
  bench.expect_at<HoldOver>(1ms + 100us + 5ms);
  CHECK(bench.memory.used(MemType::vram) == mib(30));
  CHECK(bench.all<MemoryUsed>().back().vram == mib(30));
}

TEST_CASE("an exiting process gives everything back, and its request ends", "[memory]") {
  MachineSpec spec = machine({owner("a", 60, 2), owner("b", 80, 1)});
  spec.events = {allocation("a", 10, Domain::gtt)};
  MemoryBench bench(std::move(spec));
  bench.stop_takes.reset();  // a's fence never signals
  bench.allocate(a);
  bench.allocate(PressureId{0});
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  CHECK(bench.count<AllocationReady>() == 2);
  bench.wiring.driver.release.post({b});
  bench.run_until(3ms);
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::exited);
  bench.wiring.driver.release.post({a});
  bench.run_until(4ms);
  CHECK(bench.memory.used(MemType::vram) == mib(0));
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
}

TEST_CASE("a request that waits at the horizon is stated as open", "[memory]") {
  MemoryBench bench(machine({owner("a", 60, 1), owner("b", 80, 1)}));
  bench.stop_takes.reset();
  allocate_all(bench);
  bench.memory.close(SimTime{5ms}, bench.wiring.memory);
  const RequestEnded open = bench.all<RequestEnded>().back();
  CHECK(open.outcome == RequestOutcome::open);
  CHECK(open.process == b);
  CHECK(open.requested == SimTime{1ms});
}

}  // namespace
}  // namespace userqsim::memory_test
