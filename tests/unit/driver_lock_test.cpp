// Who waits for whom: the MES mutex over processes, clients behind an evicted process, rings that are full.
#include "tests/support/machine_bench.hpp"

namespace userqsim::driver_lock_test {
namespace {

using namespace test;

// Processes with an idle queue each, all evicted at once. A packet takes 10 us, the preemption 50 us, and
// REMOVE_QUEUE another 4 us.
MachineSpec idle_processes(std::initializer_list<const char*> names) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 4};
  spec.costs.mes_api = cost(10us);
  spec.costs.preempt_idle = cost(50us);
  spec.costs.teardown = cost(4us);
  spec.kernel.restore_delay = 100ms;
  for (const char* name : names) {
    spec.processes.push_back(process(name, {queue("q0", QueueType::compute)}));
    spec.events.push_back(evict_at(1ms, name));
  }
  return spec;
}

struct Hold {
  std::uint32_t process;
  Duration from, to;
  bool operator==(const Hold&) const = default;
};

// Who held the MES mutex for evictions, and when.
std::vector<Hold> holds(MachineBench& bench) {
  bench.run_until(50ms);
  std::vector<Hold> found;
  for (const MesLockHeld& h : bench.all<MesLockHeld>(by_eviction<MesLockHeld>)) {
    found.push_back({h.process.value, h.start.time_since_epoch(), h.end.time_since_epoch()});
  }
  return found;
}

TEST_CASE("SUSPEND gives the MES mutex up at its acknowledgement", "[driver][lock]") {
  MachineSpec spec = idle_processes({"a", "b"});
  SECTION("free: the second packet is read while the first queue is preempted") {
    spec.firmware.api_during_unmap = ApiDuringUnmap::free;
    MachineBench bench(std::move(spec));
    CHECK(holds(bench) == std::vector<Hold>{{0, 1000us, 1010us}, {1, 1010us, 1020us}});
    CHECK(bench.times<EvictionSignaled>() == in_ns({1060us, 1070us}));
  }
  SECTION("blocked: the second has the mutex at once, and its packet waits in the ring") {
    MachineBench bench(std::move(spec));
    CHECK(holds(bench) == std::vector<Hold>{{0, 1000us, 1010us}, {1, 1010us, 1070us}});
    CHECK(bench.times<EvictionSignaled>() == in_ns({1060us, 1120us}));
  }
}

TEST_CASE("acknowledged after the preemption, SUSPEND holds the mutex as long", "[driver][lock]") {
  MachineSpec spec = idle_processes({"a", "b"});
  spec.firmware.suspend_ack = SuspendAck::after_preempt;
  spec.firmware.api_during_unmap = GENERATE(ApiDuringUnmap::blocked, ApiDuringUnmap::free);
  MachineBench bench(std::move(spec));
  CHECK(holds(bench) == std::vector<Hold>{{0, 1000us, 1060us}, {1, 1060us, 1120us}});
}

TEST_CASE("REMOVE_QUEUE holds the MES mutex to its end", "[driver][lock]") {
  MachineSpec spec = idle_processes({"a", "b"});
  spec.policy = "unmap_map";
  spec.firmware.api_during_unmap = GENERATE(ApiDuringUnmap::blocked, ApiDuringUnmap::free);
  MachineBench bench(std::move(spec));
  CHECK(holds(bench) == std::vector<Hold>{{0, 1000us, 1064us}, {1, 1064us, 1128us}});
  const EvictionStep waited = bench.expect_at<EvictionStep>(1064us, step(EvictionStepKind::mes_lock));
  CHECK(waited.eviction.process == ProcessId{1});
  CHECK(waited.start == SimTime{1ms});
}

TEST_CASE("the MES mutex is first in, first out", "[driver][lock]") {
  MachineSpec spec = idle_processes({"a", "b", "c"});
  spec.policy = "unmap_map";
  spec.events = {evict_at(1002us, "a"), evict_at(1000us, "c"), evict_at(1001us, "b")};
  MachineBench bench(std::move(spec));
  CHECK(holds(bench) == std::vector<Hold>{{2, 1000us, 1064us}, {1, 1064us, 1128us}, {0, 1128us, 1192us}});
}

TEST_CASE("a flush on the MES ring holds the mutex, one on the second pipe does not", "[driver][lock]") {
  const bool on_ring = GENERATE(true, false);
  MachineSpec spec = ideal_machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  spec.device.tlb_flush_path = on_ring ? TlbFlushPath::mes_ring : TlbFlushPath::second_pipe;
  spec.costs.tlb_flush = cost(5us);
  PressureSpec invalidate = evict_at(1ms, "p");
  invalidate.kind = PressureKind::invalidate_userptr;
  invalidate.size = Bytes{4096};
  spec.events = {invalidate};
  MachineBench bench(std::move(spec));
  if (on_ring) {
    // One packet of 5 us, seen on the grid of 2 us.
    bench.expect_at<EvictionResumed>(1ms + 6us);
    bench.expect_at<MesLockHeld>(1ms, by_eviction<MesLockHeld>);  // SUSPEND
    CHECK(bench.expect_at<MesLockHeld>(1ms + 6us, by_eviction<MesLockHeld>).start == SimTime{1ms});
  } else {
    bench.expect_at<EvictionResumed>(1ms + 2 * 6us);  // two hubs, one after the other
    CHECK(bench.count<PacketEnded>([](const PacketEnded& p) { return p.opcode == Opcode::inv_tlbs; }) == 2);
    bench.expect_at<MesLockHeld>(1ms, by_eviction<MesLockHeld>);            // SUSPEND
    bench.expect_at<MesLockHeld>(1ms + 2 * 6us, by_eviction<MesLockHeld>);  // RESUME, free of cost
  }
}

// A job of 10 us each 100 us; evicted at 1.05 ms, restored 1 ms later.
MachineSpec periodic(bool covered) {
  MachineSpec spec = ideal_machine();
  JobSpec j = job(10us);
  j.fence = covered;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{100us}, j, 24))})};
  spec.kernel.restore_delay = 1ms;
  spec.events = {evict_at(1050us, "p")};
  return spec;
}

TEST_CASE("submissions while a process is evicted wait for its restore and drain in order", "[driver][client]") {
  const bool covered = GENERATE(true, false);  // in the ioctl, or in the ring
  MachineBench bench(periodic(covered));
  bench.run();
  const auto ended = bench.all<JobEnded>();
  REQUIRE(ended.size() == 24);
  for (std::uint32_t n = 0; n < 24; ++n) {
    INFO("job " << n);
    const Duration wanted = 100us * n;
    // 0 to 10 came before; 11 to 21 run back to back from the restore at 2.05 ms on, the last of them wanted at
    // 2.1 ms while that lasts; 22 and 23 find the machine idle.
    const bool waited = n >= 11 && n <= 21;
    const Duration begins = waited ? 2050us + 10us * (n - 11) : wanted;
    CHECK(ended[n].job.value == n);
    CHECK(ended[n].submitted == SimTime{wanted});
    CHECK(ended[n].started == SimTime{begins});
    CHECK(ended[n].finished == SimTime{begins + 10us});
  }
}

TEST_CASE("a covered submission waits for userq_mutex while the suspend worker has it", "[driver][client]") {
  const bool covered = GENERATE(true, false);
  MachineSpec spec = ideal_machine();
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  JobSpec first = job(50ms), late = job(1ms);
  first.fence = true;
  late.fence = covered;
  const TraceArrival at{{}, {{20ms, std::nullopt}}};
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, first, 1)),
                                  queue("q1", QueueType::compute, stream(at, late))})};
  spec.kernel.pre_wait = PreWait::unbounded;
  spec.kernel.restore_delay = 3ms;
  spec.events = {evict_at(10ms, "p")};
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(50ms);
  const auto of_late = [](const QueueRan& ran) { return ran.queue == QueueId{1}; };
  bench.expect_at<QueueRan>(covered ? 53ms : 20ms, of_late);
}

TEST_CASE("a full ring holds its client back until a job has left", "[driver][client]") {
  // The signal ioctl takes 1 us. With room the next job is submitted while one runs; in a ring of one job it is
  // submitted only when that is done.
  const std::uint32_t ring = GENERATE(1U, 2U);
  MachineSpec spec = ideal_machine();
  JobSpec j = job(10us);
  j.fence = true;
  spec.costs.submit = cost(1us);
  const TraceArrival together{{}, {{1ms, {}}, {1ms, {}}, {1ms, {}}, {1ms, {}}}};
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(together, j))})};
  spec.processes.front().queues.front().ring = ring;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto expected =
      ring == 1 ? in_ns({1011us, 1022us, 1033us, 1044us}) : in_ns({1011us, 1021us, 1031us, 1041us});
  CHECK(bench.times<JobEnded>() == expected);
}

TEST_CASE("clients that a full ring blocked burst when it moves again", "[driver][client]") {
  // Uncovered jobs each 100 us into a ring of 3, the queue stopped from 1.05 to 2.05 ms. Connecting takes 3 us and
  // is paid once: the ring never runs empty before all that was held back is done.
  MachineSpec spec = periodic(false);
  spec.costs.connect = cost(3us);
  spec.processes.front().queues.front().ring = 3;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto ended = bench.all<JobEnded>();
  REQUIRE(ended.size() == 24);
  CHECK(ended[10].finished == SimTime{1000us + 3us + 10us});
  for (std::uint32_t n = 11; n <= 21; ++n) CHECK(ended[n].finished == SimTime{2053us + 10us * (n - 10)});
  CHECK(ended[22].finished == SimTime{2200us + 3us + 10us});
}

}  // namespace
}  // namespace userqsim::driver_lock_test
