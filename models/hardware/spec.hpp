// The GPU's shape: engines, pipes and HQD slots, compute units, memory sizes, the link. One device profile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/workload/spec.hpp"

namespace userqsim {

// Who carries a TLB flush: on gfx11 a MISC packet on the MES scheduler ring, under the MES mutex; on gfx12 two
// INV_TLBS packets on the second pipe, without it (mes_v11_0.c, mes_v12_0.c).
enum class TlbFlushPath : std::uint8_t { mes_ring, second_pipe };

// Where compute can be stopped: where the kernel has it (at an instruction with `cwsr`, else at the end of a round
// of waves), or always at an instruction, at the end of a round, at the end of the job. NVIDIA calls the three
// CILP, CTA and WFI.
enum class ComputeStop : std::uint8_t { by_kernel, instruction, round, job };

// Pipes of one engine type, and the HQD slots of each pipe that MES may give to user queues.
struct EngineSpec {
  std::uint32_t pipes = 0;
  std::uint32_t slots_per_pipe = 0;                            // beside the kernel's queues
  std::optional<std::uint32_t> slots_without_kernel_queues{};  // none: the same
};

// Address spaces that user queues may have at a time; 0: as many as they want.
struct VmidSpec {
  std::uint32_t count = 0;  // beside the kernel's queues
  std::optional<std::uint32_t> without_kernel_queues{};
  bool of_sdma = true;  // copy queues have one too
};

// What a compute unit holds of its waves (kfd_queue.c), and how many of them.
struct WaveStateSpec {
  std::uint32_t waves = 0;  // 0: nothing is saved
  Bytes vgprs{0}, sgprs{0}, lds{0}, hwregs{0};
  Bytes control{0};  // of a wave, on the control stack
};

struct DeviceSpec {
  std::string name;
  std::string title;
  std::string source;
  std::uint32_t compute_units = 1;
  EngineSpec gfx;
  EngineSpec compute;
  EngineSpec sdma;
  VmidSpec vmids;
  bool kernel_queues = true;  // amdgpu.user_queue: 1; else 2, user queues only
  Bytes vram{0};
  std::optional<Bytes> visible_vram{};  // what the CPU sees of it; default: all
  bool apu = false;                     // VRAM is a part of system memory
  bool vram_blocks = false;             // VRAM is handed out in blocks of a power of two, and fragments
  Bytes gtt{0};
  std::optional<Bytes> page_limit{};   // TTM's, of GTT and system memory together; default: gtt
  Bytes swap{0};                       // what may be swapped out past it
  Bandwidth swap_bandwidth;            // 0: infinitely fast
  Bandwidth link;                      // to the host, as the copy engine drives it; 0: infinitely fast
  std::optional<Bandwidth> link_in{};  // from the host; default: the same
  Bandwidth vram_bandwidth;            // peak; 0: infinitely fast
  std::uint32_t xccs = 1;              // complexes that the compute units are divided into; a queue has all of them
  WaveStateSpec wave_state;
  Bytes gfx_context{0};  // shadow and firmware work area saved for a graphics queue
  ComputeStop compute_stop = ComputeStop::by_kernel;
  Duration pipe_quantum{0};  // the queue manager's rotation on one pipe; 0: only when idle
  TlbFlushPath tlb_flush_path = TlbFlushPath::mes_ring;
  ResetMethod reset_method = ResetMethod::mode1;
  bool per_queue_reset = false;  // MES can reset a hung queue alone
};

// What the hardware is given: the device, and what the kernel and the firmware make of it.
struct HardwareSpec {
  DeviceSpec device;
  ComputeStop compute_stop = ComputeStop::round;  // not by_kernel
  Domain context_area = Domain::gtt;
  bool knows_levels = true;  // MES sets a queue's connection priority by its level, HWS does not
};

// Slots of a pipe, and VMIDs, that user queues have.
inline std::uint32_t user_slots(const DeviceSpec& device, const EngineSpec& engine) {
  return device.kernel_queues ? engine.slots_per_pipe
                              : engine.slots_without_kernel_queues.value_or(engine.slots_per_pipe);
}
inline std::uint32_t user_vmids(const DeviceSpec& device) {
  return device.kernel_queues ? device.vmids.count
                              : device.vmids.without_kernel_queues.value_or(device.vmids.count);
}

template <>
struct EnumNames<ComputeStop> {
  static constexpr std::array entries{std::pair{ComputeStop::by_kernel, std::string_view{"by_kernel"}},
                                      std::pair{ComputeStop::instruction, std::string_view{"instruction"}},
                                      std::pair{ComputeStop::round, std::string_view{"round"}},
                                      std::pair{ComputeStop::job, std::string_view{"job"}}};
};
template <>
struct EnumNames<TlbFlushPath> {
  static constexpr std::array entries{std::pair{TlbFlushPath::mes_ring, std::string_view{"mes_ring"}},
                                      std::pair{TlbFlushPath::second_pipe, std::string_view{"second_pipe"}}};
};

template <class V>
void describe(V& v, EngineSpec& e) {
  v.required("pipes", e.pipes, "Pipes; each runs one connected queue", within(0, 1024));
  v.required("slots_per_pipe", e.slots_per_pipe, "HQD slots of a pipe that user queues may take", within(0, 64));
  v.optional("slots_without_kernel_queues", e.slots_without_kernel_queues,
             "The same where there are no kernel queues; default: slots_per_pipe", within(0, 64));
}
template <class V>
void describe(V& v, VmidSpec& s) {
  v.required("count", s.count, "VMIDs that user queues may have; 0: as many as they want", within(0, 64));
  v.optional("without_kernel_queues", s.without_kernel_queues,
             "The same where there are no kernel queues; default: count", within(0, 64));
  v.optional("of_sdma", s.of_sdma, "SDMA queues need a VMID too");
}
template <class V>
void describe(V& v, WaveStateSpec& w) {
  v.required("waves", w.waves, "Waves that a compute unit holds; 0: nothing is saved", within(0, 64));
  v.required("vgprs", w.vgprs, "Vector registers of a compute unit");
  v.required("sgprs", w.sgprs, "Scalar registers of a compute unit");
  v.required("lds", w.lds, "Local memory of a compute unit");
  v.required("hwregs", w.hwregs, "Other registers of a compute unit's waves");
  v.required("control", w.control, "Of a wave, on the control stack");
}
template <class V>
void describe(V& v, DeviceSpec& d) {
  v.required("name", d.name, "Profile name");
  v.required("title", d.title, "What it is");
  v.required("source", d.source, "Where the numbers come from");
  v.required("compute_units", d.compute_units, "Compute units shared by graphics and compute", width_limits);
  v.required("gfx", d.gfx, "Graphics engine");
  v.required("compute", d.compute, "Compute engine");
  v.required("sdma", d.sdma, "Copy engines");
  v.optional("vmids", d.vmids, "VMIDs; default: as many as queues want");
  v.optional("kernel_queues", d.kernel_queues, "The kernel has queues of its own, which hold slots and VMIDs");
  v.required("vram", d.vram, "Device memory that buffers may take", positive());
  v.optional("visible_vram", d.visible_vram, "What the CPU sees of it; default: all");
  v.optional("apu", d.apu, "VRAM is a part of system memory: a system suspend leaves it, but for a hibernation");
  v.optional("vram_blocks", d.vram_blocks, "VRAM is handed out in blocks of a power of two, and fragments");
  v.required("gtt", d.gtt, "System memory that the GPU reaches");
  v.optional("page_limit", d.page_limit, "System memory that buffers may take in all; default: gtt");
  v.optional("swap", d.swap, "What may be swapped out past page_limit");
  v.optional("swap_bandwidth", d.swap_bandwidth, "To and from swap; 0B/s: infinitely fast");
  v.required("link", d.link, "Host link, to the host; 0B/s: infinitely fast");
  v.optional("link_in", d.link_in, "Host link, from the host; default: link");
  v.required("vram_bandwidth", d.vram_bandwidth, "Device memory; 0B/s: infinitely fast");
  v.optional("xccs", d.xccs, "Complexes that the compute units are divided into", within(1, 64));
  v.required("wave_state", d.wave_state, "What CWSR saves of a compute unit");
  v.required("gfx_context", d.gfx_context, "Bytes saved and loaded for a graphics queue");
  v.optional("compute_stop", d.compute_stop, "Where compute can be stopped");
  v.required("pipe_quantum", d.pipe_quantum, "A pipe rotates among its ready queues after this; 0: only when idle");
  v.required("tlb_flush_path", d.tlb_flush_path, "Who carries a TLB flush");
  v.required("reset_method", d.reset_method, "How the whole GPU is reset: mode1 loses VRAM, mode2 keeps it");
  v.required("per_queue_reset", d.per_queue_reset, "MES can reset a hung queue alone");
}

}  // namespace userqsim
