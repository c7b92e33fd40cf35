// The timer on a queue's fence against the destruction of the queue, which waits for that fence under userq_mutex:
// who cancels whom, and who waits for whom.
#include "models/machine/machine.hpp"
#include "models/machine/wait_graph.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::hang_detection_test {
namespace {

using namespace test;

// q's job has a fence and runs for 10 s from 0 on, in rounds of 1 ms. The timer is over at 2 s; q is given back
// before that, at 10 ms.
MachineSpec destroyed(const std::string& kernel) {
  MachineSpec spec = ideal_machine_with(kernel);
  JobSpec slow = job(10s);
  slow.fence = true;
  slow.grain = 1ms;
  spec.processes = {process("p", {queue("q", QueueType::compute, stream(PeriodicArrival{1h}, slow, 1))})};
  spec.events = {event_at(10ms, PressureKind::destroy_queue, "p")};
  spec.events.front().queue = "q";
  spec.horizon = 30s;
  return spec;
}

bool to_gone(const QueueTransition& t) { return t.to == UserqState::gone; }
bool by_reset_worker(const UserqLockHeld& held) { return held.holder == LockHolder::reset; }

TEST_CASE("7.1 cancels hang detection and then waits for the fence without limit", "[reset][destroy]") {
  MachineBench bench(destroyed("7.1"));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::job_timeout)) == 0);
  CHECK(bench.times<QueueTransition>(to_gone) == in_ns({10s}));
}

TEST_CASE("what hangs is never given back in 7.1", "[reset][destroy]") {
  const bool is_destroyed = GENERATE(false, true);
  MachineSpec spec = destroyed("7.1");
  if (!is_destroyed) spec.events.clear();
  spec.faults = {fault_at(5ms, FaultKind::hang, "p", "q")};
  MachineBench bench(spec);
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::job_timeout)) == (is_destroyed ? 0 : 1));
  CHECK(bench.count<JobEnded>([](const JobEnded& j) { return j.outcome == JobOutcome::open; }) ==
        (is_destroyed ? 1 : 0));
  Machine machine(share(std::move(spec)), 0);
  machine.run();
  CHECK(machine.wait_graph().anyone_waits_for_ever() == is_destroyed);
}

// 7.0 cancels it behind the wait, under the mutex. By then it has begun, and waits for that mutex.
TEST_CASE("7.0 waits under userq_mutex for hang detection that waits for userq_mutex", "[reset][destroy]") {
  Machine machine(share(destroyed("7.0")), 0);
  machine.run();
  const std::vector<std::string> stories = machine.wait_graph().stories();
  REQUIRE(stories.size() == 1);
  CHECK(
      stories.front() ==
      "closing of p waits for the hang detection of p/q to end; reset worker waits for userq_mutex, which closing "
      "of p holds: a deadlock");
  MachineBench bench(destroyed("7.0"));
  bench.run();
  CHECK(bench.times<Hazard>(hazard(HazardKind::job_timeout)) == in_ns({2s}));
  CHECK(bench.count<QueueTransition>(to_gone) == 0);
}

// The fence is there in time, at 1.9 s: nothing has begun, and nothing is waited for.
TEST_CASE("7.0 cancels hang detection that has not begun", "[reset][destroy]") {
  MachineSpec spec = destroyed("7.0");
  spec.processes[0].queues[0].jobs->graph[0].work = ConstantDuration{1900ms};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::job_timeout)) == 0);
  CHECK(bench.times<QueueTransition>(to_gone) == in_ns({1900ms}));
}

// The eviction of 1.95 s waits for the fence under userq_mutex for 100 ms, and goes on: a question to MES and a
// SUSPEND, which cost nothing. The detection of 2 s is next.
TEST_CASE("7.0 looks for hangs under userq_mutex", "[reset]") {
  const bool in_7_0 = GENERATE(false, true);
  MachineSpec spec = destroyed(in_7_0 ? "7.0" : "7.1");
  spec.costs.mes_api = cost(1ms);
  spec.events = {evict_at(1950ms, "p")};
  spec.kernel.restore_delay = 1h;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::job_timeout)) == 1);
  const auto held = bench.all<UserqLockHeld>(by_reset_worker);
  REQUIRE(held.size() == (in_7_0 ? 1 : 0));
  if (!in_7_0) return;
  CHECK(held.front().start == bench.all<EvictionSignaled>().front().time);
  CHECK(held.front().end == held.front().start + 1ms);
}

// At 3 s somebody wants the GPU reset; 6.19's pre_reset waits for the last fence of each MAPPED queue, until 10 s.
TEST_CASE("hang detection that waits for a mutex holds no reset up", "[reset][destroy]") {
  MachineSpec spec = destroyed("7.0");
  spec.device.reset_method = ResetMethod::mode2;
  spec.costs.mode2_reset = cost(5ms);
  spec.events.push_back(event_at(3s, PressureKind::gpu_reset));
  MachineBench bench(std::move(spec));
  const GpuResetDone done = bench.expect_at<GpuResetDone>(10s + 5ms);
  CHECK(done.began == SimTime{3s});
}

}  // namespace
}  // namespace userqsim::hang_detection_test
