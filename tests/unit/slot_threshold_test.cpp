// From how many busy queues on slots are short, on real devices: from there on not all are mapped at once. Which of
// slots and VMIDs runs out first follows from the HQD and VMID masks (hardware.md, section 2).
#include <algorithm>
#include <set>

#include "tests/support/devices.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::slot_threshold_test {
namespace {

using namespace test;

MachineSpec machine(const std::string& device, QueueType type, std::size_t queues) {
  MachineSpec spec = costless_machine(device);
  ProcessSpec p = process("p", {});
  for (std::size_t q = 0; q < queues; ++q) {
    p.queues.push_back(queue("q" + std::to_string(q), type, stream(PeriodicArrival{1s}, job(1h, 64), 1)));
  }
  spec.processes = {p};
  return spec;
}

// How many of that many busy queues are mapped at a time, at most, before any turn is over.
std::size_t mapped(const MachineSpec& spec) {
  MachineBench bench(spec);
  bench.run_until(900us);
  std::set<std::uint32_t> in_slots;
  std::size_t most = 0;
  for (const SlotChanged& change : bench.all<SlotChanged>()) {
    change.to == SlotState::free ? in_slots.erase(change.queue.value) : in_slots.insert(change.queue.value).second;
    most = std::max(most, in_slots.size());
  }
  return most;
}

// The number of the first queue for which there is no room.
std::size_t short_from(const std::string& device, QueueType type, bool kernel_queues, VmidPer vmid_per) {
  for (std::size_t queues = 1; queues < 40; ++queues) {
    MachineSpec spec = machine(device, type, queues);
    spec.device.kernel_queues = kernel_queues;
    spec.firmware.vmid_per = vmid_per;
    if (mapped(spec) < queues) return queues;
  }
  return 0;
}

TEST_CASE("with a VMID a process, slots run out at the numbers of the HQD masks", "[threshold]") {
  const auto from = [](const std::string& device, QueueType type, bool kernel_queues) {
    return short_from(device, type, kernel_queues, VmidPer::process);
  };
  CHECK(from("rx7900xtx", QueueType::compute, true) == 4 * 2 + 1);
  CHECK(from("rx7900xtx", QueueType::compute, false) == 4 * 4 + 1);
  CHECK(from("rx7900xtx", QueueType::gfx, true) == 1 + 1);
  CHECK(from("rx7900xtx", QueueType::gfx, false) == 2 + 1);
  CHECK(from("rx7900xtx", QueueType::sdma, true) == 2 * 6 + 1);
  CHECK(from("rx9070xt", QueueType::compute, true) == 2 * 2 + 1);
  CHECK(from("rx9070xt", QueueType::compute, false) == 2 * 4 + 1);
  CHECK(from("rx9070xt", QueueType::gfx, true) == 7 + 1);
}

// Of one process there are 24 slots for 25 queues; of as many processes, 11 VMIDs.
// 0xFC is six queues of a pipe; without kernel queues the driver takes 0xF, which is only four of eight.
TEST_CASE("gfx12.1 has 24 compute slots, 16 without kernel queues, and 13 VMIDs", "[threshold]") {
  CHECK(short_from("gfx1210", QueueType::compute, true, VmidPer::process) == 4 * 6 + 1);
  CHECK(short_from("gfx1210", QueueType::compute, false, VmidPer::process) == 4 * 4 + 1);
  CHECK(short_from("gfx1210", QueueType::compute, true, VmidPer::queue) == 13 + 1);
}

TEST_CASE("MI300X has 24 compute slots and 11 VMIDs", "[threshold]") {
  CHECK(short_from("mi300x", QueueType::compute, true, VmidPer::process) == 24 + 1);
  CHECK(short_from("mi300x", QueueType::compute, true, VmidPer::queue) == 11 + 1);
}

// 8 VMIDs with kernel queues, 15 without. Compute queues of Navi 31: 8 slots and 8 VMIDs run out together, of 16
// and 15 the VMIDs do first; its SDMA queues, and the graphics queues of Navi 48, have more slots than VMIDs or as
// many.
TEST_CASE("with a VMID a queue, VMIDs run out first where there are fewer than slots", "[threshold]") {
  const auto from = [](const std::string& device, QueueType type, bool kernel_queues) {
    return short_from(device, type, kernel_queues, VmidPer::queue);
  };
  CHECK(from("rx7900xtx", QueueType::compute, true) == 8 + 1);    // both
  CHECK(from("rx7900xtx", QueueType::compute, false) == 15 + 1);  // VMIDs; slots would do for one more
  CHECK(from("rx7900xtx", QueueType::sdma, true) == 8 + 1);       // VMIDs; there are 12 slots
  CHECK(from("rx7900xtx", QueueType::sdma, false) == 12 + 1);     // slots
  CHECK(from("rx9070xt", QueueType::compute, true) == 4 + 1);     // slots
  CHECK(from("rx9070xt", QueueType::gfx, true) == 7 + 1);         // slots
  CHECK(from("rx9070xt", QueueType::gfx, false) == 8 + 1);        // slots
}

}  // namespace
}  // namespace userqsim::slot_threshold_test
