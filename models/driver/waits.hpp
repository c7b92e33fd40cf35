// Reads off a driver which of its threads are in the middle of something, what they wait for, and what stands
// behind that: eviction fences, restarts, stopped queues.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/driver/driver.hpp"
#include "models/workload/waits.hpp"

namespace userqsim {

class DriverWaits {
 public:
  // Looks at `driver` as it is at each call; it outlives the object.
  explicit DriverWaits(const Driver& driver) : d_(&driver) {}

  // Threads (waits.cpp).
  std::vector<ThreadWait> threads() const;
  std::string name_of(ThreadId thread) const;
  WaitPoint client_of(QueueId queue) const { return point(d_->client_thread(queue)); }

  // What may stand behind them (waits_behind.cpp): the eviction fence and the restart of each process, the end of
  // an isolation window and of a system suspend.
  std::vector<Wait> behind() const;
  UserqState state_of(QueueId queue) const { return d_->state_of(queue); }
  // Why a queue that should run is in no list of MES. Never empty.
  std::vector<Wait> why_stopped(QueueId queue) const;
  Wait why_hangs(QueueId queue) const;
  Wait why_gpu_is_down(WaitPoint who) const;
  // The buffers' reservations are held by who validates them.
  Wait who_holds_reservations(ProcessId process) const;
  // Nobody restores the process, but its next submission will have it restored.
  bool is_restored_at_doorbell(ProcessId process) const;
  bool is_with_client(QueueId queue, JobId job) const;

  // Of a context that submits through the kernel: its oldest submission; null: none.
  const KernelJob* kernel_job(QueueId queue) const;
  // The contexts whose jobs the kernel's queues run.
  std::vector<QueueId> on_kernel_queues(QueueType type) const;

 private:
  using Role = Driver::Role;
  using FenceState = Driver::FenceState;
  using FileState = Driver::FileState;
  using Kind = WaitPoint::Kind;
  struct Awaited {
    std::string what;
    std::optional<WaitPoint> on{};
    bool held = false;
  };

  std::optional<Awaited> wait_of(ThreadId thread) const;
  Awaited wait_for(const Lock& lock, ThreadId self, std::string_view what) const;
  Awaited wait_for_userq_mutex(ProcessId process, ThreadId self) const;
  Awaited wait_for_restore(ProcessId process) const;
  Awaited wait_for_hang_detection(QueueId queue) const;
  Awaited wait_for_fence(QueueId queue) const;
  Awaited wait_of(ThreadId self, const MesCall& call) const;
  Awaited wait_of(ThreadId self, const OperationThread& op) const;
  std::optional<Awaited> wait_of(ProcessId process, const SuspendWorker& worker) const;
  std::optional<Awaited> wait_of(ProcessId process, const RestoreWorker& worker) const;
  std::optional<Awaited> wait_of(ProcessId process, const Opener& opener) const;
  std::optional<Awaited> wait_of(ProcessId process, const Closer& closer) const;
  std::optional<Awaited> wait_of(QueueId queue, const Client& client) const;
  std::optional<Awaited> wait_of(const DeviceWorker& worker) const;
  std::optional<Awaited> wait_of(const ResetWorker& worker) const;

  Wait wait_of_fence(ProcessId process) const;
  Wait wait_of_restart(ProcessId process) const;
  Wait wait_of_isolation() const;
  Wait wait_of_resume() const;
  bool is_queued_on_device(std::initializer_list<Operation> operations) const;
  bool suspends(ProcessId process) const;
  std::vector<ThreadId> walkers_of(ProcessId process) const;

  static WaitPoint point(ThreadId thread) { return WaitPoint::of(Kind::thread, thread); }
  ThreadId thread_of(ProcessId process, Role role) const { return Driver::thread_of(process, role); }
  std::string name_of(ProcessId process) const { return d_->layout_->process(process).name; }
  std::string name_of(QueueId queue) const;

  const Driver* d_;
};

}  // namespace userqsim
