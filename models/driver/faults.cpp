// Faults that hit the driver: a process is killed, a user unmaps buffers that a queue lives on, a reset is of no
// avail.
#include <algorithm>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::on(const FaultDue& message, const DriverChannels& channels) {
  const FaultKind kind = channels.faults->spec(message.fault).kind;
  if (kind == FaultKind::reset_fails) return failing_resets_.push_back(message.fault);
  const FileState state = file(message.process).state;
  if (state != FileState::opening && state != FileState::open) return;  // nobody to hit
  channels.fault_injected->state(
      {channels.wake.now(), message.fault, kind, message.process, message.queue, std::nullopt});
  if (kind == FaultKind::kill) return on(ExitProcess{message.process}, channels);
  free_buffer(message.queue, channels);
}

// What this eviction of the process was meant to meet in the driver.
void Driver::meet_eviction_faults(EvictionId eviction, const DriverChannels& channels) {
  const SimTime now = channels.wake.now();
  if (const std::optional<FaultId> kill = channels.faults->at_eviction({FaultKind::kill}, eviction)) {
    channels.fault_injected->state(
        {now, *kill, FaultKind::kill, eviction.process, QueueId::none(), eviction.ordinal});
    const Duration after = channels.faults->spec(*kill).time.value_or(Duration{0});
    channels.exit.post_in(after, {eviction.process});
  }
  for (const QueueId queue : queues_of(eviction.process)) {
    const std::optional<FaultId> freed =
        channels.faults->at_eviction({FaultKind::free_buffer}, queue, eviction.ordinal);
    if (!freed) continue;
    channels.fault_injected->state(
        {now, *freed, FaultKind::free_buffer, eviction.process, queue, eviction.ordinal});
    free_buffer(queue, channels);
  }
}

// Whether the release looks at a queue's addresses before it restores the queue.
bool Driver::checks_addresses() const {
  return std::any_of(lifecycle_->paths.begin(), lifecycle_->paths.end(),
                     [](const PathRow& row) { return row.check_va; });
}

// The user's unmap. A release that looks at the addresses before it restores a queue also waits for the eviction
// fence here, so that the queue is not running when they go; an older one lets them go under it.
void Driver::free_buffer(QueueId queue, const DriverChannels& channels) {
  QueueLife& life = book_.at(queue);
  if (!life.exists() || life.vas_gone) return;
  life.vas_gone = true;
  const bool checks = checks_addresses();
  if (checks && file(life.process).fence == FenceState::live) {
    return enable_fence(life.process, Trigger::va_unmap, RequestId::none(), channels);
  }
  if (!checks && life.state == UserqState::mapped) {
    channels.hazard->state({channels.wake.now(), HazardKind::freed_under_queue, life.process, queue});
  }
}

// The n-th reset of the GPU. Those of single queues fail in MES.
bool Driver::reset_fails(std::uint32_t ordinal, const DriverChannels& channels) {
  std::optional<FaultId> fault;
  if (!failing_resets_.empty()) {
    fault = failing_resets_.front();
    failing_resets_.erase(failing_resets_.begin());
  } else {
    fault = channels.faults->of_reset(ResetScope::gpu, QueueId::none(), ordinal);
  }
  if (!fault) return false;
  channels.fault_injected->state(
      {channels.wake.now(), *fault, FaultKind::reset_fails, ProcessId::none(), QueueId::none(), std::nullopt});
  return true;
}

}  // namespace userqsim
