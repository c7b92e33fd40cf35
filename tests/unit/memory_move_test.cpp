// Moves: when they may begin, what they take, and who waits for them.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_move_test {
namespace {

using namespace test;

// The link takes 1 us for 2 MiB, and each 2 MiB window another 3 us.
constexpr Duration copy_time(std::int64_t mebibytes) { return (1us + 3us) * mebibytes / 2; }

MachineSpec machine(std::initializer_list<std::int64_t> sizes) {
  MachineSpec spec = ideal_machine();
  spec.device.vram = mib(100);
  spec.device.gtt = mib(1000);
  spec.device.link = mib_link;
  spec.costs.move_window = cost(3us);
  for (const std::int64_t size : sizes) {
    ProcessSpec p = process(std::string(1, static_cast<char>('a' + std::ssize(spec.processes))), {});
    p.vram = {{"buffer", mib(size), 1, Domain::vram}};
    spec.processes.push_back(p);
  }
  return spec;
}

TEST_CASE("a move takes its transfer and its windows", "[memory][moves]") {
  struct Case {
    Bytes size;
    Duration takes;
  };
  // 5 MiB: 2.5 us on the link, three windows. One byte: rounded up to a nanosecond, and one window.
  const auto [size, takes] =
      GENERATE(Case{mib(60), copy_time(60)}, Case{mib(5), 2500ns + 3 * 3us}, Case{Bytes{1}, 1ns + 3us});
  MachineSpec spec = machine({60, 100});
  spec.processes.front().vram.front().size = size;
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  CHECK(bench.expect_at<StartCopy>(1ms).work == takes);
  const BufferMoved moved = bench.expect_at<BufferMoved>(1ms + takes);
  CHECK(moved.start == SimTime{1ms});
  CHECK(moved.bytes == size);
  CHECK(moved.from == MemType::vram);
  CHECK(moved.to == MemType::gtt);
}

TEST_CASE("a move out waits for its owner's eviction fence, and the request for the move", "[memory][moves]") {
  MemoryBench bench(machine({60, 60}));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.expect_at<AllocationReady>(0ms);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.expect_at<FenceNeeded>(1ms);
  bench.nothing_before<StartCopy>(1ms + 100us);
  bench.expect_at<StartCopy>(1ms + 100us);
  bench.nothing_before<AllocationReady>(1ms + 100us + copy_time(60));
  bench.expect_at<AllocationReady>(1ms + 100us + copy_time(60));
  CHECK(bench.count<FenceNeeded>() == 1);
}

TEST_CASE("with lazy fences victims are stopped one after the other", "[memory][moves]") {
  MemoryBench bench(machine({40, 40, 100}));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(c);
  // Stop a, copy a, stop b, copy b.
  const Duration first = 1ms + 100us + copy_time(40), second = first + 100us + copy_time(40);
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == a);
  CHECK(bench.expect_at<BufferMoved>(first).process == a);
  CHECK(bench.expect_at<FenceNeeded>(first).process == b);
  CHECK(bench.expect_at<BufferMoved>(second).process == b);
  bench.nothing_before<RequestEnded>(second, [](const RequestEnded& r) { return r.process == c; });
  bench.expect_at<RequestEnded>(second, [](const RequestEnded& r) { return r.process == c; });
}

TEST_CASE("with eager fences victims are stopped together and copied one after the other", "[memory][moves]") {
  MachineSpec spec = machine({40, 40, 100});
  spec.kernel.fence_enabling = FenceEnabling::eager;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(c);
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == a);
  CHECK(bench.expect_at<FenceNeeded>(1ms).process == b);
  bench.expect_at<BufferMoved>(1ms + 100us + copy_time(40));
  bench.expect_at<BufferMoved>(1ms + 100us + 2 * copy_time(40));
}

TEST_CASE("one fence is enough for all buffers of a process", "[memory][moves]") {
  MachineSpec spec = machine({80, 100});
  spec.kernel.fence_enabling = GENERATE(FenceEnabling::lazy, FenceEnabling::eager);
  spec.processes.front().vram.front().count = 4;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  for (int n = 1; n <= 4; ++n) bench.expect_at<BufferMoved>(1ms + 100us + n * copy_time(20));
  CHECK(bench.times<FenceNeeded>() == in_ns({1ms}));
}

TEST_CASE("a buffer placed in free VRAM still waits for the evictions under way", "[memory][moves]") {
  MachineSpec spec = machine({80, 90, 10});
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.allocate(c);
  bench.expect_at<AllocationReady>(0ms);
  const Duration vacated = 1ms + 100us + copy_time(80);
  CHECK(bench.expect_at<AllocationReady>(vacated).process == b);
  CHECK(bench.expect_at<AllocationReady>(vacated).process == c);
}

TEST_CASE("a request waits for the moves before it, not for those after", "[memory][moves]") {
  MachineSpec spec = machine({50, 50, 50});
  PressureSpec later = evict_at(0ns, "c");
  later.kind = PressureKind::allocate;
  later.buffer = BufferSpec{"more", mib(50), 1, Domain::vram};
  spec.events = {later};
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(c);              // a's room
  bench.allocate(PressureId{0});  // b's room
  const Duration first = 1ms + 100us + copy_time(50), second = first + 100us + copy_time(50);
  const auto of_c = [](const AllocationReady& r) { return r.process == c; };
  bench.expect_at<AllocationReady>(first, of_c);
  bench.expect_at<AllocationReady>(second, of_c);
}

TEST_CASE("a ready request has its page tables written", "[memory][moves]") {
  MachineSpec spec = machine({60, 7});
  spec.costs.page_table_base = cost(7us);
  spec.costs.page_table_fragment = cost(500ns);
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.expect_at<AllocationReady>(7us + 30 * 500ns);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.expect_at<AllocationReady>(1ms + 7us + 4 * 500ns);  // 7 MiB are four fragments, begun or whole
}

TEST_CASE("a restore is validated when its buffers have come back, and says how many fragments moved",
          "[memory][moves]") {
  MachineSpec spec = machine({60, 60});
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({b});
  bench.run_until(3ms);
  bench.validate(a);
  bench.nothing_before<Validated>(3ms + copy_time(60));
  const Validated done = bench.expect_at<Validated>(3ms + copy_time(60));
  CHECK(done.process == a);
  CHECK(done.entries == 30 + 30);  // out and back
}

TEST_CASE("a restore that follows its own eviction waits for the move out as well", "[memory][moves]") {
  MachineSpec spec = machine({60, 60});
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(1ms + 10us);  // a on its way out
  bench.validate(a);
  bench.nothing_before<Validated>(1ms + copy_time(60));
  CHECK(bench.expect_at<Validated>(1ms + copy_time(60)).entries == 30);  // and settles in GTT
}

TEST_CASE("a restore that evicts others moves them out first", "[memory][moves]") {
  MachineSpec spec = machine({60, 80});
  spec.kernel.restore_placement = RestorePlacement::evict_others;
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(3ms);
  bench.validate(a);
  bench.expect_at<FenceNeeded>(1ms);
  const FenceNeeded needed = bench.expect_at<FenceNeeded>(3ms);
  CHECK(needed.process == b);
  CHECK_FALSE(needed.request.exists());  // no allocation: a restore
  bench.expect_at<Validated>(3ms + 100us + copy_time(80) + copy_time(60));
}

TEST_CASE("a rearmed process has a new fence to wait for", "[memory][moves]") {
  MachineSpec spec = machine({60, 60, 60});
  MemoryBench bench(std::move(spec));
  bench.stop_takes = 100us;
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({b});
  bench.validate(a);
  bench.run_until(3ms);
  bench.rearm(a);
  bench.run_until(4ms);
  bench.allocate(c);
  bench.expect_at<StartCopy>(1ms + 100us);  // out
  bench.expect_at<StartCopy>(2ms);          // back
  bench.expect_at<FenceNeeded>(1ms);
  CHECK(bench.expect_at<FenceNeeded>(4ms).process == a);
  bench.expect_at<StartCopy>(4ms + 100us);  // out again
}

TEST_CASE("each restore counts the fragments since the one before", "[memory][moves]") {
  MemoryBench bench(machine({60, 60}));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  bench.validate(a);
  CHECK(bench.expect_at<Validated>(2ms).entries == 30);
  bench.rearm(a);
  bench.run_until(3ms);
  bench.validate(a);
  CHECK(bench.expect_at<Validated>(3ms).entries == 0);
}

TEST_CASE("an exit drops the moves of its own process alone", "[memory][moves]") {
  MemoryBench bench(machine({40, 40, 100}));
  bench.stop_takes.reset();
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(c);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({a});
  bench.run_until(3ms);
  bench.signal(b);
  CHECK(bench.times<FenceNeeded>() == in_ns({1ms, 2ms}));  // a's, and b's when it came to the head
  const auto of_c = [](const AllocationReady& r) { return r.process == c; };
  bench.expect_at<AllocationReady>(3ms + copy_time(40), of_c);
}

TEST_CASE("an exiting victim's move that has not begun is not made, and its room is free at once",
          "[memory][moves]") {
  MemoryBench bench(machine({60, 60}));
  bench.stop_takes.reset();
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.expect_at<AllocationReady>(0ms);
  bench.nothing_before<AllocationReady>(2ms);
  bench.run_until(2ms);
  bench.wiring.driver.release.post({a});
  bench.expect_at<AllocationReady>(2ms);
  CHECK(bench.count<StartCopy>() == 0);
}

TEST_CASE("an exiting victim's copy under way ends on the engine, and its room is waited for", "[memory][moves]") {
  MemoryBench bench(machine({60, 60}));
  bench.allocate(a);
  bench.expect_at<AllocationReady>(0ms);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(1ms + 10us);
  bench.wiring.driver.release.post({a});
  bench.expect_at<AllocationReady>(1ms + copy_time(60));
  CHECK(bench.count<BufferMoved>() == 0);  // there was no buffer any more
}

}  // namespace
}  // namespace userqsim::memory_move_test
