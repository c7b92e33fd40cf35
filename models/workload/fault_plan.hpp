// Which fault hits what, decided once for all by the scenario, the seed and the replication. Immutable; the machine
// owns it, firmware and driver ask it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/workload/faults.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/draw.hpp"

namespace userqsim {

class FaultPlan {
 public:
  // REQUIRES: check() found nothing wrong with the specs. All three outlive the plan.
  FaultPlan(const std::vector<FaultSpec>& specs, const Layout& layout, const Draws& draws);

  const FaultSpec& spec(FaultId id) const { return (*specs_)[id.index()]; }
  std::size_t size() const { return specs_->size(); }
  // Whom it names; none when it names nobody.
  ProcessId process_of(FaultId id) const { return targets_[id.index()].process; }
  QueueId queue_of(FaultId id) const { return targets_[id.index()].queue; }

  // The first fault of the kind that hits the queue at that eviction of its process. `packet`: which packet, for
  // the kinds that are about one.
  std::optional<FaultId> at_eviction(FaultKind kind, QueueId queue, EvictionId eviction,
                                     FaultPacket packet = FaultPacket::stop) const;
  // The first fault of the kind that hits the process at that eviction, whichever its queues.
  std::optional<FaultId> at_eviction(FaultKind kind, EvictionId eviction) const;
  // Whether the n-th reset of that scope fails by chance.
  std::optional<FaultId> reset_fails(ResetScope scope, std::uint32_t ordinal) const;

 private:
  struct Target {
    ProcessId process;
    QueueId queue;
  };
  bool hits(FaultId id, std::uint32_t entity, std::uint64_t ordinal) const;

  const std::vector<FaultSpec>* specs_;
  const Layout* layout_;
  const Draws* draws_;
  std::vector<Target> targets_;
};

}  // namespace userqsim
