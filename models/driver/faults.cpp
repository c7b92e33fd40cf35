// Faults that are the driver's to apply.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::on(const FaultDue& message, const DriverChannels& channels) {
  const FaultKind kind = channels.faults->spec(message.fault).kind;
  if (kind != FaultKind::kill) {
    fail_invariant("the driver does not handle this fault yet", SourceLocation::current());
  }
  const FileState state = file(message.process).state;
  if (state != FileState::opening && state != FileState::open) return;  // nobody to kill
  channels.fault_injected->state(
      {channels.wake.now(), message.fault, kind, message.process, QueueId::none(), std::nullopt});
  on(ExitProcess{message.process}, channels);
}

}  // namespace userqsim
