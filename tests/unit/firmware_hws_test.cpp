// HWS: a blind turn for every queue of the runlist, and a new runlist for every change.
#include "models/firmware/firmware.hpp"

#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_hws_test {
namespace {

using namespace test;

constexpr QueueId a{0}, b{1}, c{2};
constexpr Duration turn = 4ms;

// The first `busy` queues have work for good, the others none.
MachineSpec machine(std::size_t busy, std::size_t queues, std::uint32_t slots) {
  MachineSpec spec = ideal_machine();
  spec.firmware.scheduler = Scheduler::hws;
  spec.firmware.process_quantum = turn;
  spec.device.compute = {1, slots};
  ProcessSpec p = process("p", {});
  for (std::size_t q = 0; q < queues; ++q) {
    QueueSpec each = queue("q" + std::to_string(q), QueueType::compute);
    if (q < busy) each.jobs = stream(PeriodicArrival{1s}, job(1h), 1);
    each.priority = q % 2 == 0 ? Priority::normal : Priority::high;
    p.queues.push_back(each);
  }
  spec.processes = {p};
  return spec;
}

void add_all(FirmwareBench& bench) {
  for (std::size_t q = 0; q < bench.layout.queues.size(); ++q) {
    bench.run_until(0us);
    bench.send(Opcode::add_queue, QueueId::of(q));
  }
  bench.run_until(0us);
}

TEST_CASE("idle queues have their turns as busy ones do, and levels are nothing", "[firmware][hws]") {
  FirmwareBench bench(machine(1, 3, 1));
  add_all(bench);
  const std::size_t before = bench.count<UnmapQueue>();
  bench.run_until(4 * turn);
  const auto unmaps = bench.all<UnmapQueue>();
  REQUIRE(unmaps.size() == before + 4);
  CHECK(unmaps[before].queue == a);
  CHECK(unmaps[before + 1].queue == b);
  CHECK(unmaps[before + 2].queue == c);
  CHECK(unmaps[before + 3].queue == a);
  const auto at = bench.times<UnmapQueue>();
  for (std::size_t turns = 1; turns <= 4; ++turns) {
    CHECK(at[before + turns - 1] == Duration{turn * static_cast<std::int64_t>(turns)}.count());
  }
}

// Q queues in turn over H slots: each has a slot for H/Q of the time. Fifteen whole rounds.
TEST_CASE("a queue is resident for the slots' share of the queues", "[firmware][hws]") {
  const auto [queues, slots] =
      GENERATE(table<std::size_t, std::uint32_t>({{3, 1}, {3, 2}, {5, 2}, {7, 4}, {25, 24}}));
  FirmwareBench bench(machine(queues / 2, queues, slots));
  add_all(bench);
  const Duration begin = 100 * turn, round = turn * static_cast<std::int64_t>(queues);
  const Duration end = begin + 15 * round;
  bench.run_until(end);
  std::vector<Duration> since(queues, Duration{-1}), resident(queues, Duration{0});
  const auto maps = bench.all<MapQueue>();
  const auto map_times = bench.times<MapQueue>();
  const auto unmaps = bench.all<UnmapQueue>();
  const auto unmap_times = bench.times<UnmapQueue>();
  const auto clamped = [&](std::int64_t time) { return std::clamp(Duration{time}, begin, end); };
  for (std::size_t i = 0; i < maps.size(); ++i) resident[maps[i].queue.index()] -= clamped(map_times[i]);
  std::vector<std::size_t> open(queues, 0);
  for (const MapQueue& map : maps) ++open[map.queue.index()];
  for (std::size_t i = 0; i < unmaps.size(); ++i) {
    resident[unmaps[i].queue.index()] += clamped(unmap_times[i]);
    --open[unmaps[i].queue.index()];
  }
  for (std::size_t q = 0; q < queues; ++q) resident[q] += end * static_cast<std::int64_t>(open[q]);
  for (std::size_t q = 0; q < queues; ++q) {
    CAPTURE(queues, slots, q);
    CHECK(resident[q] == 15 * turn * static_cast<std::int64_t>(slots));
  }
}

// b's unmap takes 30 us, c's 10 us; a is removed, and everybody leaves for the new list.
TEST_CASE("a change of the runlist takes every queue off first", "[firmware][hws]") {
  FirmwareBench bench(machine(3, 3, 3));
  add_all(bench);
  bench.unmap_takes = {5us, 30us, 10us};
  bench.run_until(1ms);
  const std::size_t before = bench.count<MapQueue>();
  bench.send(Opcode::remove_queue, a);
  bench.run_until(1ms);
  const auto unmaps = bench.all<UnmapQueue>();
  REQUIRE(unmaps.size() >= 3);
  for (std::size_t i = unmaps.size() - 3; i < unmaps.size(); ++i) {
    CHECK(bench.times<UnmapQueue>()[i] == Duration{1ms}.count());
    CHECK(unmaps[i].for_packet == (unmaps[i].queue == a));
  }
  bench.run_until(1ms + 30us - 1ns);
  CHECK(bench.count<MapQueue>() == before);
  bench.run_until(1ms + 30us);
  CHECK(bench.count<MapQueue>() == before + 2);
  CHECK(bench.all<PacketEnded>().back().time == SimTime{1ms + 30us});
}

}  // namespace
}  // namespace userqsim::firmware_hws_test
