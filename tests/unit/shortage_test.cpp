// Slots and VMIDs are short at once: who gives way, who waits for what, and that nobody waits for ever. Nothing
// costs anything here, so every time follows from the works and the quanta: 10 ms a process, 1 ms a gang.
#include "tests/support/shortage.hpp"
#include "tests/support/devices.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::shortage_test {
namespace {

using namespace test;

// Two compute processes and one of graphics share two VMIDs; a graphics queue of a higher level, or a real-time
// one, joins at 10.5 ms. It lacks a slot and a VMID; both are free for it within a round of waves.
TEST_CASE("a higher level has its slot and its VMID at once", "[shortage]") {
  const Priority level = GENERATE(Priority::high, Priority::realtime);
  ProcessSpec late = process("h", {busy("h", QueueType::gfx)});
  late.queues.front().priority = level;
  late.start = 10500us;
  MachineSpec spec =
      short_of(2, {4, 1},
               {process("c0", {busy("c", QueueType::compute)}), process("c1", {busy("c", QueueType::compute)}),
                process("g", {busy("g", QueueType::gfx)}), late});
  spec.kernel.process_context = GENERATE(ProcessContext::queue, ProcessContext::process);
  const auto running = time_running(spec);
  CHECK(running.at(3) >= 1s - 10500us - 2 * 100us);
  // The other VMID goes round those who can use it: g has no slot.
  CHECK(running.at(2) <= 11ms);
  CHECK(running.at(0) + running.at(1) >= 960ms);
  CHECK(running.at(0) >= 450ms);
  CHECK(running.at(1) >= 450ms);
}

// Three compute queues of one process take turns on two slots under the only VMID, so that there is always one of
// them whose turn is not over. A graphics queue of another process wants that VMID.
TEST_CASE("nobody new comes to a VMID that is waited for", "[shortage]") {
  ProcessSpec compute =
      process("a", {once("a0", QueueType::compute, 0ns, 1h), once("a1", QueueType::compute, 5ms, 1h),
                    once("a2", QueueType::compute, 5ms, 1h)});
  MachineSpec spec = short_of(1, {2, 1}, {compute, process("b", {busy("b", QueueType::gfx)})});
  spec.kernel.process_context = ProcessContext::queue;
  const auto running = time_running(spec);
  CHECK(running.at(3) >= 300ms);
  CHECK(running.at(3) <= 550ms);
  for (const std::uint32_t q : {0U, 1U, 2U}) CHECK(running.at(q) >= 250ms);
}

// A process's two graphics queues share the only slot, 1 ms each, while two others wait for a VMID, which the
// compute processes have first.
TEST_CASE("who waits for a VMID does not lengthen another's gang quantum", "[shortage]") {
  MachineSpec spec =
      short_of(2, {4, 1},
               {process("p", {busy("a", QueueType::gfx), busy("b", QueueType::gfx)}),
                process("c0", {busy("c", QueueType::compute)}), process("c1", {busy("c", QueueType::compute)})});
  MachineBench bench(std::move(spec));
  bench.run_until(19500us);
  const auto runs = [&](std::uint32_t q) {
    return bench.times<QueueRan>([=](const QueueRan& ran) { return ran.queue.value == q; });
  };
  CHECK(runs(0) == in_ns({10ms, 12ms, 14ms, 16ms, 18ms}));
  CHECK(runs(1) == in_ns({11ms, 13ms, 15ms, 17ms, 19ms}));
}

// Two VMIDs, both with compute; another engine's queue waits for one since 1 ms. At 5 ms a compute process goes,
// and from then on VMIDs are not short.
TEST_CASE("who waits on another engine hears that a VMID is free", "[shortage]") {
  const QueueType type = GENERATE(QueueType::gfx, QueueType::sdma);
  const bool exits = GENERATE(false, true);
  ProcessSpec late = process("late", {busy("q", type)});
  late.start = 1ms;
  MachineSpec spec = short_of(
      2, {4, 1},
      {process("c0", {busy("c", QueueType::compute)}), process("c1", {busy("c", QueueType::compute)}), late});
  if (exits) {
    spec.processes[1].stop = 5ms;
  } else {
    spec.events = {evict_at(5ms, "c1")};
    spec.kernel.restore_delay = 1h;
  }
  // A compute job stops at the end of a round of 100 us.
  const Duration ran = time_running(spec).at(2);
  CHECK(ran <= 1s - 5ms);
  CHECK(ran >= 1s - 5ms - 100us);
}

// a's draw of 300 ms drains from 10 ms on, for c2. At 30 ms a's copy queue, of a higher level, has work for 1 ms:
// a's VMID is loaded still. The others take turns of 10 ms on the other VMID, and on a's when the draw is done.
TEST_CASE("a higher level joins its process's VMID though all are leaving it", "[shortage]") {
  const Priority level = GENERATE(Priority::high, Priority::normal);
  ProcessSpec a =
      process("a", {once("draw", QueueType::gfx, 0ns, 300ms, true), once("copy", QueueType::sdma, 30ms, 1ms)});
  a.queues.back().priority = level;
  MachineSpec spec =
      short_of(2, {4, 1},
               {a, process("c1", {busy("c", QueueType::compute)}), process("c2", {busy("c", QueueType::compute)})});
  spec.kernel.process_context = GENERATE(ProcessContext::queue, ProcessContext::process);
  spec.horizon = 200ms;
  MachineBench bench(spec);
  bench.run();
  const auto copied = bench.times<QueueRan>([](const QueueRan& ran) { return ran.queue == QueueId{1}; });
  REQUIRE_FALSE(copied.empty());
  CHECK(copied.front() == Duration{30ms}.count());  // the promise to c2 is over since 11 ms
  const std::size_t maps =
      bench.count<SlotChanged>([](const SlotChanged& s) { return s.to == SlotState::mapping; });
  CHECK(maps <= 3 + 20 + 1);
}

// Two slots. a's round of 100 ms ends nobody knows when; its turn is over at 10 ms and c waits since 6 ms, so a is
// asked to leave, and drains. At 10.1 ms b goes idle.
TEST_CASE("an idle gang gives way though somebody is leaving already", "[shortage]") {
  MachineSpec spec = short_of(0, {2, 1},
                              {process("a", {once("a", QueueType::compute, 0ns, 100ms, true)}),
                               process("b", {once("b", QueueType::compute, 5ms, 5100us, true)}),
                               process("c", {once("c", QueueType::compute, 6ms, 3ms, true)})});
  spec.firmware.gang_quantum = 5ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<QueueRan>(10100us, of(QueueId{2}));
}

// h comes at 10.2 ms. b is the last in the list and is asked first; its round of 100 ms drains. One gang_quantum
// later, at 15.2 ms, a is asked, between two rounds. h is done at 18.2 ms, and a does not wait for what b promises.
TEST_CASE("who was sent away comes back when the higher level is idle", "[shortage]") {
  ProcessSpec high = process("h", {once("h", QueueType::compute, 10200us, 3ms, true)});
  high.queues.front().priority = Priority::high;
  MachineSpec spec = short_of(0, {2, 1},
                              {process("a", {once("a", QueueType::compute, 0ns, 50ms)}),
                               process("b", {once("b", QueueType::compute, 5ms, 100ms, true)}), high});
  spec.firmware.gang_quantum = 5ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<QueueRan>(0ns, of(QueueId{0}));
  bench.expect_at<QueueRan>(15200us, of(QueueId{2}));
  bench.expect_at<QueueRan>(18200us, of(QueueId{0}));
}

ProcessSpec of_level(std::string name, Priority level, QueueSpec busy_queue) {
  busy_queue.priority = level;
  return process(std::move(name), {std::move(busy_queue)});
}

// Two compute queues take turns on the only slot, and on one of the two VMIDs; the other is g's, whom neither
// needs.
TEST_CASE("nobody is sent away for a VMID by who has no slot for it", "[shortage]") {
  const Priority level = GENERATE(Priority::high, Priority::normal);
  MachineSpec spec =
      short_of(2, {1, 1},
               {of_level("a", level, busy("c1", QueueType::compute)),
                of_level("b", level, busy("c2", QueueType::compute)), process("c", {busy("g", QueueType::gfx)})});
  spec.kernel.process_context = GENERATE(ProcessContext::queue, ProcessContext::process);
  spec.horizon = 99ms;
  MachineBench bench(spec);
  bench.run();
  const auto maps = [&](std::uint32_t q) {
    return bench.count<SlotChanged>(
        [=](const SlotChanged& s) { return s.queue.value == q && s.to == SlotState::mapping; });
  };
  CHECK(maps(2) <= 2);
  CHECK(maps(0) == 5);
  CHECK(maps(1) == 5);
  const auto running = time_running(spec);
  CHECK(running.at(2) >= 98ms);
  CHECK(running.at(0) == 50ms);
}

// carry_over is about who leaves before his time. a's two gangs share a's turns of 10 ms, b has as many.
TEST_CASE("a gang that gives its slot to its neighbour does not end its process's turn", "[shortage]") {
  MachineSpec spec = short_of(0, {1, 1},
                              {process("a", {busy("a1", QueueType::compute), busy("a2", QueueType::compute)}),
                               process("b", {busy("b1", QueueType::compute)})});
  spec.firmware.carry_over = GENERATE(CarryOver::kept, CarryOver::fresh);
  const auto running = time_running(spec);
  CHECK(running.at(0) == 250ms);
  CHECK(running.at(1) == 250ms);
  CHECK(running.at(2) == 500ms);
}

TEST_CASE("a real-time queue without work keeps nobody of level low away", "[shortage]") {
  QueueSpec realtime = queue("r", QueueType::compute);
  realtime.priority = Priority::realtime;
  MachineSpec spec =
      short_of(0, {2, 1}, {process("r", {realtime}), of_level("l", Priority::low, busy("l", QueueType::compute))});
  CHECK(time_running(spec).at(1) == 1s);
}

// The only VMID is a's, whose real-time queue never leaves. x hangs and waits for it in vain; its late fence has
// MES reset it at 100 ms. From then on nobody but a wants a VMID, and n has a slot.
TEST_CASE("when who waits in front is reset, who waits behind it goes on", "[shortage]") {
  QueueSpec realtime = queue("r", QueueType::compute);
  realtime.priority = Priority::realtime;
  QueueSpec hung = busy("x", QueueType::compute);
  hung.priority = Priority::high;
  hung.jobs->graph.front().fence = true;
  MachineSpec spec =
      short_of(1, {4, 1}, {process("a", {realtime, busy("n", QueueType::compute)}), process("b", {hung})});
  spec.kernel.job_timeout = {100ms, 100ms, 100ms};
  spec.faults = {fault_at(10ms, FaultKind::hang, "b", "x")};
  MachineBench bench(std::move(spec));
  bench.run();
  const auto ran = bench.times<QueueRan>([](const QueueRan& q) { return q.queue.value == 1; });
  REQUIRE_FALSE(ran.empty());
  CHECK(ran.back() == Duration{100ms}.count());
}

// 16 XCC pipes of 6 slots: eight queues share four pipes' worth; a process that comes and goes every 2 ms has KFD
// take the whole runlist off each time, long before a pipe's turn is over.
TEST_CASE("queues of one pipe take turns however often the runlist changes", "[shortage][hws]") {
  MachineSpec spec = machine_of("mi300x");
  spec.kernel = kernel_of("kfd");
  spec.policy = "unmap_map";
  spec.horizon = 400ms;
  ProcessSpec p = process("p", {});
  for (int q = 0; q < 8; ++q) p.queues.push_back(busy("q" + std::to_string(q), QueueType::compute));
  spec.processes = {p};
  for (int i = 0; i < 190; ++i) {
    ProcessSpec passer = process("t" + std::to_string(i), {queue("t", QueueType::compute)});
    passer.start = 2ms * (i + 1);
    passer.stop = passer.start + 1ms;
    spec.processes.push_back(passer);
  }
  const auto running = time_running(spec);
  for (std::uint32_t q = 0; q < 8; ++q) {
    CAPTURE(q);
    CHECK(running.at(q) >= 150ms);
    CHECK(running.at(q) <= 230ms);
  }
}

// A group of NVIDIA's runlist is a process's queues whatever process context the kernel gives MES.
TEST_CASE("the queues of a time slice group run at once under every kernel", "[shortage]") {
  MachineSpec spec = costless_machine("nvidia-tsg");
  spec.kernel = kernel_of(GENERATE("6.18", "7.1"));
  spec.horizon = 100ms;
  for (const char* name : {"a", "b", "c"}) {
    spec.processes.push_back(process(name, {busy("q0", QueueType::compute), busy("q1", QueueType::compute)}));
  }
  const auto running = time_running(spec);
  for (const auto& [q, time] : running) {
    CAPTURE(q);
    CHECK(time >= 100ms / 3 - 2 * 1024us);
    CHECK(time <= 100ms / 3 + 2 * 1024us);
  }
}

}  // namespace
}  // namespace userqsim::shortage_test
