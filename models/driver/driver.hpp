// The driver's user-queue manager: eviction fences, the suspend and restore workers, the two mutexes, the life of
// every queue, and the clients that submit. What is done to a queue comes from two places only: the release's
// lifecycle tables (lifecycle.hpp) and the policy's plan (policy/policies.hpp).
//
// To follow one eviction, read in this order: enable_fence (fences.cpp), run(SuspendWorker) (suspend_worker.cpp),
// advance_call (calls.cpp), run(RestoreWorker) (restore_worker.cpp).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "models/driver/facts.hpp"
#include "models/driver/messages.hpp"
#include "models/driver/spec.hpp"
#include "models/driver/threads.hpp"
#include "models/firmware/firmware.hpp"
#include "models/hardware/hardware.hpp"
#include "models/memory/memory.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct DriverChannels {
  Channel<Wake> wake;
  Channel<WaitTimeout> timeout;
  Channel<Packet> mes;
  Channel<Doorbell> doorbell;
  Channel<DropRing> drop_ring;
  Channel<FirmwareReset> firmware_reset;
  Channel<GpuReset> gpu_reset;
  Channel<CancelFenced> cancel_fenced;
  Channel<Allocate> allocate;
  Channel<FenceSignaled> fence_signaled;
  Channel<Validate> validate;
  Channel<Rearmed> rearmed;
  Channel<ReleaseProcess> release;
  Channel<ProcessGone> gone;
  Probe<EvictionStarted>* started = nullptr;
  Probe<EvictionStep>* step = nullptr;
  Probe<EvictionSignaled>* signaled = nullptr;
  Probe<EvictionAborted>* aborted = nullptr;
  Probe<EvictionResumed>* resumed = nullptr;
  Probe<QueueTransition>* transition = nullptr;
  Probe<MesLockHeld>* mes_lock_held = nullptr;
  Probe<ProcessExited>* exited = nullptr;
  Probe<RequestEnded>* request_ended = nullptr;
  Probe<Hazard>* hazard = nullptr;
  Probe<FaultInjected>* fault_injected = nullptr;
  const CostDraws* costs = nullptr;
  const Workload* workload = nullptr;
  const Hardware* hardware = nullptr;
  const FaultPlan* faults = nullptr;
};

class Driver {
 public:
  // `layout` outlives the driver; `policy` is from policies().
  Driver(const KernelSpec& kernel, TlbFlushPath tlb_path, const Policy& policy, const Layout& layout);

  void handle(const DriverEvent& event, const DriverChannels& channels);

  // States the userptr requests that still wait. Call at the horizon.
  void close(SimTime now, const DriverChannels& channels) const;
  void verify() const;

  auto fields() const {
    return std::tie(mes_lock_, files_, queues_, suspend_, restore_, openers_, closers_, clients_, notifiers_);
  }

 private:
  enum class FileState : std::uint8_t { closed, opening, open, exiting, gone };
  // The eviction fence of a process. Without user queues there is none.
  enum class FenceState : std::uint8_t { none, live, enabled, signaled, dead };

  enum class WaitState : std::uint8_t { waiting, signaled, timed_out };

  // What the driver keeps of one open device file (drm_file).
  struct File {
    FileState state = FileState::closed;
    Lock userq_mutex;
    FenceState fence = FenceState::none;
    std::uint32_t generation = 0;  // of the fence: the ordinal of the eviction it stands for
    bool was_restored = false;
    SimTime restored_at;
    std::uint32_t allocations_pending = 0;
    bool exit_wanted = false;
    std::vector<PressureId> userptr_invalid;  // registrations to re-fault at the next restore
    auto fields() const {
      return std::tuple<FileState, const Lock&, FenceState, std::uint32_t, TimeIf, std::uint32_t, bool,
                        const std::vector<PressureId>&>(state, userq_mutex, fence, generation,
                                                        {was_restored, restored_at}, allocations_pending,
                                                        exit_wanted, userptr_invalid);
    }
  };
  struct Queue {
    UserqState state = UserqState::unmapped;
    std::optional<JobId> last_fence;  // not yet signalled
    std::uint32_t ring_used = 0;
    auto fields() const { return std::tie(state, last_fence, ring_used); }
  };

  void on(const OpenProcess&, const DriverChannels&);
  void on(const ExitProcess&, const DriverChannels&);
  void on(const SubmitJob&, const DriverChannels&);
  void on(const PressureDue&, const DriverChannels&);
  void on(const FaultDue&, const DriverChannels&);  // faults.cpp
  void on(const FenceNeeded&, const DriverChannels&);
  void on(const AllocationReady&, const DriverChannels&);
  void on(const Validated&, const DriverChannels&);
  void on(const ApiFence&, const DriverChannels&);
  void on(const SuspendFence&, const DriverChannels&);
  void on(const JobRetired&, const DriverChannels&);
  void on(const Wake&, const DriverChannels&);
  void on(const WaitTimeout&, const DriverChannels&);

  // Threads and locks (driver.cpp).
  ThreadId suspend_thread(ProcessId p) const { return ThreadId{p.value * 4}; }
  ThreadId restore_thread(ProcessId p) const { return ThreadId{p.value * 4 + 1}; }
  ThreadId opener_thread(ProcessId p) const { return ThreadId{p.value * 4 + 2}; }
  ThreadId closer_thread(ProcessId p) const { return ThreadId{p.value * 4 + 3}; }
  ThreadId client_thread(QueueId q) const { return ThreadId::of(files_.size() * 4 + q.index()); }
  void run(ThreadId thread, const DriverChannels& channels);
  MesCall* call_of(ThreadId thread);
  std::optional<EvictionId> eviction_of(ThreadId thread) const;
  bool acquire(Lock& lock, ThreadId thread, SimTime now);
  void release(Lock& lock, const DriverChannels& channels);

  // Fences and who waits for them (fences.cpp).
  void enable_fence(ProcessId process, Trigger trigger, RequestId request, const DriverChannels& channels);
  void signal_fence(ProcessId process, const DriverChannels& channels);
  void kill_fence(ProcessId process, const DriverChannels& channels);
  void start_notifier(const DriverChannels& channels);
  void finish_notifiers(ProcessId process, RequestOutcome outcome, const DriverChannels& channels);
  void wake_clients(ProcessId process, const DriverChannels& channels);

  // MES calls (calls.cpp).
  void begin_call(ThreadId thread, Opcode opcode, QueueId queue, const DriverChannels& channels);
  bool advance_call(ThreadId thread, MesCall& call, const DriverChannels& channels);
  void issue(ThreadId thread, MesCall& call, const DriverChannels& channels);
  void end_step(ThreadId thread, EvictionStepKind kind, QueueId queue, const DriverChannels& channels);
  WaitState wait_last_fence(ThreadId self, QueueId queue, FenceWait& wait, std::optional<Duration> limit,
                            const DriverChannels& channels);
  bool apply(ThreadId thread, Operation operation, PlanStep step, MesCall& call, const DriverChannels& channels);

  // Workers, one file each.
  void run(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  WaitState wait_last_fences(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void give_up(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void end_suspend(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void run(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void schedule_restore(ProcessId process, const DriverChannels& channels);
  void begin_validation(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_userptr(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_page_table(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_tlb_flush(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void rearm(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void end_restore(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void run(ProcessId process, Opener& opener, const DriverChannels& channels);
  void run(ProcessId process, Closer& closer, const DriverChannels& channels);
  void end_exit(ProcessId process, Closer& closer, const DriverChannels& channels);
  void run(QueueId queue, Client& client, const DriverChannels& channels);
  static Duration submit_cost(JobId job, const DriverChannels& channels);
  bool submit_covered(QueueId queue, Client& client, const DriverChannels& channels);

  std::vector<QueueView> view_of(ProcessId process) const;
  File& file(ProcessId p) { return files_[p.index()]; }
  const File& file(ProcessId p) const { return files_[p.index()]; }
  Queue& queue(QueueId q) { return queues_[q.index()]; }
  const Queue& queue(QueueId q) const { return queues_[q.index()]; }
  const std::vector<QueueId>& queues_of(ProcessId p) const { return layout_->process(p).queues; }

  KernelSpec kernel_;
  TlbFlushPath tlb_path_;
  const Lifecycle* lifecycle_;
  const Policy* policy_;
  const Layout* layout_;

  Lock mes_lock_;  // amdgpu_mes_lock: one for the device
  std::vector<File> files_;
  std::vector<Queue> queues_;
  std::vector<SuspendWorker> suspend_;
  std::vector<RestoreWorker> restore_;
  std::vector<Opener> openers_;
  std::vector<Closer> closers_;
  std::vector<Client> clients_;
  std::deque<Notifier> notifiers_;  // adev->notifier_lock: the first holds it, the others wait
  std::uint32_t next_request_ = 0;
};

}  // namespace userqsim
