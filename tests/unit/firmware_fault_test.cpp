// Faults of MES: silence, packets that it never sees or refuses, stops that it passes on as faulty.
#include "tests/support/kernels.hpp"
#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_fault_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};
constexpr Duration api = 10us, add = api + 4us, suspend = api + 3us;

MachineSpec machine(std::vector<FaultSpec> faults) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 2};
  spec.costs.mes_api = cost(api);
  spec.costs.registration = cost(add - api);
  spec.costs.suspend_book = cost(suspend - api);
  spec.processes = {process("p", {queue("q0", QueueType::compute), queue("q1", QueueType::compute)})};
  spec.faults = std::move(faults);
  spec.horizon = 10s;
  return spec;
}

// Both queues mapped; packets are then sent at 1 ms.
void with_both_mapped(FirmwareBench& bench) {
  bench.send(Opcode::add_queue, q0);
  bench.send(Opcode::add_queue, q1);
  for (const Duration t : {add, 2 * add}) {
    bench.expect_at<ApiFence>(t);
    bench.expect_at<PacketEnded>(t);
  }
  bench.run_until(1ms);
}

Packet of_eviction(FirmwareBench& bench, Opcode opcode, QueueId queue, std::uint32_t eviction) {
  Packet packet = bench.packet_of(opcode, queue);
  packet.for_eviction = true;
  packet.eviction = {ProcessId{0}, eviction};
  return packet;
}

FaultSpec about(FaultSpec f, std::optional<std::string> queue = {}) {
  f.process = "p";
  f.queue = std::move(queue);
  return f;
}

TEST_CASE("a silent MES serves nothing, then goes on with what waits", "[firmware][fault]") {
  FaultSpec silent = fault(FaultKind::mes_silent);
  silent.at = 2ms;
  silent.time = 500us;
  FirmwareBench bench(machine({silent}));
  with_both_mapped(bench);
  bench.run_until(2ms - 5us);
  bench.unmap_takes = {3us, 100us};
  SECTION("a packet that came meanwhile") {
    bench.run_until(2ms + 1us);
    bench.send(Opcode::suspend, q0);
    bench.nothing_before<ApiFence>(2500us + suspend);
    bench.expect_at<ApiFence>(2500us + suspend);
    const PacketEnded ended = bench.expect_at<PacketEnded>(2500us + suspend + 3us);
    CHECK(ended.issued == SimTime{2ms + 1us});
    CHECK(ended.started == SimTime{2500us});
  }
  SECTION("a packet that was under way ends when MES goes on") {
    bench.send(Opcode::suspend, q0);
    bench.nothing_before<ApiFence>(2500us);
    bench.expect_at<ApiFence>(2500us);
    bench.expect_at<SuspendFence>(2500us + 3us);
  }
  SECTION("a queue that has left meanwhile") {
    bench.run_until(1990us);
    bench.send(Opcode::suspend, q1);
    bench.expect_at<ApiFence>(2500us);
    bench.expect_at<SuspendFence>(2500us + 100us);
  }
  const FaultInjected injected = bench.expect_at<FaultInjected>(2ms);
  CHECK(injected.kind == FaultKind::mes_silent);
  CHECK_FALSE(injected.process.exists());
  CHECK_FALSE(injected.eviction.has_value());
}

TEST_CASE("a queue that leaves while MES is silent is heard of after it", "[firmware][fault]") {
  FaultSpec silent = fault(FaultKind::mes_silent);
  silent.at = 2ms;
  silent.time = 500us;
  FirmwareBench bench(machine({silent}));
  with_both_mapped(bench);
  bench.unmap_takes[0] = 100us;
  bench.run_until(1950us);
  bench.send(Opcode::suspend, q0);
  bench.expect_at<ApiFence>(1950us + suspend);
  bench.expect_at<SlotFreed>(1950us + suspend + 100us);
  bench.nothing_before<SuspendFence>(2500us);
  bench.expect_at<SuspendFence>(2500us);
}

TEST_CASE("without an end MES is silent until the GPU is reset", "[firmware][fault]") {
  FaultSpec silent = fault(FaultKind::mes_silent);
  silent.at = 2ms;
  FaultSpec second = silent;
  second.at = 3ms;
  second.time = 1ms;
  FirmwareBench bench(machine({silent, second}));
  with_both_mapped(bench);
  bench.run_until(2500us);
  bench.send(Opcode::suspend, q0);
  bench.nothing_before<ApiFence>(5s);
  bench.reset_gpu();
  CHECK(bench.expect_at<PacketEnded>(5s - 1ns).result == PacketResult::lost);
  bench.expect_at<ApiFence>(5s - 1ns + api);  // of SET_HW_RSRC
  bench.run_until(6s);
  bench.send(Opcode::add_queue, q0);
  bench.expect_at<ApiFence>(6s + add);
}

TEST_CASE("MES falls silent when the eviction's first packet comes", "[firmware][fault]") {
  FaultSpec silent = about(fault(FaultKind::mes_silent));
  silent.eviction = 1;
  silent.time = 500us;
  FirmwareBench bench(machine({silent}));
  with_both_mapped(bench);
  bench.send(of_eviction(bench, Opcode::suspend, q0, 0));
  bench.expect_at<ApiFence>(1ms + suspend);
  bench.run_until(2ms);
  bench.send(of_eviction(bench, Opcode::suspend, q0, 1));
  bench.send(of_eviction(bench, Opcode::suspend, q1, 1));
  CHECK(bench.expect_at<FaultInjected>(2ms).eviction == 1U);
  bench.expect_at<ApiFence>(2500us + suspend);
  bench.expect_at<ApiFence>(2500us + 2 * suspend);
  CHECK(bench.count<FaultInjected>() == 1);
}

TEST_CASE("MES never sees a lost packet", "[firmware][fault]") {
  FaultSpec lost = about(fault(FaultKind::packet_lost), "q0");
  lost.eviction = 0;
  FirmwareBench bench(machine({lost}));
  with_both_mapped(bench);
  bench.send(of_eviction(bench, Opcode::suspend, q1, 0));  // another queue's
  bench.expect_at<ApiFence>(1ms + suspend);
  bench.run_until(2ms);
  bench.send(of_eviction(bench, Opcode::suspend, q0, 0));
  const PacketEnded ended = bench.expect_at<PacketEnded>(2ms, [](const PacketEnded& p) { return p.queue == q0; });
  CHECK(ended.result == PacketResult::lost);
  CHECK_FALSE(ended.started.has_value());
  CHECK(bench.expect_at<FaultInjected>(2ms).queue == q0);
  bench.nothing_before<ApiFence>(3ms);
  // Who tries again is not hit again.
  bench.send(of_eviction(bench, Opcode::suspend, q0, 0));
  bench.expect_at<ApiFence>(3ms - 1ns + suspend);
}

TEST_CASE("MES refuses a packet with the code that the fault says", "[firmware][fault]") {
  FaultSpec refused = about(fault(FaultKind::packet_error), "q0");
  refused.eviction = 0;
  refused.code = PacketError::null_gang;
  const auto role = GENERATE(PacketRole::stop, PacketRole::restart);
  refused.packet = role;
  FirmwareBench bench(machine({refused}));
  with_both_mapped(bench);
  bench.send(of_eviction(bench, Opcode::suspend, q0, 0));
  if (role == PacketRole::restart) {
    CHECK(bench.expect_at<ApiFence>(1ms + suspend).result == PacketResult::ok);
    bench.expect_at<SuspendFence>(1ms + suspend);
    bench.expect_at<PacketEnded>(1ms + suspend);
    bench.run_until(2ms);
    bench.send(of_eviction(bench, Opcode::resume, q0, 0));
  }
  const Duration answered = (role == PacketRole::stop ? 1ms : 2ms) + api;
  CHECK(bench.expect_at<ApiFence>(answered).result == PacketResult::null_gang);
  CHECK(bench.expect_at<PacketEnded>(answered).result == PacketResult::null_gang);
  CHECK(bench.expect_at<FaultInjected>(answered).kind == FaultKind::packet_error);
  bench.run_until(5ms);
  CHECK(bench.count<SuspendFence>() == (role == PacketRole::stop ? 0 : 1));
  CHECK(bench.count<GangReady>() == 2);  // of the two ADD_QUEUEs
}

TEST_CASE("with a time the n-th packet from then on is hit", "[firmware][fault]") {
  FaultSpec second = fault(FaultKind::packet_lost);
  second.at = 1500us;
  second.nth = 2;
  FaultSpec of_q1 = about(fault(FaultKind::packet_error), "q1");
  of_q1.at = 1500us;
  of_q1.code = PacketError::error;
  FirmwareBench bench(machine({second, of_q1}));
  with_both_mapped(bench);
  bench.send(Opcode::misc);  // before its time
  bench.run_until(2ms);
  bench.send(Opcode::misc);
  bench.send(Opcode::misc);
  bench.send(Opcode::suspend, q1);
  bench.send(Opcode::suspend, q1);
  bench.run_until(3ms);
  const auto result = [](PacketResult r) { return [r](const PacketEnded& ended) { return ended.result == r; }; };
  CHECK(bench.times<PacketEnded>(result(PacketResult::lost)) == in_ns({2ms}));
  // The first of the three is served, the second lost, the third refused.
  CHECK(bench.times<PacketEnded>(result(PacketResult::error)) == in_ns({2ms + 2 * api}));
  CHECK(bench.count<PacketEnded>(result(PacketResult::ok)) == 5);
  CHECK(bench.count<FaultInjected>() == 2);
}

TEST_CASE("a faulty stop is passed on to the hardware once", "[firmware][fault]") {
  FaultSpec stuck = about(fault(FaultKind::no_preempt), "q0");
  stuck.eviction = 4;
  FirmwareBench bench(machine({stuck}));
  with_both_mapped(bench);
  const auto opcode = GENERATE(Opcode::suspend, Opcode::remove_queue);
  bench.send(of_eviction(bench, opcode, q1, 4));
  bench.send(of_eviction(bench, opcode, q0, 4));
  bench.run_until(2ms);
  const UnmapQueue other = bench.all<UnmapQueue>(of(q1)).at(0);
  CHECK_FALSE(other.fault.exists());
  const UnmapQueue hit = bench.all<UnmapQueue>(of(q0)).at(0);
  CHECK(hit.fault == FaultId{0});
  CHECK(hit.eviction == 4);
}

}  // namespace
}  // namespace userqsim::firmware_fault_test
