// Queues that always have work, on too few slots, whenever they came: each has its share, or with too few VMIDs
// something of it.
#include <rapidcheck.h>

#include "tests/support/shortage.hpp"

namespace userqsim::turns_property_test {
namespace {

using namespace test;

Duration some_start() { return Duration{*rc::gen::inRange<std::int64_t>(0, Duration{20ms}.count())}; }

// Turns are of 10 ms, and each may have begun one more than its neighbour, or not yet ended one.
TEST_CASE("queues of alike processes have alike shares of the slots", "[property][turns]") {
  CHECK(rc::check("alike shares", [] {
    const auto slots = *rc::gen::inRange<std::uint32_t>(1, 7);
    const auto queues = *rc::gen::inRange<std::uint32_t>(slots + 1, 3 * slots + 4);
    std::vector<ProcessSpec> processes;
    for (std::uint32_t q = 0; q < queues; ++q) {
      processes.push_back(process("p" + std::to_string(q), {once("q", QueueType::compute, some_start(), 1h)}));
    }
    MachineSpec spec = short_of(0, {slots, 1}, std::move(processes));
    spec.horizon = 2s;
    const Duration share = spec.horizon * slots / queues;
    for (const auto& [queue, time] : time_running(spec)) {
      RC_ASSERT(time >= share - 40ms);
      RC_ASSERT(time <= share + 40ms);
    }
  }));
}

TEST_CASE("nobody starves for a VMID", "[property][turns]") {
  CHECK(rc::check("a share", [] {
    const auto vmids = *rc::gen::inRange<std::uint32_t>(1, 4);
    const auto slots = *rc::gen::inRange<std::uint32_t>(1, 4);
    const auto owners = *rc::gen::inRange<std::uint32_t>(vmids + 1, vmids + 4);
    std::vector<ProcessSpec> processes;
    std::vector<bool> stays;  // by queue: its process does not exit; of those there is one too many
    std::uint32_t most = 0;
    for (std::uint32_t p = 0; p < owners; ++p) {
      ProcessSpec owner = process("p" + std::to_string(p), {});
      const auto queues = *rc::gen::inRange<std::uint32_t>(1, 4);
      for (std::uint32_t q = 0; q < queues; ++q) {
        const QueueType type = *rc::gen::element(QueueType::compute, QueueType::gfx);
        owner.queues.push_back(once("q" + std::to_string(q), type, some_start(), 1h));
        stays.push_back(p < vmids + 1);
      }
      if (p >= vmids + 1) owner.stop = Duration{*rc::gen::inRange<std::int64_t>(1, Duration{2s}.count())};
      most += queues;
      processes.push_back(std::move(owner));
    }
    MachineSpec spec = short_of(vmids, {slots, 1}, std::move(processes));
    spec.device.gfx = {*rc::gen::inRange<std::uint32_t>(1, 3), 1};
    spec.kernel.process_context = *rc::gen::element(ProcessContext::queue, ProcessContext::process);
    spec.horizon = 2s;
    for (const auto& [queue, time] : time_running(spec)) {
      if (stays[queue]) RC_ASSERT(time >= spec.horizon / most / 3);
    }
  }));
}

}  // namespace
}  // namespace userqsim::turns_property_test
