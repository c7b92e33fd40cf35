// Everything one simulated machine needs to know, immutable: profiles with the scenario's overrides applied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/driver/spec.hpp"
#include "models/firmware/spec.hpp"
#include "models/hardware/spec.hpp"
#include "models/memory/spec.hpp"
#include "models/policy/spec.hpp"
#include "models/profiles/costs.hpp"
#include "models/workload/faults.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

struct MachineSpec {
  DeviceSpec device;
  KernelSpec kernel;
  FirmwareSpec firmware;
  CostSpec costs;
  std::string policy;
  PolicySpec policy_options;
  std::vector<ProcessSpec> processes;
  std::vector<PressureSpec> events;
  std::vector<FaultSpec> faults;
  std::uint64_t seed = 1;
  bool untimed = false;  // made by untimed() (untimed.hpp): time stands still, and the order is to be chosen
  Duration horizon{0};
  // Who holds userq_mutex or the MES mutex for longer keeps others waiting for no good reason (mutex_held_long):
  // the bytes of a large restore are copied in less, and MES gives a queue up after twice as long.
  Duration mutex_held_limit = std::chrono::seconds{1};
};

// Memory as the device has it, by the rules of the kernel profile.
inline MemorySpec memory_spec(const MachineSpec& spec) {
  const DeviceSpec& device = spec.device;
  const KernelSpec& kernel = spec.kernel;
  MemorySpec memory;
  memory.vram = device.vram;
  memory.visible_vram = device.visible_vram.value_or(device.vram);
  memory.gtt = device.gtt;
  memory.pages = device.page_limit.value_or(device.gtt);
  memory.swap = device.swap;
  memory.link = device.link;
  memory.link_in = device.link_in.value_or(device.link);
  memory.vram_bandwidth = device.vram_bandwidth;
  memory.swap_bandwidth = device.swap_bandwidth;
  memory.move_entities = kernel.move_entities;
  memory.eager_fences = kernel.fence_enabling == FenceEnabling::eager;
  memory.restore_evicts_others = kernel.restore_placement != RestorePlacement::settle_in_gtt;
  memory.restore_settles = kernel.restore_placement != RestorePlacement::evict_or_fail;
  memory.gtt_is_fallback = kernel.gtt_is_fallback;
  memory.evicts_itself = kernel.evicts_itself;
  memory.evicts_itself_for_piece = kernel.evicts_itself_for_piece;
  memory.dmem_evicts_first = kernel.dmem_evicts_first;
  memory.vm_buffers = kernel.vm_buffers;
  memory.wipe_on_release = kernel.wipe_on_release;
  memory.bump_on_restore = kernel.bump_on_restore;
  memory.move_rate = kernel.move_rate;
  memory.apu = device.apu;
  memory.vram_blocks = device.vram_blocks;
  memory.gtt_slowdown_permille = in_permille(spec.costs.gtt_slowdown);
  return memory;
}

// MES as the kernel profile and the chip have it.
inline FirmwareSetup firmware_setup(const MachineSpec& spec) {
  const bool runlist = spec.firmware.scheduler == Scheduler::hws;  // of queues, each with its own turn
  const ProcessContext wanted = spec.firmware.process_context.value_or(spec.kernel.process_context);
  const ProcessContext context = runlist ? ProcessContext::queue : wanted;
  return {spec.firmware, context, user_vmids(spec.device), spec.device.vmids.of_sdma};
}

// Whether KFD submits all changes of an operation as one runlist.
inline bool one_runlist(const MachineSpec& spec) {
  return spec.firmware.scheduler == Scheduler::hws && spec.firmware.runlist_change == RunlistChange::takes_all;
}

inline ComputeStop compute_stop(const MachineSpec& spec) {
  if (spec.device.compute_stop != ComputeStop::by_kernel) return spec.device.compute_stop;
  return spec.kernel.cwsr ? ComputeStop::instruction : ComputeStop::round;
}

inline HardwareSpec hardware_spec(const MachineSpec& spec) {
  return {spec.device, compute_stop(spec), spec.kernel.context_area, spec.firmware.scheduler == Scheduler::mes};
}

// One thing wrong with a spec: where (a JSON pointer into the scenario) and what, with what is allowed.
struct SpecProblem {
  std::string pointer;
  std::string message;
};

// What no single field can tell: names that refer to nothing, job cycles, a queue type without slots, a buffer
// larger than memory, an event without its fields. Empty when the spec can be run.
std::vector<SpecProblem> check(const MachineSpec& spec);

}  // namespace userqsim
