#include "models/machine/reduction.hpp"

#include "models/machine/parts.hpp"

namespace userqsim {
namespace {

// A slot that is being filled, where every queue can have one: MES decides nothing by it, a stop that comes
// meanwhile waits for it, and with neither work nor a saved context nothing of the process's memory is touched.
// Where every queue can have a slot, MES decides nothing by one that is filled or left; without work no wave runs.
// - Filled: a stop that comes meanwhile waits for it, and without a saved context nothing of the process's memory
// is
//   touched.
// - Left: no packet in MES and no thread of the driver waits for it, and one that comes for the queue would.
bool is_own_business(const SlotTimer& timer, const MachineView& machine, const Workload& workload) {
  const QueueId queue = machine.hardware.queue_in(timer.slot);
  if (!machine.firmware.has_room_for_all() || machine.hardware.has_work(queue, workload)) return false;
  switch (machine.hardware.state_of(timer.slot)) {
    case SlotState::mapping:
      return !machine.hardware.has_saved_context(queue);
    case SlotState::unmapping:
      return !machine.firmware.blocked_by().exists() && !machine.driver.calls_about(queue);
    default:
      return false;
  }
}

}  // namespace

bool is_own_business(const Event& event, const MachineView& machine, const Workload& workload) {
  switch (static_cast<Part>(event.part)) {
    case Part::hardware: {
      const auto message = event.payload.as<HardwareEvent>();
      const auto* timer = std::get_if<SlotTimer>(&message);
      return timer != nullptr && is_own_business(*timer, machine, workload);
    }
    case Part::firmware:
      // MES looks whom it would map instead, and there is nobody.
      return std::holds_alternative<QuantumTimer>(event.payload.as<FirmwareEvent>()) &&
             machine.firmware.has_room_for_all();
    case Part::driver: {
      const auto message = event.payload.as<DriverEvent>();
      const auto* wake = std::get_if<Wake>(&message);
      return wake != nullptr && machine.driver.enters_work_queue(wake->thread);
    }
    case Part::memory:
    case Part::workload:
      break;
  }
  return false;
}

bool waits_in_line(const PressureSpec& event, const Driver& driver) {
  switch (event.kind) {
    case PressureKind::suspend:
    case PressureKind::resume:
    case PressureKind::isolation_stop:
    case PressureKind::isolation_start:
      return driver.is_at_device_event();
    default:
      return false;
  }
}

}  // namespace userqsim
