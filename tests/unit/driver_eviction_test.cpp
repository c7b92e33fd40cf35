// Evictions that memory or the CPU asks for: whole chains from the request to the restore, and processes that exit
// in the middle of one.
#include <algorithm>

#include "tests/support/machine_bench.hpp"

namespace userqsim::driver_eviction_test {
namespace {

using namespace test;

constexpr ProcessId victim{0}, requester{1};

constexpr Bytes mib(std::int64_t n) { return {n << 20}; }

ProcessSpec owner(std::string name, std::int64_t size, Duration start, std::vector<QueueSpec> queues) {
  ProcessSpec p = process(std::move(name), std::move(queues));
  p.start = start;
  p.vram = {{"buffer", mib(size), 1, Domain::vram}};
  return p;
}

// VRAM of 100 MiB; a victim with 60, and at 1 ms somebody who needs 60. A MiB moves in 2 us.
constexpr Duration moved = 60 * 2us;
MachineSpec pressed(std::optional<StreamSpec> jobs = std::nullopt) {
  MachineSpec spec = ideal_machine();
  spec.device.vram = mib(100);
  spec.device.link = {(std::int64_t{1} << 20) * 500'000};
  spec.processes = {owner("victim", 60, 0ms, {queue("q0", QueueType::compute, std::move(jobs))}),
                    owner("requester", 60, 1ms, {})};
  return spec;
}

TEST_CASE("an allocation waits for the stop and the move of its victim", "[driver][eviction]") {
  MachineSpec spec = pressed();
  spec.costs.preempt_idle = cost(50us);
  MachineBench bench(std::move(spec));
  const EvictionStarted started = bench.expect_at<EvictionStarted>(1ms);
  CHECK(started.eviction == EvictionId{victim, 0});
  CHECK(started.trigger == Trigger::allocation);
  CHECK(started.queues == 1);
  CHECK(started.queues_running == 0);
  bench.expect_at<EvictionSignaled>(1050us);
  CHECK(bench.expect_at<BufferMoved>(1050us + moved).start == SimTime{1050us});
  bench.expect_at<RequestEnded>(0ms);
  CHECK(bench.expect_at<RequestEnded>(1050us + moved).process == requester);
  // The restore finds VRAM full: the buffer settles in GTT, but only when its move out is done.
  bench.expect_at<EvictionResumed>(1050us + moved);
  CHECK(bench.expect_at<EvictionStep>(1050us + moved, step(EvictionStepKind::move)).start == SimTime{1050us});
}

TEST_CASE("v8 does not wait for the suspend fence: the move begins under running waves", "[driver][eviction]") {
  const bool waits = GENERATE(false, true);
  MachineSpec spec = pressed(stream(PeriodicArrival{1h}, job(10ms), 1));
  spec.kernel.lifecycle = waits ? "6.18" : "seed-v8";
  spec.kernel.suspend_fence_wait = waits;
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(waits ? 10ms : 1ms);
  bench.run();
  const auto hazards = bench.times<Hazard>(hazard(HazardKind::moved_while_running));
  CHECK(hazards == (waits ? in_ns({}) : in_ns({1ms})));
}

TEST_CASE("the eager rule starts both evictions at once, the lazy one after the other", "[driver][eviction]") {
  const bool eager = GENERATE(false, true);
  MachineSpec spec = pressed();
  spec.device.compute = {1, 2};
  spec.kernel.fence_enabling = eager ? FenceEnabling::eager : FenceEnabling::lazy;
  spec.processes = {owner("a", 40, 0ms, {queue("q0", QueueType::compute)}),
                    owner("b", 40, 0ms, {queue("q0", QueueType::compute)}), owner("c", 100, 1ms, {})};
  spec.costs.worker_latency = cost(30us);
  MachineBench bench(std::move(spec));
  const Duration copy = 40 * 2us;
  bench.expect_at<EvictionStarted>(1ms);
  bench.expect_at<EvictionStarted>(eager ? 1ms : 1ms + 30us + copy);
  const auto of_c = [](const RequestEnded& r) { return r.process == ProcessId{2}; };
  bench.expect_at<RequestEnded>(1ms + 30us + copy + (eager ? 0us : 30us) + copy, of_c);
}

// The victim's exit at `at`; its suspend worker needs 100 us to start, its preemption 300 us.
MachineSpec exiting(Duration at) {
  MachineSpec spec = pressed();
  spec.processes.front().stop = at;
  spec.costs.worker_latency = cost(100us);
  spec.costs.preempt_idle = cost(300us);
  return spec;
}

TEST_CASE("a process that exits before its suspend worker begins is never evicted", "[driver][exit]") {
  MachineBench bench(exiting(1050us));
  // The exit has userq_mutex first, and takes the queue off the machine itself.
  bench.expect_at<ProcessExited>(1050us + 300us);
  bench.expect_at<RequestEnded>(0ms);
  const RequestEnded ended = bench.expect_at<RequestEnded>(1050us + 300us);
  CHECK(ended.process == requester);
  CHECK(ended.outcome == RequestOutcome::ready);
  bench.run();
  CHECK(bench.count<EvictionSignaled>() == 0);
  CHECK(bench.count<EvictionAborted>() == 0);
  CHECK(bench.count<BufferMoved>() == 0);
}

TEST_CASE("a process that exits during its suspend waits for the worker, and is not restored", "[driver][exit]") {
  MachineBench bench(exiting(1200us));
  bench.expect_at<EvictionSignaled>(1100us + 300us);
  bench.expect_at<ProcessExited>(1100us + 300us);  // its queue has no slot any more: nothing to wait for
  bench.run();
  CHECK(bench.count<EvictionResumed>() == 0);
  CHECK(bench.all<QueueTransition>().back().to == UserqState::gone);
}

TEST_CASE("a process that exits while it is off the machine is not restored", "[driver][exit]") {
  MachineSpec spec = exiting(2ms);
  spec.kernel.restore_delay = 10ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1400us);
  bench.expect_at<ProcessExited>(2ms);
  bench.run();
  CHECK(bench.count<EvictionResumed>() == 0);
}

TEST_CASE("a process that exits during its restore waits for that to end", "[driver][exit]") {
  MachineSpec spec = exiting(1600us);
  spec.processes[1].vram.clear();
  spec.events = {evict_at(1ms, "victim")};
  spec.costs.page_table_base = cost(500us);
  spec.processes.front().start = 0ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1400us);
  // 100 us to start, 500 us of page tables under userq_mutex; then the queue is mapped, and taken off again.
  bench.expect_at<EvictionResumed>(1400us + 100us + 500us);
  bench.expect_at<ProcessExited>(2000us + 300us);
}

TEST_CASE("jobs of a process that exits while evicted end as exited, once each", "[driver][exit]") {
  MachineSpec spec = pressed(stream(PeriodicArrival{100us}, job(1us)));
  spec.processes[1].start = 1050us;
  spec.processes.front().stop = 2050us;
  spec.kernel.restore_delay = 10ms;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto lost = [](const JobEnded& j) { return j.outcome == JobOutcome::exited; };
  CHECK(bench.times<JobEnded>(lost) == std::vector<std::int64_t>(10, 2'050'000));  // of 1.1 to 2.0 ms
  CHECK(bench.count<JobEnded>() == 11 + 10);                                       // and no later ones come
}

TEST_CASE("an exit waits 100 ms for a queue's last fence, then takes the queue off the machine", "[driver][exit]") {
  struct Case {
    Duration work, exited;
  };
  const auto [work, exited] = GENERATE(Case{120ms, 120ms}, Case{300ms, 300ms});
  MachineSpec spec = ideal_machine();
  JobSpec covered = job(work);
  covered.fence = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, covered, 1))})};
  spec.processes.front().stop = 50ms;
  MachineBench bench(std::move(spec));
  // The packet goes out when the fence has signalled or 100 ms are over; it drains what still runs.
  const PacketEnded remove = bench.expect_at<PacketEnded>(exited, packet(Opcode::remove_queue));
  CHECK(remove.issued == SimTime{std::min<Duration>(work, 150ms)});
  bench.expect_at<ProcessExited>(exited);
}

TEST_CASE("a job that ends during the exit may have had a waiter that is gone", "[driver][exit]") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 2};
  JobSpec second = job(1ms), first = job(10ms);
  second.name = "second", second.after = {"first"};
  first.name = "first", first.queue = "q1";
  StreamSpec graph = stream(PeriodicArrival{1h}, second, 1);
  graph.graph.push_back(first);
  spec.processes = {process("p", {queue("q0", QueueType::compute, graph), queue("q1", QueueType::compute)})};
  spec.processes.front().stop = 5ms;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto ended = bench.all<JobEnded>();  // q0 is destroyed first; q1 drains to 10 ms
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].outcome == JobOutcome::exited);
  CHECK(ended[0].time == SimTime{5ms});
  CHECK(ended[1].outcome == JobOutcome::finished);
  CHECK(ended[1].time == SimTime{10ms});
}

TEST_CASE("a process creates its queues when its own buffers are ready, not another allocation", "[driver][open]") {
  MachineSpec spec = pressed();
  spec.device.compute = {1, 2};
  spec.costs.preempt_idle = cost(50us);
  spec.processes[1].queues = {queue("q0", QueueType::compute)};
  PressureSpec other = evict_at(1010us, "requester");
  other.kind = PressureKind::allocate;
  other.buffer = BufferSpec{"small", Bytes{4096}, 1, Domain::gtt};
  spec.events = {other};
  MachineBench bench(std::move(spec));
  const auto of_requester = [](const QueueTransition& t) { return t.process == requester; };
  bench.expect_at<QueueTransition>(1050us + moved, of_requester);
}

PressureSpec invalidate(Duration at, std::string process, Bytes size) {
  PressureSpec e = evict_at(at, std::move(process));
  e.kind = PressureKind::invalidate_userptr;
  e.size = size;
  return e;
}

TEST_CASE("a userptr invalidation waits for the stop, and the restore faults every page in again",
          "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.events = {invalidate(1ms, "p", Bytes{64 * 1024 + 1})};  // 17 pages, the last begun
  spec.costs.preempt_idle = cost(50us);
  spec.costs.userptr_page = cost(3us);
  spec.costs.page_table_base = cost(9us);
  spec.costs.tlb_flush = cost(5us);
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<EvictionStarted>(1ms).trigger == Trigger::userptr);
  const auto userptr = [](const RequestEnded& r) { return r.kind == RequestKind::userptr; };
  const RequestEnded ended = bench.expect_at<RequestEnded>(1050us, userptr);
  CHECK(ended.requested == SimTime{1ms});
  CHECK(ended.outcome == RequestOutcome::ready);
  bench.expect_at<EvictionSignaled>(1050us);
  bench.expect_at<EvictionStep>(1050us + 17 * 3us, step(EvictionStepKind::userptr_fault));
  bench.expect_at<EvictionStep>(1050us + 51us + 9us, step(EvictionStepKind::page_table));
  // A packet of 5 us for each hub, each seen on the grid of 2 us.
  bench.expect_at<EvictionStep>(1050us + 51us + 9us + 6us, step(EvictionStepKind::tlb_flush));
  bench.expect_at<EvictionStep>(1050us + 51us + 9us + 2 * 6us, step(EvictionStepKind::tlb_flush));
  bench.expect_at<EvictionResumed>(1050us + 51us + 9us + 12us);
}

TEST_CASE("invalidations of all processes go one after the other", "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 2};
  spec.processes = {process("a", {queue("q0", QueueType::compute)}),
                    process("b", {queue("q0", QueueType::compute)})};
  spec.events = {invalidate(1ms, "a", Bytes{4096}), invalidate(1010us, "b", Bytes{4096})};
  spec.costs.preempt_idle = cost(50us);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionStarted>(1ms);
  CHECK(bench.expect_at<EvictionStarted>(1050us).eviction.process == ProcessId{1});  // not before the lock is free
  const auto userptr = [](const RequestEnded& r) { return r.kind == RequestKind::userptr; };
  bench.expect_at<RequestEnded>(1050us, userptr);
  CHECK(bench.expect_at<RequestEnded>(1100us, userptr).requested == SimTime{1010us});
}

TEST_CASE("an invalidation of a process that is off the machine does not wait, and is faulted in too",
          "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.kernel.restore_delay = 1ms;
  spec.events = {evict_at(1ms, "p"), invalidate(1500us, "p", Bytes{4 * 4096}),
                 invalidate(1600us, "p", Bytes{4096})};
  spec.costs.userptr_page = cost(3us);
  MachineBench bench(std::move(spec));
  const auto userptr = [](const RequestEnded& r) { return r.kind == RequestKind::userptr; };
  bench.expect_at<RequestEnded>(1500us, userptr);
  bench.expect_at<RequestEnded>(1600us, userptr);
  bench.expect_at<EvictionResumed>(1ms + 1ms + (4 + 1) * 3us);
  CHECK(bench.count<EvictionStarted>() == 1);
}

TEST_CASE("pages invalidated during the restore are faulted in again before the new fence", "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.events = {invalidate(1ms, "p", Bytes{4 * 4096}), invalidate(1015us, "p", Bytes{2 * 4096})};
  spec.costs.userptr_page = cost(3us);
  spec.costs.page_table_base = cost(9us);
  MachineBench bench(std::move(spec));
  // 4 pages to 1012, page tables to 1021; meanwhile, at 1015, two more became invalid: 2 pages, page tables.
  bench.expect_at<EvictionStep>(1ms + 12us, step(EvictionStepKind::userptr_fault));
  bench.expect_at<EvictionStep>(1ms + 12us + 9us, step(EvictionStepKind::page_table));
  bench.expect_at<EvictionStep>(1ms + 21us + 6us, step(EvictionStepKind::userptr_fault));
  bench.expect_at<EvictionStep>(1ms + 27us + 9us, step(EvictionStepKind::page_table));
  bench.expect_at<EvictionResumed>(1ms + 36us);
  CHECK(bench.count<EvictionStarted>() == 1);
}

TEST_CASE("an invalidation that waits behind another ends with its process", "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 2};
  spec.processes = {process("a", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, job(20ms), 1))}),
                    process("b", {queue("q0", QueueType::compute)})};
  spec.firmware.api_during_unmap = ApiDuringUnmap::free;
  spec.processes[1].stop = 5ms;
  spec.events = {invalidate(1ms, "a", Bytes{4096}), invalidate(2ms, "b", Bytes{4096})};
  MachineBench bench(std::move(spec));
  bench.run();
  const auto of_b = [](const RequestEnded& r) { return r.kind == RequestKind::userptr && r.process == requester; };
  const auto ended = bench.all<RequestEnded>(of_b);
  REQUIRE(ended.size() == 1);
  CHECK(ended.front().outcome == RequestOutcome::exited);
}

TEST_CASE("an invalidation behind an aborted eviction waits for ever", "[driver][userptr]") {
  MachineSpec spec = ideal_machine();
  JobSpec covered = job(500ms);
  covered.fence = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, covered, 1))})};
  spec.kernel.pre_wait = PreWait::abort;
  spec.events = {invalidate(1ms, "p", Bytes{4096})};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionAborted>(101ms);
  bench.run();
  const auto userptr = [](const RequestEnded& r) { return r.kind == RequestKind::userptr; };
  CHECK(bench.expect_at<RequestEnded>(1s, userptr).outcome == RequestOutcome::open);  // the horizon
}

}  // namespace
}  // namespace userqsim::driver_eviction_test
