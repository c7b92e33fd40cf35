// Past VRAM: GTT, system memory, the page limit and swap; and restores that find no room.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_pages_test {
namespace {

using namespace test;

// GTT holds 100 MiB, host memory 150 in all; swapping takes 1 us for a MiB.
MachineSpec paged(const std::vector<std::vector<BufferSpec>>& processes, std::int64_t swap = 0) {
  MachineSpec spec = memory_machine(processes);
  spec.device.gtt = mib(100);
  spec.device.page_limit = mib(150);
  spec.device.swap = mib(swap);
  spec.device.swap_bandwidth = Bandwidth{(std::int64_t{1} << 20) * 1'000'000};
  spec.device.link = mib_link;
  return spec;
}

TEST_CASE("what finds GTT full is evicted to system memory", "[memory][pages]") {
  MemoryBench bench(paged({{gtt(90)}, {vram(60)}, {vram(60)}}));
  allocate_all(bench);
  const BufferMoved out = bench.all<BufferMoved>().at(0);
  CHECK(out.to == MemType::system);
  CHECK(out.time - out.start == link_time(60));  // bounced through GTT
  CHECK(bench.memory.used(MemType::gtt) == mib(90));
  CHECK(bench.memory.used(MemType::system) == mib(60));
}

// Its users stop for it, and no byte is copied: the pages stay.
TEST_CASE("who needs GTT unbinds what lies there", "[memory][pages]") {
  MemoryBench bench(paged({{gtt(60)}, {gtt(60)}}));
  bench.stop_takes = 10us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == a);
  const BufferMoved out = bench.expect_at<BufferMoved>(1ms + 10us);
  CHECK(out.from == MemType::gtt);
  CHECK(out.to == MemType::system);
  CHECK(bench.count<StartCopy>() == 0);
  bench.expect_at<AllocationReady>(0ms);
  bench.expect_at<AllocationReady>(1ms + 10us);

  SECTION("its restore binds it again, and unbinds the other") {
    bench.run_until(2ms);
    bench.rearm(b);
    bench.validate(a);
    CHECK(bench.expect_at<FenceNeeded>(2ms).process == b);
    CHECK(bench.expect_at<Validated>(2ms + 10us).ok);
    CHECK(bench.memory.used(MemType::gtt) == mib(60));
    CHECK(bench.memory.used(MemType::system) == mib(60));
  }
}

TEST_CASE("past the page limit nothing is given without swap, and nobody is stopped for nothing",
          "[memory][pages]") {
  MemoryBench bench(paged({{gtt(90)}, {gtt(61)}}));
  allocate_all(bench);
  CHECK(bench.all<RequestEnded>().back().outcome == RequestOutcome::failed);
  CHECK(bench.count<FenceNeeded>() == 0);
}

// a's 60 and b's 60 are in GTT and system memory; c's 60 need 30 more than the limit. First goes what the GPU does
// not reach: a's, which was unbound for b.
TEST_CASE("past the page limit the oldest pages are swapped out", "[memory][pages]") {
  MemoryBench bench(paged({{gtt(60)}, {gtt(60)}, {gtt(40)}}, 100));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  REQUIRE(bench.memory.used(MemType::system) == mib(60));
  bench.allocate(c);
  const auto swaps = [](const BufferMoved& m) { return m.to == MemType::swap; };
  const BufferMoved out = bench.expect_at<BufferMoved>(2ms + 60us, swaps);
  CHECK(out.process == a);
  CHECK(out.from == MemType::system);
  CHECK(bench.memory.used(MemType::swap) == mib(60));
  CHECK(bench.memory.used(MemType::gtt) == mib(100));
  const auto of_c = [](const AllocationReady& r) { return r.process == c; };
  bench.expect_at<AllocationReady>(2ms + 60us, of_c);  // it waits for the pages

  SECTION("and brought back by a restore") {
    bench.wiring.driver.release.post({b});
    bench.run_until(3ms);
    bench.validate(a);
    CHECK(bench.expect_at<Validated>(3ms + 60us).ok);
    CHECK(bench.memory.used(MemType::swap) == mib(0));
    CHECK(bench.memory.used(MemType::gtt) == mib(100));
  }
}

// amdgpu_userq restores with VRAM or GTT allowed: what lies in neither makes its second pass look at VRAM first.
TEST_CASE("a buffer that was swapped out evicts others when it comes back", "[memory][pages]") {
  const bool in_gtt = GENERATE(false, true);
  MachineSpec spec = paged({{vram(60)}, {vram(60)}, {gtt(in_gtt ? 10 : 90)}});
  MemoryBench bench(std::move(spec));
  bench.allocate(c);
  bench.run_for(1ms);
  bench.allocate(a);
  bench.run_for(1ms);
  bench.allocate(b);
  bench.run_for(1ms);
  REQUIRE(bench.all<BufferMoved>().back().to == (in_gtt ? MemType::gtt : MemType::system));
  bench.wiring.driver.release.post({c});
  bench.validate(a);
  bench.run_for(1ms);
  CHECK(bench.count<BufferMoved>([](const BufferMoved& m) { return m.process == b; }) == (in_gtt ? 0 : 1));
}

// b holds all of VRAM, pinned, and half of GTT; a's buffer has been evicted to system memory behind c's.
TEST_CASE("a restore that finds no room says so, and comes back another time", "[memory][pages]") {
  BufferSpec pinned = vram(90);
  pinned.pinned = true;
  BufferSpec held = gtt(95);
  held.pinned = true;
  MachineSpec spec = paged({{vram(50)}, {held}, {pinned}});
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  REQUIRE(bench.memory.used(MemType::system) == mib(50));
  bench.validate(a);
  bench.run_for(1ms);
  CHECK_FALSE(bench.all<Validated>().back().ok);
  bench.wiring.driver.unlocked.post({a});
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_for(1ms);
  CHECK(bench.all<Validated>().back().ok);
  CHECK(bench.memory.used(MemType::gtt) == mib(50));
}

// Up to 6.9 GTT was a place like any other (b1c48ef8d06e): what lies there stays, though VRAM is free.
TEST_CASE("without the fallback flag nothing comes back from GTT", "[memory][pages]") {
  const bool fallback = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.kernel.gtt_is_fallback = fallback;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_for(1ms);
  CHECK(bench.memory.used(MemType::vram) == (fallback ? mib(60) : mib(0)));
}

}  // namespace
}  // namespace userqsim::memory_pages_test
