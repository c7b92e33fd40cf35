// What compute waves leave in memory when CWSR saves them: how large the area is that the driver sets aside for a
// queue, how many waves of a kernel are resident, and how many bytes those are.
#pragma once

#include <cstdint>

#include "models/hardware/spec.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

// The save area of one queue on all compute units (kfd_queue.c, kfd_queue_ctx_save_restore_size; the allocation
// adds the debugger's memory and is made once for all XCCs).
struct SaveArea {
  Bytes control_stack{0};  // of an XCC
  Bytes cwsr{0};           // of an XCC: control stack and waves
  Bytes debug{0};          // of an XCC
  Bytes total{0};
};
SaveArea save_area(const DeviceSpec& device);

// What `units` compute units have of the whole area, rounded down; all of them have all of it.
Bytes save_area_of(const DeviceSpec& device, std::uint32_t units);

// How many waves of that shape a compute unit holds at a time: as many as its wave slots, registers and LDS allow,
// in whole workgroups. 0: not even one workgroup.
std::uint32_t resident_waves_per_cu(const WaveStateSpec& unit, const WaveShape& shape);

// How many rounds the dispatch takes on `width` compute units. REQUIRES: at least one workgroup is resident.
std::uint64_t rounds_of(const WaveStateSpec& unit, const WaveShape& shape, std::uint32_t width);

// The waves that are resident in the round, the first being 0.
std::uint64_t resident_waves(const WaveStateSpec& unit, const WaveShape& shape, std::uint32_t width,
                             std::uint64_t round);

// What that many waves are in memory: their registers, their part of the fixed state, their control words, and the
// LDS of their workgroups.
Bytes wave_bytes(const WaveStateSpec& unit, const WaveShape& shape, std::uint64_t waves);

}  // namespace userqsim
