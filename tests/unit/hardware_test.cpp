// The hardware's way in and its sharing: mapping, connecting, pipes that rotate, compute units and the copy engine.
// Every time is worked out from the costs.
#include "models/hardware/hardware.hpp"

#include "tests/support/part_bench.hpp"

namespace userqsim::hardware_test {
namespace {

using namespace test;

constexpr Duration map_cost = 10us, connect_cost = 3us;
constexpr QueueId q0{0}, q1{1};

MachineSpec machine() {
  MachineSpec spec = ideal_machine();
  spec.device.gfx = {0, 0};  // so that compute slots count from 0, then SDMA
  spec.costs.map = cost(map_cost);
  spec.costs.connect = cost(connect_cost);
  return spec;
}

// A process with compute queues, each with one job at time zero.
MachineSpec with_jobs(MachineSpec spec, std::initializer_list<JobSpec> jobs, QueueType type = QueueType::compute) {
  ProcessSpec p = process("p", {});
  for (const JobSpec& j : jobs) {
    p.queues.push_back(queue("q" + std::to_string(p.queues.size()), type, stream(PeriodicArrival{1s}, j, 1)));
  }
  spec.processes = {p};
  return spec;
}

TEST_CASE("slots are numbered by engine and pipe", "[hardware]") {
  DeviceSpec device;
  device.gfx = {1, 2};
  device.compute = {2, 3};
  device.sdma = {1, 1};
  const SlotPlan plan = make_slot_plan(device, false);
  CHECK(plan.pipe_of_slot == std::vector<std::uint32_t>{0, 0, 1, 1, 1, 2, 2, 2, 3});
  REQUIRE(plan.pipes.size() == 4);
  CHECK(plan.pipes[2].type == QueueType::compute);
  CHECK(plan.pipes[2].first_slot == 2 + 3);
  CHECK(plan.pipes[3].type == QueueType::sdma);
}

TEST_CASE("a queue with work is mapped, connected, and runs to the job's end", "[hardware]") {
  HardwareBench bench(with_jobs(machine(), {job(1000us)}));
  bench.map(q0, SlotId{0});
  bench.expect_at<SlotChanged>(map_cost, is_mapped);
  bench.nothing_before<QueueRan>(map_cost + connect_cost);
  CHECK_FALSE(bench.expect_at<QueueRan>(map_cost + connect_cost).resumed);
  const JobDone done = bench.expect_at<JobDone>(map_cost + connect_cost + 1000us);
  CHECK(done.started == SimTime{map_cost + connect_cost});
  CHECK(done.preemptions == 0);
  bench.expect_at<JobRetired>(map_cost + connect_cost + 1000us);
  bench.expect_at<QueueIdle>(map_cost + connect_cost + 1000us);
}

TEST_CASE("an empty queue is mapped and idle, and a doorbell connects it at once", "[hardware]") {
  MachineSpec spec = machine();
  spec.processes = {process(
      "p", {queue("q0", QueueType::compute, stream(TraceArrival{{}, {{500us, std::nullopt}}}, job(100us)))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.expect_at<SlotChanged>(map_cost, is_mapped);
  bench.expect_at<QueueIdle>(map_cost);
  bench.nothing_before<QueueHasWork>(500us);
  bench.expect_at<QueueHasWork>(500us);
  bench.expect_at<QueueRan>(500us + connect_cost);
  bench.expect_at<JobDone>(500us + connect_cost + 100us);
}

TEST_CASE("a doorbell on a queue without a slot is only told to MES, and once", "[hardware]") {
  MachineSpec spec = machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{10us}, job(100us), 3))})};
  HardwareBench bench(std::move(spec));
  bench.run_until(1ms);
  CHECK(bench.times<QueueHasWork>() == in_ns({0us}));  // it had work already when the others rang
  CHECK(bench.hardware.ring_size(q0) == 3);
  CHECK(bench.count<QueueRan>() == 0);
}

TEST_CASE("jobs of one queue follow each other without connecting again", "[hardware]") {
  MachineSpec spec = machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{10us}, job(100us), 3))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.run_until(1ms);
  CHECK(bench.times<JobDone>() == in_ns({113us, 213us, 313us}));  // 10 + 3, then 100 each
  CHECK(bench.times<QueueIdle>() == in_ns({313us}));
}

// A job whose rounds of waves end every microsecond, where a pipe can rotate.
JobSpec in_rounds(Duration work) {
  JobSpec j = job(work);
  j.grain = 1us;
  return j;
}

TEST_CASE("a pipe rotates when its quantum is over and another queue waits", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 2};
  spec.device.pipe_quantum = 100us;
  HardwareBench bench(with_jobs(std::move(spec), {in_rounds(150us), in_rounds(150us)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  // q0 runs 13 to 113, q1 connects to 116 and runs to 216, q0 connects to 219 and has 50 left, done at 269 and
  // idle; q1 connects to 272 and has 50 left.
  CHECK_FALSE(bench.expect_at<QueueRan>(13us, of(q0)).resumed);
  CHECK_FALSE(bench.expect_at<QueueRan>(116us, of(q1)).resumed);
  CHECK(bench.expect_at<QueueRan>(219us, of(q0)).resumed);
  bench.expect_at<JobDone>(269us);
  CHECK(bench.expect_at<QueueRan>(272us, of(q1)).resumed);
  CHECK(bench.expect_at<JobDone>(322us).preemptions == 0);  // a rotation is not a preemption
}

TEST_CASE("a quantum runs only while somebody waits for the pipe", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 2};
  spec.device.pipe_quantum = 100us;
  HardwareBench bench(with_jobs(std::move(spec), {in_rounds(1000us), in_rounds(1000us)}));
  bench.map(q0, SlotId{0});
  bench.run_until(500us);
  CHECK(bench.count<PipeTimer>() == 0);
  bench.map(q1, SlotId{1});  // mapped at 510: the quantum counts from there
  bench.expect_at<PipeTimer>(500us + map_cost + 100us);
  bench.expect_at<QueueRan>(13us, of(q0));
  bench.expect_at<QueueRan>(500us + map_cost + 100us + connect_cost, of(q1));
}

// q1, real-time, has work for 300 us from 50 us on. q0's round of 1 us is left to end beside it; q0 has the pipe
// back when q1 is idle. On HWS q1 waits for the end of the quantum that begins with its work, and they take turns.
TEST_CASE("a real-time queue is connected at once and stays", "[hardware]") {
  const bool mes = GENERATE(true, false);
  MachineSpec spec = with_jobs(machine(), {in_rounds(1000us), in_rounds(300us)});
  spec.device.compute = {1, 2};
  spec.device.pipe_quantum = 100us;
  spec.firmware.scheduler = mes ? Scheduler::mes : Scheduler::hws;
  spec.processes.front().queues[1].priority = Priority::realtime;
  spec.processes.front().queues[1].jobs->arrival = TraceArrival{{}, {{50us, std::nullopt}}};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  bench.expect_at<QueueRan>(13us, of(q0));
  bench.expect_at<QueueRan>((mes ? 50us : 150us) + connect_cost, of(q1));
  const Duration first_end = mes ? 50us + connect_cost + 300us : 150us + connect_cost + 100us;
  bench.expect_at<QueueRan>(first_end + connect_cost, of(q0));
}

TEST_CASE("a third queue does not begin a second quantum beside the first", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 3};
  spec.device.pipe_quantum = 100us;
  HardwareBench bench(with_jobs(std::move(spec), {in_rounds(80us), in_rounds(1ms), in_rounds(1ms)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  bench.run_until(50us);
  bench.map(QueueId{2}, SlotId{2});
  bench.run_until(400us);
  // q0 is idle at 93, so the quantum that began at 13 is over with it; q1 runs from 96, q2 from 199.
  CHECK(bench.times<PipeTimer>() == in_ns({196us, 299us}));
}

TEST_CASE("a queue that goes idle in its quantum leaves the next one a whole quantum", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 3};
  spec.device.pipe_quantum = 100us;
  HardwareBench bench(with_jobs(std::move(spec), {in_rounds(50us), in_rounds(1ms), in_rounds(1ms)}));
  for (std::uint32_t n = 0; n < 3; ++n) bench.map(QueueId{n}, SlotId{n});
  bench.expect_at<QueueRan>(66us, of(q1));
  bench.expect_at<PipeTimer>(66us + 100us);
  bench.expect_at<QueueRan>(166us + 3us, of(QueueId{2}));
}

TEST_CASE("off its pipe a queue's round of waves runs on to its end, and no further", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 2};
  spec.device.compute_units = 2;
  spec.device.pipe_quantum = 100us;
  JobSpec rounds = job(140us);
  rounds.grain = 70us;
  HardwareBench bench(with_jobs(std::move(spec), {rounds, job(50us)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  // q0 runs from 13; its quantum is over at 113, in the middle of the round that ends at 13 + 140, and so does its
  // job.
  bench.expect_at<QueueRan>(113us + connect_cost, of(q1));
  bench.expect_at<JobDone>(13us + 140us);
  bench.expect_at<JobDone>(116us + 50us);
}

TEST_CASE("without a quantum a pipe rotates only when its queue is idle", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {1, 2};
  HardwareBench bench(with_jobs(std::move(spec), {job(150us), job(50us)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  bench.expect_at<QueueRan>(13us, of(q0));
  bench.expect_at<QueueIdle>(163us, of(q0));
  bench.expect_at<QueueRan>(166us, of(q1));
  bench.expect_at<QueueIdle>(216us, of(q1));
}

TEST_CASE("connected queues share the compute units in proportion to their widths", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {2, 1};
  spec.device.compute_units = 4;
  HardwareBench bench(with_jobs(std::move(spec), {job(300us, 2), job(600us, 4)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  // From 13 on, 6 units are wanted and 4 are there: speed 4/6. q0's 300 take 450. q1 has had 300 then and runs its
  // other 300 alone, at full speed.
  bench.expect_at<JobDone>(13us + 450us);
  bench.expect_at<JobDone>(13us + 450us + 300us);
}

TEST_CASE("widths that fit do not slow each other", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {2, 1};
  spec.device.compute_units = 6;
  HardwareBench bench(with_jobs(std::move(spec), {job(300us, 2), job(600us, 4)}));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  bench.expect_at<JobDone>(13us + 300us);
  bench.expect_at<JobDone>(13us + 600us);
}

TEST_CASE("a kernel copy shares the copy engine with an SDMA job", "[hardware]") {
  MachineSpec spec = machine();
  spec.processes = {process("owner", {})};
  MachineSpec jobs = with_jobs(machine(), {job(1000us, 7)}, QueueType::sdma);  // its width is ignored
  spec.processes.push_back(jobs.processes.front());
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{1});
  bench.run_until(500us);
  bench.copy_buffer_of(ProcessId{0}, 100us);
  // The job ran alone from 13 to 500, which is 487. Then both have half the engine: the copy's 100 take 200, the
  // job gets 100 of its own in that time and has 1000 - 487 - 100 = 413 left.
  bench.expect_at<CopyDone>(700us);
  bench.expect_at<JobDone>(700us + 413us);
  CHECK(bench.count<Hazard>() == 0);  // the buffer's owner has no waves on the machine
}

TEST_CASE("a copy while waves of the buffer's owner run is a hazard", "[hardware]") {
  HardwareBench bench(with_jobs(machine(), {job(1000us)}));
  bench.map(q0, SlotId{0});
  bench.run_until(map_cost + connect_cost - 1ns);
  bench.copy_buffer_of(ProcessId{0}, 1us);  // not running yet
  bench.run_until(500us);
  CHECK(bench.count<Hazard>() == 0);
  bench.copy_buffer_of(ProcessId{0}, 1us);
  const Hazard hazard = bench.expect_at<Hazard>(500us);
  CHECK(hazard.kind == HazardKind::moved_while_running);
  CHECK(hazard.queue == q0);
}

TEST_CASE("a job waits at the ring's head for the job it depends on", "[hardware]") {
  MachineSpec spec = machine();
  spec.device.compute = {2, 1};
  StreamSpec graph = stream(PeriodicArrival{1s}, job(200us), 1);
  graph.graph.front().name = "first";
  JobSpec second = job(50us);
  second.name = "second";
  second.queue = "q1";
  second.after = {"first"};
  graph.graph.push_back(second);
  spec.processes = {process("p", {queue("q0", QueueType::compute, graph), queue("q1", QueueType::compute)})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.map(q1, SlotId{1});
  bench.expect_at<QueueIdle>(10us, of(q1));  // its job is in the ring and cannot run
  bench.expect_at<JobDone>(13us + 200us);
  bench.expect_at<QueueHasWork>(0us, of(q0));
  bench.expect_at<QueueHasWork>(213us, of(q1));
  bench.expect_at<QueueRan>(216us, of(q1));
}

TEST_CASE("a freed queue drops what its ring holds, with what had begun", "[hardware]") {
  MachineSpec spec = machine();
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{10us}, job(1000us), 2))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.run_until(100us);
  bench.wiring.driver.drop_ring.post({q0});
  const JobDropped head = bench.expect_at<JobDropped>(100us);
  CHECK(head.has_started);
  CHECK(head.started == SimTime{13us});
  CHECK_FALSE(bench.expect_at<JobDropped>(100us).has_started);
  bench.nothing_before<JobDone>(1s);
  CHECK(bench.hardware.ring_size(q0) == 0);
}

// Its second job rings its doorbell at 100 us, its queue has been freed at 50 us.
TEST_CASE("a doorbell that finds its queue freed starts nothing", "[hardware]") {
  MachineSpec spec = machine();
  JobSpec fenced = job(10us);
  fenced.fence = true;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(PeriodicArrival{100us}, fenced, 2))})};
  HardwareBench bench(std::move(spec));
  bench.map(q0, SlotId{0});
  bench.expect_at<JobDone>(23us);
  bench.run_until(50us);
  SECTION("its client has an answer for a queue that was given back") {
    bench.wiring.driver.drop_ring.post({q0, JobOutcome::cancelled});
    const JobDropped dropped = bench.expect_at<JobDropped>(100us);
    CHECK(dropped.outcome == JobOutcome::cancelled);
    CHECK_FALSE(dropped.has_started);
    bench.expect_at<JobRetired>(23us);
    bench.expect_at<JobRetired>(100us);
  }
  SECTION("nobody is there to hear of an exiting process's job") {
    bench.wiring.driver.drop_ring.post({q0, JobOutcome::exited});
    bench.run_until(200us);
    CHECK(bench.count<JobDropped>() == 0);
    CHECK(bench.count<JobRetired>() == 1);
  }
  bench.wiring.driver.cancel_fenced.post({q0});
  bench.run_until(300us);
  CHECK(bench.hardware.ring_size(q0) == 0);
  CHECK(bench.count<QueueRan>() == 1);
  CHECK(bench.count<JobDone>() == 1);
}

TEST_CASE("a job takes longer while its process's buffers lie in GTT", "[hardware]") {
  MachineSpec spec = with_jobs(machine(), {job(100us)});
  spec.device.vram = Bytes{1};
  spec.costs.gtt_slowdown.value = 2.5;
  spec.processes.front().vram = {{"b", Bytes{4096}, 1, Domain::vram_or_gtt}};
  HardwareBench bench(std::move(spec));
  bench.wiring.driver.allocate.post({RequestId{0}, ProcessId{0}, PressureId::none(), 0});
  bench.run_until(1us);
  bench.map(q0, SlotId{0});
  bench.expect_at<JobDone>(1us + map_cost + connect_cost + 250us);
}

}  // namespace
}  // namespace userqsim::hardware_test
