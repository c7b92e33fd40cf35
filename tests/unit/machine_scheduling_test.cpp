// Whole machines in situations that went wrong once: who shares a pipe, who has no slot, who drains for long.
#include <map>

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::machine_scheduling_test {
namespace {

using namespace test;

// `processes` processes, each with one closed compute job of `work` at a time, on `pipes` pipes of two slots.
MachineSpec competitors(std::uint32_t processes, std::uint32_t pipes, Duration work) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {pipes, 2};
  spec.device.compute_units = pipes;
  spec.device.pipe_quantum = 1ms;
  spec.costs.connect = cost(3us);
  spec.costs.map = cost(10us);
  spec.costs.unmap = cost(10us);
  for (std::uint32_t i = 0; i < processes; ++i) {
    spec.processes.push_back(
        process("p" + std::to_string(i), {queue("q", QueueType::compute, stream(ClosedArrival{}, job(work)))}));
  }
  return spec;
}

std::map<std::uint32_t, std::uint64_t> finished_by_process(const RunRecord& record) {
  std::map<std::uint32_t, std::uint64_t> finished;
  for (const JobRow& row : record.jobs) {
    finished[row.process] += std::uint64_t{row.outcome == "finished"};
  }
  return finished;
}

// A gang's quantum is a time to run: one that only waits for its pipe has had none of it.
TEST_CASE("equal competitors for slots and pipes get equal shares") {
  const auto [work, quantum] = GENERATE(table<Duration, Duration>({{10ms, 1ms}, {50us, 1ms}, {10ms, 1us}}));
  MachineSpec spec = competitors(8, 2, work);
  spec.firmware.gang_quantum = spec.firmware.process_quantum = quantum;
  spec.horizon = 2s;
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  REQUIRE(run.violations.empty());
  const auto finished = finished_by_process(run.record);
  REQUIRE(finished.size() == 8);
  std::uint64_t least = ~std::uint64_t{0}, most = 0;
  for (const auto& [process, jobs] : finished) least = std::min(least, jobs), most = std::max(most, jobs);
  CAPTURE(least, most);
  CHECK(least > 0);
  CHECK(most - least <= most / 10 + 1);
}

// A waiter is not bound to the slot that a long round of waves will vacate some day.
TEST_CASE("a gang that drains for long does not hold back who waits") {
  MachineSpec spec = competitors(5, 2, 1ms);
  spec.processes.front().queues.front().jobs = stream(ClosedArrival{}, job(30s));  // one round of 30 s
  spec.horizon = 5s;
  const WatchedRun run = watched_run(share(std::move(spec)), 0, 100);
  REQUIRE(run.violations.empty());
  const auto finished = finished_by_process(run.record);
  for (std::uint32_t p = 1; p < 5; ++p) {
    CAPTURE(p);
    CHECK(finished.at(p) > 300);
  }
}

// Two slots, one held by a queue that never leaves it. Its gang is suspended and counts no more: nobody is said to
// be oversubscribed, and idle gangs want a slot too. The first created, idle, must not get back what the second
// took.
TEST_CASE("an idle gang does not displace the one that displaced it") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {2, 1};
  TraceArrival once;
  once.rows.push_back({30ms, std::nullopt});
  spec.processes = {process("stuck", {queue("q", QueueType::compute, stream(ClosedArrival{}, job(100ms)))}),
                    process("idle", {queue("q", QueueType::compute)}),
                    process("busy", {queue("q", QueueType::compute, stream(once, job(1ms)))})};
  spec.processes[1].queues[0].priority = Priority::high;
  spec.faults = {fault_at(1ms, FaultKind::hang, "stuck", "q")};
  spec.events = {evict_at(10ms, "stuck")};
  spec.horizon = 100ms;
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  CAPTURE(run.violations);
  CHECK(run.violations.empty());
  REQUIRE(run.record.jobs.size() == 2);
  CHECK(run.record.jobs[1].finished_ns == 31'000'000);
}

// An idle queue is restored when MES may run it again, whether or not it had a slot when it was stopped.
TEST_CASE("an idle queue without a slot is restored with its process") {
  const auto* policy = GENERATE("preempt_restore", "unmap_map");
  MachineSpec spec = competitors(4, 1, 5ms);
  spec.policy = policy;
  spec.processes.back().queues.insert(spec.processes.back().queues.begin(), queue("idle", QueueType::compute));
  for (int i = 1; i <= 5; ++i) spec.events.push_back(evict_at(i * 100ms, "p3"));
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  REQUIRE(run.violations.empty());
  REQUIRE(run.record.evictions.size() == 5);
  for (const EvictionRow& row : run.record.evictions) CHECK(row.outcome == eviction_outcome::restored);
}

// Without CWSR waves cannot be taken off the machine: a queue off its pipe has to drain like any other.
TEST_CASE("a stop finds a queue off its pipe in the middle of a round of waves") {
  MachineSpec spec = competitors(2, 1, 100ms);
  spec.device.compute_units = 2;
  spec.costs.connect = cost(0ns);
  spec.events = {evict_at(50ms + 500us, "p1")};
  MachineBench bench(std::move(spec));
  // Both are mapped at 10 us. p0 has the pipe for a quantum, then p1, in turns; each one's only round, once begun,
  // runs on for its 100 ms. So p1's, begun at 1 ms 10 us, ends at 101 ms 10 us, and the unmap takes 10 us.
  bench.expect_at<QueueRan>(1ms + 10us, [](const QueueRan& q) { return q.queue == QueueId{1}; });
  bench.nothing_before<QueueStopped>(101ms + 10us + 10us);
  bench.expect_at<QueueStopped>(101ms + 10us + 10us);
}

TEST_CASE("a job graph that lists a waiter before its predecessor runs") {
  MachineSpec spec = ideal_machine();
  StreamSpec s = stream(PeriodicArrival{10ms}, job(1ms));
  s.graph[0].name = "post";
  s.graph[0].after = {"frame"};
  JobSpec frame = job(2ms);
  frame.name = "frame";
  s.graph.push_back(frame);
  spec.processes.push_back(process("p", {queue("q", QueueType::compute, s)}));
  spec.horizon = 95ms;
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  for (const JobRow& row : run.record.jobs) CHECK(row.outcome == "finished");
}

// memory.md 1.4: the first use of a buffer waits for its move.
TEST_CASE("a process does not begin while a buffer of its own is being copied out") {
  MachineSpec spec = ideal_machine();
  spec.device.vram = Bytes{std::int64_t{4} << 20};
  spec.device.link = Bandwidth{std::int64_t{4} << 20};  // 1 s for the whole of VRAM
  for (const char* name : {"a", "b"}) {
    ProcessSpec p = process(name, {queue("q", QueueType::compute, stream(ClosedArrival{}, job(1ms)))});
    p.vram = {{"data", Bytes{std::int64_t{3} << 20}, 1, Domain::vram}};
    spec.processes.push_back(p);
  }
  spec.horizon = 5s;
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  CHECK(run.violations.empty());
  for (const HazardRow& row : run.record.hazards) CHECK(row.kind != "moved_while_running");
}

TEST_CASE("work that no run could finish ends no run") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {3, 1};
  ProcessSpec p = process("p", {});
  for (const char* name : {"a", "b", "c"}) {
    p.queues.push_back(queue(name, QueueType::compute, stream(ClosedArrival{}, job(876'000h))));
  }
  p.queues.push_back(queue("d", QueueType::sdma, stream(PoissonArrival{876'000h}, job(1ms))));
  spec.processes.push_back(p);
  const WatchedRun run = watched_run(share(std::move(spec)), 0);
  CHECK(run.violations.empty());
  CHECK(run.record.jobs.size() == 3);
}

// Every queue always has work, and all are alike. Nobody waits for longer than the other processes' turns of 10 ms
// and his own process's turns of 1 ms. Shares are near S/N of the time, not equal: processes whose turns end at the
// same instant make way in the order of their places, and a cycle of that can favour one.
TEST_CASE("queues of processes that share slots all have their turns", "[scheduling]") {
  const auto [processes, queues, slots] =
      GENERATE(table<int, int, std::uint32_t>({{3, 3, 8}, {2, 5, 8}, {3, 2, 4}, {4, 3, 5}, {2, 2, 1}, {5, 1, 3}}));
  MachineSpec spec = ideal_machine();
  spec.kernel.process_context = ProcessContext::process;
  spec.device.compute = {slots, 1};
  spec.device.compute_units = slots;
  spec.firmware.carry_over = GENERATE(CarryOver::kept, CarryOver::fresh);
  for (int p = 0; p < processes; ++p) {
    ProcessSpec each = process("p" + std::to_string(p), {});
    for (int q = 0; q < queues; ++q) {
      JobSpec work = job(1ms);
      work.grain = 100us;
      each.queues.push_back(queue("q" + std::to_string(q), QueueType::compute, stream(ClosedArrival{2}, work)));
    }
    spec.processes.push_back(each);
  }
  spec.horizon = 3s;
  CAPTURE(processes, queues, slots);
  const RunRecord record = watched_run(share(std::move(spec)), 0).record;
  const std::int64_t fair = record.end_ns * slots / (processes * queues);
  for (const QueueRow& queue : record.queues) {
    CHECK(queue.running_ns > fair * 7 / 10);
    CHECK(queue.running_ns < fair * 8 / 5);
    CHECK(queue.longest_wait_ns <= Duration{(processes - 1) * 11ms + queues * 1100us}.count());
  }
}

}  // namespace
}  // namespace userqsim::machine_scheduling_test
