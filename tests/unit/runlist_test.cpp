// KFD on HWS in a whole machine: what an operation changes together goes out in one runlist.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::runlist_test {
namespace {

using namespace test;

constexpr QueueId bystander{3};

// p has three queues with work, r one; all have slots. p is evicted at 10 ms; a packet takes 10 us.
MachineSpec machine() {
  MachineSpec spec = ideal_machine_with("kfd");
  spec.firmware.scheduler = Scheduler::hws;
  spec.policy = "unmap_map";
  spec.device.compute = {4, 2};
  spec.device.compute_units = 4;
  spec.costs.mes_api = cost(10us);
  const auto busy = [](const std::string& name) {
    return queue(name, QueueType::compute, stream(PeriodicArrival{1h}, job(1s), 1));
  };
  spec.processes = {process("p", {busy("q0"), busy("q1"), busy("q2")}), process("r", {busy("q")})};
  spec.events = {evict_at(10ms, "p")};
  spec.horizon = 200ms;
  return spec;
}

auto of_eviction(Opcode opcode) {
  return [opcode](const PacketEnded& p) { return p.opcode == opcode && p.eviction.has_value(); };
}

TEST_CASE("an eviction is one runlist, and so is its restore", "[hws]") {
  MachineBench bench(machine());
  bench.run();
  std::size_t removes = 0;
  std::size_t adds = 0;
  for (const PacketEnded& packet : bench.all<PacketEnded>()) {
    removes += of_eviction(Opcode::remove_queue)(packet) ? 1U : 0U;
    adds += of_eviction(Opcode::add_queue)(packet) ? 1U : 0U;
  }
  CHECK(removes == 1);
  CHECK(adds == 1);
  std::size_t left = 0;  // by the bystander
  std::size_t stopped = 0;
  std::size_t ready = 0;
  for (const SlotChanged& change : bench.all<SlotChanged>()) {
    if (change.time < SimTime{10ms}) continue;
    left += change.queue == bystander && change.to == SlotState::free ? 1U : 0U;
  }
  for (const QueueTransition& moved : bench.all<QueueTransition>()) {
    stopped += moved.operation == Operation::evict && moved.to != moved.from ? 1U : 0U;
  }
  for (const GangReady& gang : bench.all<GangReady>()) ready += gang.time > SimTime{10ms} ? 1U : 0U;
  CHECK(left == 2);
  CHECK(stopped == 3);
  CHECK(ready == 3);
}

// q1 hangs: KFD gives the one packet up after 5 ms, and resets the GPU.
TEST_CASE("a runlist that does not come off the machine ends in a reset", "[hws]") {
  MachineSpec spec = machine();
  spec.firmware.unmap_timeout = 5ms;
  spec.faults = {fault_of_eviction(0, FaultKind::no_preempt, "p", "q1")};
  MachineBench bench(std::move(spec));
  const PacketEnded removed = bench.expect_at<PacketEnded>(15ms, of_eviction(Opcode::remove_queue));
  CHECK(removed.result == PacketResult::lost);
  bench.run();
  CHECK(bench.count<GpuResetDone>() == 1);
}

TEST_CASE("MES takes a packet for each queue", "[hws]") {
  MachineSpec spec = machine();
  spec.firmware.scheduler = Scheduler::mes;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto packets = bench.all<PacketEnded>();
  CHECK(std::count_if(packets.begin(), packets.end(), of_eviction(Opcode::remove_queue)) == 3);
  CHECK(std::count_if(packets.begin(), packets.end(), of_eviction(Opcode::add_queue)) == 3);
}

}  // namespace
}  // namespace userqsim::runlist_test
