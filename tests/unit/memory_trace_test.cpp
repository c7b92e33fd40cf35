// Ten allocations written out: who leaves for each, how many bytes are moved, and what then lies where.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_trace_test {
namespace {

using namespace test;

// After one allocation: the buffers that left VRAM for it, and MiB in use.
struct Step {
  PressureSpec allocation;
  std::vector<std::uint32_t> leave;
  std::int64_t moved, vram, gtt;
};

BufferSpec may_settle(std::int64_t size) { return {"buffer", mib(size), 1, Domain::vram_or_gtt}; }
BufferSpec discardable(std::int64_t size) {
  BufferSpec b = vram(size);
  b.discardable = true;
  return b;
}
BufferSpec pinned(std::int64_t size) {
  BufferSpec b = vram(size);
  b.pinned = true;
  return b;
}

// 100 MiB of VRAM; each buffer has its own place in the LRU, and no stop, copy or page table takes time.
const std::vector<Step> trace{
    {allocation("a", vram(30)), {}, 0, 30, 0},            // 0
    {allocation("b", vram(40)), {}, 0, 70, 0},            // 1
    {allocation("c", may_settle(20)), {}, 0, 90, 0},      // 2: finds free VRAM
    {allocation("a", gtt(50)), {}, 0, 90, 50},            // 3
    {allocation("b", vram(25)), {0}, 30, 85, 80},         // 4: 15 are short, the oldest has 30
    {allocation("c", may_settle(20)), {}, 0, 85, 100},    // 5: 15 are free, nobody leaves for it
    {allocation("a", discardable(15)), {}, 0, 100, 100},  // 6: fills VRAM
    {allocation("d", vram(10)), {6}, 0, 95, 100},         // 7: what may be dropped goes first, and copies nothing
    {allocation("d", pinned(5)), {}, 0, 100, 100},        // 8: fills it again
    {allocation("c", vram(60)), {1, 2}, 60, 100, 160},    // 9: b's 40, then its own 20
};

TEST_CASE("ten allocations move the bytes that a hand predicts", "[memory][trace]") {
  MachineSpec spec = memory_machine({{}, {}, {}, {}});
  spec.kernel.vm_buffers = false;
  for (const Step& step : trace) spec.events.push_back(step.allocation);
  MemoryBench bench(std::move(spec));
  std::size_t seen = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    CAPTURE(i);
    bench.allocate(PressureId::of(i));
    bench.run_for(1ms);
    const std::vector<BufferMoved> moves = bench.all<BufferMoved>();
    std::vector<std::uint32_t> left;
    Bytes copied{0};
    for (; seen < moves.size(); ++seen) {
      CHECK(moves[seen].from == MemType::vram);
      left.push_back(moves[seen].buffer.value);
      if (moves[seen].to != MemType::nowhere) copied += moves[seen].bytes;
    }
    CHECK(left == trace[i].leave);
    CHECK(copied == mib(trace[i].moved));
    CHECK(bench.memory.used(MemType::vram) == mib(trace[i].vram));
    CHECK(bench.memory.used(MemType::gtt) == mib(trace[i].gtt));
  }
  CHECK(bench.count<FenceNeeded>() == 3);  // a is stopped for 0, and nobody restores it before 6 goes; b; c
}

}  // namespace
}  // namespace userqsim::memory_trace_test
