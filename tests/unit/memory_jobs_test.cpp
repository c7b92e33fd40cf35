// How moves are carried out: several entities, jobs of 256 MiB, both directions of the link, wipes, page-table
// entries.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_jobs_test {
namespace {

using namespace test;

// c evicts a's 50 and b's 50. With one entity b is stopped when a's copy is done; with two both at once.
TEST_CASE("each move entity stops the owner of its head", "[memory][jobs]") {
  const std::uint32_t entities = GENERATE(1U, 2U);
  MachineSpec spec = memory_machine({{vram(50)}, {vram(50)}, {vram(100)}});
  spec.device.link = mib_link;
  spec.kernel.move_entities = entities;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(c);
  bench.expect_at<FenceNeeded>(1ms, fence_of(a));
  const Duration second = entities == 2 ? 1ms : 1ms + 100us + link_time(50);
  bench.expect_at<FenceNeeded>(second, fence_of(b));
  bench.expect_at<BufferMoved>(1ms + 100us + link_time(50));
  bench.expect_at<BufferMoved>(second + 100us + link_time(50));  // the test's engine serves each alone
}

// c has sent a out and goes; a comes back, into the room of b, which stops slowly. The second entity is idle, but
// a's copy in waits for b's copy out.
TEST_CASE("a copy into VRAM waits for the room to be vacated, whichever entity does it", "[memory][jobs]") {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.device.link = mib_link;
  spec.kernel.move_entities = 2;
  spec.kernel.restore_placement = RestorePlacement::evict_others;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);  // b sent a out
  bench.stop_takes = 100us;
  bench.run_until(3ms);
  bench.validate(a);
  bench.expect_at<FenceNeeded>(3ms, fence_of(b));
  const Duration out = 3ms + 100us + link_time(60);
  const auto by = [](ProcessId p) { return [=](const BufferMoved& m) { return m.process == p; }; };
  bench.expect_at<BufferMoved>(out, by(b));
  CHECK(bench.all<BufferMoved>(by(a)).size() == 1);
  const Duration in = out + link_time(60);
  bench.expect_at<Validated>(in);
  CHECK(bench.all<BufferMoved>(by(a)).back().start == SimTime{out});
}

TEST_CASE("a large buffer moves in jobs of 256 MiB, one after the other", "[memory][jobs]") {
  MachineSpec spec = memory_machine({{vram(600)}, {vram(600)}});
  spec.device.vram = mib(600);
  spec.device.link = mib_link;
  spec.costs.move_window = cost(3us);
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  const auto job = [](std::int64_t mebibytes) { return link_time(mebibytes) + mebibytes / 2 * 3us; };
  CHECK(bench.expect_at<StartCopy>(1ms).work == job(256));
  CHECK(bench.expect_at<StartCopy>(1ms + job(256)).work == job(256));
  CHECK(bench.expect_at<StartCopy>(1ms + job(512)).work == job(88));

  SECTION("which is stated once") {
    const BufferMoved moved = bench.expect_at<BufferMoved>(1ms + job(600));
    CHECK(moved.bytes == mib(600));
    CHECK(moved.start == SimTime{1ms});
  }
}

TEST_CASE("a buffer that is freed while it moves moves to the end of its job", "[memory][jobs]") {
  MachineSpec spec = memory_machine({{vram(600)}, {vram(600)}});
  spec.device.vram = mib(600);
  spec.device.link = mib_link;
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(1ms + 1us);
  bench.wiring.driver.release.post({a});
  bench.expect_at<AllocationReady>(0ms);
  bench.expect_at<AllocationReady>(1ms + link_time(256));
  CHECK(bench.count<StartCopy>() == 1);
}

TEST_CASE("the way back has its own bandwidth", "[memory][jobs]") {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.device.link = mib_link;
  spec.device.link_in = Bandwidth{mib_link.bytes_per_second / 4};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_for(1ms);
  const std::vector<BufferMoved> moves = bench.all<BufferMoved>();
  CHECK(moves.at(0).time - moves.at(0).start == link_time(60));
  CHECK(moves.at(1).time - moves.at(1).start == 4 * link_time(60));
}

// VRAM is a hundred times as fast as the link.
TEST_CASE("VRAM is overwritten behind who leaves it, and before others have it", "[memory][jobs]") {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}, {vram(60)}});
  spec.device.link = mib_link;
  spec.device.vram_bandwidth = Bandwidth{mib_link.bytes_per_second * 100};
  spec.kernel.wipe_on_release = GENERATE(true, false);
  const Duration wipe = spec.kernel.wipe_on_release ? link_time(60) / 100 : 0us;
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.expect_at<BufferMoved>(1ms + link_time(60) + wipe);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({b});
  bench.wiring.driver.allocate.post({RequestId{9}, c, PressureId::none(), 0});
  bench.expect_at<AllocationReady>(2ms + wipe, [](const AllocationReady& r) { return r.process == c; });
}

// The page tables of 60 MiB in VRAM: 30 entries of 2 MiB, or 15360 of 4 KiB. Moved out and back they change twice.
TEST_CASE("page tables are written an entry for each fragment", "[memory][jobs]") {
  const std::int64_t fragment = GENERATE(2 << 20, 64 << 10, 4096);
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.processes.front().vram.front().fragment = Bytes{fragment};
  spec.costs.page_table_base = cost(1us);
  spec.costs.page_table_fragment = cost(2ns);
  MemoryBench bench(std::move(spec));
  const std::int64_t entries = (60 << 20) / fragment;
  bench.allocate(a);
  bench.expect_at<AllocationReady>(1us + entries * 2ns);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_until(3ms);
  CHECK(bench.all<Validated>().back().entries == 2 * entries);
}

}  // namespace
}  // namespace userqsim::memory_jobs_test
