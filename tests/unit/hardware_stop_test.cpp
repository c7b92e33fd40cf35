// Stopping a queue wherever the stop finds it. Every time is worked out from the costs.
#include "tests/support/part_bench.hpp"

namespace userqsim::hardware_stop_test {
namespace {

using namespace test;

constexpr QueueId q0{0}, q1{1};
constexpr SlotId slot0{0}, slot1{1};

// Mapped at 10 us, running at 13 us. Out: 5 + 11 us from a slot without waves, 7 + 11 us after waves have ended.
MachineSpec machine() {
  MachineSpec spec = ideal_machine();
  spec.device.gfx = {0, 0};
  spec.costs.map = cost(10us);
  spec.costs.connect = cost(3us);
  spec.costs.preempt_idle = cost(5us);
  spec.costs.preempt_running = cost(7us);
  spec.costs.context_boundary = cost(2us);
  spec.costs.unmap = cost(11us);
  return spec;
}
constexpr Duration out_idle = 5us + 11us, out_running = 7us + 11us, first_run = 13us;

MachineSpec with_job(MachineSpec spec, JobSpec j, QueueType type = QueueType::compute, std::uint64_t jobs = 1) {
  spec.processes = {process("p", {queue("q0", type, stream(PeriodicArrival{1us}, std::move(j), jobs))})};
  return spec;
}

JobSpec grained(Duration work, Duration grain) {
  JobSpec j = job(work);
  j.grain = grain;
  return j;
}

TEST_CASE("a stop of an idle mapped queue costs the idle preemption and the unmapping", "[hardware][stop]") {
  MachineSpec spec = machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute)})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(20us);
  bench.unmap(q0, slot0);
  bench.nothing_before<SlotFreed>(20us + out_idle);
  bench.expect_at<SlotFreed>(20us + out_idle);
  CHECK_FALSE(bench.expect_at<QueueStopped>(20us + out_idle).pending);
}

TEST_CASE("a stop finds a queue connecting: it never runs", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), job(1000us)));
  bench.map(q0, slot0);
  bench.run_until(11us);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(11us + out_idle);
  CHECK(bench.expect_at<QueueStopped>(11us + out_idle).pending);
  bench.run_until(10ms);
  CHECK(bench.count<QueueRan>() == 0);
}

TEST_CASE("a stop finds a queue being mapped: the mapping ends first", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), job(1000us)));
  bench.map(q0, slot0);
  bench.run_until(4us);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(10us + out_idle);
  bench.run_until(10ms);
  CHECK(bench.count<QueueConnected>() == 0);
  CHECK(bench.count<QueueRan>() == 0);
}

TEST_CASE("running work without a grain drains to the job's end", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), job(1000us)));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0);
  bench.expect_at<JobDone>(first_run + 1000us);
  bench.nothing_before<SlotFreed>(first_run + 1000us + out_running);
  bench.expect_at<SlotFreed>(first_run + 1000us + out_running);
  CHECK_FALSE(bench.expect_at<QueueStopped>(first_run + 1000us + out_running).pending);
}

TEST_CASE("running work drains to the end of its grain and goes on from there", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), grained(1000us, 100us)));
  bench.map(q0, slot0);
  bench.run_until(150us);
  bench.unmap(q0, slot0);
  // Rounds end at 113, 213, ...
  const Duration stopped = first_run + 200us + out_running;
  bench.nothing_before<SlotFreed>(stopped);
  bench.expect_at<SlotFreed>(stopped);
  CHECK(bench.expect_at<QueueStopped>(stopped).pending);
  bench.run_until(300us);
  bench.map(q0, slot0);
  bench.expect_at<QueueRan>(first_run);
  CHECK(bench.expect_at<QueueRan>(300us + first_run).resumed);
  const JobDone done = bench.expect_at<JobDone>(300us + first_run + (1000us - 200us));
  CHECK(done.started == SimTime{first_run});
  CHECK(done.preemptions == 1);
}

TEST_CASE("a job stopped in VRAM and resumed from GTT is slower for what it had left", "[hardware][stop]") {
  MachineSpec spec = with_job(machine(), grained(1000us, 100us));
  spec.device.vram = Bytes{1};
  spec.costs.gtt_slowdown.value = 2.5;
  spec.processes.front().vram = {{"b", Bytes{4096}, 1, Domain::vram_or_gtt}};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(50us);
  bench.unmap(q0, slot0);
  bench.run_until(1ms);
  bench.wiring.driver.allocate.post({RequestId{0}, ProcessId{0}, PressureId::none(), 0});
  bench.map(q0, slot0);
  bench.expect_at<JobDone>(1ms + first_run + (1000us - 100us) * 5 / 2);
}

TEST_CASE("a stop at a round's very end, and a nanosecond after", "[hardware][stop]") {
  const Duration late = GENERATE(0ns, 1ns);
  HardwareBench bench(with_job(machine(), grained(1000us, 100us)));
  bench.map(q0, slot0);
  bench.run_until(first_run + 100us + late);
  bench.unmap(q0, slot0);
  const Duration round_end = first_run + (late == 0ns ? 100us : 200us);
  bench.expect_at<SlotFreed>(round_end + out_running);
}

TEST_CASE("a grain that does not divide the job ends with the job", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), grained(250us, 100us), QueueType::compute, 2));
  bench.map(q0, slot0);
  bench.run_until(first_run + 220us);
  bench.unmap(q0, slot0);
  bench.expect_at<JobDone>(first_run + 250us);
  bench.expect_at<SlotFreed>(first_run + 250us + out_running);
  CHECK(bench.expect_at<QueueStopped>(first_run + 250us + out_running).pending);  // the second job never began
  CHECK(bench.count<QueueRan>() == 1);
}

TEST_CASE("a queue that shares the machine drains at the speed it shares", "[hardware][stop]") {
  MachineSpec spec = machine();
  spec.device.compute = {2, 1};
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1s}, grained(1ms, 100us), 1)),
                    queue("q1", QueueType::compute, stream(PeriodicArrival{1s}, job(10ms), 1))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(50us);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(first_run + 2 * 100us + out_running);  // two of width 1 on one unit: half speed
}

TEST_CASE("what a drain's last nanosecond granted too much is not granted again", "[hardware][stop]") {
  MachineSpec spec = machine();
  spec.device.compute = {2, 1};
  spec.device.compute_units = 3;
  JobSpec wide = job(10ms, 3);
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1s}, grained(300'002ns, 100us), 1)),
                    queue("q1", QueueType::compute, stream(PeriodicArrival{1s}, wide, 1))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(50us);
  bench.unmap(q0, slot0);
  // Widths 1 and 3 on 3 units: speed 3/4. The round of 100'000 takes 133'333.33, so 133'334: half a unit-nanosecond
  // too much. Of 200'002 only 200'001.5 are left: 266'668.67, so 266'669 (and 266'670 if it were granted again).
  bench.expect_at<SlotFreed>(first_run + 133'334ns + out_running);
  bench.run_until(1ms);
  bench.map(q0, slot0);
  bench.expect_at<JobDone>(1ms + first_run + 266'669ns);
}

TEST_CASE("a packet that finds the queue leaving by MES's own wish waits for the same end", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), grained(1000us, 100us)));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0, false);
  bench.run_until(105us);
  bench.unmap(q0, slot0, true);
  bench.expect_at<SlotFreed>(first_run + 100us + out_running);
  CHECK(bench.expect_at<QueueStopped>(first_run + 100us + out_running).pending);
  bench.run_until(5ms);
  CHECK(bench.count<SlotFreed>() == 1);
}

TEST_CASE("MES's own unmapping is not a stop, and a stop that comes too late is nothing", "[hardware][stop]") {
  HardwareBench bench(with_job(machine(), grained(1000us, 100us)));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0, false);
  bench.run_until(first_run + 100us + out_running);
  bench.unmap(q0, slot0, true);
  bench.run_until(5ms);
  CHECK(bench.count<SlotFreed>() == 1);
  CHECK(bench.count<QueueStopped>() == 0);
}

// CWSR: 4 units with a wave each, and 4 * 510'944 + 4'096 (control stacks) + 4 * 32 (the debugger's) bytes of save
// area: 512'000 for each unit. Half of it is used, so a job of width 2 saves 2 * 512'000 / 2 bytes.
MachineSpec with_cwsr(Domain area) {
  MachineSpec spec = machine();
  spec.kernel.cwsr = true;
  spec.kernel.context_area = area;
  spec.device.compute_units = 4;
  spec.device.wave_state.waves = 1;
  spec.device.wave_state.vgprs = Bytes{510'944};
  spec.costs.context_fill.value = 0.5;
  spec.device.link = {1'000'000'000};             // 512'000 bytes: 512 us
  spec.device.vram_bandwidth = {10'000'000'000};  // and 51.2 us
  return spec;
}

TEST_CASE("with CWSR running waves are saved at once and loaded again", "[hardware][stop]") {
  const bool in_vram = GENERATE(false, true);
  const Duration transfer = in_vram ? 51200ns : Duration{512us};
  HardwareBench bench(with_job(with_cwsr(in_vram ? Domain::vram : Domain::gtt), job(1000us, 2)));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0);
  const Duration freed = 100us + 2us + 7us + transfer + 11us;  // boundary, preempt, save, unmap
  bench.nothing_before<SlotFreed>(freed);
  bench.expect_at<SlotFreed>(freed);
  bench.run_until(2ms);
  bench.map(q0, slot0);
  bench.expect_at<SlotChanged>(10us, is_mapped);
  bench.expect_at<SlotChanged>(2ms + 10us + transfer, is_mapped);
  bench.expect_at<JobDone>(2ms + 10us + transfer + 3us + (1000us - (100us - first_run)));
  const auto moved = bench.all<ContextMoved>();
  REQUIRE(moved.size() == 2);
  CHECK(moved[0].save);
  CHECK(moved[0].bytes == Bytes{512'000});
  CHECK_FALSE(moved[1].save);
  CHECK(moved[1].bytes == Bytes{512'000});
}

TEST_CASE("a stop finds a queue's waves being loaded: the load ends first, and they are saved again",
          "[hardware][stop]") {
  HardwareBench bench(with_job(with_cwsr(Domain::gtt), job(1000us, 2)));
  bench.map(q0, slot0);
  bench.run_until(100us);
  bench.unmap(q0, slot0);
  bench.run_until(2ms);
  bench.map(q0, slot0);
  bench.run_until(2ms + 10us + 100us);  // loading until 2510
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(100us + 2us + 7us + 512us + 11us);
  bench.expect_at<SlotFreed>(2ms + 10us + 512us + 5us + 512us + 11us);
  bench.run_until(4ms);
  bench.map(q0, slot0);
  bench.expect_at<JobDone>(4ms + 10us + 512us + 3us + (1000us - 87us));
}

TEST_CASE("with CWSR a queue that was rotated off its pipe still has waves to save", "[hardware][stop]") {
  MachineSpec spec = with_cwsr(Domain::gtt);
  spec.device.compute = {1, 2};
  spec.device.pipe_quantum = 100us;
  const StreamSpec jobs = stream(PeriodicArrival{1s}, job(1ms, 2), 1);
  spec.processes = {process("p", {queue("q0", QueueType::compute, jobs), queue("q1", QueueType::compute, jobs)})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(150us);  // q0 off since 113, q1 running since 116
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(150us + 5us + 512us + 11us, of(q0));
}

TEST_CASE("with CWSR an idle queue has nothing to save", "[hardware][stop]") {
  HardwareBench bench(with_job(with_cwsr(Domain::gtt), job(100us, 2)));
  bench.map(q0, slot0);
  bench.run_until(1ms);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(1ms + out_idle);
  CHECK(bench.count<ContextMoved>() == 0);
}

// A graphics queue: 100'000 bytes of shadow over a link of 1 GB/s, 100 us.
MachineSpec with_graphics() {
  MachineSpec spec = machine();
  spec.device.gfx = {1, 1};
  spec.device.gfx_context = Bytes{100'000};
  spec.device.link = {1'000'000'000};
  return spec;
}

TEST_CASE("a graphics queue drains its draw, then saves its shadow, and loads it again", "[hardware][stop]") {
  HardwareBench bench(with_job(with_graphics(), grained(1000us, 100us), QueueType::gfx));
  bench.map(q0, slot0);
  bench.run_until(150us);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(first_run + 200us + 7us + 100us + 11us);
  bench.run_until(1ms);
  bench.map(q0, slot0);
  bench.expect_at<SlotChanged>(10us, is_mapped);
  bench.expect_at<SlotChanged>(1ms + 10us + 100us, is_mapped);
  bench.expect_at<JobDone>(1ms + 10us + 100us + 3us + 800us);
}

TEST_CASE("an idle graphics queue that has run saves its shadow, one that never ran does not", "[hardware][stop]") {
  const bool ran = GENERATE(false, true);
  MachineSpec spec = with_graphics();
  spec.processes = {process("p", {queue("q0", QueueType::gfx)})};
  if (ran) spec = with_job(spec, job(100us), QueueType::gfx);
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.run_until(1ms);
  bench.unmap(q0, slot0);
  bench.expect_at<SlotFreed>(1ms + 5us + (ran ? 100us : 0us) + 11us);
}

TEST_CASE("a stop finds a graphics queue loading: the shadow must be loaded again the next time",
          "[hardware][stop]") {
  HardwareBench bench(with_job(with_graphics(), grained(1000us, 100us), QueueType::gfx));
  bench.map(q0, slot0);
  bench.run_until(150us);
  bench.unmap(q0, slot0);
  bench.run_until(1ms);
  bench.map(q0, slot0);
  bench.run_until(1ms + 50us);  // loading until 1110
  bench.unmap(q0, slot0);
  bench.run_until(3ms);
  CHECK(bench.count<SlotFreed>() == 2);
  bench.map(q0, slot0);
  bench.expect_at<SlotChanged>(10us, is_mapped);
  bench.expect_at<SlotChanged>(1ms + 10us + 100us, is_mapped);  // and leaves at once
  bench.expect_at<SlotChanged>(3ms + 10us + 100us, is_mapped);
}

TEST_CASE("an SDMA queue stops at the end of a packet of 4 MiB", "[hardware][stop]") {
  const bool larger = GENERATE(false, true);  // no packet is larger, whatever the scenario says
  MachineSpec spec = machine();
  spec.device.link = {(std::int64_t{4} << 20) * 1000};  // 4 MiB in 1 ms
  JobSpec copy = job(10ms);
  if (larger) copy.grain = 8ms;
  HardwareBench bench(with_job(std::move(spec), copy, QueueType::sdma));
  bench.map(q0, slot1);
  bench.run_until(1500us);
  bench.unmap(q0, slot1);
  bench.nothing_before<SlotFreed>(first_run + 2ms + out_running);
  bench.expect_at<SlotFreed>(first_run + 2ms + out_running);
}

TEST_CASE("a pipe goes to the next queue as soon as the stopped one's waves have ended", "[hardware][stop]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 2};
  spec.processes = {
      process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{1s}, grained(1ms, 100us), 1)),
                    queue("q1", QueueType::compute, stream(PeriodicArrival{1s}, job(100us), 1))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, slot0);
  bench.map(q1, slot1);
  bench.run_until(50us);
  bench.unmap(q0, slot0);
  bench.expect_at<QueueRan>(113us + 3us, of(q1));
  bench.expect_at<SlotFreed>(113us + out_running, of(q0));
}

}  // namespace
}  // namespace userqsim::hardware_stop_test
