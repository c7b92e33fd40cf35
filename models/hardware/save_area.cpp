#include "models/hardware/save_area.hpp"

#include <algorithm>
#include <limits>

#include "sim/core/wide.hpp"

namespace userqsim {

namespace {

constexpr std::int64_t page = 4096;
constexpr std::int64_t debug_alignment = 64;
constexpr std::int64_t control_header = 40 + 8;  // wave count words and the header
constexpr std::int64_t debug_bytes = 32;         // of a wave

std::int64_t aligned(std::int64_t bytes, std::int64_t to) { return ceil_div(bytes, to) * to; }

std::int64_t register_bytes(const WaveShape& shape) { return std::int64_t{4} * shape.vgprs * shape.wave_size; }

// Waves of the dispatch in its last workgroup need not fill it: they count as if they did.
std::uint64_t groups(std::uint64_t waves, const WaveShape& shape) {
  return (waves + shape.group_waves - 1) / shape.group_waves;
}

}  // namespace

SaveArea save_area(const DeviceSpec& device) {
  const WaveStateSpec& unit = device.wave_state;
  if (unit.waves == 0) return {};
  const std::int64_t units = device.compute_units / std::max(device.xccs, 1U);
  const std::int64_t waves = units * unit.waves;
  const std::int64_t per_unit = (unit.vgprs + unit.sgprs + unit.lds + unit.hwregs).value;
  SaveArea area;
  area.control_stack = Bytes{aligned(control_header + waves * unit.control.value, page)};
  area.cwsr = Bytes{area.control_stack.value + units * per_unit};
  area.debug = Bytes{aligned(waves * debug_bytes, debug_alignment)};
  area.total = Bytes{aligned((area.cwsr + area.debug).value * std::max(device.xccs, 1U), page)};
  return area;
}

Bytes save_area_of(const DeviceSpec& device, std::uint32_t units) {
  return Bytes{save_area(device).total.value * std::min(units, device.compute_units) / device.compute_units};
}

std::uint32_t resident_waves_per_cu(const WaveStateSpec& unit, const WaveShape& shape) {
  std::int64_t groups_of_unit = unit.waves / shape.group_waves;
  const std::int64_t registers = register_bytes(shape) * shape.group_waves;
  if (registers > 0) groups_of_unit = std::min(groups_of_unit, unit.vgprs.value / registers);
  if (shape.lds.value > 0) groups_of_unit = std::min(groups_of_unit, unit.lds.value / shape.lds.value);
  return static_cast<std::uint32_t>(groups_of_unit) * shape.group_waves;
}

std::uint64_t rounds_of(const WaveStateSpec& unit, const WaveShape& shape, std::uint32_t width) {
  const std::uint64_t at_a_time = std::uint64_t{resident_waves_per_cu(unit, shape)} * width;
  return (groups(shape.waves, shape) * shape.group_waves + at_a_time - 1) / at_a_time;
}

std::uint64_t resident_waves(const WaveStateSpec& unit, const WaveShape& shape, std::uint32_t width,
                             std::uint64_t round) {
  const std::uint64_t at_a_time = std::uint64_t{resident_waves_per_cu(unit, shape)} * width;
  const std::uint64_t before = round * at_a_time;
  return before >= shape.waves ? 0 : std::min(at_a_time, shape.waves - before);
}

Bytes wave_bytes(const WaveStateSpec& unit, const WaveShape& shape, std::uint64_t waves) {
  const std::int64_t fixed = (unit.sgprs + unit.hwregs).value / std::max(unit.waves, 1U) + unit.control.value;
  const Wide bytes = static_cast<Wide>(waves) * (register_bytes(shape) + fixed) +
                     static_cast<Wide>(groups(waves, shape)) * shape.lds.value;
  return Bytes{static_cast<std::int64_t>(std::min<Wide>(bytes, std::numeric_limits<std::int64_t>::max()))};
}

}  // namespace userqsim
