// What an observer of the whole machine finds: each hazard where it occurs, and one nearby where it does not.
#include "models/machine/watch.hpp"

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::watch_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};

JobSpec rounds_of_1ms(Duration work, bool fence = false) {
  JobSpec j = job(work);
  j.grain = 1ms;
  j.fence = fence;
  return j;
}

TraceArrival arrivals(std::initializer_list<Duration> times) {
  TraceArrival trace;
  for (const Duration at : times) trace.rows.push_back({at, std::nullopt});
  return trace;
}

std::vector<std::int64_t> times_of(const MachineBench& bench, HazardKind kind) {
  return bench.times<Hazard>(hazard(kind));
}

// One process whose compute queue is busy from time zero on.
MachineSpec busy_machine(const std::string& kernel) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, rounds_of_1ms(10s), 1))})};
  return spec;
}

// restore_all does not look whether isolation is on: it restarts what the eviction found stopped already.
TEST_CASE("a restore breaks an isolation window that an eviction falls into", "[watch]") {
  MachineSpec spec = busy_machine(GENERATE("6.16", "6.18", "6.19", "7.1"));
  const Duration evicted = GENERATE(Duration{12ms}, Duration{25ms});
  const bool in_the_window = evicted < 20ms;
  spec.events = {event_at(10ms, PressureKind::isolation_stop), evict_at(evicted, "p"),
                 event_at(20ms, PressureKind::isolation_start)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::isolation_breach) == (in_the_window ? in_ns({12ms}) : in_ns({})));
  if (in_the_window) CHECK(bench.all<Hazard>(hazard(HazardKind::isolation_breach))[0].queue == q0);
}

TEST_CASE("isolation leaves SDMA alone, and is no breach while it still stops", "[watch]") {
  MachineSpec spec = busy_machine("6.18");
  spec.processes[0].queues.push_back(
      queue("q1", QueueType::sdma, stream(PeriodicArrival{1h}, rounds_of_1ms(10s), 1)));
  // The round that runs at 10.5 ms ends at 11 ms.
  spec.events = {event_at(10500us, PressureKind::isolation_stop), event_at(20ms, PressureKind::isolation_start)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>() == 0);
}

// The unmap takes the ring from under a MAPPED queue, up to 6.18; from 6.19 on it waits until the queue is stopped,
// and the restore finds it without addresses.
TEST_CASE("a queue whose buffers are unmapped stays mapped where nobody looks", "[watch]") {
  const std::string kernel = GENERATE("6.16", "6.18", "6.19", "7.1");
  const bool looks = kernel == "6.19" || kernel == "7.1";
  MachineSpec spec = busy_machine(kernel);
  spec.faults = {fault_at(5500us, FaultKind::free_buffer, "p", "q0")};
  spec.events = {evict_at(10ms, "p")};  // restarted without its buffers, which has been said
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::mapped_without_address) == (looks ? in_ns({}) : in_ns({5500us})));
}

constexpr Bytes mib(std::int64_t n) { return {n << 20}; }

// VRAM of 100 MiB; a victim with 60, and at 2 ms somebody who needs 60. A MiB moves in 2 us: 120 us.
MachineSpec pressed(const std::string& kernel, JobSpec work) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.vram = mib(100);
  spec.device.link = {(std::int64_t{1} << 20) * 500'000};
  spec.processes = {process("victim", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, work, 1))}),
                    process("requester", {})};
  spec.processes[0].vram = {{"buffer", mib(60), 1, Domain::vram}};
  spec.processes[1].vram = {{"buffer", mib(60), 1, Domain::vram}};
  spec.processes[1].start = 2ms;
  return spec;
}

// Each worker is on its way for 1 ms. The fence signals at 3 ms, and the buffer moves; isolation ends before the
// restore work begins, and resumes what it has PREEMPTED. 7.1's eviction has unmapped the queue, and isolation
// leaves it.
TEST_CASE("the end of isolation resumes a queue whose buffer is moving", "[watch]") {
  const std::string kernel = GENERATE("6.18", "7.1");
  MachineSpec spec = pressed(kernel, rounds_of_1ms(10s));
  spec.costs.worker_latency = cost(1ms);
  spec.events = {event_at(1ms, PressureKind::isolation_stop), event_at(3050us, PressureKind::isolation_start)};
  MachineBench bench(std::move(spec));
  bench.run();
  const auto found = times_of(bench, HazardKind::mapped_without_address);
  CHECK(found == (kernel == "6.18" ? in_ns({3120us}) : in_ns({})));
}

TEST_CASE("a process whose restore was cancelled is stopped for ever if it asks for nothing", "[watch]") {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.kernel.restore_delay = 5ms;
  const bool isolated = GENERATE(true, false);
  const bool submits = GENERATE(true, false);
  spec.events = {evict_at(10ms, "p")};
  if (isolated) {
    spec.events.push_back(event_at(12ms, PressureKind::isolation_stop));
    spec.events.push_back(event_at(13ms, PressureKind::isolation_start));
  }
  // A submission behind the horizon would bring it back.
  if (submits) spec.processes[0].queues[0].jobs = stream(arrivals({2s}), rounds_of_1ms(1ms, true));
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::stopped_for_ever) == (isolated && !submits ? in_ns({1s}) : in_ns({})));
}

// Doorbells alone do not bring it back, nor does an eviction: it is stopped already.
TEST_CASE("whoever rings doorbells without end is stopped for ever all the same", "[watch]") {
  MachineSpec spec = ideal_machine_with("6.18");
  const bool fence = GENERATE(false, true);
  const bool keeps_idle = GENERATE(false, true);
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{20ms}, rounds_of_1ms(1ms, fence)))})};
  spec.kernel.restore_delay = 5ms;
  spec.kernel.keep_idle_evicted = keeps_idle;
  PressureSpec again = evict_at(100ms, "p");
  again.at.reset();
  again.every = constant(100ms);
  spec.events = {evict_at(10ms, "p"), event_at(12ms, PressureKind::isolation_stop),
                 event_at(13ms, PressureKind::isolation_start), again};
  spec.horizon = 90ms;
  MachineBench bench(std::move(spec));
  bench.run();
  REQUIRE(bench.count<Hazard>(hazard(HazardKind::restore_cancelled)) == 1);
  CHECK(times_of(bench, HazardKind::stopped_for_ever) == (fence || keeps_idle ? in_ns({}) : in_ns({90ms})));
}

TEST_CASE("nobody is stopped for ever whose queues are gone", "[watch]") {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.kernel.restore_delay = 5ms;
  const bool gives_back = GENERATE(false, true);
  spec.events = {evict_at(10ms, "p"), event_at(12ms, PressureKind::isolation_stop),
                 event_at(13ms, PressureKind::isolation_start)};
  if (gives_back) {
    spec.events.push_back(event_at(20ms, PressureKind::destroy_queue, "p"));
    spec.events.back().queue = "q0";
  }
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::stopped_for_ever) == (gives_back ? in_ns({}) : in_ns({1s})));
}

// One slot, and turns of 1 ms: q0 has it, and hangs in it.
MachineSpec one_hangs(const std::string& kernel, std::initializer_list<Duration> jobs_of_q0) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(arrivals(jobs_of_q0), rounds_of_1ms(100ms, true)))}),
      process("r", {queue("q1", QueueType::compute, stream(arrivals({50ms}), rounds_of_1ms(10ms)))})};
  spec.faults = {fault_at(10500us, FaultKind::hang, "p", "q0")};
  spec.horizon = 10s;
  return spec;
}

TEST_CASE("a queue that hangs keeps the slot for which another waits for ever", "[watch]") {
  const std::string kernel = GENERATE("6.18", "7.1");  // which resets it after 2 s
  MachineBench bench(one_hangs(kernel, {0ms}));
  bench.run();
  const auto never = [](const Hazard& h) { return h.kind == HazardKind::never_mapped && h.queue == q1; };
  CHECK(bench.times<Hazard>(never) == (kernel == "6.18" ? in_ns({10s}) : in_ns({})));
}

// 7.1 resets the queue at 2 s by RESET and REMOVE_QUEUE and leaves its state MAPPED.
TEST_CASE("MES knows nothing of a queue that 7.1 has reset", "[watch]") {
  MachineSpec spec = one_hangs("7.1", {0ms});
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::driver_mes_disagree) == in_ns({2s}));
  CHECK(bench.all<Hazard>(hazard(HazardKind::driver_mes_disagree))[0].queue == q0);
  CHECK(times_of(bench, HazardKind::work_lost) == in_ns({2s}));
}

TEST_CASE("driver and MES agree about a queue that 6.19 has found hung, whose job is lost all the same",
          "[watch]") {
  MachineSpec spec = one_hangs("6.19", {0ms});
  spec.events = {evict_at(500ms, "p")};  // asks who hangs
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<Hazard>(hazard(HazardKind::queue_lost)) == 1);
  CHECK(bench.count<Hazard>(hazard(HazardKind::driver_mes_disagree)) == 0);
  CHECK(bench.count<Hazard>(hazard(HazardKind::work_lost)) == 1);
}

// Up to 6.18 a reset of the GPU does not know of user queues: they are MAPPED, and MES has forgotten them.
TEST_CASE("a reset of the GPU leaves driver and MES at odds where it does not know of user queues", "[watch]") {
  const std::string kernel = GENERATE("6.16", "6.18", "7.1");
  const bool knows = kernel == "7.1";
  MachineSpec spec = busy_machine(kernel);
  spec.device.reset_method = ResetMethod::mode2;
  spec.costs.mode2_reset = cost(5ms);
  spec.events = {event_at(10500us, PressureKind::gpu_reset)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::driver_mes_disagree) == (knows ? in_ns({}) : in_ns({15500us})));
  // Its context was saved by 7.1's pre_reset, and died with its waves before.
  CHECK(times_of(bench, HazardKind::work_lost) == (knows ? in_ns({}) : in_ns({10500us})));
}

TEST_CASE("work of who exits, or gives his queue back, is not lost", "[watch]") {
  MachineSpec spec = busy_machine("7.1");
  spec.processes[0].queues[0].jobs->graph[0].work = constant(1h);
  if (GENERATE(true, false)) {
    spec.processes[0].stop = 100ms;
  } else {
    spec.events = {event_at(100ms, PressureKind::destroy_queue, "p")};
    spec.events[0].queue = "q0";
  }
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<JobEnded>() == 1);
  CHECK(bench.count<Hazard>() == 0);
}

// The suspend worker waits for the last fence under userq_mutex: 6.18 for 100 ms, 7.1 until the job is done at 1.5
// s.
TEST_CASE("a mutex that is held for longer than the limit is told when it is released", "[watch]") {
  const std::string kernel = GENERATE("6.18", "7.1");
  const Duration limit = GENERATE(Duration{99ms}, Duration{100ms}, Duration{499ms}, Duration{500ms});
  MachineSpec spec = ideal_machine_with(kernel);
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(arrivals({0ms}), rounds_of_1ms(1500ms, true)))})};
  spec.events = {evict_at(1s, "p")};
  spec.mutex_held_limit = limit;
  spec.horizon = 10s;
  MachineBench bench(std::move(spec));
  bench.run();
  const Duration held = kernel == "6.18" ? 100ms : 500ms;
  CHECK(times_of(bench, HazardKind::mutex_held_long) == (held > limit ? in_ns({1s + held}) : in_ns({})));
}

// The victim's job is not done in 100 ms: up to 6.18 the eviction is given up, and whoever waits for it, waits.
TEST_CASE("an allocation waits for ever for an eviction that was given up", "[watch]") {
  const std::string kernel = GENERATE("6.16", "6.18", "6.19", "7.1");
  const bool gives_up = kernel == "6.16" || kernel == "6.18";
  MachineSpec spec = pressed(kernel, rounds_of_1ms(500ms, true));
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(times_of(bench, HazardKind::waits_for_ever) == (gives_up ? in_ns({1s}) : in_ns({})));
  // Its queue runs on: the victim is not stopped.
  CHECK(bench.count<Hazard>(hazard(HazardKind::stopped_for_ever)) == 0);
}

// What is under way at the horizon is not for ever: here the eviction itself.
TEST_CASE("a run that ends in the middle of something says nothing of what will end", "[watch]") {
  MachineSpec spec = pressed("7.1", rounds_of_1ms(10s, false));
  spec.horizon = 2ms + 60us;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<EvictionStarted>() == 1);
  CHECK(bench.count<EvictionResumed>() == 0);
  CHECK(bench.count<Hazard>() == 0);
}

}  // namespace
}  // namespace userqsim::watch_test
