// Turns of processes and gangs, real-time and low levels, VMIDs, and what of a turn is carried over.
#include "models/firmware/firmware.hpp"

#include "tests/support/part_bench.hpp"

namespace userqsim::firmware_turns_test {
namespace {

using namespace test;

constexpr QueueId a{0}, b{1}, c{2};
constexpr Duration gang = 1ms, turn = 4ms;

QueueSpec busy(std::string name, Priority level = Priority::normal) {
  QueueSpec q = queue(std::move(name), QueueType::compute, stream(PeriodicArrival{1s}, job(1h), 1));
  q.priority = level;
  return q;
}
QueueSpec works_from(Duration at, Priority level) {
  QueueSpec q = busy("late", level);
  q.jobs->arrival = TraceArrival{{}, {{at, std::nullopt}}};
  return q;
}

MachineSpec machine(std::vector<QueueSpec> queues) {
  MachineSpec spec = ideal_machine();
  spec.firmware.gang_quantum = gang;
  spec.firmware.process_quantum = turn;
  spec.processes = {process("p", std::move(queues))};
  return spec;
}

void add_all(FirmwareBench& bench) {
  bench.run_until(0us);
  for (std::size_t q = 0; q < bench.layout.queues.size(); ++q) bench.send(Opcode::add_queue, QueueId::of(q));
  bench.run_until(0us);
}

// Who is unmapped when, up to `end`.
std::vector<std::pair<Duration, std::uint32_t>> unmaps(FirmwareBench& bench, Duration end) {
  bench.run_until(end);
  std::vector<std::pair<Duration, std::uint32_t>> found;
  for (std::size_t i = 0; i < bench.all<UnmapQueue>().size(); ++i) {
    const Duration at{bench.times<UnmapQueue>()[i]};
    found.emplace_back(at, bench.all<UnmapQueue>()[i].queue.value);
  }
  return found;
}
using Unmaps = std::vector<std::pair<Duration, std::uint32_t>>;

TEST_CASE("with a process context a queue, the process quantum is the queue's", "[firmware][turns]") {
  FirmwareBench bench(machine({busy("a"), busy("b")}));
  add_all(bench);
  CHECK(unmaps(bench, 2 * turn) == Unmaps{{turn, 0}, {2 * turn, 1}});
}

// Gangs of the process take turns of 1 ms; after its 4 ms the other process has its own, then the first again.
TEST_CASE("gangs take turns within their process's turn", "[firmware][turns]") {
  MachineSpec spec = machine({busy("a"), busy("b")});
  spec.kernel.process_context = ProcessContext::process;
  spec.processes.push_back(process("other", {busy("c")}));
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  CHECK(unmaps(bench, 2 * turn + gang) ==
        Unmaps{{gang, 0}, {2 * gang, 1}, {3 * gang, 0}, {turn, 1}, {2 * turn, 2}, {2 * turn + gang, 0}});
}

// Two slots for two gangs of one process: at the end of its turn both leave for the two of the other.
TEST_CASE("a process whose turn is over gives all its slots", "[firmware][turns]") {
  MachineSpec spec = machine({busy("a"), busy("b")});
  spec.device.compute = {1, 2};
  spec.kernel.process_context = ProcessContext::process;
  spec.processes.push_back(process("other", {busy("c"), busy("d")}));
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  CHECK(unmaps(bench, 2 * turn) == Unmaps{{turn, 1}, {turn, 0}, {2 * turn, 3}, {2 * turn, 2}});
}

// c, of a higher level, has work at 1 ms and is done at 2 ms. a, then in the middle of its turn, has 3 ms left of
// it and its place; or it is behind b, which then has a whole turn.
TEST_CASE("who gives way to a higher level keeps its place and the rest of its turn, or does not",
          "[firmware][turns]") {
  const CarryOver carry_over = GENERATE(CarryOver::kept, CarryOver::fresh);
  MachineSpec spec = machine({busy("a"), busy("b"), works_from(1ms, Priority::high)});
  spec.firmware.carry_over = carry_over;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.run_until(2ms);
  bench.goes_idle(c);
  const Unmaps kept{{1ms, 0}, {2ms, 2}, {2ms + turn - 1ms, 0}};
  const Unmaps fresh{{1ms, 0}, {2ms, 2}, {2ms + turn, 1}};
  CHECK(unmaps(bench, 2ms + turn) == (carry_over == CarryOver::kept ? kept : fresh));
}

// Two slots, so b would fit. a is done at 2 ms; b has to wait for as long again as the option says, and goes at
// once when c, of level normal, has work at 5 ms.
TEST_CASE("level low runs when all above it are idle", "[firmware][turns]") {
  const Duration wait = GENERATE(Duration{0}, Duration{500us});
  MachineSpec spec = machine({busy("a"), busy("b", Priority::low), works_from(5ms, Priority::normal)});
  spec.device.compute = {1, 3};
  spec.firmware.low_idle_time = wait;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.run_until(2ms);
  bench.goes_idle(a);
  bench.nothing_before<MapQueue>(2ms + wait, of(b));
  bench.expect_at<MapQueue>(2ms + wait, of(b));
  bench.expect_at<UnmapQueue>(5ms, of(b));
  bench.nothing_before<MapQueue>(1s, of(b));
}

TEST_CASE("or it is the lowest level and no more", "[firmware][turns]") {
  MachineSpec spec = machine({busy("a"), busy("b", Priority::low)});
  spec.device.compute = {1, 2};
  spec.firmware.low_level = LowLevel::lowest;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.expect_at<MapQueue>(0us, of(b));
}

// On two pipes of one slot: the idle real-time queue b takes the slot of c, the last in the list, and never gives
// it back.
TEST_CASE("a real-time queue is mapped for good, idle or not", "[firmware][turns]") {
  QueueSpec idle = queue("rt", QueueType::compute);
  idle.priority = Priority::realtime;
  MachineSpec spec = machine({busy("a"), idle, busy("c")});
  spec.device.compute = {2, 1};
  FirmwareBench bench(std::move(spec));
  bench.send(Opcode::add_queue, a);
  bench.send(Opcode::add_queue, c);
  bench.run_until(1ms);
  bench.send(Opcode::add_queue, b);
  bench.expect_at<UnmapQueue>(1ms, of(c));
  bench.expect_at<MapQueue>(1ms, of(b));
  bench.nothing_before<UnmapQueue>(1s, of(b));
  CHECK(bench.count<UnmapQueue>(of(a)) > 100);  // a and c take turns in the other slot
}

TEST_CASE("two real-time queues go to two pipes", "[firmware][turns]") {
  MachineSpec spec = machine({busy("a", Priority::realtime), busy("b", Priority::realtime)});
  spec.device.compute = {2, 2};
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  CHECK(bench.all<MapQueue>()[0].slot == SlotId{1});
  CHECK(bench.all<MapQueue>()[1].slot == SlotId{3});
}

// Slots for all three, VMIDs for two. When the turns of a and b are over the list is c, a, b.
TEST_CASE("where every queue has a VMID, VMIDs can run out before slots", "[firmware][vmid]") {
  MachineSpec spec = machine({busy("a"), busy("b"), busy("c")});
  spec.device.compute = {1, 4};
  spec.device.vmids = {2, std::nullopt};
  spec.firmware.vmid_per = GENERATE(VmidPer::queue, VmidPer::process);
  const bool per_queue = spec.firmware.vmid_per == VmidPer::queue;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.run_until(turn - 1ns);
  CHECK(bench.count<MapQueue>() == (per_queue ? 2 : 3));
  bench.run_until(turn);
  CHECK(bench.count<UnmapQueue>(of(a)) == 0);
  CHECK(bench.count<UnmapQueue>(of(b)) == (per_queue ? 1 : 0));
  CHECK(bench.count<MapQueue>(of(c)) == 1);
}

// One VMID, a process's own: who wants it waits for all of the other process's queues, on any engine but compute.
TEST_CASE("a VMID is free when all who share it have left", "[firmware][vmid]") {
  MachineSpec spec = machine({});
  const auto of_type = [](std::string name, QueueType type) {
    QueueSpec q = busy(std::move(name));
    q.type = type;
    return q;
  };
  spec.processes = {process("p", {of_type("a", QueueType::gfx), of_type("b", QueueType::sdma)}),
                    process("other", {of_type("c", QueueType::gfx)})};
  spec.device.gfx = {1, 2};
  spec.device.vmids = {1, std::nullopt};
  FirmwareBench bench(std::move(spec));
  bench.unmap_takes = {10us, 30us, 0us};
  add_all(bench);
  bench.expect_at<UnmapQueue>(turn, of(a));
  bench.expect_at<UnmapQueue>(turn, of(b));
  bench.nothing_before<MapQueue>(turn + 30us, of(c));
  bench.expect_at<MapQueue>(turn + 30us, of(c));
}

TEST_CASE("a process's compute queues have a VMID of their own", "[firmware][vmid]") {
  MachineSpec spec = machine({busy("a"), queue("b", QueueType::gfx, stream(PeriodicArrival{1s}, job(1h), 1))});
  const std::uint32_t vmids = GENERATE(1U, 2U);
  spec.device.vmids = {vmids, std::nullopt};
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.run_until(turn - 1ns);
  CHECK(bench.count<MapQueue>() == vmids);
}

// Without kernel queues there are more of both.
TEST_CASE("kernel queues hold slots and VMIDs", "[firmware][vmid]") {
  MachineSpec spec = machine({busy("a"), busy("b"), busy("c")});
  spec.device.compute = {1, 1, 3};
  spec.device.vmids = {1, 2};
  spec.firmware.vmid_per = VmidPer::queue;
  spec.device.kernel_queues = GENERATE(true, false);
  const std::size_t mapped = spec.device.kernel_queues ? 1 : 2;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.run_until(turn - 1ns);
  CHECK(bench.count<MapQueue>() == mapped);
}

// gfx12: an interrupt tells of unmapped graphics and compute queues, the 50 us poll of SDMA queues.
TEST_CASE("how MES learns of work may differ for SDMA", "[firmware][discovery]") {
  MachineSpec spec = machine({busy("a"), works_from(101us, Priority::high)});
  spec.firmware.work_discovery = WorkDiscovery::interrupt;
  spec.firmware.sdma_work_discovery = WorkDiscovery::timer;
  const QueueType type = GENERATE(QueueType::compute, QueueType::sdma);
  for (QueueSpec& q : spec.processes[0].queues) q.type = type;
  FirmwareBench bench(std::move(spec));
  add_all(bench);
  bench.expect_at<UnmapQueue>(type == QueueType::sdma ? 150us : 101us, of(a));
}

}  // namespace
}  // namespace userqsim::firmware_turns_test
