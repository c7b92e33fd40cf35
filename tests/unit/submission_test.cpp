// Processes that submit through the kernel, on a machine on which nothing costs anything: who has the kernel's
// queues, and what becomes of a job when its process exits or the GPU is reset.
#include "tests/support/machine_bench.hpp"
#include "tests/support/shortage.hpp"

namespace userqsim::submission_test {
namespace {

using namespace test;

ProcessSpec client(std::string name, std::vector<QueueSpec> contexts) {
  ProcessSpec p = process(std::move(name), std::move(contexts));
  p.submission = Submission::kernel;
  return p;
}

// One job of `work` at `at`.
QueueSpec gfx(std::string name, Duration at, Duration work, Priority priority = Priority::normal) {
  QueueSpec q = once(std::move(name), QueueType::gfx, at, work, true);
  q.priority = priority;
  return q;
}

MachineSpec machine(std::vector<ProcessSpec> processes) {
  MachineSpec spec = ideal_machine();
  spec.processes = std::move(processes);
  return spec;
}

std::map<std::uint32_t, Duration> ends(const MachineBench& bench, JobOutcome outcome = JobOutcome::finished) {
  std::map<std::uint32_t, Duration> found;
  for (const JobEnded& job : bench.all<JobEnded>()) {
    if (job.outcome == outcome) found.emplace(job.queue.value, job.time.time_since_epoch());
  }
  return found;
}
using Ends = std::map<std::uint32_t, Duration>;

TEST_CASE("a kernel queue takes the highest level first, then who submitted first", "[submission]") {
  MachineBench bench(machine(
      {client("p", {gfx("0", 0ms, 10ms), gfx("1", 2ms, 5ms)}),
       client("q", {gfx("2", 1ms, 5ms), gfx("3", 3ms, 5ms, Priority::high), gfx("4", 0ms, 5ms, Priority::low)})}));
  bench.run();
  CHECK(ends(bench) == Ends{{0, 10ms}, {3, 15ms}, {2, 20ms}, {1, 25ms}, {4, 30ms}});
}

TEST_CASE("a context's jobs run one after the other, and two pipes run two contexts", "[submission]") {
  TraceArrival arrival;
  arrival.rows = {{0ms, std::nullopt}, {0ms, std::nullopt}};
  MachineSpec spec = machine({client("p", {queue("0", QueueType::compute, stream(arrival, job(10ms))),
                                           queue("1", QueueType::compute, stream(arrival, job(15ms)))})});
  spec.device.compute = {3, 1};
  spec.device.compute_units = 3;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<JobEnded>() == in_ns({10ms, 15ms, 20ms, 30ms}));
}

// Without a pipe quantum whoever is connected runs until he is idle.
TEST_CASE("a kernel queue and a user queue of one pipe take turns", "[submission]") {
  MachineBench bench(machine({process("p", {gfx("0", 0ms, 10ms)}), client("q", {gfx("1", 1ms, 5ms)})}));
  bench.run();
  CHECK(ends(bench) == Ends{{0, 10ms}, {1, 15ms}});
}

// It exits at 3 ms. What it has submitted runs, for a second; then what has not begun is dropped.
TEST_CASE("a process that exits waits for what it has submitted, up to a second", "[submission]") {
  const bool in_time = GENERATE(true, false);
  ProcessSpec leaver = client("p", {gfx("0", 0ms, in_time ? 10ms : 2s), gfx("1", 1ms, 5ms)});
  leaver.stop = 3ms;
  MachineSpec spec = machine({leaver, client("q", {gfx("2", 2ms, 5ms)})});
  spec.horizon = 3s;
  MachineBench bench(std::move(spec));
  bench.run();
  if (in_time) {
    CHECK(ends(bench) == Ends{{0, 10ms}, {1, 15ms}, {2, 20ms}});
    CHECK(bench.times<ProcessExited>() == in_ns({15ms}));
  } else {
    CHECK(ends(bench) == Ends{{0, 2s}, {2, 2s + 5ms}});
    CHECK(ends(bench, JobOutcome::exited) == Ends{{1, 2s}});
    CHECK(bench.times<ProcessExited>() == in_ns({2s}));
  }
}

// It takes 4 ms from 3 ms on. The second job of context 0 stands behind the one that it kills.
TEST_CASE("a reset loses the running job and cancels what it makes void", "[submission]") {
  const auto [method, cancelled, finished] =
      GENERATE(std::tuple{ResetMethod::mode1, Ends{{0, 3ms}, {1, 3ms}}, Ends{{2, 8ms}}},
               std::tuple{ResetMethod::mode2, Ends{{0, 3ms}}, Ends{{1, 12ms}, {2, 13ms}}});
  TraceArrival arrival;
  arrival.rows = {{0ms, std::nullopt}, {0ms, std::nullopt}};
  MachineSpec spec = machine({client(
      "p", {queue("0", QueueType::gfx, stream(arrival, job(10ms))), gfx("1", 1ms, 5ms), gfx("2", 4ms, 1ms)})});
  spec.events = {event_at(3ms, PressureKind::gpu_reset)};
  spec.device.reset_method = method;
  spec.costs.mode1_reset = spec.costs.mode2_reset = cost(4ms);
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(ends(bench, JobOutcome::lost) == Ends{{0, 3ms}});
  CHECK(ends(bench, JobOutcome::cancelled) == cancelled);
  CHECK(ends(bench) == finished);
}

TEST_CASE("no job begins on a GPU that did not come back", "[submission]") {
  MachineSpec spec = machine({client("p", {gfx("0", 0ms, 10ms), gfx("1", 5ms, 5ms)})});
  spec.events = {event_at(3ms, PressureKind::gpu_reset)};
  FaultSpec fails;
  fails.kind = FaultKind::reset_fails;
  fails.at = 0ms;
  spec.faults = {fails};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(ends(bench).empty());
  CHECK(ends(bench, JobOutcome::open).size() == 1);
}

// The second job waits for one that stands behind a full ring of the first context. If it were submitted before,
// the move at 2 ms would wait for it, and what it waits for for the move.
TEST_CASE("no job is submitted before those that it waits for", "[submission]") {
  ProcessSpec p =
      client("p", {once("c1", QueueType::compute, 0ms, 10ms, true), once("c2", QueueType::compute, 1ms, 1ms)});
  p.queues[0].ring = 1;
  JobSpec first = job(1ms);
  first.name = "first";
  first.queue = "c1";
  p.queues[1].jobs->graph = {first, job(1ms)};
  p.queues[1].jobs->graph[1].after = {"first"};
  constexpr std::int64_t mebibyte = 1 << 20;
  p.vram = {{"buffer", Bytes{100 * mebibyte}, 4}};
  MachineSpec spec = machine({p, client("other", {})});
  spec.device.vram = Bytes{100 * mebibyte};
  spec.device.compute = {2, 1};
  spec.events = {event_at(2ms, PressureKind::allocate, "other")};
  spec.events.front().buffer = BufferSpec{"buffer", Bytes{25 * mebibyte}};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<JobEnded>() == in_ns({10ms, 11ms, 12ms}));
  CHECK(bench.all<RequestEnded>().back().time == SimTime{10ms});
}

// The first of each arrival runs on one context, the second on the other.
TEST_CASE("a job waits for those of its graph on another context", "[submission]") {
  ProcessSpec p = client("p", {gfx("0", 0ms, 10ms), queue("1", QueueType::compute)});
  JobSpec second = job(5ms);
  second.name = "second";
  second.queue = "1";
  second.after = {"job"};
  p.queues.front().jobs->graph.push_back(second);
  MachineBench bench(machine({p}));
  bench.run();
  CHECK(ends(bench) == Ends{{0, 10ms}, {1, 15ms}});
}

// b's 60 MiB push a's out. a's job of 10 ms has begun: the copy, of no length, waits for it, and so does b.
TEST_CASE("an allocation waits for the jobs of its victim", "[submission]") {
  MachineSpec spec = machine({client("a", {gfx("0", 1ms, 10ms)}), process("b", {})});
  spec.device.vram = Bytes{100 << 20};
  for (ProcessSpec& p : spec.processes) p.vram = {{"buffer", Bytes{60 << 20}}};
  spec.processes.back().start = 2ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<BufferMoved>() == in_ns({11ms}));
  CHECK(bench.all<RequestEnded>().back().time == SimTime{11ms});
  CHECK(bench.count<EvictionStarted>() == 0);
}

// The ioctl takes 100 us; one that is under way as the system falls asleep begins anew.
TEST_CASE("nobody submits while the system sleeps", "[submission]") {
  const Duration at = GENERATE(Duration{5ms}, Duration{3ms - 50us});
  MachineSpec spec = machine({client("p", {gfx("0", at, 1ms)})});
  spec.costs.submit = cost(100us);
  spec.events = {event_at(3ms, PressureKind::suspend), event_at(9ms, PressureKind::resume)};
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(ends(bench) == Ends{{0, 10ms + 100us}});
}

// a's 60 MiB are in swap, VRAM is pinned by another, GTT and swap are full.
TEST_CASE("a refused submission is over, and the next tries again", "[submission]") {
  TraceArrival arrival;
  arrival.rows = {{5ms, std::nullopt}, {7ms, std::nullopt}};
  MachineSpec spec = machine(
      {client("a", {queue("0", QueueType::gfx, stream(arrival, job(1ms)))}), process("b", {}), process("c", {})});
  constexpr std::int64_t mebibyte = 1 << 20;
  spec.device.vram = Bytes{100 * mebibyte};
  spec.device.gtt = spec.device.swap = Bytes{60 * mebibyte};
  spec.processes[0].vram = {{"buffer", Bytes{60 * mebibyte}}};
  BufferSpec pinned{"buffer", Bytes{100 * mebibyte}};
  pinned.pinned = true;
  spec.processes[1].vram = {pinned};
  spec.processes[2].vram = {{"buffer", Bytes{60 * mebibyte}, 1, Domain::gtt}};
  spec.processes[1].start = 1ms;
  spec.processes[2].start = 2ms;
  spec.processes[2].stop = 6ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(ends(bench, JobOutcome::refused) == Ends{{0, 5ms}});
  CHECK(bench.times<Hazard>(hazard(HazardKind::submission_refused)) == in_ns({5ms}));
  CHECK(ends(bench) == Ends{{0, 8ms}});
}

}  // namespace
}  // namespace userqsim::submission_test
