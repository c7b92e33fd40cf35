// What a submission through the kernel does to memory: whom it makes the last victim, what it brings back and at
// whose cost, and what waits for what. 100 MiB of VRAM; a copy takes no time unless a test says so.
#include "tests/support/memory_specs.hpp"

namespace userqsim::memory_submission_test {
namespace {

using namespace test;

using Order = std::vector<std::uint32_t>;

// a and b submit through the kernel.
MachineSpec kernel_machine(const std::vector<std::vector<BufferSpec>>& processes) {
  MachineSpec spec = memory_machine(processes);
  for (std::size_t i = 0; i < 2 && i < spec.processes.size(); ++i)
    spec.processes[i].submission = Submission::kernel;
  return spec;
}

// a's buffer is in VRAM, and leaves at 1 ms for c's; it is 2 ms then.
void push_out(MemoryBench& bench) {
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(c);
  bench.run_until(2ms);
}

auto ready(std::uint32_t job) {
  return [=](const SubmissionReady& r) { return r.job == JobId{job} && r.ok; };
}

// a is older than b, and c wants the room of one.
TEST_CASE("a submission makes its process the last to be a victim", "[memory][submission]") {
  const auto [submits, victims] = GENERATE(std::pair{false, Order{0}}, std::pair{true, Order{1}});
  MemoryBench bench(kernel_machine({{vram(40)}, {vram(40)}, {vram(40)}}));
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  if (submits) bench.submit(a, 0);
  bench.run_until(2ms);
  bench.job_done(a, 0);
  bench.run_until(3ms);
  bench.allocate(c);
  bench.run_until(4ms);
  CHECK(moved(bench) == victims);
}

// At 1 MB/s nothing is brought back.
TEST_CASE("a move waits for the jobs before it, and a submission for the moves before it", "[memory][submission]") {
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {vram(60)}});
  spec.kernel.move_rate = 1;
  spec.device.link = mib_link;
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.submit(a, 0);
  bench.expect_at<SubmissionReady>(1ms, ready(0));
  bench.submit(a, 1);
  bench.expect_at<SubmissionReady>(1ms, ready(1));
  bench.run_until(2ms);
  bench.allocate(c);
  bench.run_until(3ms);
  bench.submit(a, 2);
  bench.run_until(4ms);
  bench.job_done(a, 0);
  bench.run_until(5ms);
  bench.job_done(a, 1);
  bench.nothing_before<StartCopy>(5ms);
  bench.expect_at<StartCopy>(5ms);
  bench.nothing_before<SubmissionReady>(5ms + link_time(60), ready(2));
  bench.expect_at<SubmissionReady>(5ms + link_time(60), ready(2));
  CHECK(bench.count<FenceNeeded>() == 0);
  CHECK(moved(bench) == Order{0});
}

// a's 60 MiB have left for c's; 40 are free, which is much: a quarter of them may be moved, and so may one buffer
// that is larger.
TEST_CASE("with a budget a submission evicts others, and without it stays in GTT", "[memory][submission]") {
  const auto [rate, moves] = GENERATE(std::pair{8U, Order{0, 1, 0}}, std::pair{1U, Order{0}});
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {vram(60)}});
  spec.kernel.move_rate = rate;
  MemoryBench bench(std::move(spec));
  push_out(bench);
  bench.submit(a, 0);
  bench.expect_at<SubmissionReady>(2ms, ready(0));
  CHECK(moved(bench) == moves);
}

// Two of 90 MiB take the card from each other: 10 MiB are free, which is not much. The first finds 2 ms saved,
// moves both, 188,743,680 B, and owes 23,592,960 us less those 2,000. The second comes back when that is paid.
TEST_CASE("who has moved much leaves a debt to all", "[memory][submission]") {
  const auto [at, back] = GENERATE(std::pair{2ms + 23'590'960us, false}, std::pair{2ms + 23'590'961us, true});
  MemoryBench bench(kernel_machine({{vram(90)}, {vram(90)}}));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(b);
  bench.run_until(2ms);
  bench.submit(a, 0);
  bench.run_until(3ms);
  CHECK(moved(bench) == Order{0, 1, 0});
  bench.job_done(a, 0);
  bench.run_until(at);
  bench.submit(b, 1);
  bench.expect_at<SubmissionReady>(at, ready(1));
  CHECK(moved(bench).size() == (back ? 5U : 3U));
}

// c's allocation is freed again; a has no budget.
TEST_CASE("since 6.10 a submission finds free VRAM without a budget", "[memory][submission]") {
  const bool fallback = GENERATE(true, false);
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {}});
  spec.kernel.move_rate = 1;
  spec.kernel.gtt_is_fallback = fallback;
  spec.events = {allocation("c", vram(60))};
  spec.events.front().hold = constant(1ms);
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(PressureId{0});
  bench.run_until(3ms);
  bench.submit(a, 0);
  bench.run_until(4ms);
  CHECK(moved(bench) == (fallback ? Order{0, 0} : Order{0}));
}

// c has VRAM for good, and d what GTT and pages there are; a lies in swap, which has no room for anybody else.
TEST_CASE("a submission without memory is refused", "[memory][submission]") {
  const bool full = GENERATE(true, false);
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {vram(100)}, {gtt(60)}});
  spec.processes[2].vram.front().pinned = true;
  spec.device.gtt = mib(60);
  spec.device.swap = mib(full ? 60 : 120);
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  REQUIRE(moved(bench) == Order{0, 0, 0});  // to GTT, out of it, and on to swap
  bench.submit(a, 7);
  const SubmissionReady answer = bench.expect_at<SubmissionReady>(4ms);
  CHECK(answer.job == JobId{7});
  CHECK(answer.ok == !full);
}

// 60 MiB are 30 entries. They are written once.
TEST_CASE("a submission writes the page tables of what has moved", "[memory][submission]") {
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {vram(60)}});
  spec.kernel.move_rate = 1;
  spec.costs.page_table_base = cost(10us);
  spec.costs.page_table_fragment = cost(1us);
  MemoryBench bench(std::move(spec));
  push_out(bench);
  bench.submit(a, 0);
  bench.nothing_before<SubmissionReady>(2ms + 40us);
  bench.expect_at<SubmissionReady>(2ms + 40us, ready(0));
  bench.submit(a, 1);
  bench.expect_at<SubmissionReady>(2ms + 40us, ready(1));
}

TEST_CASE("a submission waits for the page tables that another writes", "[memory][submission]") {
  MachineSpec spec = kernel_machine({{vram(60)}, {}, {vram(60)}});
  spec.kernel.move_rate = 1;
  spec.costs.page_table_base = cost(40us);
  MemoryBench bench(std::move(spec));
  push_out(bench);
  bench.submit(a, 0);
  bench.run_until(2ms + 10us);
  bench.submit(a, 1);
  bench.nothing_before<SubmissionReady>(2ms + 40us);
  bench.expect_at<SubmissionReady>(2ms + 40us, ready(0));
  bench.expect_at<SubmissionReady>(2ms + 40us, ready(1));
}

// c shares its buffer with a, and is validated from 2 ms to 3 ms.
TEST_CASE("a submission waits for the reservations of who is being restored", "[memory][submission]") {
  MachineSpec spec = kernel_machine({{}, {}, {vram(60)}});
  spec.processes[2].vram.front().shared_with = {"a"};
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.allocate(c);
  bench.run_until(2ms);
  bench.validate(c);
  bench.submit(a, 0);
  const bool cancelled = GENERATE(false, true);
  if (cancelled) bench.job_done(a, 0);
  bench.run_until(3ms);
  bench.rearm(c);
  bench.nothing_before<SubmissionReady>(3ms);
  bench.run_until(4ms);
  CHECK(bench.times<SubmissionReady>() == (cancelled ? in_ns({}) : in_ns({3ms})));
}

// At 2 ms a takes its 90 MiB back from c's first, and owes 23.6 s. c's second pushes it out again, and is gone at
// 50 ms; its third comes at 70. Who submits between the two finds much free, and the debt is gone for all.
TEST_CASE("a submission that has nothing to move looks at the purse too", "[memory][submission]") {
  const auto [looks, moves] =
      GENERATE(std::pair{false, Order{0, 2, 0, 0}}, std::pair{true, Order{0, 2, 0, 0, 4, 0}});
  MachineSpec spec = kernel_machine({{vram(90)}, {gtt(1)}, {}});
  spec.events = {allocation("c", vram(90)), allocation("c", vram(90)), allocation("c", vram(90))};
  spec.events[1].hold = constant(47ms);
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.allocate(b);
  bench.run_until(1ms);
  bench.allocate(PressureId{0});
  bench.run_until(2ms);
  bench.submit(a, 0);
  bench.job_done(a, 0);
  bench.run_until(3ms);
  bench.allocate(PressureId{1});
  bench.run_until(60ms);
  if (looks) bench.submit(b, 1);
  bench.run_until(70ms);
  bench.allocate(PressureId{2});
  bench.run_until(80ms);
  bench.submit(a, 2);
  bench.run_until(81ms);
  CHECK(moved(bench) == moves);
}

TEST_CASE("a submission keeps its process's own buffers", "[memory][submission]") {
  // 0 and 1 of 50 fill the card; c's 50 push 0 out. Its submission takes c's room, not that of 1.
  MachineSpec spec = kernel_machine({{vram(100, 2)}, {}, {vram(50)}});
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(1ms);
  bench.allocate(c);
  bench.run_until(200ms);
  bench.submit(a, 0);
  bench.run_until(201ms);
  CHECK(moved(bench) == Order{0, 2, 0});
}

}  // namespace
}  // namespace userqsim::memory_submission_test
