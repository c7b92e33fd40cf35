// Which fault hits what: a scenario's faults with every name resolved. Every answer is a function of the faults,
// the seed and what is asked about, so two policies meet the same faults at the same evictions of the same queues.
//
// Where several faults of the kinds asked for hit, the first in the scenario's order does.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "models/workload/faults.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/draw.hpp"

namespace userqsim {

class FaultPlan {
 public:
  // All three outlive the plan. REQUIRES: check() found nothing wrong with the faults.
  FaultPlan(const std::vector<FaultSpec>& faults, const Layout& layout, const Draws& draws);

  bool empty() const { return faults_->empty(); }
  std::size_t size() const { return faults_->size(); }
  const FaultSpec& spec(FaultId id) const { return (*faults_)[id.index()]; }
  // What the fault names; none where it names nothing.
  ProcessId process_of(FaultId id) const { return targets_[id.index()].process; }
  QueueId queue_of(FaultId id) const { return targets_[id.index()].queue; }

  // Evictions of a process from this one on (counted from 0) are alike to every fault. No number: none ever is.
  std::uint64_t evictions_told_apart() const;

  using Kinds = std::initializer_list<FaultKind>;

  // The fault of these kinds that the n-th eviction of the queue's process triggers for this queue.
  std::optional<FaultId> at_eviction(Kinds kinds, QueueId queue, std::uint32_t eviction) const;
  // The fault of these kinds that the eviction triggers for some queue of the process; one without queues has none.
  std::optional<FaultId> at_eviction(Kinds kinds, EvictionId eviction) const;
  // The same for a packet of the eviction: only the faults about that packet.
  std::optional<FaultId> of_packet(Kinds kinds, QueueId queue, std::uint32_t eviction, PacketRole role) const;
  // Whether the n-th reset of this scope (of the queue, or of the GPU) fails by the draw of some fault. What
  // triggers at a time comes as FaultDue.
  std::optional<FaultId> of_reset(ResetScope scope, QueueId queue, std::uint32_t ordinal) const;

 private:
  struct Target {
    ProcessId process;
    QueueId queue;
  };

  bool hits(FaultId id, QueueId queue, std::uint32_t eviction) const;
  bool drawn(FaultId id, std::uint32_t entity, std::uint32_t ordinal) const;

  const std::vector<FaultSpec>* faults_;
  const Layout* layout_;
  const Draws* draws_;
  std::vector<Target> targets_;  // by fault
};

}  // namespace userqsim
