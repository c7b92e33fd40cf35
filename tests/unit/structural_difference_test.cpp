// With every cost that is unique to one scheme at zero, and one process alone, what is left between the schemes is
// derived here and must come out to the nanosecond.
//
// One queue, running; MES takes a = mes_api for a packet; the hardware then takes h to vacate the slot. Both
// schemes ask at time 0 of the worker's step:
//
//   REMOVE_QUEUE  acknowledged at a + h, polled every 2 us from the issue:      seen at ceil(a + h, 2 us)
//   SUSPEND       acknowledged at a (ack before the preemption), seen at A = ceil(a, 2 us); then the suspend fence,
//                 written at a + h, polled every 1 us from A:                   seen at A + ceil(a + h - A, 1 us)
//                 A is a whole number of microseconds, so that is               ceil(a + h, 1 us)
//
// Restart costs the same packet in both. So a stop of n queues one after the other, each vacated in h, is longer
// under unmap_map by n * (ceil(a + h, 2 us) - ceil(a + h, 1 us)): nothing or a microsecond a queue, the step of the
// poll.
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::structural_difference_test {
namespace {

using namespace test;

struct StopTime {
  Duration latency{0};   // fence enabled to signalled
  Duration downtime{0};  // first packet issued to last queue running
};

Duration ceil_to(Duration t, Duration step) { return ceil_div(t.count(), step.count()) * step; }

MachineSpec one_process(std::uint32_t queues, Duration api, Duration preempt, Duration unmap) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {8, 1};  // a pipe for each queue: nothing is rescheduled
  spec.device.compute_units = 8;
  spec.kernel.cwsr = true;  // waves stand still at once, so that h is the same for every queue
  spec.costs.mes_api = cost(api);
  spec.costs.preempt_running = cost(preempt);
  spec.costs.unmap = cost(unmap);
  spec.costs.map = cost(3us);
  spec.costs.connect = cost(2us);
  ProcessSpec p = process("p", {});
  for (std::uint32_t i = 0; i < queues; ++i) {
    p.queues.push_back(queue("q" + std::to_string(i), QueueType::compute, stream(ClosedArrival{}, job(1s))));
  }
  spec.processes.push_back(p);
  spec.events.push_back(evict_at(5ms, "p"));
  spec.horizon = 10ms;
  return spec;
}

StopTime stop_time(MachineSpec spec, const std::string& policy) {
  spec.policy = policy;
  Machine machine(share(spec), 0);
  SimTime start, first_issue, last_ran;
  StopTime result;
  machine.probes().eviction_started.subscribe([&](const EvictionStarted& e) { start = e.time; });
  machine.probes().eviction_signaled.subscribe([&](const EvictionSignaled& e) { result.latency = e.time - start; });
  machine.probes().packet_ended.subscribe([&](const PacketEnded& p) {
    const bool stop = p.opcode == Opcode::suspend || p.opcode == Opcode::remove_queue;
    if (stop && first_issue == SimTime{}) first_issue = p.issued;
  });
  machine.probes().queue_ran.subscribe([&](const QueueRan& q) { last_ran = q.time; });
  machine.run();
  result.downtime = last_ran - first_issue;
  return result;
}

TEST_CASE("with unique costs at zero the schemes differ by the step of the poll, and by nothing else") {
  const std::uint32_t queues = GENERATE(1U, 2U, 5U);
  const auto [preempt, unmap] = GENERATE(table<Duration, Duration>({
      {13'500ns, 7us},  // a + h = 30.5 us: seen at 31 us and at 32 us
      {13us, 7us},      // a + h = 30 us: seen at 30 us by both
      {13us, 8us},      // a + h = 31 us: seen at 31 us and at 32 us
      {13us, 8'001ns},  // a + h = 31.001 us: seen at 32 us by both
  }));
  const ApiDuringUnmap blocking = GENERATE(ApiDuringUnmap::blocked, ApiDuringUnmap::free);
  const Duration api = 10us;
  const Duration gone = api + preempt + unmap;

  MachineSpec spec = one_process(queues, api, preempt, unmap);
  spec.firmware.api_during_unmap = blocking;
  const StopTime suspend = stop_time(spec, "preempt_restore");
  const StopTime remove = stop_time(spec, "unmap_map");

  // Restart: n packets one after the other, each seen at ceil(api, 2 us) = api; the last queue is mapped and
  // connected after its own packet.
  const Duration restart = queues * api + 3us + 2us;
  REQUIRE(suspend.latency == queues * ceil_to(gone, 1us));
  REQUIRE(remove.latency == queues * ceil_to(gone, 2us));
  REQUIRE(suspend.downtime == suspend.latency + restart);
  REQUIRE(remove.downtime == remove.latency + restart);
  REQUIRE(remove.downtime - suspend.downtime == queues * (ceil_to(gone, 2us) - ceil_to(gone, 1us)));
}

// Acknowledged after the preemption, SUSPEND's own ack is on the 2 us grid, and the suspend fence is already there.
TEST_CASE("acknowledged after the preemption, SUSPEND costs exactly what REMOVE_QUEUE does") {
  MachineSpec spec = one_process(3, 10us, 13'500ns, 7us);
  spec.firmware.suspend_ack = SuspendAck::after_preempt;
  const StopTime suspend = stop_time(spec, "preempt_restore");
  const StopTime remove = stop_time(spec, "unmap_map");
  REQUIRE(suspend.latency == 3 * 32us);
  REQUIRE(suspend.latency == remove.latency);
  REQUIRE(suspend.downtime == remove.downtime);
}

// Each unique cost lengthens its own scheme by itself, and not the other's.
TEST_CASE("a unique cost is paid by its own scheme alone") {
  const MachineSpec base = one_process(1, 10us, 13us, 7us);
  const StopTime suspend = stop_time(base, "preempt_restore");
  const StopTime remove = stop_time(base, "unmap_map");
  struct Unique {
    Cost CostSpec::*cost;
    Duration suspend_longer, remove_longer;
  };
  for (const Unique& unique : {Unique{&CostSpec::suspend_book, 6us, 0us}, Unique{&CostSpec::resume_book, 6us, 0us},
                               Unique{&CostSpec::teardown, 0us, 6us}, Unique{&CostSpec::registration, 0us, 6us}}) {
    MachineSpec spec = base;
    spec.costs.*unique.cost = cost(6us);
    REQUIRE(stop_time(spec, "preempt_restore").downtime - suspend.downtime == unique.suspend_longer);
    REQUIRE(stop_time(spec, "unmap_map").downtime - remove.downtime == unique.remove_longer);
  }
}

}  // namespace
}  // namespace userqsim::structural_difference_test
