// Kinds of buffers: discardable, pinned, shared, those that the CPU has to see; and what a restore makes of each.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_kinds_test {
namespace {

using namespace test;

TEST_CASE("what may be dropped goes first and nowhere, when its users have stopped", "[memory][kinds]") {
  BufferSpec cache = vram(40);
  cache.discardable = true;
  MachineSpec spec = memory_machine({{vram(40)}, {cache}, {vram(50)}});
  spec.device.link = mib_link;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 10us;
  bench.allocate(a);
  bench.allocate(b);
  bench.expect_at<AllocationReady>(0us);
  bench.expect_at<AllocationReady>(0us);
  bench.run_until(1ms);
  bench.allocate(c);
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == b);  // though a's is older
  const BufferMoved dropped = bench.expect_at<BufferMoved>(1ms + 10us);
  CHECK(dropped.from == MemType::vram);
  CHECK(dropped.to == MemType::nowhere);
  bench.expect_at<AllocationReady>(1ms + 10us);
  CHECK(bench.count<StartCopy>() == 0);
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
  CHECK(bench.memory.slowdown_permille(b) == 1000);

  SECTION("its restore makes it anew, where there is room, and copies nothing") {
    bench.wiring.driver.release.post({c});
    bench.run_until(2ms);
    bench.validate(b);
    CHECK(bench.expect_at<Validated>(2ms).ok);
    CHECK(bench.memory.used(MemType::vram) == mib(80));
    CHECK(bench.count<StartCopy>() == 0);
  }
}

TEST_CASE("nobody evicts what is pinned, and it does not settle elsewhere", "[memory][kinds]") {
  BufferSpec scanout = vram(60);
  scanout.pinned = true;
  MemoryBench bench(memory_machine({{scanout}, {vram(60)}, {scanout}}));
  allocate_all(bench);
  CHECK(bench.count<FenceNeeded>() == 0);
  const auto ended = bench.all<RequestEnded>();
  CHECK(ended[0].outcome == RequestOutcome::ready);
  CHECK(ended[1].outcome == RequestOutcome::fell_to_gtt);
  CHECK(ended[2].outcome == RequestOutcome::failed);
  CHECK(bench.memory.used(MemType::vram) == mib(60));
  CHECK(bench.memory.used(MemType::gtt) == mib(60));
}

// a's 40 MiB in pages of 4 KiB, or in the 64 KiB that ROCm aims at, need a block of 4 KiB for each 2 MiB; b, who
// uses them too, has blocks of its own. c wants all of VRAM, which the blocks keep it from.
TEST_CASE("page tables take VRAM and are nobody's victims", "[memory][kinds]") {
  const std::int64_t fragment = GENERATE(4096, 65536, 2 << 20);
  BufferSpec mapped = vram(40);
  mapped.fragment = Bytes{fragment};
  mapped.shared_with = {"b"};
  MachineSpec spec = memory_machine({{mapped}, {}, {vram(100)}});
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  const Bytes tables{fragment < (2 << 20) ? 2 * 20 * 4096 : 0};
  CHECK(bench.memory.used(MemType::vram) == mib(40) + tables);
  CHECK(bench.all<RequestEnded>().back().bytes == mib(40));
  bench.allocate(c);
  bench.run_until(2ms);
  CHECK(bench.all<BufferMoved>().size() == 1);
  const bool fits = tables.value == 0;
  CHECK(bench.all<RequestEnded>().back().outcome == (fits ? RequestOutcome::ready : RequestOutcome::fell_to_gtt));
  bench.wiring.driver.release.post({a});
  bench.wiring.driver.release.post({b});
  bench.wiring.driver.release.post({c});
  bench.run_until(3ms);
  CHECK(bench.memory.used(MemType::vram) == mib(0));
}

// a's buffer of 60 is b's too. drm_sched waits for a job's dependencies one after the other; eagerly all fences are
// enabled at once.
TEST_CASE("a shared buffer stops all who use it", "[memory][kinds]") {
  const bool eager = GENERATE(false, true);
  BufferSpec shared = vram(60);
  shared.shared_with = {"b"};
  MachineSpec spec = memory_machine({{shared}, {}, {vram(60)}});
  spec.kernel.fence_enabling = eager ? FenceEnabling::eager : FenceEnabling::lazy;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(c);
  bench.expect_at<FenceNeeded>(1ms, fence_of(a));
  bench.expect_at<FenceNeeded>(eager ? 1ms : 1ms + 100us, fence_of(b));
  bench.expect_at<BufferMoved>(eager ? 1ms + 100us : 1ms + 200us);

  SECTION("both are slower for it, and each one's restore waits for the other to stop") {
    bench.run_until(2ms);
    bench.wiring.driver.release.post({c});
    bench.rearm(a);  // settled in GTT; b has not come so far
    bench.run_until(3ms);
    bench.validate(b);
    bench.expect_at<FenceNeeded>(3ms, fence_of(a));
    bench.expect_at<Validated>(3ms + 100us);
    CHECK(bench.memory.used(MemType::vram) == mib(60));
  }
  SECTION("it lives as long as one of them does") {
    bench.wiring.driver.release.post({a});
    bench.run_for(1ms);
    CHECK(bench.memory.used(MemType::gtt) == mib(60));
    bench.wiring.driver.release.post({b});
    bench.run_for(1ms);
    CHECK(bench.memory.used(MemType::gtt) == mib(0));
  }
}

// 100 MiB of VRAM, of which the CPU sees 40.
MachineSpec with_small_bar(const std::vector<std::vector<BufferSpec>>& processes) {
  MachineSpec spec = memory_machine(processes);
  spec.device.visible_vram = mib(40);
  spec.device.link = mib_link;
  spec.device.vram_bandwidth = Bandwidth{mib_link.bytes_per_second * 10};
  spec.kernel.wipe_on_release = false;
  return spec;
}
BufferSpec seen(std::int64_t size) {
  BufferSpec buffer = vram(size);
  buffer.cpu_access = true;
  return buffer;
}

TEST_CASE("what the CPU need not see takes the part of VRAM that it does not", "[memory][visible]") {
  MemoryBench bench(with_small_bar({{vram(60)}, {seen(40)}}));
  allocate_all(bench);
  CHECK(bench.count<BufferMoved>() == 0);
  CHECK(bench.memory.used(MemType::vram) == mib(100));
}

// a takes 60 invisible and 20 visible; 20 are free, all visible, and b needs 30 of them. a's buffer of 20 is asked
// to the invisible part first, which is full, and goes to GTT.
TEST_CASE("who needs visible VRAM evicts only what lies there", "[memory][visible]") {
  MemoryBench bench(with_small_bar({{vram(60), vram(20)}, {seen(30)}}));
  allocate_all(bench);
  CHECK(moved(bench) == std::vector<std::uint32_t>{1});
  CHECK(bench.all<BufferMoved>().front().to == MemType::gtt);
  CHECK(bench.memory.used(MemType::vram) == mib(90));
}

// The same with room in the invisible part: a copy inside VRAM, read and written at VRAM's bandwidth.
TEST_CASE("a victim moves to invisible VRAM while that has room", "[memory][visible]") {
  MemoryBench bench(with_small_bar({{vram(60)}, {vram(20)}, {seen(30)}}));
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.wiring.driver.release.post({a});
  bench.run_until(2ms);
  bench.allocate(c);
  const Duration takes = link_time(20) * 2 / 10;
  const BufferMoved move = bench.expect_at<BufferMoved>(2ms + takes);
  CHECK(move.from == MemType::vram);
  CHECK(move.to == MemType::vram);
  CHECK(bench.memory.used(MemType::vram) == mib(50));
  CHECK(bench.memory.used(MemType::gtt) == mib(0));
}

// amdgpu_gem_create_ioctl asks again without the flag, then allows GTT.
TEST_CASE("without visible VRAM a buffer lies in the other part, and without any in GTT", "[memory][visible]") {
  BufferSpec fixed = seen(40);
  fixed.pinned = true;
  BufferSpec rest = vram(50);
  rest.pinned = true;
  MemoryBench bench(with_small_bar({{fixed}, {rest}, {seen(10), seen(10)}}));
  allocate_all(bench);
  CHECK(bench.memory.used(MemType::vram) == mib(100));
  CHECK(bench.memory.used(MemType::gtt) == mib(10));
  CHECK(bench.count<BufferMoved>() == 0);
}

PressureSpec touch(std::string process, std::string buffer) {
  PressureSpec e = event_at(0ns, PressureKind::cpu_fault, std::move(process));
  e.touches = std::move(buffer);
  return e;
}

TEST_CASE("a buffer that the CPU touches goes to the tail of the LRU", "[memory][cpu_fault]") {
  const bool touched = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(40)}, {vram(40)}, {vram(60)}});
  spec.processes[0].vram.front().reservation = Reservation::own;
  spec.events = {touch("a", "buffer")};
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  if (touched) {
    bench.touch(PressureId{0});
    const auto faults = [](const RequestEnded& r) { return r.kind == RequestKind::cpu_fault; };
    const RequestEnded ended = bench.expect_at<RequestEnded>(1ms, faults);
    CHECK_FALSE(ended.waited);
    CHECK(ended.bytes == mib(40));
  }
  bench.allocate(c);
  bench.run_until(2ms);
  CHECK(moved(bench) == (touched ? std::vector<std::uint32_t>{1} : std::vector<std::uint32_t>{0}));
}

// 40 of 100 MiB are visible; a's 30 lie in the other part. With 10 visible free it moves to GTT rather than send b
// away.
TEST_CASE("what the CPU does not see is moved to where it does, in nobody's place", "[memory][cpu_fault]") {
  const bool room = GENERATE(false, true);
  MachineSpec spec = with_small_bar({{vram(30)}, {seen(room ? 5 : 30)}});
  spec.events = {touch("a", "buffer")};
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.touch(PressureId{0});
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == a);
  const Duration takes = room ? link_time(30) * 2 / 10 : link_time(30);
  const BufferMoved move = bench.expect_at<BufferMoved>(1ms + 100us + takes);
  CHECK(move.to == (room ? MemType::vram : MemType::gtt));
  CHECK(move.process == a);
  const auto faults = [](const RequestEnded& r) { return r.kind == RequestKind::cpu_fault; };
  const RequestEnded ended = bench.expect_at<RequestEnded>(1ms + 100us + takes, faults);
  CHECK(ended.waited);
  CHECK(ended.outcome == (room ? RequestOutcome::ready : RequestOutcome::fell_to_gtt));
}

// a's buffers are locked from 1 ms, when it is validated, to 2 ms, when its new eviction fence keeps them where its
// page tables say. Before that nobody's fence would keep a buffer that the CPU touches from moving. Found by
// random machines that are to be at one (machine_property_test.cpp), seed 31337.
TEST_CASE("a CPU that touches what is being restored waits until it is", "[memory][cpu_fault]") {
  const bool exits = GENERATE(false, true);
  MachineSpec spec = with_small_bar({{vram(30)}});
  spec.events = {touch("a", "buffer")};
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.signal(a);
  bench.run_until(1ms);
  bench.validate(a);
  CHECK(bench.expect_at<Validated>(1ms).ok);
  bench.run_until(1500us);
  bench.touch(PressureId{0});
  bench.run_until(2ms);
  CHECK(bench.count<BufferMoved>() == 0);
  const std::vector<Wait> waits = bench.memory.waits();
  REQUIRE(waits.size() == 1);
  CHECK(waits.front().who == WaitPoint::of(WaitPoint::Kind::request, RequestId{1}));
  CHECK(waits.front().words == "waits for the reservations of a's buffers");
  if (exits) {
    bench.wiring.driver.release.post({a});
    bench.run_until(3ms);
    CHECK(bench.memory.waits().empty());
    CHECK(bench.count<BufferMoved>() == 0);
    CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::exited);
    return;
  }
  bench.rearm(a);
  CHECK(bench.expect_at<FenceNeeded>(2ms).process == a);
  const RequestEnded ended = bench.expect_at<RequestEnded>(
      2ms + 100us + link_time(30) * 2 / 10, [](const RequestEnded& r) { return r.kind == RequestKind::cpu_fault; });
  CHECK(ended.requested == SimTime{1500us});
}

}  // namespace
}  // namespace userqsim::memory_kinds_test
