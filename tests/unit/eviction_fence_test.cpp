// What an eviction waits for before it stops anything, by release, and the wait that hybrid brings along.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::eviction_fence_test {
namespace {

using namespace test;

constexpr Duration evicted = 100ms + 500us, limit = 100ms;

// Two compute queues on two slots, each with a job that has a fence, in rounds of 1 ms.
MachineSpec machine(const std::string& kernel, Duration work) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.kernel.restore_delay = 1h;
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  JobSpec j = job(work);
  j.fence = true;
  j.grain = 1ms;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, j, 1)),
                                  queue("q1", QueueType::compute, stream(PeriodicArrival{1h}, j, 1))})};
  spec.events = {evict_at(evicted, "p")};
  spec.horizon = 30s;
  return spec;
}

bool stops_a_queue(const PacketEnded& p) { return p.opcode == Opcode::suspend || p.opcode == Opcode::remove_queue; }
std::vector<std::int64_t> first_stops(const MachineBench& bench) {
  std::vector<std::int64_t> issued;
  for (const PacketEnded& p : bench.all<PacketEnded>(stops_a_queue)) {
    issued.push_back(p.issued.time_since_epoch().count());
  }
  return issued;
}

TEST_CASE("up to 6.18 a fence that takes longer than 100 ms gives the eviction up", "[fence]") {
  MachineSpec spec = machine(GENERATE("6.16", "seed-v8", "6.18"), 300ms);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionAborted>(evicted + limit);
  CHECK(bench.expect_at<Hazard>(evicted + limit).kind == HazardKind::fence_never_signals);
  bench.run();
  CHECK(bench.count<PacketEnded>(stops_a_queue) == 0);
  CHECK(bench.count<EvictionSignaled>() == 0);
  CHECK(bench.times<JobEnded>() == in_ns({300ms, 300ms}));  // nobody stopped them
}

// The limit is each queue's: q0's fence signals in time, q1's has 100 ms of its own from then on.
TEST_CASE("each queue's last fence has 100 ms of its own", "[fence]") {
  const Duration second = GENERATE(290ms, 300ms);  // q1's job; q0's ends at 200 ms, so q1's has until 300 ms
  MachineSpec spec = machine("6.18", 200ms);
  spec.processes[0].queues[1].jobs->graph[0].work = constant(second + 1ns);
  MachineBench bench(std::move(spec));
  if (second == 300ms) {
    bench.expect_at<EvictionAborted>(300ms);
  } else {
    bench.expect_at<EvictionSignaled>(290ms + 1ns);
  }
}

TEST_CASE("6.19 and v8's patch 11 go on after the first time-out, and wait for no other queue", "[fence]") {
  MachineSpec spec = machine(GENERATE("seed-v8+reset", "6.19"), 300ms);
  MachineBench bench(std::move(spec));
  bench.run();
  const auto waits = bench.all<EvictionStep>(step(EvictionStepKind::fence_wait));
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].start == SimTime{evicted});
  CHECK(waits[0].end == SimTime{evicted + limit});
  CHECK(first_stops(bench).front() == (evicted + limit).count());
  CHECK(bench.count<EvictionSignaled>() == 1);
  CHECK(bench.count<EvictionAborted>() == 0);
}

TEST_CASE("7.1 waits as long as it takes", "[fence]") {
  MachineSpec spec = machine("7.1", 1900ms);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1900ms);
  CHECK(first_stops(bench).front() == Duration{1900ms}.count());
  CHECK(bench.count<Hazard>(hazard(HazardKind::job_timeout)) == 0);
}

// The fence that was submitted at 0 is late at 2 s. q0 and then q1 are reset, and their fences completed; only then
// does the eviction go on. The driver still calls them MAPPED, MES does not know them: REMOVE_QUEUE is refused, and
// a failed eviction resets the GPU.
TEST_CASE("hang detection alone ends 7.1's wait, at exactly the job's time-out", "[fence]") {
  const UnknownGang answer = GENERATE(UnknownGang::refused, UnknownGang::accepted);
  MachineSpec spec = machine("7.1", 10s);
  spec.costs.queue_reset = cost(3ms);
  spec.firmware.unknown_gang = answer;
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<Hazard>(2s).queue == QueueId{0});
  CHECK(bench.expect_at<Hazard>(2s).queue == QueueId{1});
  const auto cancelled = [](const JobEnded& j) { return j.outcome == JobOutcome::cancelled; };
  bench.run();
  CHECK(bench.times<JobEnded>(cancelled) == in_ns({2s + 3ms, 2s + 6ms}));
  const auto waits = bench.all<EvictionStep>(step(EvictionStepKind::fence_wait));
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].end == SimTime{2s + 3ms});
  CHECK(waits[1].end == SimTime{2s + 6ms});
  CHECK(bench.count<GpuResetDone>() == (answer == UnknownGang::refused ? 1 : 0));
}

TEST_CASE("without hang detection 7.1's wait has no end but the job's", "[fence]") {
  MachineSpec spec = machine("7.1", 10s);
  SECTION("no timer") { spec.kernel.hang_timer = false; }
  SECTION("no recovery") { spec.kernel.gpu_recovery = false; }
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(10s);
}

// q0's job ends `late` after the limit of 5 ms; q1 has none, and is not waited for.
MachineSpec hybrid(Duration late) {
  MachineSpec spec = machine("6.18", evicted + 5ms + late);
  spec.policy = "hybrid";
  spec.policy_options.hybrid_wait = 5ms;
  spec.processes[0].queues[0].jobs->graph[0].grain = 10ns;
  spec.processes[0].queues[1].jobs.reset();
  return spec;
}

TEST_CASE("hybrid unmaps a queue whose last fence signals in time", "[fence][policy]") {
  MachineBench bench(hybrid(-1ns));
  bench.expect_at<EvictionSignaled>(evicted + 5ms - 1ns);
  CHECK(bench.count<PacketEnded>(packet(Opcode::remove_queue)) == 2);
  CHECK(bench.count<PacketEnded>(packet(Opcode::suspend)) == 0);
}

TEST_CASE("hybrid preempts a queue whose last fence does not, and unmaps the other", "[fence][policy]") {
  MachineBench bench(hybrid(1ns));
  bench.run_until(1s);
  CHECK(first_stops(bench).front() == (evicted + 5ms).count());
  // It stands at the end of a round of 10 ns right then.
  CHECK(bench.expect_at<PacketEnded>(evicted + 5ms, packet(Opcode::suspend)).queue == QueueId{0});
  CHECK(bench.all<PacketEnded>(packet(Opcode::remove_queue)).at(0).queue == QueueId{1});
  // Its time-out is no failure, though 6.18's own would give the eviction up.
  CHECK(bench.count<EvictionAborted>() == 0);
}

TEST_CASE("hybrid restarts each queue as it was stopped", "[fence][policy]") {
  MachineSpec spec = hybrid(1ms);
  spec.kernel.restore_delay = 10ms;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto of_eviction = [](Opcode opcode) {
    return [opcode](const PacketEnded& p) { return p.opcode == opcode && p.eviction.has_value(); };
  };
  REQUIRE(bench.count<PacketEnded>(of_eviction(Opcode::resume)) == 1);
  REQUIRE(bench.count<PacketEnded>(of_eviction(Opcode::add_queue)) == 1);
  CHECK(bench.all<PacketEnded>(of_eviction(Opcode::resume))[0].queue == QueueId{0});
  CHECK(bench.all<PacketEnded>(of_eviction(Opcode::add_queue))[0].queue == QueueId{1});
}

}  // namespace
}  // namespace userqsim::eviction_fence_test
