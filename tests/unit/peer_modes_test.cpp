// The devices that schedule as other simulators and vendors do. All costs are zero but where a test says otherwise,
// so every instant follows from the quanta and the jobs.
#include "tests/support/devices.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::peer_modes_test {
namespace {

using namespace test;

ProcessSpec worker(const std::string& name, QueueType type, Duration work, std::uint32_t width,
                   std::size_t queues = 1) {
  ProcessSpec p = process(name, {});
  for (std::size_t q = 0; q < queues; ++q) {
    p.queues.push_back(queue("q" + std::to_string(q), type, stream(PeriodicArrival{1h}, job(work, width), 1)));
  }
  return p;
}

auto done_of(std::uint32_t queue) { return of(QueueId{queue}); }

MachineSpec on_kfd(MachineSpec spec) {
  spec.kernel = kernel_of("kfd");
  spec.policy = "unmap_map";
  return spec;
}

// Ten queues have the ten places, and q3 the least work; the eleventh waits.
MachineSpec eleven_queues(Duration least_work) {
  MachineSpec spec = on_kfd(costless_machine("gem5-hws"));
  for (int i = 0; i < 10; ++i) {
    const Duration work = i == 3 ? least_work : 2 * least_work;
    spec.processes.push_back(worker("p" + std::to_string(i), QueueType::compute, work, 1));
  }
  spec.processes.push_back(worker("late", QueueType::compute, 1ms, 1));
  return spec;
}

TEST_CASE("gem5's scheduler swaps a queue when its 100 us are over and it is idle", "[peer]") {
  SECTION("busy ones keep their places until one is done") {
    MachineBench bench(eleven_queues(5ms));
    bench.expect_at<JobEnded>(5ms, done_of(3));
    bench.expect_at<QueueRan>(5ms, done_of(10));
    bench.expect_at<JobEnded>(6ms, done_of(10));
  }
  SECTION("one that is idle keeps its own for 100 us") {
    MachineBench bench(eleven_queues(30us));
    bench.expect_at<JobEnded>(30us, done_of(3));
    bench.expect_at<QueueRan>(100us, done_of(10));
  }
  SECTION("with turns that end by the quantum alone a busy one goes") {
    MachineSpec spec = eleven_queues(5ms);
    spec.firmware.turn_end = TurnEnd::quantum;
    spec.device.compute_stop = ComputeStop::instruction;
    MachineBench bench(std::move(spec));
    bench.expect_at<QueueRan>(100us, done_of(10));
  }
}

// The eviction begins at 1 ms, after 1 ms of 5 ms; a round of waves would end every 10 us.
TEST_CASE("gem5's scheduler stops a queue at the end of what is in flight", "[peer]") {
  MachineSpec spec = on_kfd(costless_machine("gem5-hws"));
  spec.processes = {worker("p", QueueType::compute, 5ms, 1)};
  spec.processes[0].queues[0].jobs->graph[0].grain = 10us;
  spec.events = {evict_at(1ms, "p")};
  spec.horizon = 20ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<JobEnded>(5ms, done_of(0));
  bench.expect_at<EvictionSignaled>(5ms);
}

TEST_CASE("gem5's packets take 4.4 us", "[peer]") {
  MachineSpec spec = on_kfd(machine_of("gem5-hws"));
  spec.costs.preempt_idle = cost(2us);
  spec.costs.unmap = cost(3us);
  spec.processes = {worker("p", QueueType::compute, 1ms, 1)};
  spec.events = {evict_at(10ms, "p")};
  MachineBench bench(std::move(spec));
  bench.run_until(500ms);
  const auto packets = bench.all<PacketEnded>();
  REQUIRE(packets.size() == 3);  // created, evicted (which takes an idle queue off the machine), restored
  for (const PacketEnded& packet : packets) {
    CAPTURE(name_of(packet.opcode));
    CHECK(packet.busy == 4400ns + (packet.opcode == Opcode::remove_queue ? 2us + 3us : 0ns));
  }
}

// A group's turn is 1024 us from the moment it runs. Entering and leaving take 50 us each.
MachineSpec two_groups(Duration switch_half) {
  MachineSpec spec = costless_machine("nvidia-tsg");
  spec.costs.map = spec.costs.preempt_running = cost(switch_half);
  spec.processes = {worker("a", QueueType::compute, 3ms, 64), worker("b", QueueType::compute, 3ms, 64)};
  return spec;
}

TEST_CASE("NVIDIA's groups of channels take turns of 1024 us", "[peer]") {
  SECTION("without a cost to switch") {
    // a: 0 to 1024, 2048 to 3072, 4096 to 5048. b: 1024 to 2048, 3072 to 4096, 5048 to 6000.
    MachineBench bench(two_groups(0us));
    bench.expect_at<JobEnded>(5048us, done_of(0));
    bench.expect_at<JobEnded>(6000us, done_of(1));
  }
  SECTION("with 100 us for each") {
    // A turn and its switch are 1124 us. a runs from 50, 2298, 4546 on, and needs 952 us of its third turn. It is
    // idle then and leaves at no cost; b enters in 50 us and has 952 us left too.
    MachineBench bench(two_groups(50us));
    bench.expect_at<JobEnded>(4546us + 952us, done_of(0));
    bench.expect_at<JobEnded>(4546us + 952us + 50us + 952us, done_of(1));
  }
  SECTION("of 2 ms where the scenario says so") {
    MachineSpec spec = two_groups(0us);
    spec.firmware.process_quantum = spec.firmware.gang_quantum = 2ms;
    MachineBench bench(std::move(spec));
    bench.expect_at<JobEnded>(5ms, done_of(0));  // 0 to 2, 4 to 5
    bench.expect_at<JobEnded>(6ms, done_of(1));
  }
}

TEST_CASE("with NVIDIA's costs a switch takes 100 us", "[peer]") {
  MachineSpec spec = machine_of("nvidia-tsg");
  spec.processes = {worker("a", QueueType::compute, 1s, 64), worker("b", QueueType::compute, 1s, 64)};
  MachineBench bench(std::move(spec));
  bench.run_until(20ms);
  SimTime left;
  std::size_t switches = 0;
  for (const SlotChanged& change : bench.all<SlotChanged>()) {
    if (change.from == SlotState::running) left = change.time;
    if (change.to != SlotState::running || left == SimTime{}) continue;
    CHECK(change.time - left == 100us);
    ++switches;
  }
  CHECK(switches == 17);  // from about 1.1 ms on, every 1124 us
}

TEST_CASE("the queues of one group run at once", "[peer]") {
  const QueueType type = GENERATE(QueueType::compute, QueueType::gfx);
  MachineSpec spec = costless_machine("nvidia-tsg");
  spec.processes = {worker("a", type, 3ms, 32, 2)};
  MachineBench bench(std::move(spec));
  bench.expect_at<JobEnded>(3ms, done_of(0));
  bench.expect_at<JobEnded>(3ms, done_of(1));
}

// Graphics and compute of one process are two groups of one runlist; copies have a runlist of their own.
TEST_CASE("graphics and compute take turns, copies run beside them", "[peer]") {
  MachineSpec spec = costless_machine("nvidia-tsg");
  spec.processes = {worker("a", QueueType::gfx, 2ms, 64), worker("b", QueueType::compute, 2ms, 64),
                    worker("c", QueueType::sdma, 2ms, 1)};
  JobSpec& draw = spec.processes[0].queues[0].jobs->graph[0];
  draw.grain = 1ms;  // a draw: a's first turn ends at 2 ms, with its second draw
  MachineBench bench(std::move(spec));
  bench.expect_at<JobEnded>(2ms, done_of(0));
  bench.expect_at<JobEnded>(2ms, done_of(2));
  bench.expect_at<JobEnded>(4ms, done_of(1));
}

// Eighty queues of eighty processes with 1 ms of work for the whole GPU each share it from the start to the end.
TEST_CASE("with a pipe for every queue nobody waits", "[peer]") {
  MachineSpec spec = costless_machine("spatial");
  for (int i = 0; i < 80; ++i) {
    spec.processes.push_back(worker("p" + std::to_string(i), QueueType::compute, 1ms, 64));
  }
  MachineBench bench(std::move(spec));
  for (std::uint32_t i = 0; i < 80; ++i) bench.expect_at<QueueRan>(0ms, done_of(i));
  for (std::uint32_t i = 0; i < 80; ++i) bench.expect_at<JobEnded>(80ms, done_of(i));
}

}  // namespace
}  // namespace userqsim::peer_modes_test
