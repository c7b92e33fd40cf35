#include "scenarios/cli/fact_text.hpp"

#include <fmt/format.h>

namespace userqsim {

std::string FactNames::process(ProcessId id) const { return id.exists() ? layout_->process(id).name : "-"; }

std::string FactNames::queue(QueueId id) const {
  if (!id.exists()) return "-";
  const QueueLayout& queue = layout_->queue(id);
  return fmt::format("{}/{}", layout_->process(queue.process).name, queue.name);
}

std::string FactNames::eviction(const EvictionId& id) const {
  return fmt::format("eviction {} of {}", id.ordinal, process(id.process));
}

std::string FactNames::text(const JobEnded& fact) const {
  return fmt::format("job {} of {} {}, submitted {}", fact.job.value, queue(fact.queue), name_of(fact.outcome),
                     fact.submitted.time_since_epoch().count());
}

std::string FactNames::text(const RequestEnded& fact) const {
  return fmt::format("request {} ({} {} bytes) of {} {} after {}", fact.request.value, name_of(fact.kind),
                     fact.bytes.value, process(fact.process), name_of(fact.outcome),
                     format_duration(fact.time - fact.requested));
}

std::string FactNames::text(const BufferMoved& fact) const {
  return fmt::format("buffer {} of {} moved {} to {}, {} bytes in {}", fact.buffer.value, process(fact.process),
                     name_of(fact.from), name_of(fact.to), fact.bytes.value,
                     format_duration(fact.time - fact.start));
}

std::string FactNames::text(const MemoryUsed& fact) const {
  return fmt::format("memory: vram {} gtt {} system {} swap {}", fact.vram.value, fact.gtt.value, fact.system.value,
                     fact.swap.value);
}

std::string FactNames::text(const ResidencyChanged& fact) const {
  return fmt::format("{} holds vram {} gtt {} elsewhere {}, displaced {}", process(fact.process), fact.vram.value,
                     fact.gtt.value, fact.away.value, fact.displaced.value);
}

std::string FactNames::text(const SlotChanged& fact) const {
  return fmt::format("slot {} {} -> {} ({})", fact.slot.value, name_of(fact.from), name_of(fact.to),
                     queue(fact.queue));
}

std::string FactNames::text(const QueueRan& fact) const {
  return fmt::format("{} {} job {}", queue(fact.queue), fact.resumed ? "resumes" : "runs", fact.job.value);
}

std::string FactNames::text(const QueueStopped& fact) const {
  return fmt::format("{} stopped, {}", queue(fact.queue), fact.pending ? "work pending" : "idle");
}

std::string FactNames::text(const ContextMoved& fact) const {
  return fmt::format("{} context {} {} bytes", queue(fact.queue), fact.save ? "saved" : "loaded", fact.bytes.value);
}

std::string FactNames::text(const PacketEnded& fact) const {
  return fmt::format("{} {} {}, issued {}", name_of(fact.opcode), queue(fact.queue), name_of(fact.result),
                     fact.issued.time_since_epoch().count());
}

std::string FactNames::text(const GangReady& fact) const { return fmt::format("{} ready", queue(fact.queue)); }

std::string FactNames::text(const SlotWaited& fact) const {
  return fmt::format("{} waited {} for a slot ({})", queue(fact.queue), format_duration(fact.time - fact.since),
                     name_of(fact.end));
}

std::string FactNames::text(const EvictionStarted& fact) const {
  return fmt::format("{} starts ({}), {} queues, {} running", eviction(fact.eviction), name_of(fact.trigger),
                     fact.queues, fact.queues_running);
}

std::string FactNames::text(const EvictionStep& fact) const {
  return fmt::format("{}: {} {} took {}", eviction(fact.eviction), name_of(fact.kind), queue(fact.queue),
                     format_duration(fact.end - fact.start));
}

std::string FactNames::text(const EvictionSignaled& fact) const { return eviction(fact.eviction) + " signaled"; }

std::string FactNames::text(const EvictionAborted& fact) const { return eviction(fact.eviction) + " aborted"; }

std::string FactNames::text(const EvictionResumed& fact) const { return eviction(fact.eviction) + " resumed"; }

std::string FactNames::text(const QueueTransition& fact) const {
  return fmt::format("{} {}: {} -> {} by {}, {}", queue(fact.queue), name_of(fact.operation), name_of(fact.from),
                     name_of(fact.to), fact.call ? name_of(*fact.call) : "no call", name_of(fact.result));
}

std::string FactNames::text(const MesLockHeld& fact) const {
  return fmt::format("{} held the MES mutex for {}", process(fact.process), format_duration(fact.end - fact.start));
}

std::string FactNames::text(const ProcessExited& fact) const { return process(fact.process) + " exited"; }

std::string FactNames::text(const Hazard& fact) const {
  return fmt::format("HAZARD {} {} {}", name_of(fact.kind), process(fact.process), queue(fact.queue));
}

std::string FactNames::text(const FaultInjected& fact) const {
  const std::string of = fact.eviction ? fmt::format(" in eviction {}", *fact.eviction) : "";
  return fmt::format("FAULT {} {} {} {}{}", fact.fault.value, name_of(fact.kind), process(fact.process),
                     queue(fact.queue), of);
}

std::string FactNames::text(const UserqLockHeld& fact) const {
  return fmt::format("{} held the userq_mutex of {} for {}", name_of(fact.holder), process(fact.process),
                     format_duration(fact.end - fact.start));
}

std::string FactNames::text(const WorkerMoved& fact) const {
  return fmt::format("{}: {} worker {}", eviction(fact.eviction), fact.restores ? "restore" : "suspend",
                     name_of(fact.step));
}

std::string FactNames::text(const FenceArmed& fact) const {
  return fmt::format("{} has the eviction fence of its eviction {}", process(fact.eviction.process),
                     fact.eviction.ordinal);
}

std::string FactNames::text(const JobSubmitted& fact) const {
  return fmt::format("job {} of {} in its ring{}", fact.job.value, queue(fact.queue),
                     fact.fence ? ", under a fence" : "");
}

std::string FactNames::text(const MesServed& fact) const {
  return fmt::format("MES pipe {} {} {} {} for {}", fact.pipe, fact.waits ? "stood for" : "served",
                     name_of(fact.opcode), queue(fact.queue), format_duration(fact.end - fact.start));
}

std::string FactNames::text(const MoveQueued& fact) const {
  return fmt::format("buffer {} of {} is to move {} to {}, {} bytes, for {}", fact.buffer.value,
                     process(fact.process), name_of(fact.from), name_of(fact.to), fact.bytes.value,
                     process(fact.claimant));
}

std::string FactNames::text(const GpuResetDone& fact) const {
  return fmt::format("GPU reset ({}) {} after {}", name_of(fact.method), fact.ok ? "done" : "failed",
                     format_duration(fact.time - fact.began));
}

}  // namespace userqsim
