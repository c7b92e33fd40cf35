// Who waits for whom, told where nothing goes on any more; and never told of those who will go on.
#include "models/machine/wait_graph.hpp"

#include <algorithm>

#include "models/machine/machine.hpp"
#include "scenarios/experiment/explore.hpp"
#include "sim/core/ensure.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::wait_graph_test {
namespace {

using namespace test;

using Stories = std::vector<std::string>;

Arrival once_at(Duration t) {
  TraceArrival once;
  once.rows.push_back({t, std::nullopt});
  return once;
}

// As it stands when all is done that happens up to `t`.
WaitGraph waits_at(Duration t, MachineSpec spec) {
  spec.horizon = t;
  Machine machine(share(std::move(spec)), 0);
  machine.run();
  return machine.wait_graph();
}

JobSpec fenced(Duration work) {
  JobSpec j = job(work);
  j.fence = true;
  return j;
}

StreamSpec one(JobSpec j) { return stream(PeriodicArrival{1h}, std::move(j), 1); }

// A restore work waits for the reset that its failed RESUME set off, and that waits for the work.
MachineSpec reset_deadlock() {
  MachineSpec spec = ideal_machine_with("seed-v8+reset");
  spec.kernel.exit_evicts = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.events = {evict_at(10ms, "p")};
  FaultSpec refused = fault_of_eviction(0, FaultKind::packet_error, "p", "q0");
  refused.code = PacketError::error;
  refused.packet = PacketRole::restart;
  spec.faults = {refused};
  spec.horizon = 10s;
  return spec;
}

const std::string knot =
    "restore worker of p waits for the GPU's reset; reset worker waits for restore worker of p to end: a deadlock";

TEST_CASE("a deadlock is told round in its circle", "[waits]") {
  CHECK_FALSE(waits_at(9ms, reset_deadlock()).anyone_waits_for_ever());
  const WaitGraph waits = waits_at(10s, reset_deadlock());
  CHECK(waits.anyone_waits_for_ever());
  CHECK(waits.stories() == Stories{knot});
}

// The exit needs the process's eviction, whose worker needs the mutex that the restore work holds.
TEST_CASE("who waits for a deadlock is told once, behind it", "[waits]") {
  MachineSpec spec = reset_deadlock();
  spec.faults.push_back(fault_at(5s, FaultKind::kill, "p"));
  CHECK(
      waits_at(10s, spec).stories() ==
      Stories{knot,
              "closing of p waits for its eviction fence; the eviction fence of p waits for suspend worker of p to "
              "signal it; suspend worker of p waits for userq_mutex, which restore worker of p holds"});
}

TEST_CASE("explore tells the same deadlock below its sequence", "[waits][explore]") {
  const Exploration all = explore(share(reset_deadlock()), {}, Orders::distinct, nullptr);
  CHECK(all.counts.complete);
  const auto found = std::find_if(all.findings.begin(), all.findings.end(),
                                  [](const Finding& f) { return f.hazard == waits_for_ever; });
  REQUIRE(found != all.findings.end());
  CHECK(found->waits == Stories{knot});
  CHECK(found->waits_dot.find("[label=\"waits for the GPU's reset\"]") != std::string::npos);
}

// The job's fence is not there within 100 ms; b waits for room that a's buffer has never left.
TEST_CASE("an eviction that was given up is told from the request that waits for it", "[waits]") {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {2, 1};
  spec.device.vram = mib(100);
  spec.kernel.pre_wait = PreWait::abort;
  spec.kernel.pre_wait_limit = 100ms;
  spec.processes = {process("a", {queue("q", QueueType::compute, one(fenced(300ms)))}),
                    process("b", {queue("r", QueueType::gfx, stream(once_at(60ms), job(1ms)))})};
  spec.processes[0].vram = {{"frame", mib(80), 1, Domain::vram}};
  PressureSpec wants = allocation("b", BufferSpec{"more", mib(40), 1, Domain::vram});
  wants.at = 50ms;
  spec.events = {wants};
  CHECK_FALSE(waits_at(149ms, spec).anyone_waits_for_ever());  // the limit is still to come
  // Requests 0 and 1 were for what the processes have from their start.
  const std::string request = "request 2 of b waits for the move of a's frame from vram to gtt; ";
  const std::string move = "the move of a's frame from vram to gtt waits for the eviction fence of a; ";
  const std::string fence = "the eviction fence of a never signals: suspend worker of a has given up";
  const std::string client = "client of b/r waits for memory; the allocation of b waits for request 2 of b; ";
  for (const Duration t : {151ms, 1000ms})
    CHECK(waits_at(t, spec).stories() == Stories{client + request + move + fence});
}

// Three invalidations of a process whose fence is dead since 110 ms: the first has notifier_lock, two wait for it.
TEST_CASE("whoever waits in the same words is told once", "[waits]") {
  MachineSpec spec = ideal_machine();
  spec.kernel.pre_wait = PreWait::abort;
  spec.kernel.pre_wait_limit = 100ms;
  spec.processes = {process("a", {queue("q", QueueType::compute, one(fenced(300ms)))})};
  for (const Duration at : {10ms, 20ms, 30ms}) {
    PressureSpec invalidates = event_at(at, PressureKind::invalidate_userptr, "a");
    invalidates.size = mib(1);
    spec.events.push_back(invalidates);
  }
  CHECK(waits_at(1s, spec).stories() ==
        Stories{
            "MMU notifier of a waits for notifier_lock, which MMU notifier of a holds; MMU notifier of a waits for "
            "the eviction fence of a; the eviction fence of a never signals: suspend worker of a has given up"});
}

// The fence is dead since 110 ms. a ends at 250 ms, its job at 300 ms: the exit waits for that, and is the end of a
// wait for the fence.
TEST_CASE("a dead fence ends with its process", "[waits]") {
  MachineSpec spec = ideal_machine();
  spec.kernel.pre_wait = PreWait::abort;
  spec.kernel.pre_wait_limit = 100ms;
  spec.processes = {process("a", {queue("q", QueueType::compute, one(fenced(300ms)))})};
  spec.processes[0].stop = 250ms;
  PressureSpec invalidates = event_at(10ms, PressureKind::invalidate_userptr, "a");
  invalidates.size = mib(1);
  spec.events.push_back(invalidates);
  for (const Duration t : {111ms, 249ms, 251ms, 299ms, 301ms}) {
    CAPTURE(t.count());
    CHECK_FALSE(waits_at(t, spec).anyone_waits_for_ever());
  }
}

// Each packet takes 5 ms: REMOVE_QUEUE from 10 ms on, ADD_QUEUE from 15. The client of 12 ms finds its process
// evicted; the fence is live again from 15 ms on, but it is the restart's end that wakes it.
TEST_CASE("whoever comes during an eviction waits for the end of the restart", "[waits]") {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.policy = "unmap_map";
  spec.costs.mes_api = cost(5ms);
  spec.kernel.restore_delay = 0ns;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(once_at(12ms), fenced(1ms)))})};
  spec.events = {evict_at(10ms, "p")};
  const WaitGraph waits = waits_at(18ms, spec);
  CHECK_FALSE(waits.anyone_waits_for_ever());
  const Stories all = waits.all_stories();
  CAPTURE(all);
  CHECK(std::any_of(all.begin(), all.end(), [](const std::string& story) {
    return story.starts_with("client of p/q0 waits for restore worker of p to end");
  }));
}

// The queue hangs at 5 ms; its eviction at 10 ms waits for the last fence without limit.
MachineSpec hung() {
  MachineSpec spec = ideal_machine();
  spec.kernel.pre_wait = PreWait::unbounded;
  spec.processes = {process("p", {queue("q0", QueueType::compute, one(fenced(20ms)))})};
  spec.events = {evict_at(10ms, "p")};
  spec.faults = {fault_at(5ms, FaultKind::hang, "p", "q0")};
  return spec;
}

TEST_CASE("without a circle the chain is told to its end", "[waits]") {
  MachineSpec spec = hung();
  spec.kernel.gpu_recovery = false;
  const WaitGraph waits = waits_at(1s, spec);
  CHECK(waits.stories() ==
        Stories{"suspend worker of p waits for the last fence of p/q0; p/q0 hangs; nothing resets it"});
  CHECK(waits.drawing().to_text() ==
        "suspend worker of p -> p/q0 hangs; nothing resets it: waits for the last fence of p/q0\n");
}

// The hang detection looks at the fence after 200 ms, and has the queue reset: until then that is still to come.
TEST_CASE("where somebody will come to a hung queue nobody waits for ever", "[waits]") {
  MachineSpec spec = hung();
  spec.kernel = kernel_of("7.1");
  spec.kernel.pre_wait = PreWait::unbounded;
  spec.kernel.hang_timer = true;
  spec.kernel.job_timeout = {200ms, 200ms, 200ms};
  for (const Duration t : {11ms, 100ms, 199ms, 201ms, 900ms}) {
    CHECK_FALSE(waits_at(t, spec).anyone_waits_for_ever());
  }
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<EvictionSignaled>() == 1);
}

// The isolation window cancels the restore work, which is due at 15 ms. A client that waits for it since 12 ms
// looks again, and queues it: it runs 1 ms later.
MachineSpec cancelled_under_client() {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.costs.worker_latency = cost(1ms);
  spec.kernel.restore_delay = 5ms;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(once_at(12ms), fenced(1ms)))})};
  spec.events = {evict_at(10ms, "p"), event_at(12500us, PressureKind::isolation_stop),
                 event_at(14ms, PressureKind::isolation_start)};
  return spec;
}

TEST_CASE("a client whose restore was cancelled has it queued again", "[waits]") {
  MachineBench bench(cancelled_under_client());
  bench.expect_at<Hazard>(12500us, hazard(HazardKind::restore_cancelled));
  bench.expect_at<EvictionResumed>(13500us);
  bench.expect_at<JobEnded>(14500us);
  CHECK_FALSE(waits_at(1s, cancelled_under_client()).anyone_waits_for_ever());
}

TEST_CASE("without a client a restore that was cancelled does not come", "[waits]") {
  MachineSpec spec = cancelled_under_client();
  spec.processes[0].queues[0].jobs.reset();
  const WaitGraph waits = waits_at(1s, spec);
  CHECK(waits.stories().empty());
  CHECK(waits.story_of_restart(ProcessId{0}) == "the restart of p does not come: its restore work is not queued");
}

TEST_CASE("while a window is open its end counts only where the scenario has one", "[waits]") {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.device.compute = {2, 1};
  spec.kernel.pre_wait = PreWait::unbounded;
  JobSpec work = fenced(5ms);
  spec.processes = {process("p", {queue("q0", QueueType::compute, one(work))})};
  work.grain = 1ms;
  spec.processes[0].queues[0].jobs->graph = {work};
  spec.events = {event_at(2500us, PressureKind::isolation_stop), evict_at(10ms, "p")};
  const bool ends = GENERATE(false, true);
  if (ends) spec.events.push_back(event_at(30ms, PressureKind::isolation_start));
  const std::string wait = "suspend worker of p waits for the last fence of p/q0; ";
  const std::string stopped = "p/q0 is PREEMPTED";
  if (!ends) {
    CHECK(waits_at(20ms, spec).stories() ==
          Stories{wait + stopped +
                  " in an isolation window; the isolation window is not closed by anything that is "
                  "still to come"});
    return;
  }
  CHECK(waits_at(20ms, spec).stories().empty());
  // The end of the window needs the mutex that the suspend worker holds while it waits for a stopped queue.
  CHECK(
      waits_at(40ms, spec).stories() ==
      Stories{wait + stopped +
              ", and device worker is at it; device worker waits for userq_mutex of p, which suspend worker of p " +
              "holds: a deadlock"});
}

// VRAM has room for one. Each restore evicts the other, who is restored at once, and nothing takes time.
TEST_CASE("a livelock says who waits", "[waits]") {
  MachineSpec spec = ideal_machine_with("kfd");
  spec.device.vram = mib(100);
  spec.kernel.restore_delay = 0ns;
  spec.kernel.min_run = 0ns;
  spec.kernel.keep_idle_evicted = false;
  spec.kernel.restore_placement = RestorePlacement::evict_or_fail;
  spec.kernel.restore_retry = 0ns;
  spec.events = {evict_at(10ms, "a"), evict_at(11ms, "b")};
  spec.processes = {process("a", {queue("q", QueueType::compute)}), process("b", {queue("r", QueueType::gfx)})};
  for (ProcessSpec& p : spec.processes) p.vram = {{"frame", mib(80), 1, Domain::vram}};
  Machine machine(share(std::move(spec)), 0);
  try {
    machine.run();
    FAIL("no livelock was reported");
  } catch (const InvariantError& error) {
    const std::string text = error.what();
    CAPTURE(text);
    const std::size_t waits = text.find("\nwho waits then:\n  ");
    REQUIRE(waits != std::string::npos);
    CHECK(text.find(" worker of a waits for ", waits) != std::string::npos);
    CHECK(text.find(" worker of b waits for ", waits) != std::string::npos);
  }
}

// Memory pressure, evictions, isolation and a system suspend on a driver that cancels no restore: every wait ends,
// and at no moment is one called endless. On others one may be, and then it stays so.
TEST_CASE("only what never ends is called endless", "[waits]") {
  const std::string kernel = GENERATE("6.18", "7.1", "kfd");
  CAPTURE(kernel);
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.vram = mib(100);
  spec.device.link = Bandwidth{std::int64_t{10} << 30};
  spec.kernel.restore_delay = 2ms;
  spec.costs.mes_api = cost(10us);
  spec.costs.unmap = cost(7us);
  spec.costs.worker_latency = cost(100us);
  JobSpec work = fenced(500us);
  work.grain = 100us;
  spec.processes = {process("a", {queue("q", QueueType::compute, stream(PeriodicArrival{3ms}, work)),
                                  queue("s", QueueType::compute, stream(PeriodicArrival{4ms}, work))}),
                    process("b", {queue("q", QueueType::gfx, stream(PeriodicArrival{5ms}, work))})};
  for (ProcessSpec& p : spec.processes) p.vram = {{"frame", mib(60), 2, Domain::vram}};
  PressureSpec storm = evict_at(0ns, "a");
  storm.at.reset();
  storm.every = constant(7ms);
  spec.events = {storm, event_at(20ms, PressureKind::isolation_stop), event_at(25ms, PressureKind::isolation_start),
                 event_at(40ms, PressureKind::suspend), event_at(50ms, PressureKind::resume)};
  bool endless = false;
  for (Duration t = 0ms; t < 80ms; t += 300us) {
    const WaitGraph waits = waits_at(t, spec);
    CAPTURE(t.count(), waits.stories());
    if (endless) REQUIRE(waits.anyone_waits_for_ever());
    endless = waits.anyone_waits_for_ever();
    if (kernel == "kfd") REQUIRE_FALSE(endless);
  }
}

}  // namespace
}  // namespace userqsim::wait_graph_test
