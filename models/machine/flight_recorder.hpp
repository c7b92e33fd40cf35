// The last facts of a machine, kept at all times, printed when something goes wrong.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include "models/machine/probes.hpp"

namespace userqsim {

using AnyFact = std::variant<JobEnded, RequestEnded, BufferMoved, MemoryUsed, SlotChanged, QueueRan, QueueStopped,
                             ContextMoved, PacketEnded, GangReady, SlotWaited, EvictionStarted, EvictionStep,
                             EvictionSignaled, EvictionAborted, EvictionResumed, QueueTransition, MesLockHeld,
                             ProcessExited, Hazard, FaultInjected, GpuResetDone, ResidencyChanged, UserqLockHeld,
                             WorkerMoved, FenceArmed, JobSubmitted, MesServed, MoveQueued>;

// The fact's name and its fields in order, as in "SlotChanged 1200000ns 3 mapped running 7".
std::string describe_fact(const AnyFact& fact);

class FlightRecorder {
 public:
  static constexpr std::size_t capacity = 16;

  template <class Fact>
  void record(const Fact& fact) {
    facts_[count_++ % capacity].template emplace<Fact>(fact);
  }
  // Oldest first, one a line.
  std::string text() const;

 private:
  std::array<AnyFact, capacity> facts_;
  std::uint64_t count_ = 0;
};

}  // namespace userqsim
