// MES's choice of who has a slot: order, quantum, levels, idleness, and how it learns of work.
#include "models/firmware/firmware.hpp"

#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_test {
namespace {

using namespace test;

constexpr QueueId a{0}, b{1}, c{2};
constexpr Duration quantum = 1ms;

// Compute queues in one slot, packets free of cost. Each queue has work from the beginning, unless stated.
MachineSpec machine(std::initializer_list<Priority> levels) {
  MachineSpec spec = ideal_machine();
  spec.firmware.gang_quantum = spec.firmware.process_quantum = quantum;
  ProcessSpec p = process("p", {});
  for (const Priority level : levels) {
    p.queues.push_back(
        queue("q" + std::to_string(p.queues.size()), QueueType::compute, stream(PeriodicArrival{1s}, job(1h), 1)));
    p.queues.back().priority = level;
  }
  spec.processes = {p};
  return spec;
}
constexpr Priority normal = Priority::normal, high = Priority::high, low = Priority::low;

// The queue's only job arrives then.
void works_from(MachineSpec& spec, QueueId queue, Duration at) {
  spec.processes.front().queues[queue.index()].jobs->arrival = TraceArrival{{}, {{at, std::nullopt}}};
}

// All queues are added at 10 us, in order; who is mapped first has its quantum from then on.
constexpr Duration added = 10us;
void add_all(FirmwareBench& bench) {
  bench.run_until(added);
  for (std::size_t q = 0; q < bench.layout.queues.size(); ++q) bench.send(Opcode::add_queue, QueueId::of(q));
  bench.run_until(added);
}

TEST_CASE("while all gangs fit, all are mapped, with work or without", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal});
  spec.device.compute = {1, 2};
  works_from(spec, b, 1s);
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.expect_at<MapQueue>(added, of(a));
  bench.expect_at<MapQueue>(added, of(b));
  bench.nothing_before<UnmapQueue>(500ms);
}

TEST_CASE("a new gang goes to the lowest free slot of the pipe with the fewest taken", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal, normal, normal});
  spec.device.gfx = {1, 1};      // slot 0
  spec.device.compute = {2, 2};  // slots 1 and 2 on one pipe, 3 and 4 on the other
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  std::vector<std::uint32_t> slots;
  for (const MapQueue& map : bench.all<MapQueue>()) slots.push_back(map.slot.value);
  CHECK(slots == std::vector<std::uint32_t>{1, 3, 2, 4});
}

TEST_CASE("a slot that is vacated is given again", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal, normal});
  spec.device.compute = {2, 1};
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.unmap_takes[1] = 7us;
  bench.run_until(100us);
  bench.send(Opcode::suspend, b);
  const MapQueue map = bench.expect_at<MapQueue>(100us + 7us, of(c));
  CHECK(map.slot == bench.all<UnmapQueue>().front().slot);
}

TEST_CASE("gangs of one level take turns of one quantum", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal, normal}));
  bench.map_takes = 20us;
  bench.unmap_takes = {5us, 5us, 5us};
  add_all(bench);
  // Mapped at 10 + 20; a turn lasts a quantum, then 5 us out and 20 us in.
  const Duration first = added + 20us, turn = quantum + 5us + 20us;
  bench.nothing_before<UnmapQueue>(first + quantum);
  CHECK(bench.expect_at<UnmapQueue>(first + quantum).queue == a);
  CHECK(bench.expect_at<UnmapQueue>(first + turn + quantum).queue == b);
  CHECK(bench.expect_at<UnmapQueue>(first + 2 * turn + quantum).queue == c);
  CHECK(bench.expect_at<UnmapQueue>(first + 3 * turn + quantum).queue == a);
  for (const UnmapQueue& unmap : bench.all<UnmapQueue>()) CHECK_FALSE(unmap.for_packet);
}

TEST_CASE("a gang that had its quantum long ago gives way at once", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal}));
  bench.send(Opcode::add_queue, a);
  bench.run_until(5ms);
  CHECK(bench.count<UnmapQueue>() == 0);  // nobody waits: a quantum is a minimum
  bench.send(Opcode::add_queue, b);
  bench.expect_at<UnmapQueue>(5ms, of(a));
  bench.expect_at<MapQueue>(5ms, of(b));
}

TEST_CASE("a gang in the middle of its quantum has the rest of it", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal}));
  bench.send(Opcode::add_queue, a);
  bench.run_until(400us);
  bench.send(Opcode::add_queue, b);
  bench.nothing_before<UnmapQueue>(quantum);
  bench.expect_at<UnmapQueue>(quantum, of(a));
}

TEST_CASE("a higher level preempts at once, and the lower one waits", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, high}));
  bench.send(Opcode::add_queue, a);
  bench.run_until(400us);
  bench.send(Opcode::add_queue, b);
  bench.expect_at<UnmapQueue>(400us, of(a));
  bench.expect_at<MapQueue>(0us, of(a));
  bench.expect_at<MapQueue>(400us, of(b));
  bench.nothing_before<MapQueue>(900ms);  // however many quanta pass
  bench.run_until(900ms);
  bench.goes_idle(b);
  bench.expect_at<MapQueue>(900ms, of(a));
}

TEST_CASE("a lower level never takes a busy slot", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, low}));
  add_all(bench);
  bench.nothing_before<UnmapQueue>(900ms);
}

TEST_CASE("who gives way to a higher level is the lowest of those mapped", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, low, high});
  spec.firmware.low_level = LowLevel::lowest;
  spec.device.compute = {1, 2};
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.expect_at<UnmapQueue>(added, of(b));
  bench.nothing_before<UnmapQueue>(900ms, of(a));
}

TEST_CASE("as many give way as higher levels need, and no more", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal, normal, high, high, low});
  spec.device.compute = {1, 3};
  FirmwareBench bench(std::move(spec));
  bench.unmap_takes.assign(6, 100us);
  add_all(bench);  // the low one last: MES looks again while two slots are being vacated
  bench.run_until(added + 50us);
  CHECK(bench.times<UnmapQueue>() == in_ns({added, added}));
  bench.expect_at<MapQueue>(added + 100us, of(QueueId{3}));
  bench.expect_at<MapQueue>(added + 100us, of(QueueId{4}));
}

TEST_CASE("an idle gang gives way at once, whatever its level and its quantum", "[firmware][scheduler]") {
  FirmwareBench bench(machine({high, low}));
  add_all(bench);
  bench.run_until(300us);
  bench.goes_idle(a);
  bench.expect_at<UnmapQueue>(300us, of(a));
  bench.expect_at<MapQueue>(300us, of(b));
}

TEST_CASE("a gang without work is not mapped when slots are short", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal});
  works_from(spec, b, 900ms);
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.nothing_before<UnmapQueue>(900ms);
}

// a is idle in the only slot; b's doorbell rings at `at`.
MachineSpec idle_and_waiting(WorkDiscovery discovery, Duration at) {
  MachineSpec spec = machine({normal, normal});
  works_from(spec, a, 900ms);
  works_from(spec, b, at);
  spec.firmware.work_discovery = discovery;
  spec.firmware.oversubscription_timer = 50us;
  return spec;
}

TEST_CASE("work on a gang without a slot is found at the next point of the timer's grid", "[firmware][scheduler]") {
  struct Case {
    Duration rings, found;
  };
  const auto [rings, found] =
      GENERATE(Case{101us, 150us}, Case{149'999ns, 150us}, Case{150us, 150us}, Case{150'001ns, 200us});
  FirmwareBench bench(idle_and_waiting(WorkDiscovery::timer, rings));
  // With a alone the slot is its own; then b comes and has no work.
  bench.send(Opcode::add_queue, a);
  bench.run_until(1us);
  bench.send(Opcode::add_queue, b);
  bench.nothing_before<UnmapQueue>(found);
  bench.expect_at<UnmapQueue>(found, of(a));
  bench.expect_at<MapQueue>(found, of(b));
}

TEST_CASE("or at once, by interrupt", "[firmware][scheduler]") {
  FirmwareBench bench(idle_and_waiting(WorkDiscovery::interrupt, 101us));
  bench.send(Opcode::add_queue, a);
  bench.run_until(1us);
  bench.send(Opcode::add_queue, b);
  bench.nothing_before<UnmapQueue>(101us);
  bench.expect_at<UnmapQueue>(101us, of(a));
}

TEST_CASE("ADD_QUEUE and RESUME read the queue's pointer: no timer has to find its work", "[firmware][scheduler]") {
  MachineSpec spec = idle_and_waiting(WorkDiscovery::timer, 0us);
  FirmwareBench bench(std::move(spec));
  bench.send(Opcode::add_queue, a);
  bench.run_until(101us);
  bench.send(Opcode::add_queue, b);
  bench.expect_at<UnmapQueue>(101us, of(a));
}

TEST_CASE("SUSPEND keeps a waiting gang's place, REMOVE_QUEUE forgets it", "[firmware][scheduler]") {
  const bool keeps = GENERATE(true, false);
  FirmwareBench bench(machine({normal, normal, normal}));
  add_all(bench);
  bench.run_until(100us);
  bench.send(keeps ? Opcode::suspend : Opcode::remove_queue, b);
  bench.run_until(200us);
  bench.send(keeps ? Opcode::resume : Opcode::add_queue, b);
  bench.expect_at<MapQueue>(added, of(a));
  bench.expect_at<MapQueue>(added + quantum, of(keeps ? b : c));
  bench.expect_at<MapQueue>(added + 2 * quantum, of(keeps ? c : b));
}

TEST_CASE("SUSPEND keeps what is left of a quantum, REMOVE_QUEUE forgets it", "[firmware][scheduler]") {
  const bool keeps = GENERATE(true, false);
  FirmwareBench bench(machine({normal, normal}));
  add_all(bench);
  bench.run_until(added + 400us);
  bench.send(keeps ? Opcode::suspend : Opcode::remove_queue, a);
  bench.run_until(added + 500us);
  bench.send(keeps ? Opcode::resume : Opcode::add_queue, a);
  // b has its whole quantum from 410 on; then a has 600 us left of its own, or a new one.
  const Duration again = added + 400us + quantum;
  bench.expect_at<UnmapQueue>(added + 400us, of(a));
  bench.expect_at<UnmapQueue>(again, of(b));
  const Duration had = again + (keeps ? quantum - 400us : quantum);
  bench.expect_at<UnmapQueue>(had, of(a));
  bench.expect_at<UnmapQueue>(had + quantum, of(b));
  bench.expect_at<UnmapQueue>(had + 2 * quantum, of(a));  // and from then on a whole one each time
}

TEST_CASE("a suspended gang is not mapped until it is resumed", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal}));
  add_all(bench);
  bench.run_until(100us);
  bench.send(Opcode::suspend, a);
  bench.expect_at<MapQueue>(added);
  bench.nothing_before<MapQueue>(500ms);
  bench.run_until(500ms);
  bench.send(Opcode::resume, a);
  bench.expect_at<MapQueue>(500ms);
}

TEST_CASE("a packet that meets a queue on its way out takes that unmap for its own", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal}));
  bench.unmap_takes = {100us, 100us};
  add_all(bench);
  bench.run_until(added + quantum + 40us);  // a leaves since its quantum was over
  bench.send(Opcode::suspend, a);
  bench.expect_at<SuspendFence>(added + quantum + 100us);
  bench.expect_at<MapQueue>(added, of(a));
  bench.expect_at<MapQueue>(added + quantum + 100us, of(b));
}

TEST_CASE("a gang that leaves with its last job done is not mapped again for nothing", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal}));
  bench.unmap_takes[0] = 500us;
  add_all(bench);
  bench.run_until(added + quantum + 300us);  // a leaves, and drains: its job ends on the way out
  bench.wiring.driver.drop_ring.post({a});
  bench.expect_at<MapQueue>(added, of(a));
  bench.expect_at<MapQueue>(added + quantum + 500us, of(b));
  bench.nothing_before<UnmapQueue>(900ms, of(b));
  bench.nothing_before<MapQueue>(900ms, of(a));
}

TEST_CASE("a slot whose unmap timed out is free again when the queue leaves at last", "[firmware][scheduler]") {
  FirmwareBench bench(machine({normal, normal}));
  bench.unmap_takes[0] = 3s;
  add_all(bench);
  bench.send(Opcode::remove_queue, a);
  bench.expect_at<ApiFence>(added);
  bench.expect_at<ApiFence>(added);
  CHECK(bench.expect_at<ApiFence>(added + 2s).result == PacketResult::unmap_fail);
  bench.nothing_before<MapQueue>(added + 3s, of(b));
  bench.expect_at<MapQueue>(added + 3s, of(b));
}

TEST_CASE("engines do not compete for each other's slots", "[firmware][scheduler]") {
  MachineSpec spec = machine({normal, normal});
  spec.processes.front().queues[1].type = QueueType::gfx;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.expect_at<MapQueue>(added, of(a));
  bench.expect_at<MapQueue>(added, of(b));
}

}  // namespace
}  // namespace userqsim::firmware_test
