// RESET, packets about gangs that MES does not know, SUSPEND and RESUME of all gangs, and the reset of the GPU.
#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_reset_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1}, q2{2};
constexpr Duration api = 10us, add = api + 4us, suspend = api + 3us, resume = api + 2us, teardown = 6us,
                   queue_reset = 100us;

// Compute queues without jobs, a slot for each.
MachineSpec machine(std::size_t queues = 3) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, 8};
  spec.costs.mes_api = cost(api);
  spec.costs.registration = cost(add - api);
  spec.costs.suspend_book = cost(suspend - api);
  spec.costs.resume_book = cost(resume - api);
  spec.costs.teardown = cost(teardown);
  spec.costs.queue_reset = cost(queue_reset);
  spec.processes = {process("p", {})};
  for (std::size_t i = 0; i < queues; ++i) {
    spec.processes[0].queues.push_back(queue("q" + std::to_string(i), QueueType::compute));
  }
  spec.horizon = 10s;
  return spec;
}

// All queues mapped; packets are then sent at 1 ms.
void with_all_mapped(FirmwareBench& bench) {
  for (std::size_t i = 0; i < bench.layout.queues.size(); ++i) {
    bench.send(Opcode::add_queue, QueueId::of(i));
    bench.expect_at<ApiFence>(static_cast<std::int64_t>(i + 1) * add);
    bench.expect_at<PacketEnded>(static_cast<std::int64_t>(i + 1) * add);
    bench.expect_at<GangReady>(static_cast<std::int64_t>(i + 1) * add);
    bench.expect_at<MapQueue>(static_cast<std::int64_t>(i + 1) * add);
  }
  bench.run_until(1ms);
}

Packet about_all(FirmwareBench& bench, Opcode opcode) {
  Packet packet = bench.packet_of(opcode);
  packet.all_gangs = true;
  return packet;
}

TEST_CASE("MES refuses what is asked of a gang that it does not know", "[firmware][reset]") {
  FirmwareBench bench(machine());
  const auto [opcode, takes] = GENERATE(
      table<Opcode, Duration>({{Opcode::remove_queue, api}, {Opcode::suspend, suspend}, {Opcode::resume, resume}}));
  bench.send(opcode, q0);
  CHECK(bench.expect_at<ApiFence>(takes).result == PacketResult::queue_not_found);
  const PacketEnded ended = bench.expect_at<PacketEnded>(takes);
  CHECK(ended.result == PacketResult::queue_not_found);
  CHECK_FALSE(ended.done.has_value());
  bench.run_until(1ms);
  CHECK(bench.count<SuspendFence>() == 0);
  CHECK(bench.count<QueueStopped>() == 0);
  CHECK(bench.count<GangReady>() == 0);
}

TEST_CASE("a gang that was removed is not known any more", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.send(Opcode::remove_queue, q0);
  CHECK(bench.expect_at<ApiFence>(1ms + api + teardown).result == PacketResult::ok);
  bench.send(Opcode::remove_queue, q0);
  CHECK(bench.expect_at<ApiFence>(1ms + 2 * api + teardown).result == PacketResult::queue_not_found);
}

TEST_CASE("RESET of a queue frees its slot and forgets its gang", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  const bool stuck = GENERATE(true, false);
  if (stuck) bench.wiring.workload.hang.post({q0});
  bench.send(Opcode::reset, q0);
  constexpr Duration reset = 1ms + api + queue_reset;
  bench.nothing_before<ResetQueue>(reset);
  CHECK(bench.expect_at<ResetQueue>(reset).queue == q0);
  CHECK(bench.expect_at<ApiFence>(reset).result == PacketResult::ok);
  CHECK(bench.expect_at<PacketEnded>(reset).busy == api + queue_reset);
  bench.expect_at<SlotFreed>(reset);
  SECTION("REMOVE_QUEUE is refused") {
    bench.send(Opcode::remove_queue, q0);
    CHECK(bench.expect_at<ApiFence>(reset + api).result == PacketResult::queue_not_found);
  }
  SECTION("REMOVE_QUEUE after the reset succeeds, once") {
    Packet remove = bench.packet_of(Opcode::remove_queue, q0);
    remove.after_reset = true;
    bench.send(remove);
    CHECK(bench.expect_at<ApiFence>(reset + api + teardown).result == PacketResult::ok);
    CHECK(bench.count<QueueStopped>() == 0);
  }
  SECTION("ADD_QUEUE makes it a gang again") {
    bench.send(Opcode::add_queue, q0);
    bench.expect_at<GangReady>(reset + add);
    bench.expect_at<MapQueue>(reset + add, of(q0));
    bench.send(Opcode::suspend, q0);
    CHECK(bench.expect_at<ApiFence>(reset + add).result == PacketResult::ok);
    CHECK(bench.expect_at<ApiFence>(reset + add + suspend).result == PacketResult::ok);
  }
}

TEST_CASE("detection resets the hung queues, four at most", "[firmware][reset]") {
  FirmwareBench bench(machine(6));
  with_all_mapped(bench);
  for (const QueueId queue : {QueueId{5}, QueueId{1}, QueueId{4}, QueueId{2}, QueueId{3}}) {
    bench.wiring.workload.hang.post({queue});
  }
  bench.send(Opcode::reset);
  constexpr Duration found = 1ms + api + 4 * queue_reset;
  bench.nothing_before<ResetQueue>(found);
  const ApiFence first = bench.expect_at<ApiFence>(found);
  CHECK(first.result == PacketResult::ok);
  CHECK(std::vector<QueueId>(first.hung.begin(), first.hung.end()) ==
        std::vector{QueueId{1}, QueueId{2}, QueueId{3}, QueueId{4}});
  CHECK(bench.expect_at<PacketEnded>(found).busy == api + 4 * queue_reset);
  bench.run_until(2ms);
  CHECK(bench.count<SlotFreed>() == 4);

  bench.send(Opcode::reset);
  const ApiFence second = bench.expect_at<ApiFence>(2ms + api + queue_reset);
  CHECK(std::vector<QueueId>(second.hung.begin(), second.hung.end()) == std::vector{QueueId{5}});

  bench.run_until(3ms);
  bench.send(Opcode::reset);
  CHECK(bench.expect_at<ApiFence>(3ms + api).hung.size() == 0);
}

TEST_CASE("detection looks at one type of queue", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.wiring.workload.hang.post({q0});
  Packet detect = bench.packet_of(Opcode::reset);
  detect.type = QueueType::gfx;
  bench.send(detect);
  CHECK(bench.expect_at<ApiFence>(1ms + api).hung.size() == 0);
}

TEST_CASE("a queue that was given up unmapping can be reset and removed", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.unmap_takes[0] = 1h;
  bench.send(Opcode::remove_queue, q0);
  bench.send(Opcode::suspend, q1);  // MES goes on with it
  constexpr Duration given_up = 1ms + api + 2s;
  CHECK(bench.expect_at<ApiFence>(given_up).result == PacketResult::unmap_fail);
  CHECK(bench.expect_at<ApiFence>(given_up + suspend).result == PacketResult::ok);
  bench.run_until(3s);
  bench.send(Opcode::reset, q0);
  CHECK(bench.expect_at<ApiFence>(3s + api + queue_reset).result == PacketResult::ok);
  bench.expect_at<SlotFreed>(given_up + suspend, of(q1));
  bench.expect_at<SlotFreed>(3s + api + queue_reset, of(q0));
  Packet remove = bench.packet_of(Opcode::remove_queue, q0);
  remove.after_reset = true;
  bench.send(remove);
  CHECK(bench.expect_at<ApiFence>(3s + 2 * api + queue_reset + teardown).result == PacketResult::ok);
}

TEST_CASE("SUSPEND of all gangs ends when the last has left its slot", "[firmware][all]") {
  MachineSpec spec = machine();
  const SuspendAck ack = GENERATE(SuspendAck::before_preempt, SuspendAck::after_preempt);
  spec.firmware.suspend_ack = ack;
  FirmwareBench bench(std::move(spec));
  with_all_mapped(bench);
  bench.unmap_takes = {30us, 50us, 40us};
  bench.send(about_all(bench, Opcode::suspend));
  constexpr Duration done = 1ms + suspend + 50us;
  const Duration acked = ack == SuspendAck::before_preempt ? 1ms + suspend : done;
  bench.nothing_before<ApiFence>(acked);
  bench.expect_at<ApiFence>(acked);
  bench.nothing_before<SuspendFence>(done);
  bench.expect_at<SuspendFence>(done);
  const PacketEnded ended = bench.expect_at<PacketEnded>(done);
  CHECK(ended.result == PacketResult::ok);
  CHECK(ended.busy == suspend + 50us);  // the API processor was blocked
  bench.run_until(2ms);
  CHECK(bench.count<MapQueue>() == 3);

  SECTION("RESUME of all makes them runnable in the order of their places") {
    bench.send(Opcode::remove_queue, q0);
    bench.send(Opcode::add_queue, q0);  // to the tail
    bench.run_until(3ms);
    bench.send(Opcode::suspend, q0);
    bench.run_until(4ms);
    bench.send(about_all(bench, Opcode::resume));
    bench.expect_at<GangReady>(2ms + api + teardown + add, of(q0));
    for (const QueueId queue : {q1, q2, q0}) CHECK(bench.expect_at<GangReady>(4ms + resume).queue == queue);
    bench.expect_at<ApiFence>(4ms + resume, [&](const ApiFence& fence) { return fence.token.serial == 8; });
  }
  SECTION("RESUME of one leaves the others suspended") {
    bench.send(Opcode::resume, q1);
    CHECK(bench.expect_at<GangReady>(2ms + resume).queue == q1);
    bench.run_until(3ms);
    CHECK(bench.count<MapQueue>() == 4);
  }
}

TEST_CASE("SUSPEND of all gangs times out as one does", "[firmware][all]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.unmap_takes[1] = 1h;
  bench.send(about_all(bench, Opcode::suspend));
  CHECK(bench.expect_at<ApiFence>(1ms + suspend).result == PacketResult::ok);
  bench.nothing_before<PacketEnded>(1ms + suspend + 2s);
  CHECK(bench.expect_at<PacketEnded>(1ms + suspend + 2s).result == PacketResult::unmap_fail);
  CHECK(bench.count<SuspendFence>() == 0);
}

TEST_CASE("SUSPEND of all gangs states the stop of those without a slot, once", "[firmware][all]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 1};
  FirmwareBench bench(std::move(spec));
  bench.send(Opcode::add_queue, q0);
  bench.send(Opcode::add_queue, q1);
  bench.send(Opcode::add_queue, q2);
  bench.run_until(1ms);
  REQUIRE(bench.count<MapQueue>() <= 1);
  bench.send(Opcode::suspend, q2);
  bench.run_until(2ms);
  const std::size_t before = bench.count<QueueStopped>(of(q2));
  bench.send(about_all(bench, Opcode::suspend));
  bench.run_until(3ms);
  CHECK(bench.count<QueueStopped>(of(q1)) == 1);
  CHECK(bench.count<QueueStopped>(of(q2)) == before);
}

TEST_CASE("a reset of the GPU wipes out what MES has", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.unmap_takes[0] = 1h;
  bench.send(Opcode::suspend, q0);  // acknowledged, waits for the slot
  bench.send(Opcode::suspend, q1);  // waits for the API processor
  bench.run_until(2ms);
  bench.reset_gpu();
  bench.expect_at<ApiFence>(1ms + suspend);
  for (const QueueId queue : {q0, q1}) {
    const PacketEnded lost = bench.expect_at<PacketEnded>(2ms);
    CHECK(lost.queue == queue);
    CHECK(lost.result == PacketResult::lost);
    CHECK_FALSE(lost.done.has_value());
  }
  bench.expect_at<ApiFence>(2ms + api);  // of SET_HW_RSRC
  bench.send(Opcode::resume, q2);
  CHECK(bench.expect_at<ApiFence>(2ms + api + resume).result == PacketResult::queue_not_found);
  bench.run_until(3ms);
  bench.send(Opcode::add_queue, q2);
  CHECK(bench.expect_at<MapQueue>(3ms + add, [](const MapQueue& map) { return map.gpu_resets == 1; }).queue == q2);
  bench.nothing_before<PacketEnded>(9s, [](const PacketEnded& p) { return p.opcode == Opcode::suspend; });
}

TEST_CASE("MES sees no packet while the GPU is being reset", "[firmware][reset]") {
  FirmwareBench bench(machine());
  with_all_mapped(bench);
  bench.run_until(2ms);
  bench.wiring.driver.firmware_reset.post({false});
  bench.wiring.driver.gpu_reset.post({false});
  bench.run_until(3ms);
  bench.send(Opcode::add_queue, q0);
  CHECK(bench.expect_at<PacketEnded>(3ms).result == PacketResult::lost);
  bench.run_until(4ms);
  bench.wiring.driver.firmware_reset.post({true});
  bench.wiring.driver.gpu_reset.post({true});
  bench.send(Opcode::add_queue, q0);  // it has no resources yet
  CHECK(bench.expect_at<PacketEnded>(4ms).result == PacketResult::lost);
  bench.send(Opcode::query_scheduler_status);
  CHECK(bench.expect_at<ApiFence>(4ms + api).result == PacketResult::ok);
  bench.send(Opcode::add_queue, q0);
  const auto adds = [](const PacketEnded& p) { return p.opcode == Opcode::add_queue; };
  CHECK(bench.expect_at<PacketEnded>(4ms + api, adds).result == PacketResult::lost);
  bench.send(Opcode::set_hw_rsrc);
  CHECK(bench.expect_at<ApiFence>(4ms + 2 * api).result == PacketResult::ok);
  bench.send(Opcode::add_queue, q1);
  CHECK(bench.expect_at<ApiFence>(4ms + 2 * api + add).result == PacketResult::ok);
  CHECK(bench.expect_at<MapQueue>(4ms + 2 * api + add).queue == q1);
}

}  // namespace
}  // namespace userqsim::firmware_reset_test
