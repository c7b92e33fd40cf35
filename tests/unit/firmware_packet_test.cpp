// MES's packets: one at a time, what each takes, when each is acknowledged, and what waits for an unmap.
#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_packet_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};
constexpr Duration api = 10us, add = api + 4us, suspend = api + 3us, resume = api + 2us, flush = api + 5us,
                   teardown = 6us;

// Two compute queues without jobs, a slot for each.
MachineSpec machine() {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 2};
  spec.costs.mes_api = cost(api);
  spec.costs.registration = cost(add - api);
  spec.costs.suspend_book = cost(suspend - api);
  spec.costs.resume_book = cost(resume - api);
  spec.costs.tlb_flush = cost(flush - api);
  spec.costs.teardown = cost(teardown);
  spec.processes = {process("p", {queue("q0", QueueType::compute), queue("q1", QueueType::compute)})};
  return spec;
}

MachineSpec machine(SuspendAck ack, ApiDuringUnmap during) {
  MachineSpec spec = machine();
  spec.firmware.suspend_ack = ack;
  spec.firmware.api_during_unmap = during;
  return spec;
}

// q0 mapped; packets are then sent at 1 ms.
void with_mapped(FirmwareBench& bench) {
  bench.send(Opcode::add_queue, q0);
  bench.run_until(1ms);
  REQUIRE(bench.count<QueueConnected>() + bench.count<QueueIdle>() == 1);
  bench.expect_at<ApiFence>(add);
  bench.expect_at<PacketEnded>(add);
}

TEST_CASE("packets are served one at a time, in order", "[firmware]") {
  FirmwareBench bench(machine());
  bench.send(Opcode::add_queue, q0);
  bench.send(Opcode::misc);
  bench.send(Opcode::add_queue, q1);
  const PacketEnded first = bench.expect_at<PacketEnded>(add);
  CHECK(first.opcode == Opcode::add_queue);
  CHECK(first.started == SimTime{0us});
  CHECK(first.busy == add);
  const PacketEnded second = bench.expect_at<PacketEnded>(add + flush);
  CHECK(second.opcode == Opcode::misc);
  CHECK(second.issued == SimTime{0us});
  CHECK(second.started == SimTime{add});
  CHECK(second.acked == SimTime{add + flush});
  CHECK(second.done == SimTime{add + flush});
  CHECK(second.busy == flush);
  bench.expect_at<PacketEnded>(add + flush + add);
}

TEST_CASE("an idle API processor serves a packet when it comes", "[firmware]") {
  FirmwareBench bench(machine());
  bench.run_until(100us);
  bench.send(Opcode::inv_tlbs);
  bench.nothing_before<ApiFence>(100us + flush);
  CHECK(bench.expect_at<ApiFence>(100us + flush).token == CallToken{0, 1});
}

// The REMOVE_QUEUE of a queue whose unmap takes 1 ms blocks the scheduler's API processor, and a MISC behind it;
// the second pipe takes its two packets one after the other.
TEST_CASE("the second pipe's packets pass those of the scheduler's", "[firmware]") {
  FirmwareBench bench(machine());
  bench.unmap_takes[q0.index()] = 1ms;
  bench.send(Opcode::add_queue, q0);
  bench.run_until(100us);
  bench.send(Opcode::remove_queue, q0);
  bench.send(Opcode::misc);
  bench.run_until(200us);
  bench.send(Opcode::inv_tlbs);
  bench.send(Opcode::inv_tlbs);
  const auto of_kind = [](Opcode opcode) { return [opcode](const PacketEnded& p) { return p.opcode == opcode; }; };
  bench.expect_at<PacketEnded>(200us + flush, of_kind(Opcode::inv_tlbs));
  bench.expect_at<PacketEnded>(200us + 2 * flush, of_kind(Opcode::inv_tlbs));
  bench.nothing_before<PacketEnded>(1ms, of_kind(Opcode::misc));
}

TEST_CASE("ADD_QUEUE and RESUME map the queue when they take effect", "[firmware]") {
  FirmwareBench bench(machine());
  bench.send(Opcode::add_queue, q0);
  bench.nothing_before<MapQueue>(add);
  bench.expect_at<MapQueue>(add);
  bench.expect_at<GangReady>(add);
  bench.run_until(1ms);
  bench.send(Opcode::suspend, q0);
  bench.run_until(2ms);
  bench.send(Opcode::resume, q0);
  bench.expect_at<GangReady>(2ms + resume);
  bench.expect_at<MapQueue>(2ms + resume);
  CHECK(bench.all<PacketEnded>().back().busy == resume);
}

TEST_CASE("a packet about a queue without a slot does not wait", "[firmware]") {
  MachineSpec spec = machine();
  spec.firmware.suspend_ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  FirmwareBench bench(std::move(spec));
  with_mapped(bench);
  bench.send(Opcode::suspend, q0);
  bench.run_until(2ms);
  bench.send(Opcode::suspend, q0);  // again: it has no slot now
  bench.expect_at<ApiFence>(1ms + suspend);
  bench.expect_at<ApiFence>(2ms + suspend);
  bench.expect_at<SuspendFence>(1ms + suspend);
  bench.expect_at<SuspendFence>(2ms + suspend);
  bench.run_until(3ms);
  bench.send(Opcode::remove_queue, q0);
  bench.expect_at<ApiFence>(3ms + api + teardown);
  CHECK(bench.count<UnmapQueue>() == 1);
}

TEST_CASE("SUSPEND is acknowledged before or after the preemption, its own fence always after", "[firmware]") {
  const auto ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  const auto during = GENERATE(ApiDuringUnmap::blocked, ApiDuringUnmap::free);
  FirmwareBench bench(machine(ack, during));
  with_mapped(bench);
  bench.unmap_takes[0] = 100us;
  bench.send(Opcode::suspend, q0);
  bench.expect_at<UnmapQueue>(1ms + suspend);
  const bool before = ack == SuspendAck::before_preempt;
  bench.expect_at<ApiFence>(1ms + suspend + (before ? 0us : 100us));
  bench.nothing_before<SuspendFence>(1ms + suspend + 100us);
  bench.expect_at<SuspendFence>(1ms + suspend + 100us);
  const PacketEnded ended = bench.expect_at<PacketEnded>(1ms + suspend + 100us);
  CHECK(ended.done == SimTime{1ms + suspend + 100us});
  // The API processor is taken by the unmap only where it waits for it.
  CHECK(ended.busy == suspend + (during == ApiDuringUnmap::blocked ? 100us : 0us));
}

TEST_CASE("REMOVE_QUEUE is acknowledged when the queue is off the machine and torn down", "[firmware]") {
  const auto ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  const auto during = GENERATE(ApiDuringUnmap::blocked, ApiDuringUnmap::free);
  FirmwareBench bench(machine(ack, during));
  with_mapped(bench);
  bench.unmap_takes[0] = 100us;
  bench.send(Opcode::remove_queue, q0);
  bench.expect_at<UnmapQueue>(1ms + api);
  bench.nothing_before<ApiFence>(1ms + api + 100us + teardown);
  CHECK(bench.expect_at<ApiFence>(1ms + api + 100us + teardown).result == PacketResult::ok);
  const PacketEnded ended = bench.expect_at<PacketEnded>(1ms + api + 100us + teardown);
  CHECK(ended.busy == api + teardown + (during == ApiDuringUnmap::blocked ? 100us : 0us));
  CHECK(bench.count<SuspendFence>() == 0);
}

TEST_CASE("a second packet waits for an unmap, or not", "[firmware]") {
  const auto ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  SECTION("blocked: it is begun when the queue is off the machine") {
    FirmwareBench bench(machine(ack, ApiDuringUnmap::blocked));
    with_mapped(bench);
    bench.unmap_takes[0] = 100us;
    bench.send(Opcode::suspend, q0);
    bench.send(Opcode::misc);
    bench.expect_at<PacketEnded>(1ms + suspend + 100us);
    CHECK(bench.expect_at<PacketEnded>(1ms + suspend + 100us + flush).started == SimTime{1ms + suspend + 100us});
  }
  SECTION("free: it is begun when the first has been read") {
    FirmwareBench bench(machine(ack, ApiDuringUnmap::free));
    with_mapped(bench);
    bench.unmap_takes[0] = 100us;
    bench.send(Opcode::suspend, q0);
    bench.send(Opcode::misc);
    CHECK(bench.expect_at<PacketEnded>(1ms + suspend + flush).started == SimTime{1ms + suspend});
    bench.expect_at<PacketEnded>(1ms + suspend + 100us);
  }
}

TEST_CASE("REMOVE_QUEUE's teardown goes before the packets that waited behind it", "[firmware]") {
  const bool blocked = GENERATE(true, false);
  FirmwareBench bench(
      machine(SuspendAck::before_preempt, blocked ? ApiDuringUnmap::blocked : ApiDuringUnmap::free));
  with_mapped(bench);
  bench.unmap_takes[0] = 100us;
  bench.send(Opcode::remove_queue, q0);
  bench.send(Opcode::misc);
  const Duration torn_down = 1ms + api + 100us + teardown;
  if (blocked) {
    bench.expect_at<PacketEnded>(torn_down);
    bench.expect_at<PacketEnded>(torn_down + flush);
  } else {
    bench.expect_at<PacketEnded>(1ms + api + flush);
    bench.expect_at<PacketEnded>(torn_down);
  }
}

TEST_CASE("a teardown that falls into another packet waits for it to end", "[firmware]") {
  FirmwareBench bench(machine(SuspendAck::before_preempt, ApiDuringUnmap::free));
  with_mapped(bench);
  bench.unmap_takes[0] = 8us;  // off the machine at 1018, while the flush runs from 1010 to 1025
  bench.send(Opcode::remove_queue, q0);
  bench.send(Opcode::misc);
  bench.expect_at<PacketEnded>(1ms + api + flush);
  bench.expect_at<PacketEnded>(1ms + api + flush + teardown);
}

constexpr Duration unmap_timeout = 2s, for_ever = 1h;

TEST_CASE("an unmap is given up after exactly two seconds", "[firmware]") {
  const auto ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  FirmwareBench bench(machine(ack, ApiDuringUnmap::blocked));
  with_mapped(bench);
  bench.unmap_takes[0] = for_ever;
  bench.send(Opcode::suspend, q0);
  const Duration given_up = 1ms + suspend + unmap_timeout;
  if (ack == SuspendAck::before_preempt) {
    CHECK(bench.expect_at<ApiFence>(1ms + suspend).result == PacketResult::ok);
    bench.run_until(given_up);
    CHECK(bench.count<ApiFence>() == 2);  // the ADD_QUEUE's and this one
  } else {
    bench.nothing_before<ApiFence>(given_up);
    CHECK(bench.expect_at<ApiFence>(given_up).result == PacketResult::unmap_fail);
  }
  const PacketEnded ended = bench.expect_at<PacketEnded>(given_up);
  CHECK(ended.result == PacketResult::unmap_fail);
  CHECK_FALSE(ended.done.has_value());
  bench.run_until(2h);
  CHECK(bench.count<SuspendFence>() == 0);  // not even when the queue leaves at last
}

TEST_CASE("an unmap of a nanosecond less than two seconds is no failure", "[firmware]") {
  FirmwareBench bench(machine());
  with_mapped(bench);
  bench.unmap_takes[0] = unmap_timeout - 1ns;
  bench.send(Opcode::remove_queue, q0);
  CHECK(bench.expect_at<ApiFence>(1ms + api + unmap_timeout - 1ns + teardown).result == PacketResult::ok);
}

TEST_CASE("each unmap has two seconds of its own", "[firmware]") {
  FirmwareBench bench(machine());
  with_mapped(bench);
  bench.unmap_takes[0] = 1900ms;
  bench.send(Opcode::suspend, q0);
  bench.expect_at<SuspendFence>(1ms + suspend + 1900ms);
  bench.send(Opcode::resume, q0);
  bench.run_until(1950ms);
  bench.send(Opcode::suspend, q0);
  bench.expect_at<SuspendFence>(1950ms + suspend + 1900ms);
}

TEST_CASE("after an unmap that failed the API processor goes on", "[firmware]") {
  FirmwareBench bench(machine());
  with_mapped(bench);
  bench.unmap_takes[0] = for_ever;
  bench.send(Opcode::remove_queue, q0);
  bench.send(Opcode::misc);
  const PacketEnded failed = bench.expect_at<PacketEnded>(1ms + api + unmap_timeout);
  CHECK(failed.result == PacketResult::unmap_fail);
  CHECK(failed.busy == api + unmap_timeout);
  bench.expect_at<PacketEnded>(1ms + api + unmap_timeout + flush);
}

TEST_CASE("packets under way at the horizon are stated as open", "[firmware]") {
  FirmwareBench bench(machine());
  with_mapped(bench);
  bench.unmap_takes[0] = for_ever;
  bench.send(Opcode::suspend, q0);
  bench.send(Opcode::misc);
  bench.run_until(1100us);
  bench.firmware.close(SimTime{1100us}, bench.wiring.firmware);
  const PacketEnded stopping = bench.expect_at<PacketEnded>(1100us);
  CHECK(stopping.result == PacketResult::open);
  CHECK(stopping.started == SimTime{1ms});
  const PacketEnded waiting = bench.expect_at<PacketEnded>(1100us);
  CHECK(waiting.opcode == Opcode::misc);
  CHECK_FALSE(waiting.started.has_value());
}

}  // namespace
}  // namespace userqsim::firmware_packet_test
