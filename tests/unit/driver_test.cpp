// The driver's waits: last fences before a stop, polls, the MES mutex, delays and minimum run times, time-outs.
#include "tests/support/machine_bench.hpp"

namespace userqsim::driver_test {
namespace {

using namespace test;

// One process with one queue and one job at time zero that a fence covers.
MachineSpec machine(Duration work, bool covered = true) {
  MachineSpec spec = ideal_machine();
  JobSpec j = job(work);
  j.fence = covered;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, j, 1))})};
  spec.horizon = 5s;
  return spec;
}

MachineSpec with_wait(MachineSpec spec, PreWait wait) {
  spec.kernel.pre_wait = wait;
  spec.kernel.pre_wait_limit = 100ms;
  spec.events = {evict_at(50ms, "p")};
  return spec;
}

TEST_CASE("without a pre-wait the stop begins at once, and drains", "[driver][pre_wait]") {
  MachineBench bench(with_wait(machine(300ms), PreWait::none));
  CHECK(bench.expect_at<PacketEnded>(300ms, packet(Opcode::suspend)).issued == SimTime{50ms});
  bench.expect_at<EvictionSignaled>(300ms);
  CHECK(bench.count<EvictionStep>(step(EvictionStepKind::fence_wait)) == 0);
}

TEST_CASE("6.16 to 6.18 give the eviction up after exactly 100 ms", "[driver][pre_wait]") {
  MachineBench bench(with_wait(machine(300ms), PreWait::abort));
  bench.nothing_before<EvictionAborted>(50ms + 100ms);
  bench.expect_at<EvictionAborted>(50ms + 100ms);
  bench.expect_at<Hazard>(50ms + 100ms, hazard(HazardKind::fence_never_signals));
  bench.run();
  CHECK(bench.count<EvictionSignaled>() == 0);
  CHECK(bench.count<PacketEnded>(packet(Opcode::suspend)) == 0);
  CHECK(bench.times<JobEnded>() == in_ns({300ms}));  // nobody has stopped it
}

TEST_CASE("a fence that signals a nanosecond before the limit is in time", "[driver][pre_wait]") {
  const auto wait = GENERATE(PreWait::abort, PreWait::continue_on);
  MachineBench bench(with_wait(machine(150ms - 1ns), wait));
  bench.expect_at<EvictionSignaled>(150ms - 1ns);
  bench.expect_at<EvictionResumed>(150ms - 1ns);
  CHECK(bench.count<EvictionAborted>() == 0);
  const EvictionStep waited = bench.expect_at<EvictionStep>(150ms - 1ns, step(EvictionStepKind::fence_wait));
  CHECK(waited.start == SimTime{50ms});
}

TEST_CASE("where a release goes on after 100 ms, the packet goes out then", "[driver][pre_wait]") {
  MachineBench bench(with_wait(machine(300ms), PreWait::continue_on));
  CHECK(bench.expect_at<PacketEnded>(300ms, packet(Opcode::suspend)).issued == SimTime{50ms + 100ms});
  CHECK(bench.expect_at<EvictionStep>(150ms, step(EvictionStepKind::fence_wait)).start == SimTime{50ms});
  bench.expect_at<EvictionSignaled>(300ms);
}

TEST_CASE("the limit of a fence that signalled ends no later wait", "[driver][pre_wait]") {
  MachineSpec spec = with_wait(machine(60ms), PreWait::abort);  // its limit would be over at 150 ms
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  spec.processes.front().queues.push_back(
      queue("q1", QueueType::compute, stream(PeriodicArrival{1h}, job(300ms), 1)));
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(300ms);
  CHECK(bench.count<Hazard>() == 0);
}

TEST_CASE("an unbounded wait lasts until the job is done", "[driver][pre_wait]") {
  MachineBench bench(with_wait(machine(1300ms), PreWait::unbounded));
  CHECK(bench.expect_at<PacketEnded>(1300ms, packet(Opcode::suspend)).issued == SimTime{1300ms});
}

TEST_CASE("work that no fence covers is not waited for", "[driver][pre_wait]") {
  const auto wait = GENERATE(PreWait::abort, PreWait::continue_on, PreWait::unbounded);
  MachineBench bench(with_wait(machine(300ms, false), wait));
  CHECK(bench.expect_at<PacketEnded>(300ms, packet(Opcode::suspend)).issued == SimTime{50ms});
}

TEST_CASE("the first last fence that does not signal in time ends the waiting for all", "[driver][pre_wait]") {
  MachineSpec spec = with_wait(machine(1s), PreWait::continue_on);
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  spec.processes.front().queues.push_back(spec.processes.front().queues.front());
  spec.processes.front().queues.back().name = "q1";
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionStep>(150ms, step(EvictionStepKind::fence_wait));
  CHECK(bench.expect_at<PacketEnded>(1s, packet(Opcode::suspend)).issued == SimTime{150ms});
  CHECK(bench.count<EvictionStep>(step(EvictionStepKind::fence_wait)) == 1);
}

TEST_CASE("hybrid waits its own time for each queue in turn, whatever the release does", "[driver][pre_wait]") {
  const auto release = GENERATE(PreWait::none, PreWait::abort, PreWait::unbounded);
  MachineSpec spec = with_wait(machine(1s), release);
  spec.policy = "hybrid";
  spec.policy_options.hybrid_wait = 30ms;
  spec.device.compute = {3, 1};
  spec.device.compute_units = 3;
  spec.processes.front().queues.push_back(spec.processes.front().queues.front());
  spec.processes.front().queues.back().name = "q1";
  spec.processes.front().queues.push_back(queue("q2", QueueType::compute));
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionStep>(80ms, step(EvictionStepKind::fence_wait));
  bench.expect_at<EvictionStep>(110ms, step(EvictionStepKind::fence_wait));
  // The two that did not signal are preempted, the idle one is unmapped behind them.
  CHECK(bench.expect_at<PacketEnded>(1s, packet(Opcode::suspend)).issued == SimTime{110ms});
  bench.run();
  CHECK(bench.count<PacketEnded>(packet(Opcode::suspend)) == 2);
  CHECK(bench.count<PacketEnded>(packet(Opcode::remove_queue)) == 1);
  CHECK(bench.count<PacketEnded>(packet(Opcode::resume)) == 2);
  CHECK(bench.count<PacketEnded>(packet(Opcode::add_queue)) == 3 + 1);  // three creations, one restart
}

TEST_CASE("the wait is not a drain: uncovered work that comes meanwhile still runs", "[driver][pre_wait]") {
  MachineSpec spec = with_wait(machine(120ms), PreWait::continue_on);
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  const TraceArrival late{{}, {{70ms, std::nullopt}}};
  spec.processes.front().queues.push_back(queue("q1", QueueType::compute, stream(late, job(10ms))));
  MachineBench bench(std::move(spec));
  bench.expect_at<QueueRan>(0ms);
  bench.expect_at<QueueRan>(70ms);
  bench.expect_at<JobEnded>(80ms);
  bench.expect_at<EvictionSignaled>(120ms);
}

// No work: a stop takes mes_api, then preempt_idle.
MachineSpec idle_machine(Duration mes_api, Duration preempt) {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.costs.mes_api = cost(mes_api);
  spec.costs.preempt_idle = cost(preempt);
  spec.events = {evict_at(1ms, "p")};
  return spec;
}

TEST_CASE("an API fence is seen at the next poll of 2 us from the packet on", "[driver][poll]") {
  struct Case {
    Duration written, seen;
  };
  const auto [written, seen] = GENERATE(Case{5us, 6us}, Case{6us, 6us}, Case{6001ns, 8us}, Case{0us, 0us});
  MachineSpec spec = idle_machine(written, 0us);
  spec.kernel.suspend_fence_wait = false;
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<PacketEnded>(1ms + written, packet(Opcode::suspend)).acked == SimTime{1ms + written});
  bench.expect_at<EvictionSignaled>(1ms + seen);
  CHECK(bench.expect_at<MesLockHeld>(1ms + seen, by_eviction<MesLockHeld>).start == SimTime{1ms});
}

TEST_CASE("a suspend fence is seen at the next poll of 1 us, from when the mutex was dropped", "[driver][poll]") {
  struct Case {
    Duration preempt, seen;
  };
  // The API fence is written after 5 us and seen after 6; the suspend fence is written after 5 us + preempt.
  const auto [preempt, seen] = GENERATE(Case{0us, 6us}, Case{1us, 6us}, Case{1001ns, 7us}, Case{2us, 7us},
                                        Case{2500ns, 8us}, Case{100'700ns, 106us});
  MachineBench bench(idle_machine(5us, preempt));
  bench.expect_at<EvictionSignaled>(1ms + seen);
  CHECK(bench.expect_at<MesLockHeld>(1ms + 6us, by_eviction<MesLockHeld>).start == SimTime{1ms});
  CHECK(bench.count<EvictionStep>(step(EvictionStepKind::suspend_fence)) == (seen > 6us ? 1U : 0U));
}

TEST_CASE("acknowledged after the preemption, both fences are one wait on the coarser poll", "[driver][poll]") {
  MachineSpec spec = idle_machine(5us, 2500ns);
  spec.firmware.suspend_ack = SuspendAck::after_preempt;
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms + 8us);  // 7.5 us on the grid of 2 us
  CHECK(bench.expect_at<MesLockHeld>(1ms + 8us, by_eviction<MesLockHeld>).start == SimTime{1ms});
}

TEST_CASE("REMOVE_QUEUE holds the mutex to the end of the unmap and the teardown", "[driver][poll]") {
  MachineSpec spec = idle_machine(5us, 2500ns);
  spec.policy = "unmap_map";
  spec.costs.teardown = cost(1us);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms + 10us);  // 5 + 2.5 + 1 on the grid of 2 us
  CHECK(bench.expect_at<MesLockHeld>(1ms + 10us, by_eviction<MesLockHeld>).start == SimTime{1ms});
}

TEST_CASE("the restore worker comes after the release's delay, to the nanosecond", "[driver][delay]") {
  MachineSpec spec = idle_machine(0us, 0us);
  spec.kernel.restore_delay = 777'777ns;
  spec.costs.worker_latency = cost(30us);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionStep>(1ms + 30us, step(EvictionStepKind::suspend_start));
  bench.expect_at<EvictionSignaled>(1ms + 30us);
  bench.expect_at<EvictionStep>(1ms + 30us + 777'777ns, step(EvictionStepKind::restore_delay));
  bench.expect_at<EvictionStep>(1ms + 60us + 777'777ns, step(EvictionStepKind::restore_start));
  bench.expect_at<EvictionResumed>(1ms + 60us + 777'777ns);
}

TEST_CASE("a restored process is not stopped before it ran for the minimum time", "[driver][delay]") {
  MachineSpec spec = idle_machine(0us, 0us);
  spec.kernel.min_run = 5ms;
  spec.events = {evict_at(1ms, "p"), evict_at(2ms, "p"), evict_at(30ms, "p")};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms);  // the first time there is no restore before it
  bench.expect_at<EvictionResumed>(1ms);
  bench.nothing_before<EvictionSignaled>(1ms + 5ms);
  bench.expect_at<EvictionSignaled>(1ms + 5ms);
  CHECK(bench.expect_at<EvictionStep>(6ms, step(EvictionStepKind::min_run)).start == SimTime{2ms});
  bench.expect_at<EvictionSignaled>(30ms);
}

TEST_CASE("an eviction of a process that is being evicted is the same eviction", "[driver][delay]") {
  MachineSpec spec = idle_machine(0us, 0us);
  spec.costs.worker_latency = cost(100us);
  spec.events = {evict_at(1ms, "p"), evict_at(1050us, "p")};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<EvictionStarted>() == in_ns({1ms}));
  CHECK(bench.times<EvictionSignaled>() == in_ns({1100us}));
}

struct Unmap {
  const char* policy;
  SuspendAck ack;
  Duration hung_after;
};

TEST_CASE("an unmap of more than two seconds leaves the queue HUNG and the eviction aborted", "[driver][hung]") {
  // MES gives the unmap up after 2 s and says so, where an API fence is still awaited; where SUSPEND was
  // acknowledged before, the driver polls the suspend fence for 2.1 s.
  const auto [policy, ack, hung_after] = GENERATE(Unmap{"unmap_map", SuspendAck::before_preempt, 2s},
                                                  Unmap{"preempt_restore", SuspendAck::after_preempt, 2s},
                                                  Unmap{"preempt_restore", SuspendAck::before_preempt, 2100ms});
  MachineSpec spec = machine(4s, false);
  spec.policy = policy;
  spec.firmware.suspend_ack = ack;
  spec.events = {evict_at(1ms, "p")};
  MachineBench bench(std::move(spec));
  const auto hung = [](const QueueTransition& t) { return t.to == UserqState::hung; };
  bench.nothing_before<QueueTransition>(1ms + hung_after, hung);
  const QueueTransition transition = bench.expect_at<QueueTransition>(1ms + hung_after, hung);
  CHECK(transition.from == UserqState::mapped);
  CHECK(transition.result == (hung_after == 2s ? PacketResult::unmap_fail : PacketResult::timeout));
  bench.expect_at<EvictionAborted>(1ms + hung_after);
  bench.expect_at<Hazard>(1ms + hung_after, hazard(HazardKind::queue_lost));
  bench.expect_at<Hazard>(1ms + hung_after, hazard(HazardKind::fence_never_signals));
  bench.run();
  CHECK(bench.count<EvictionSignaled>() == 0);
  CHECK(bench.count<EvictionResumed>() == 0);
}

TEST_CASE("a queue that leaves a nanosecond before two seconds is not HUNG", "[driver][hung]") {
  const auto* policy = GENERATE("unmap_map", "preempt_restore");
  MachineSpec spec = machine(1ms + 2s - 1ns, false);
  spec.mutex_held_limit = 10s;  // that they are held for 2 s is not what is asked here
  spec.policy = policy;
  spec.events = {evict_at(1ms, "p")};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms + 2s);  // a nanosecond later, on either poll's grid
  CHECK(bench.count<Hazard>() == 0);
}

TEST_CASE("the time-out of a call that was answered ends no later call", "[driver][hung]") {
  const auto* policy = GENERATE("unmap_map", "preempt_restore");
  MachineSpec spec = machine(2200ms, false);
  spec.mutex_held_limit = 10s;  // that they are held for 2 s is not what is asked here
  spec.policy = policy;
  spec.processes.front().queues.front().jobs->arrival = TraceArrival{{}, {{10ms, std::nullopt}}};
  spec.events = {evict_at(1ms, "p"), evict_at(1s, "p")};  // the first call's time-out would be over at 2.101 s
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms);
  bench.expect_at<EvictionSignaled>(10ms + 2200ms);
  bench.nothing_before<Hazard>(4s);
}

TEST_CASE("when one queue of a process hangs the others are stopped all the same", "[driver][hung]") {
  MachineSpec spec = machine(4s, false);
  spec.device.compute = {1, 2};
  spec.firmware.suspend_ack = SuspendAck::after_preempt;
  spec.processes.front().queues.push_back(queue("q1", QueueType::compute));
  spec.events = {evict_at(1ms, "p")};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionAborted>(1ms + 2s);
  const auto last = bench.all<QueueTransition>().back();
  CHECK(last.queue == QueueId{1});
  CHECK(last.to == UserqState::preempted);
}

TEST_CASE("where a release goes on after a failed stop, the fence signals and the others are restored",
          "[driver][hung]") {
  MachineSpec spec = machine(4s, false);
  spec.device.compute = {1, 2};
  spec.firmware.suspend_ack = SuspendAck::after_preempt;
  spec.kernel.stop_failure = StopFailure::go_on;
  spec.processes.front().queues.push_back(queue("q1", QueueType::compute));
  spec.events = {evict_at(1ms, "p")};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1ms + 2s);
  bench.expect_at<EvictionResumed>(1ms + 2s);
  CHECK(bench.count<EvictionAborted>() == 0);
  const auto last = bench.all<QueueTransition>().back();  // the hung queue is left alone
  CHECK(last.queue == QueueId{1});
  CHECK(last.to == UserqState::mapped);
}

}  // namespace
}  // namespace userqsim::driver_test
