// Every fact a machine states, one probe each. What a sink needs is subscribed here and nowhere else.
#pragma once

#include "models/driver/facts.hpp"
#include "models/firmware/facts.hpp"
#include "models/hardware/facts.hpp"
#include "models/memory/facts.hpp"
#include "models/workload/facts.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct Probes {
  Probe<JobEnded> job_ended;
  Probe<RequestEnded> request_ended;
  Probe<BufferMoved> buffer_moved;
  Probe<MemoryUsed> memory_used;
  Probe<SlotChanged> slot_changed;
  Probe<QueueRan> queue_ran;
  Probe<QueueStopped> queue_stopped;
  Probe<ContextMoved> context_moved;
  Probe<PacketEnded> packet_ended;
  Probe<GangReady> gang_ready;
  Probe<SlotWaited> slot_waited;
  Probe<EvictionStarted> eviction_started;
  Probe<EvictionStep> eviction_step;
  Probe<EvictionSignaled> eviction_signaled;
  Probe<EvictionAborted> eviction_aborted;
  Probe<EvictionResumed> eviction_resumed;
  Probe<QueueTransition> queue_transition;
  Probe<MesLockHeld> mes_lock_held;
  Probe<ProcessExited> process_exited;
  Probe<Hazard> hazard;
  Probe<FaultInjected> fault_injected;
  Probe<GpuResetDone> gpu_reset_done;
  Probe<ResidencyChanged> residency_changed;
  Probe<UserqLockHeld> userq_lock_held;
  Probe<WorkerMoved> worker_moved;
  Probe<FenceArmed> fence_armed;
  Probe<JobSubmitted> job_submitted;
  Probe<MesServed> mes_served;
  Probe<MoveQueued> move_queued;

  // Calls f(probe) for each probe, in the order above, which is part of the digest: a new one stands last.
  template <class F>
  void each(F&& f) {
    f(job_ended), f(request_ended), f(buffer_moved), f(memory_used), f(slot_changed), f(queue_ran),
        f(queue_stopped), f(context_moved), f(packet_ended), f(gang_ready), f(slot_waited), f(eviction_started),
        f(eviction_step), f(eviction_signaled), f(eviction_aborted), f(eviction_resumed), f(queue_transition),
        f(mes_lock_held), f(process_exited), f(hazard), f(fault_injected), f(gpu_reset_done), f(residency_changed),
        f(userq_lock_held), f(worker_moved), f(fence_armed), f(job_submitted), f(mes_served), f(move_queued);
  }
};

}  // namespace userqsim
