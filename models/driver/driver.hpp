// The driver's user-queue manager: eviction fences, the suspend and restore workers, the two mutexes, the life of
// every queue, hang detection and resets, and the clients that submit. What is done to a queue comes from two
// places only: the release's lifecycle tables (lifecycle/lifecycle.hpp) and the policy's plan
// (policy/policies.hpp).
//
// To follow one eviction, read in this order: enable_fence (fences.cpp), run(SuspendWorker) (suspend_worker.cpp),
// advance (operations.cpp), advance_call (calls.cpp), run(RestoreWorker) (restore_worker.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
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
#include "sim/core/containers.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct DriverChannels {
  Channel<Wake> wake;
  Channel<WaitTimeout> timeout;
  Channel<HangTimeout> hang_timeout;
  Channel<Packet> mes;
  Channel<Doorbell> doorbell;
  Channel<DropRing> drop_ring;
  Channel<CancelFenced> cancel_fenced;
  Channel<FirmwareReset> firmware_reset;
  Channel<GpuReset> gpu_reset;
  Channel<Allocate> allocate;
  Channel<CpuFault> cpu_fault;
  Channel<FenceSignaled> fence_signaled;
  Channel<Validate> validate;
  Channel<Rearmed> rearmed;
  Channel<Unlocked> unlocked;
  Channel<EmptyVram> empty_vram;
  Channel<ReleaseProcess> release;
  Channel<Submit> submit;
  Channel<SubmissionDone> submission_done;
  Channel<RunKernelJob> run_kernel_job;
  Channel<JobDropped> job_dropped;
  Channel<ProcessGone> gone;
  Channel<ExitProcess> exit;
  Channel<RingsDropped> rings_dropped;
  Probe<EvictionStarted>* started = nullptr;
  Probe<EvictionStep>* step = nullptr;
  Probe<EvictionSignaled>* signaled = nullptr;
  Probe<EvictionAborted>* aborted = nullptr;
  Probe<EvictionResumed>* resumed = nullptr;
  Probe<QueueTransition>* transition = nullptr;
  Probe<MesLockHeld>* mes_lock_held = nullptr;
  Probe<ProcessExited>* exited = nullptr;
  Probe<RequestEnded>* request_ended = nullptr;
  Probe<FaultInjected>* fault_injected = nullptr;
  Probe<GpuResetDone>* reset_done = nullptr;
  Probe<UserqLockHeld>* userq_lock_held = nullptr;
  Probe<WorkerMoved>* worker_moved = nullptr;
  Probe<FenceArmed>* fence_armed = nullptr;
  Probe<JobSubmitted>* job_submitted = nullptr;
  Probe<Hazard>* hazard = nullptr;
  const CostDraws* costs = nullptr;
  const Workload* workload = nullptr;
  const Hardware* hardware = nullptr;
  const FaultPlan* faults = nullptr;
};

class Driver {
  friend class DriverBooks;  // books.hpp: what an observer asks

 public:
  // What the driver knows of the device, and what it is told to do.
  struct Setup {
    KernelSpec kernel;
    TlbFlushPath tlb_path = TlbFlushPath::mes_ring;
    ResetMethod reset_method = ResetMethod::mode1;
    bool per_queue_reset = true;
    const Policy* policy = nullptr;  // from policies()
    PolicySpec policy_spec;
    bool apu = false;          // its VRAM is kept while the system sleeps
    bool has_mes = true;       // else HWS, which is not set up again after a reset
    bool one_runlist = false;  // what changes together is submitted together
  };

  // `layout` outlives the driver.
  Driver(const Setup& setup, const Layout& layout);

  // For evictions whose worker has not begun to wait for last fences. Another goes on as it began, to its restart:
  // that a queue was suspended or removed decides how it can come back.
  void set_policy(const Policy* policy) { setup_.policy = policy; }

  void handle(const DriverEvent& event, const DriverChannels& channels);

  // States the userptr requests that still wait. Call at the horizon.
  void close(SimTime now, const DriverChannels& channels) const;
  void verify() const;

  // Who is in the middle of something, for who finds that nothing goes on (waits.cpp).
  std::vector<ThreadWait> waits() const;
  std::string name_of(ThreadId thread) const;
  // The thread's next step is to be queued, which changes nothing for anybody: what cancels a work, or asks for it,
  // does so before and after.
  bool enters_work_queue(ThreadId thread) const;
  // A call to MES is under way that may have to do with the queue.
  bool calls_about(QueueId queue) const;
  // A suspend, a resume or an isolation is under way.
  bool is_at_device_event() const { return !device_worker_.requests.empty(); }
  // Open processes with queues whose eviction fence has signalled, or never will, and that nobody leaves stopped on
  // purpose.
  std::vector<ProcessId> stopped_processes() const;

  auto fields() const {
    return std::tie(mes_lock_, restore_order_, files_, queues_, book_, suspend_, restore_, openers_, closers_,
                    clients_, notifiers_, device_worker_, resetter_, frozen_, asleep_, frozen_events_, gangs_held_,
                    failing_resets_, opened_, kernel_jobs_, kernel_queues_, kernel_queues_stopped_);
  }

 private:
  friend class DriverWaits;  // waits.hpp

  enum class FileState : std::uint8_t { closed, opening, open, exiting, gone };
  // The eviction fence of a process. Without user queues there is none.
  enum class FenceState : std::uint8_t { none, live, enabled, signaled, dead };

  enum class WaitState : std::uint8_t { waiting, signaled, timed_out };

  // What the driver keeps of one open device file (drm_file).
  struct File {
    FileState state = FileState::closed;
    std::uint32_t opened = 0;  // order in which it opened the device
    Lock userq_mutex;
    FenceState fence = FenceState::none;
    std::uint32_t generation = 0;  // of the fence: the ordinal of the eviction it stands for
    bool was_restored = false;
    SimTime restored_at;
    SimTime stopped_at;            // when its last eviction fence signalled
    std::uint32_t short_runs = 0;  // in a row: shorter than the stop before
    bool kept_idle = false;        // it is not restored before its next doorbell
    std::uint32_t allocations_pending = 0;
    bool exit_wanted = false;
    bool quiesced = false;                       // its present eviction is an invalidation's (userptr_quiesce)
    SmallVector<PressureId, 2> userptr_invalid;  // registrations to re-fault at the next restore
    const Policy* stopped_by = nullptr;          // by whose plan it was stopped last, and is restarted
    auto fields() const {
      return std::tuple<FileState, std::uint32_t, const Lock&, FenceState, Ordinal, TimeIf, std::uint32_t, TimeIf,
                        std::uint32_t, bool, bool, bool, const SmallVector<PressureId, 2>&>(
          state, opened, userq_mutex, fence, {generation}, {was_restored, restored_at}, allocations_pending,
          {was_restored, stopped_at}, short_runs, kept_idle, exit_wanted, quiesced, userptr_invalid);
    }
  };
  struct Queue {
    Fifo<JobId> fences;  // emitted and not yet signalled, oldest first
    std::uint32_t ring_used = 0;
    bool watched = false;  // the hang detection's timer runs
    JobId watched_fence;   // the oldest when it was started
    EventHandle hang_timer;
    auto fields() const { return std::tie(fences, ring_used, watched, watched_fence); }
  };
  // Whose thread it is: a worker of a process, the client of a queue, or one of the device's.
  enum class Role : std::uint8_t { suspend, restore, opener, closer, client, device, resetter };
  struct ThreadPlace {
    Role role = Role::device;
    ProcessId process;
    QueueId queue;
  };

  void on(const OpenProcess&, const DriverChannels&);
  void on(const ExitProcess&, const DriverChannels&);
  void on(const SubmitJob&, const DriverChannels&);
  void on(const PressureDue&, const DriverChannels&);
  void on(const FenceNeeded&, const DriverChannels&);
  void on(const AllocationReady&, const DriverChannels&);
  void on(const Validated&, const DriverChannels&);
  void on(const Emptied&, const DriverChannels&);
  void on(const ApiFence&, const DriverChannels&);
  void on(const SuspendFence&, const DriverChannels&);
  void on(const JobRetired&, const DriverChannels&);
  void on(const FaultDue&, const DriverChannels&);
  void on(const Wake&, const DriverChannels&);
  void on(const WaitTimeout&, const DriverChannels&);
  void on(const HangTimeout&, const DriverChannels&);
  void on(const RingsDropped&, const DriverChannels&);
  void on(const SubmissionReady&, const DriverChannels&);
  void on(const SubmissionUnblocked&, const DriverChannels&);

  // Threads and locks (driver.cpp).
  static constexpr std::size_t roles_of_process = 4;  // the first four roles
  static ThreadId thread_of(ProcessId process, Role role) {
    return ThreadId::of(process.index() * roles_of_process + static_cast<std::size_t>(role));
  }
  ThreadId client_thread(QueueId q) const { return ThreadId::of(files_.size() * roles_of_process + q.index()); }
  ThreadId device_thread() const { return client_thread(QueueId::of(queues_.size())); }
  ThreadId resetter_thread() const { return client_thread(QueueId::of(queues_.size() + 1)); }
  ThreadPlace place_of(ThreadId thread) const;
  void run(ThreadId thread, const DriverChannels& channels);
  OperationThread* operation_of(ThreadId thread);
  std::optional<EvictionId> eviction_of(ThreadId thread) const;
  bool acquire(Lock& lock, ThreadId thread, SimTime now);
  void release(Lock& lock, const DriverChannels& channels);
  void state_held(const Lock& lock, SimTime until, const DriverChannels& channels) const;
  LockHolder holder_of(ThreadId thread) const;

  // Fences and who waits for them (fences.cpp).
  void enable_fence(ProcessId process, Trigger trigger, RequestId request, const DriverChannels& channels);
  void signal_fence(ProcessId process, const DriverChannels& channels);
  void kill_fence(ProcessId process, const DriverChannels& channels);
  void start_notifier(std::size_t which, const DriverChannels& channels);
  void postpone_restore(ProcessId process, const DriverChannels& channels);
  void finish_notifiers(ProcessId process, RequestOutcome outcome, const DriverChannels& channels);
  void wake_clients(ProcessId process, const DriverChannels& channels);

  // Operations of the lifecycle tables (operations.cpp).
  void begin(OperationThread& op, Operation operation, const Plan& plan, ProcessId process);
  void begin_on_device(OperationThread& op, Operation operation);
  bool advance(ThreadId thread, OperationThread& op, const DriverChannels& channels);
  bool resume_wait(ThreadId thread, OperationThread& op, const DriverChannels& channels);
  void begin_action(ThreadId thread, OperationThread& op, const Action& action, const DriverChannels& channels);
  void state_move(ThreadId thread, const OperationThread& op, const Moved& moved, const DriverChannels& channels);
  void complete_fences(QueueId queue, const DriverChannels& channels);
  void note_all_gangs(const MesCall& call);
  Plan restart_plan(ProcessId process) const;
  Plan exit_plan(ProcessId process) const;
  bool others_stopped(ProcessId process) const;
  SmallVector<ThreadId, 4> fence_waiters(ProcessId process) const;

  // MES calls (calls.cpp).
  Packet packet_of(ThreadId thread, const CallMes& wanted) const;
  void edit_runlist(ThreadId thread, const CallMes& wanted, const DriverChannels& channels);
  bool another_follows(OperationRun run, const CallMes& call) const;
  void begin_call(ThreadId thread, const CallMes& call, const DriverChannels& channels);
  bool advance_call(ThreadId thread, MesCall& call, const DriverChannels& channels);
  static bool wait_for_stops(MesCall& call, std::vector<OperationThread::Stopping>& stopping);
  void lose_stopping(ThreadId thread, OperationThread& op, const DriverChannels& channels);
  void issue(ThreadId thread, MesCall& call, const DriverChannels& channels);
  void end_step(ThreadId thread, EvictionStepKind kind, QueueId queue, const DriverChannels& channels);
  WaitState wait_last_fence(ThreadId self, QueueId queue, FenceWait& wait, std::optional<Duration> limit,
                            const DriverChannels& channels);

  // Hang detection and resets (resets.cpp).
  void watch_fences(QueueId queue, const DriverChannels& channels);
  void request_reset(ResetRequest request, ThreadId waiter, const DriverChannels& channels);
  void step_aside(const DriverChannels& channels);
  bool detects_hang_of(QueueId queue) const;
  bool cancel_hang_detection(QueueId queue, const DriverChannels& channels);
  void end_hang_detection(ResetWorker& worker, const DriverChannels& channels);
  void run(ResetWorker& worker, const DriverChannels& channels);
  void begin_request(ResetWorker& worker, const DriverChannels& channels);
  void begin_pre_reset(ResetWorker& worker, const DriverChannels& channels);
  void state_deadlock(ProcessId process, ResetWorker& worker, const DriverChannels& channels);
  void begin_hardware_reset(ResetWorker& worker, const DriverChannels& channels);
  void begin_post_reset(ResetWorker& worker, const DriverChannels& channels);
  void set_up_mes(ResetWorker& worker, const DriverChannels& channels);
  void end_gpu_reset(ResetWorker& worker, bool done, const DriverChannels& channels);
  ResetMethod method_of(const ResetRequest& request) const { return request.method.value_or(setup_.reset_method); }

  // Faults that hit the driver (faults.cpp).
  bool reset_fails(std::uint32_t ordinal, const DriverChannels& channels);
  void meet_eviction_faults(EvictionId eviction, const DriverChannels& channels);
  void free_buffer(QueueId queue, const DriverChannels& channels);
  bool checks_addresses() const;

  // Processes that are stopped again and again, or for nothing (thrash.cpp).
  void note_run(ProcessId process, SimTime now);
  Duration back_off_of(ProcessId process) const;
  Duration shelter_of(ProcessId process) const;
  bool stays_evicted(ProcessId process) const;
  void keep_evicted(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void ring_kept(ProcessId process, const DriverChannels& channels);
  bool enter_order(ProcessId process, const DriverChannels& channels);
  void leave_order(ProcessId process, const DriverChannels& channels);

  // Workers, one file each.
  void run(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  WaitState wait_last_fences(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void give_up(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void leave_suspend(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void end_suspend(ProcessId process, SuspendWorker& worker, const DriverChannels& channels);
  void run(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void schedule_restore(ProcessId process, Duration delay, const DriverChannels& channels);
  void queue_restore(ProcessId process, RestoreWorker::Again asked, const DriverChannels& channels);
  void need_live_fence(ProcessId process, const DriverChannels& channels);
  void cancel_restore(ProcessId process, const DriverChannels& channels);
  void begin_validation(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void end_attempt(ProcessId process, RestoreWorker& worker, std::optional<Duration> again,
                   const DriverChannels& channels);
  void fail_restore(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_userptr(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_page_table(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void flush_next_hub(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void begin_tlb_flush(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  bool restore_runs(ProcessId process) const;
  void rearm(ProcessId process, const DriverChannels& channels);
  void begin_restart(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  static void leave_restore(RestoreWorker& worker, const DriverChannels& channels);
  void end_restore(ProcessId process, RestoreWorker& worker, const DriverChannels& channels);
  void run(ProcessId process, Opener& opener, const DriverChannels& channels);
  void end_validation(const Validated& message, Opener& opener, const DriverChannels& channels);
  bool create_queue(ThreadId self, QueueId queue, Opener& opener, const DriverChannels& channels);
  void run(ProcessId process, Closer& closer, const DriverChannels& channels);
  bool cancel_hang_detections(const Closer& closer, const DriverChannels& channels);
  void start_closer(ProcessId process, const DriverChannels& channels);
  bool waits_for_resume(PressureKind kind) const;
  void begin_device_event(const PressureSpec& spec, const DriverChannels& channels);
  void run(DeviceWorker& worker, const DriverChannels& channels);
  bool enter_process(DeviceWorker& worker, const DriverChannels& channels);
  void end_device_operation(DeviceWorker& worker, const DriverChannels& channels);
  void begin_walk(DeviceWorker& worker);
  bool vram_is_emptied() const;
  void empty_vram(DeviceWorker::Step step, const DriverChannels& channels);
  void leave_process(DeviceWorker& worker, const DriverChannels& channels);
  void wake_up(const DriverChannels& channels);
  void run(QueueId queue, Client& client, const DriverChannels& channels);
  static Duration submit_cost(JobId job, const DriverChannels& channels);
  bool submit_covered(QueueId queue, Client& client, const DriverChannels& channels);

  // Submissions through the kernel (submission.cpp).
  void run_submission(QueueId queue, Client& client, const DriverChannels& channels);
  void serve_kernel_queues(const DriverChannels& channels);
  QueueId next_for_kernel_queue(QueueType type, const DriverChannels& channels) const;
  void retire_kernel_job(QueueId queue, JobId job, const DriverChannels& channels);
  bool may_submit(JobId job, const DriverChannels& channels) const;
  void cancel_submissions(bool all, const DriverChannels& channels);
  bool flush_submissions(ProcessId process, Closer& closer, const DriverChannels& channels);

  QueueViews view_of(ProcessId process) const;
  File& file(ProcessId p) { return files_[p.index()]; }
  const File& file(ProcessId p) const { return files_[p.index()]; }
  Queue& queue(QueueId q) { return queues_[q.index()]; }
  const Queue& queue(QueueId q) const { return queues_[q.index()]; }
  // Its user queues.
  const std::vector<QueueId>& queues_of(ProcessId p) const {
    static const std::vector<QueueId> none;
    return layout_->process(p).submission == Submission::kernel ? none : layout_->process(p).queues;
  }
  UserqState state_of(QueueId q) const { return book_.at(q).state; }
  Recovery recovery() const { return {setup_.kernel.gpu_recovery, setup_.per_queue_reset}; }

  Setup setup_;
  const Lifecycle* lifecycle_;
  const Layout* layout_;

  Lock mes_lock_;       // amdgpu_mes_lock: one for the device
  Lock restore_order_;  // the device's ordered work queue, with restore_ordered
  std::vector<File> files_;
  std::vector<Queue> queues_;
  QueueBook book_;
  std::vector<SuspendWorker> suspend_;
  std::vector<RestoreWorker> restore_;
  std::vector<Opener> openers_;
  std::vector<Closer> closers_;
  std::vector<Client> clients_;
  std::map<QueueId, Fifo<KernelJob>> kernel_jobs_;  // by context that submits through the kernel
  std::vector<QueueId> kernel_queues_;              // by pipe: whose job its kernel queue runs
  bool kernel_queues_stopped_ = false;              // the GPU is being reset, or has failed to come back
  std::uint64_t submissions_ = 0;
  Fifo<Notifier> notifiers_;  // adev->notifier_lock: the first holds it, the others wait; all go on in KFD
  DeviceWorker device_worker_;
  ResetWorker resetter_;
  bool frozen_ = false;                     // the system is suspended: no client runs
  bool asleep_ = false;                     // its queues are stopped: nor does any restore worker
  std::vector<DriverEvent> frozen_events_;  // what clients would have done meanwhile
  bool gangs_held_ = false;                 // a SUSPEND for all gangs is in force
  const Policy* held_by_ = nullptr;         // by whose plan
  std::vector<FaultId> failing_resets_;     // faults that wait for a reset of the GPU
  std::uint32_t opened_ = 0;                // processes that have opened the device, ever
  std::uint32_t next_request_ = 0;
};

}  // namespace userqsim
