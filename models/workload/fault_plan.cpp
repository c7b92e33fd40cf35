#include "models/workload/fault_plan.hpp"

#include <algorithm>

#include "models/workload/purpose.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// Processes draw beyond all queues, resets beyond all processes.
constexpr std::uint32_t process_entity = std::uint32_t{1} << 31;
constexpr std::uint32_t reset_entity = std::uint32_t{3} << 30;

}  // namespace

FaultPlan::FaultPlan(const std::vector<FaultSpec>& specs, const Layout& layout, const Draws& draws)
    : specs_(&specs), layout_(&layout), draws_(&draws) {
  for (const FaultSpec& fault : specs) {
    Target target;
    for (std::size_t p = 0; p < layout.processes.size() && fault.process; ++p) {
      if (layout.processes[p].name == *fault.process) target.process = ProcessId::of(p);
    }
    ensure(target.process.exists() == fault.process.has_value(), "a fault of an unknown process");
    if (fault.queue) {
      for (const QueueId queue : layout.process(target.process).queues) {
        if (layout.queue(queue).name == *fault.queue) target.queue = queue;
      }
      ensure(target.queue.exists(), "a fault of an unknown queue");
    }
    targets_.push_back(target);
  }
}

// The entity's n-th chance to be hit by this fault.
bool FaultPlan::hits(FaultId id, std::uint32_t entity, std::uint64_t ordinal) const {
  const std::uint64_t point = (std::uint64_t{id.value} << 32) | ordinal;
  return draws_->uniform(draw_point(Purpose::fault, entity, point)) < *spec(id).probability;
}

std::optional<FaultId> FaultPlan::at_eviction(FaultKind kind, QueueId queue, EvictionId eviction,
                                              FaultPacket packet) const {
  for (std::size_t i = 0; i < specs_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    const FaultSpec& fault = spec(id);
    if (fault.kind != kind || fault.at || fault.packet.value_or(FaultPacket::stop) != packet) continue;
    if (process_of(id).exists() && process_of(id) != eviction.process) continue;
    if (queue_of(id).exists() && queue_of(id) != queue) continue;
    const bool hit = fault.eviction ? *fault.eviction == eviction.ordinal : hits(id, queue.value, eviction.ordinal);
    if (hit) return id;
  }
  return std::nullopt;
}

std::optional<FaultId> FaultPlan::at_eviction(FaultKind kind, EvictionId eviction) const {
  for (std::size_t i = 0; i < specs_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    const FaultSpec& fault = spec(id);
    if (fault.kind != kind || fault.at) continue;
    if (process_of(id).exists() && process_of(id) != eviction.process) continue;
    const std::uint32_t entity = process_entity | eviction.process.value;
    const bool hit = fault.eviction ? *fault.eviction == eviction.ordinal : hits(id, entity, eviction.ordinal);
    if (hit) return id;
  }
  return std::nullopt;
}

std::optional<FaultId> FaultPlan::reset_fails(ResetScope scope, std::uint32_t ordinal) const {
  for (std::size_t i = 0; i < specs_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    const FaultSpec& fault = spec(id);
    if (fault.kind != FaultKind::reset_fails || fault.at || fault.scope != scope) continue;
    if (hits(id, reset_entity | static_cast<std::uint32_t>(scope), ordinal)) return id;
  }
  return std::nullopt;
}

}  // namespace userqsim
