// Facts in words, for the log.
#pragma once

#include <string>

#include "models/machine/probes.hpp"
#include "models/workload/layout.hpp"

namespace userqsim {

// The moment a fact was stated, in nanoseconds: of an interval, its end.
template <class Fact>
std::int64_t fact_time(const Fact& fact) {
  if constexpr (requires { fact.time; }) {
    return fact.time.time_since_epoch().count();
  } else {
    return fact.end.time_since_epoch().count();
  }
}

// REQUIRES: the layout outlives it.
class FactNames {
 public:
  explicit FactNames(const Layout& layout) : layout_(&layout) {}

  std::string text(const JobEnded& fact) const;
  std::string text(const RequestEnded& fact) const;
  std::string text(const BufferMoved& fact) const;
  std::string text(const MemoryUsed& fact) const;
  std::string text(const ResidencyChanged& fact) const;
  std::string text(const SlotChanged& fact) const;
  std::string text(const QueueRan& fact) const;
  std::string text(const QueueStopped& fact) const;
  std::string text(const ContextMoved& fact) const;
  std::string text(const PacketEnded& fact) const;
  std::string text(const GangReady& fact) const;
  std::string text(const SlotWaited& fact) const;
  std::string text(const EvictionStarted& fact) const;
  std::string text(const EvictionStep& fact) const;
  std::string text(const EvictionSignaled& fact) const;
  std::string text(const EvictionAborted& fact) const;
  std::string text(const EvictionResumed& fact) const;
  std::string text(const QueueTransition& fact) const;
  std::string text(const MesLockHeld& fact) const;
  std::string text(const ProcessExited& fact) const;
  std::string text(const Hazard& fact) const;
  std::string text(const FaultInjected& fact) const;
  std::string text(const GpuResetDone& fact) const;
  std::string text(const UserqLockHeld& fact) const;
  std::string text(const WorkerMoved& fact) const;
  std::string text(const FenceArmed& fact) const;
  std::string text(const JobSubmitted& fact) const;
  std::string text(const MesServed& fact) const;
  std::string text(const MoveQueued& fact) const;

 private:
  std::string process(ProcessId id) const;
  std::string queue(QueueId id) const;
  std::string eviction(const EvictionId& id) const;

  const Layout* layout_;
};

}  // namespace userqsim
