// Everybody has its share of the slots, at no more exchanges than it takes. Nothing costs anything: 10 ms a turn, 1
// ms a gang's.
#include <array>

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/shortage.hpp"

namespace userqsim::fair_turns_test {
namespace {

using namespace test;

std::vector<QueueSpec> gangs(std::size_t count) {
  std::vector<QueueSpec> queues;
  for (std::size_t q = 0; q < count; ++q) queues.push_back(busy("q" + std::to_string(q), QueueType::compute));
  return queues;
}

std::size_t maps(const MachineSpec& spec) {
  MachineBench bench(spec);
  bench.run();
  return bench.count<SlotChanged>([](const SlotChanged& s) { return s.to == SlotState::mapping; });
}

// One more gang than slots: one gang leaves each millisecond, and each has slots/gangs of the time.
TEST_CASE("the gangs of a process exchange one slot a quantum when one of them waits", "[turns][fair]") {
  const std::uint32_t slots = GENERATE(1U, 4U, 8U);
  MachineSpec spec = short_of(0, {slots, 1}, {process("p", gangs(slots + 1))});
  spec.kernel.process_context = ProcessContext::process;
  spec.horizon = Duration{1ms} * 20 * (slots + 1);
  CHECK(maps(spec) == slots + 20 * (slots + 1));
  for (const auto& [queue, time] : time_running(spec)) {
    CAPTURE(slots, queue);
    CHECK(time >= 20ms * slots - 2ms);
    CHECK(time <= 20ms * slots + 2ms);
  }
}

// The same of HWS, whose turns are 10 ms, each queue its own: 25 queues on 24 slots.
TEST_CASE("a runlist exchanges one slot a turn when one queue waits", "[turns][fair][hws]") {
  MachineSpec spec = short_of(0, {24, 1}, {process("p", gangs(25))});
  spec.kernel = kernel_of("kfd");
  spec.policy = "unmap_map";
  spec.firmware.scheduler = Scheduler::hws;
  spec.firmware.runlist_change = RunlistChange::takes_one;
  spec.horizon = 10s;
  const std::size_t found = maps(spec);
  CHECK(found >= 1000 + 22);
  CHECK(found <= 1000 + 26);
  for (const auto& [queue, time] : time_running(spec)) {
    CAPTURE(queue);
    CHECK(time >= 9600ms - 20ms);
    CHECK(time <= 9600ms + 20ms);
  }
}

// Six queues of six processes on four slots, one of them 3 ms before the others: each has four sixths.
TEST_CASE("turns that end at different times do not divide a machine unequally", "[turns][fair]") {
  const Duration late = GENERATE(Duration{0}, Duration{3ms}, Duration{7ms}, Duration{10ms});
  std::vector<ProcessSpec> processes;
  for (int p = 0; p < 6; ++p) {
    processes.push_back(process("p" + std::to_string(p), {once("q", QueueType::compute, p == 0 ? 0ns : late, 1h)}));
  }
  MachineSpec spec = short_of(0, {4, 1}, std::move(processes));
  spec.kernel.process_context = GENERATE(ProcessContext::queue, ProcessContext::process);
  spec.horizon = 3s;
  for (const auto& [queue, time] : time_running(spec)) {
    CAPTURE(late, queue);
    CHECK(time >= 2000ms - 20ms);
    CHECK(time <= 2000ms + 20ms);
  }
}

// x has one queue, a and c two each, on two slots: x and one of a's run for a turn, then c's two. So c has two
// halves of the machine, and x and a one each.
TEST_CASE("processes with different numbers of gangs take turns", "[turns][fair]") {
  MachineSpec spec = short_of(0, {2, 1}, {process("x", gangs(1)), process("a", gangs(2)), process("c", gangs(2))});
  spec.kernel.process_context = ProcessContext::process;
  spec.horizon = 3s;
  const auto running = time_running(spec);
  const std::array<Duration, 3> got{running.at(0), running.at(1) + running.at(2), running.at(3) + running.at(4)};
  CAPTURE(got[0], got[1], got[2]);
  CHECK(got[0] == 1500ms);
  CHECK(got[1] == 1500ms);
  CHECK(got[2] == 3000ms);
  CHECK(running.at(1) == 750ms);
}

}  // namespace
}  // namespace userqsim::fair_turns_test
