// Options against stops that follow each other too fast, or that serve nobody. Nothing costs anything, so the times
// are those of the options.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::thrash_test {
namespace {

using namespace test;

QueueSpec busy(std::string name) {
  JobSpec j = job(1h);
  j.grain = 1us;
  return queue(std::move(name), QueueType::compute, stream(PeriodicArrival{1h}, j, 1));
}

// Stopped for 1 ms at first. At 11.5 and at 15 ms it has run for less than its stop before; at 40 it has not.
TEST_CASE("a process that thrashes waits twice as long each time, up to a limit", "[thrash]") {
  const bool backs_off = GENERATE(false, true);
  MachineSpec spec = ideal_machine_with("7.0");
  spec.processes = {process("p", {busy("q")})};
  spec.kernel.restore_delay = 1ms;
  if (backs_off) spec.kernel.back_off = BackOff{2ms, 5ms};
  for (const Duration at : {Duration{10ms}, Duration{11500us}, Duration{15ms}, Duration{21ms}, Duration{40ms}}) {
    spec.events.push_back(evict_at(at, "p"));
  }
  spec.horizon = 50ms;
  MachineBench bench(std::move(spec));
  bench.run();
  if (backs_off) {
    CHECK(bench.times<EvictionResumed>() ==
          in_ns({11ms, 11500us + 1ms + 2ms, 15ms + 1ms + 4ms, 21ms + 1ms + 5ms, 41ms}));
  } else {
    CHECK(bench.times<EvictionResumed>() == in_ns({11ms, 12500us, 16ms, 22ms, 41ms}));
  }
}

// Both are stopped at 10 ms, and a page table takes 5 ms.
TEST_CASE("an ordered work queue restores one process after the other", "[thrash]") {
  const bool ordered = GENERATE(false, true);
  MachineSpec spec = ideal_machine_with("7.0");
  spec.processes = {process("a", {busy("q")}), process("b", {busy("q")})};
  spec.costs.page_table_base = cost(5ms);
  spec.kernel.restore_ordered = ordered;
  spec.events = {evict_at(20ms, "a"), evict_at(20ms, "b")};
  spec.horizon = 50ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionResumed>() == (ordered ? in_ns({25ms, 30ms}) : in_ns({25ms, 25ms})));
}

// Its first job comes at `at`. It is stopped at 10 ms and would be restored at 12.
TEST_CASE("who has nothing to run is restored at its next submission", "[thrash]") {
  const bool fence = GENERATE(false, true);
  const Duration at = GENERATE(Duration{1ms}, Duration{11ms}, Duration{30ms});
  const bool keeps = GENERATE(false, true);
  MachineSpec spec = ideal_machine_with("kfd");
  TraceArrival arrival;
  arrival.rows.push_back({at, std::nullopt});
  JobSpec j = job(20ms);
  j.grain = 1us;
  j.fence = fence;
  spec.processes = {process("p", {queue("q", QueueType::compute, stream(arrival, j))})};
  spec.kernel.restore_delay = 2ms;
  spec.kernel.min_run = 0ms;
  spec.kernel.keep_idle_evicted = keeps;
  spec.events = {evict_at(10ms, "p")};
  spec.horizon = 100ms;
  MachineBench bench(std::move(spec));
  bench.run();
  const Duration restored = keeps && at > 12ms ? at : Duration{12ms};
  CHECK(bench.times<EvictionResumed>() == in_ns({restored}));
  CHECK(bench.count<JobEnded>() == 1);
}

// At 20 ms a submission needs the live fence of the idle process, and its restore takes 5 ms. The doorbell at 24 ms
// finds it under way: nothing is queued a second time.
TEST_CASE("a doorbell does not restore an idle process again that is being restored", "[thrash]") {
  TraceArrival first, second;
  first.rows.push_back({20ms, std::nullopt});
  second.rows.push_back({24ms, std::nullopt});
  JobSpec fenced = job(1ms);
  fenced.fence = true;
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("a", QueueType::compute, stream(first, fenced)),
                                  queue("b", QueueType::gfx, stream(second, job(1ms)))})};
  spec.kernel.keep_idle_evicted = true;
  spec.costs.page_table_base = cost(5ms);
  spec.costs.worker_latency = cost(2ms);
  spec.events = {evict_at(10ms, "p")};
  spec.horizon = 100ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionResumed>() == in_ns({27ms}));
  CHECK(bench.times<EvictionStep>(step(EvictionStepKind::restore_start)) == in_ns({14ms, 22ms}));
}

// a has thrashed, and its restore at 2 ms shelters it for 5: b, who would evict it, settles.
TEST_CASE("a sheltered process is nobody's victim until its time is over", "[thrash]") {
  const Duration at = GENERATE(Duration{6ms}, Duration{7ms});
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.run_until(2ms);
  bench.validate(a);
  bench.wiring.driver.rearmed.post({a, 5ms});
  bench.run_until(at);
  bench.allocate(b);
  bench.run_until(20ms);
  const bool evicts = at >= 7ms;
  CHECK(moved(bench).size() == (evicts ? 1U : 0U));
  CHECK(bench.all<RequestEnded>().back().outcome == (evicts ? RequestOutcome::ready : RequestOutcome::fell_to_gtt));
}

}  // namespace
}  // namespace userqsim::thrash_test
