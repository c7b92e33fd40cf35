// The parts of the machine, their event types and the phase of an instant in which each acts. What lies lower acts
// first: the hardware has moved before the firmware looks, the firmware before the driver, the driver before a
// client.
#pragma once

#include "models/driver/messages.hpp"
#include "models/firmware/messages.hpp"
#include "models/hardware/messages.hpp"
#include "models/memory/messages.hpp"
#include "models/workload/messages.hpp"
#include "sim/core/channel.hpp"

namespace userqsim {

enum class Part : PartTag { hardware, firmware, memory, driver, workload };

template <>
struct EnumNames<Part> {
  static constexpr std::array entries{
      std::pair{Part::hardware, std::string_view{"hardware"}},
      std::pair{Part::firmware, std::string_view{"firmware"}}, std::pair{Part::memory, std::string_view{"memory"}},
      std::pair{Part::driver, std::string_view{"driver"}}, std::pair{Part::workload, std::string_view{"workload"}}};
};

// The memory manager is driver code and acts with it.
constexpr Phase phase_of(Part part) {
  switch (part) {
    case Part::hardware:
      return 0;
    case Part::firmware:
      return 1;
    case Part::memory:
    case Part::driver:
      return 2;
    case Part::workload:
      return 3;
  }
  return 3;
}

template <class PartEvent>
constexpr Part part_of() {
  if constexpr (std::is_same_v<PartEvent, HardwareEvent>) return Part::hardware;
  if constexpr (std::is_same_v<PartEvent, FirmwareEvent>) return Part::firmware;
  if constexpr (std::is_same_v<PartEvent, MemoryEvent>) return Part::memory;
  if constexpr (std::is_same_v<PartEvent, DriverEvent>) return Part::driver;
  if constexpr (std::is_same_v<PartEvent, WorkloadEvent>) return Part::workload;
}

// Calls f with the event as its part's own type.
template <class F>
void visit_event(const Event& event, F&& f) {
  switch (static_cast<Part>(event.part)) {
    case Part::hardware:
      return f(event.payload.as<HardwareEvent>());
    case Part::firmware:
      return f(event.payload.as<FirmwareEvent>());
    case Part::memory:
      return f(event.payload.as<MemoryEvent>());
    case Part::driver:
      return f(event.payload.as<DriverEvent>());
    case Part::workload:
      return f(event.payload.as<WorkloadEvent>());
  }
}

}  // namespace userqsim
