#include "models/workload/fault_plan.hpp"

#include <algorithm>
#include <limits>

#include "models/workload/purpose.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

bool is_one_of(FaultPlan::Kinds kinds, FaultKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// Resets of the GPU draw under a number beyond all queues.
constexpr std::uint32_t gpu_entity = std::uint32_t{1} << 31;

}  // namespace

FaultPlan::FaultPlan(const std::vector<FaultSpec>& faults, const Layout& layout, const Draws& draws)
    : faults_(&faults), layout_(&layout), draws_(&draws) {
  for (const FaultSpec& fault : faults) {
    Target target;
    if (fault.process) target.process = find_process(layout, *fault.process);
    if (fault.queue) target.queue = find_queue(layout, layout.process(target.process), *fault.queue);
    targets_.push_back(target);
  }
}

std::uint64_t FaultPlan::evictions_told_apart() const {
  std::uint64_t first_alike = 0;
  for (const FaultSpec& fault : *faults_) {
    if (fault.probability) return std::numeric_limits<std::uint64_t>::max();
    // MES counts by the number after that of the last.
    if (fault.eviction) first_alike = std::max<std::uint64_t>(first_alike, std::uint64_t{*fault.eviction} + 2);
  }
  return first_alike;
}

bool FaultPlan::drawn(FaultId id, std::uint32_t entity, std::uint32_t ordinal) const {
  const DrawPoint point = draw_point(Purpose::fault, entity, (std::uint64_t{id.value} << 32) | ordinal);
  return draws_->uniform(point) < *spec(id).probability;
}

bool FaultPlan::hits(FaultId id, QueueId queue, std::uint32_t eviction) const {
  const Target& target = targets_[id.index()];
  if (target.process.exists() && target.process != layout_->queue(queue).process) return false;
  if (target.queue.exists() && target.queue != queue) return false;
  if (spec(id).eviction) return *spec(id).eviction == eviction;
  return spec(id).probability && drawn(id, queue.value, eviction);
}

std::optional<FaultId> FaultPlan::at_eviction(Kinds kinds, QueueId queue, std::uint32_t eviction) const {
  for (std::size_t i = 0; i < faults_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    if (is_one_of(kinds, spec(id).kind) && hits(id, queue, eviction)) return id;
  }
  return std::nullopt;
}

std::optional<FaultId> FaultPlan::at_eviction(Kinds kinds, EvictionId eviction) const {
  std::optional<FaultId> first;
  for (const QueueId queue : layout_->process(eviction.process).queues) {
    const std::optional<FaultId> fault = at_eviction(kinds, queue, eviction.ordinal);
    if (fault && (!first || *fault < *first)) first = fault;
  }
  return first;
}

std::optional<FaultId> FaultPlan::of_packet(Kinds kinds, QueueId queue, std::uint32_t eviction,
                                            PacketRole role) const {
  for (std::size_t i = 0; i < faults_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    if (!is_one_of(kinds, spec(id).kind) || spec(id).packet.value_or(PacketRole::stop) != role) continue;
    if (hits(id, queue, eviction)) return id;
  }
  return std::nullopt;
}

std::optional<FaultId> FaultPlan::of_reset(ResetScope scope, QueueId queue, std::uint32_t ordinal) const {
  for (std::size_t i = 0; i < faults_->size(); ++i) {
    const FaultId id = FaultId::of(i);
    if (spec(id).kind != FaultKind::reset_fails || spec(id).scope != scope || !spec(id).probability) continue;
    const std::uint32_t entity = scope == ResetScope::gpu ? gpu_entity : queue.value;
    if (drawn(id, entity, ordinal)) return id;
  }
  return std::nullopt;
}

}  // namespace userqsim
