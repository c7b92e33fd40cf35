// The system sleeps: VRAM is emptied, the queues are stopped, what has come back meanwhile leaves again; and wakes.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::system_sleep_test {
namespace {

using namespace test;

// A process with 40 MiB of VRAM, 10 of GTT and a queue with work sleeps at 10 ms and wakes at 50. A copy takes 20
// us.
constexpr Duration copy = link_time(40);
MachineSpec sleeper(const std::string& kernel, Sleep how = Sleep::s3) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.vram = mib(100);
  spec.device.gtt = mib(1000);
  spec.device.link = mib_link;
  ProcessSpec p = process("a", {queue("q", QueueType::compute, stream(PeriodicArrival{1h}, job(200ms), 1))});
  p.queues.front().jobs->graph.front().grain = 10us;
  p.vram = {vram(40), gtt(10)};
  p.vram.back().name = "host";
  spec.processes = {p};
  spec.events = {event_at(10ms, PressureKind::suspend), event_at(50ms, PressureKind::resume)};
  spec.events.front().sleep = how;
  spec.horizon = 300ms;
  return spec;
}

auto to(MemType place) {
  return [=](const BufferMoved& m) { return m.to == place; };
}

// The restore worker is not frozen with the process: the buffer is back in the empty VRAM before the queue is
// stopped, and leaves again. It is down for the second time from then until the system wakes.
TEST_CASE("in DRM what has been evicted bounces back before the second eviction", "[sleep]") {
  MachineBench bench(sleeper(GENERATE("6.18", "7.0")));
  const EvictionStarted first = bench.expect_at<EvictionStarted>(10ms);
  CHECK(first.trigger == Trigger::sleep);
  bench.expect_at<BufferMoved>(10ms + copy, to(MemType::gtt));
  bench.expect_at<BufferMoved>(10ms + 2 * copy, to(MemType::vram));
  CHECK(bench.expect_at<EvictionStarted>(10ms + 2 * copy).trigger == Trigger::sleep);
  bench.expect_at<BufferMoved>(10ms + 3 * copy, to(MemType::gtt));
  bench.expect_at<BufferMoved>(50ms + copy, to(MemType::vram));
  bench.run();
  CHECK(bench.count<BufferMoved>() == 4);
  CHECK(bench.count<JobEnded>() == 1);
}

// KFD's restore work is frozen, and delayed by 100 ms, so nothing bounces; it comes when both are over.
TEST_CASE("in KFD nothing bounces", "[sleep]") {
  const Duration delay = GENERATE(Duration{100ms}, Duration{5ms});
  MachineSpec spec = sleeper("kfd");
  spec.kernel.restore_delay = delay;
  MachineBench bench(std::move(spec));
  bench.expect_at<BufferMoved>(10ms + copy, to(MemType::gtt));
  const Duration back = std::max(Duration{50ms}, 10ms + delay);
  bench.expect_at<BufferMoved>(back + copy, to(MemType::vram));
  bench.run();
  CHECK(bench.count<BufferMoved>() == 2);
}

// KFD counts who holds a process stopped (qpd->evicted): the resume at 50 ms lets go, and the process runs when its
// restore work has let go too, 100 ms behind its eviction at 5 ms.
TEST_CASE("in KFD a resume starts nobody who is evicted as well", "[sleep]") {
  const std::string kernel = GENERATE("kfd", "6.16");
  MachineSpec spec = sleeper(kernel);
  spec.kernel.restore_delay = 100ms;
  spec.kernel.restore_freezes = true;
  spec.processes[0].vram.clear();
  spec.events.push_back(evict_at(5ms, "a"));
  MachineBench bench(std::move(spec));
  bench.run();
  const auto mapped = bench.times<QueueTransition>([](const auto& t) { return t.to == UserqState::mapped; });
  REQUIRE(mapped.size() == 2);  // its creation is the first
  const bool by_resume = kernel != "kfd";
  CHECK(mapped.back() == (by_resume ? Duration{50ms} : Duration{105ms}).count());
}

// a is restored from 2 ms to 8, and holds its reservations meanwhile: the sleep of 3 ms waits for it alone. b's
// buffer leaves once, and once more after the walk of the queues.
TEST_CASE("who waits for one process's reservations does not evict the others again and again", "[sleep]") {
  MachineSpec spec = ideal_machine_with("7.0");
  spec.device.vram = mib(100);
  spec.device.gtt = mib(1000);
  spec.device.compute = {2, 1};
  spec.processes = {process("a", {queue("q", QueueType::compute)}), process("b", {queue("q", QueueType::compute)})};
  for (ProcessSpec& p : spec.processes) p.vram = {vram(1)};
  spec.costs.userptr_page = cost(6us);
  spec.costs.worker_latency = cost(10us);
  spec.events = {event_at(2ms, PressureKind::invalidate_userptr, "a"), event_at(3ms, PressureKind::suspend),
                 event_at(50ms, PressureKind::resume)};
  spec.events.front().size = Bytes{1000 * 4096};
  spec.horizon = 100ms;
  MachineBench bench(std::move(spec));
  bench.run();
  const auto of_b = [](const EvictionStarted& e) { return e.eviction.process == b && e.trigger == Trigger::sleep; };
  CHECK(bench.count<EvictionStarted>(of_b) == 2);
}

// And what a hibernation sends out of it nobody brings back: GTT is as good.
TEST_CASE("what is a part of system memory stays, but for a hibernation", "[sleep]") {
  const Sleep how = GENERATE(Sleep::s3, Sleep::s0ix, Sleep::hibernate);
  MachineSpec spec = sleeper("7.0", how);
  spec.device.apu = true;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<BufferMoved>() == (how == Sleep::hibernate ? 1 : 0));
  CHECK(bench.count<JobEnded>() == 1);
}

// All of GTT is written out too, as far as swap has room; a restore reads back what it needs.
TEST_CASE("a hibernation writes GTT out", "[sleep]") {
  const std::int64_t swap = GENERATE(0, 9, 50);
  MachineSpec spec = sleeper("kfd", Sleep::hibernate);
  spec.device.swap = mib(swap);
  MachineBench bench(std::move(spec));
  bench.run_until(40ms);
  const auto out = bench.all<BufferMoved>(to(MemType::swap));
  Bytes bytes{0};
  for (const BufferMoved& m : out) bytes += m.bytes;
  CHECK(bytes == mib(swap == 50 ? 50 : 0));
}

// 30 MiB of GTT are free for 40: nothing is stopped for good, and the process runs on.
TEST_CASE("without room for what lies in VRAM the system does not sleep", "[sleep]") {
  MachineSpec spec = sleeper("7.0");
  spec.device.gtt = mib(40);
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<Hazard>(10ms, hazard(HazardKind::suspend_aborted)).process == ProcessId::none());
  bench.expect_at<JobEnded>(200ms);
  CHECK(bench.count<BufferMoved>() == 0);
}

// The memory is asked for at 20 ms, by a process that is frozen until 50.
TEST_CASE("a frozen process allocates when it wakes", "[sleep]") {
  MachineSpec spec = sleeper("7.0", Sleep::s0ix);
  spec.events.push_back(allocation("a", vram(10)));
  spec.events.back().at = 20ms;
  spec.events.back().buffer->name = "more";
  MachineBench bench(std::move(spec));
  bench.expect_at<RequestEnded>(0ms);
  bench.expect_at<RequestEnded>(50ms);
}

TEST_CASE("who would start or exit while the system sleeps does so when it wakes", "[sleep]") {
  MachineSpec spec = sleeper("7.0");
  spec.processes.push_back(process("late", {queue("q", QueueType::compute)}));
  spec.processes.back().start = 20ms;
  spec.processes.push_back(process("leaver", {queue("q", QueueType::compute)}));
  spec.processes.back().stop = 30ms;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.times<ProcessExited>() == in_ns({50ms}));
  const auto created = bench.times<QueueTransition>(
      [](const QueueTransition& t) { return t.process == ProcessId{1} && t.operation == Operation::create; });
  REQUIRE_FALSE(created.empty());
  CHECK(created.front() == Duration{50ms}.count());
}

// The second suspend comes while the system sleeps, the third while it falls asleep; one resume wakes it.
TEST_CASE("who sleeps does not fall asleep", "[sleep]") {
  MachineSpec spec = sleeper("6.18");
  spec.events.push_back(event_at(20ms, PressureKind::suspend));
  spec.events.back().sleep = Sleep::s0ix;
  spec.events.push_back(event_at(10ms + copy / 2, PressureKind::suspend));
  spec.horizon = 1s;
  MachineBench bench(std::move(spec));
  bench.run();
  CHECK(bench.count<BufferMoved>() == 4);
  CHECK(bench.count<JobEnded>() == 1);
}

// A submission with a fence needs a live one: its process is restored. Another's does not, and stays where it is.
TEST_CASE("who needs no fence stays in GTT after the resume", "[sleep]") {
  const bool fence = GENERATE(false, true);
  MachineSpec spec = sleeper("6.18");
  ProcessSpec& p = spec.processes.front();
  p.queues = {queue("q", QueueType::compute, stream(PeriodicArrival{60ms}, job(1ms), 5))};
  p.queues.front().jobs->graph.front().fence = fence;
  // Stopped and not restored when the system falls asleep, which cancels the restore.
  spec.events.insert(spec.events.begin(), evict_at(9ms, "a"));
  spec.kernel.restore_delay = 5ms;
  spec.events.push_back(allocation("a", vram(1)));
  spec.events.back().at = 250ms;
  spec.events.back().buffer->name = "more";
  MachineBench bench(std::move(spec));
  bench.run_until(49ms);
  CHECK(bench.all<BufferMoved>().back().to == MemType::gtt);
  bench.run_until(240ms);
  CHECK((bench.all<BufferMoved>().back().to == MemType::vram) == fence);
}

}  // namespace
}  // namespace userqsim::system_sleep_test
