// What a kernel may do about processes that are stopped again and again, or for nothing. No release of the userq
// driver does any of it; each is an option of the kernel profile that stands alone.
#include <algorithm>
#include <utility>

#include "models/driver/driver.hpp"

namespace userqsim {

// An eviction begins. A run was short when it took less time than the stop before it.
void Driver::note_run(ProcessId process, SimTime now) {
  File& f = file(process);
  if (!f.was_restored) return;
  const bool is_short = now - f.restored_at < f.restored_at - f.stopped_at;
  f.short_runs = is_short ? f.short_runs + 1 : 0;
}

// How much longer than restore_delay the process waits to be restored: twice as long after each short run.
Duration Driver::back_off_of(ProcessId process) const {
  const std::optional<BackOff>& rule = setup_.kernel.back_off;
  const std::uint32_t runs = file(process).short_runs;
  if (!rule || runs == 0) return Duration{0};
  Duration wait = rule->first;
  for (std::uint32_t n = 1; n < runs && wait < rule->most; ++n) wait = wait + wait;
  return std::min(wait, rule->most);
}

// For how long a process that is restored now is nobody's victim.
Duration Driver::shelter_of(ProcessId process) const {
  const std::optional<ThrashPin>& rule = setup_.kernel.thrash_pin;
  return rule && file(process).short_runs >= rule->after ? rule->time : Duration{0};
}

// kfd_process_unmap_doorbells_if_idle: nothing is restored for a process that has nothing to run; its next doorbell
// has it restored.
bool Driver::stays_evicted(ProcessId process) const {
  const auto is_empty = [&](QueueId q) { return queue(q).ring_used == 0 && clients_[q.index()].backlog.empty(); };
  const std::vector<QueueId>& queues = queues_of(process);
  return setup_.kernel.keep_idle_evicted && !file(process).quiesced && !restore_[process.index()].needed &&
         std::all_of(queues.begin(), queues.end(), is_empty);
}

void Driver::keep_evicted(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  leave_restore(worker, channels);
  worker.cancelled = channels.wake.now();
  file(process).kept_idle = true;
  leave_order(process, channels);
  channels.wake.post({thread_of(process, Role::closer)});
  channels.wake.post({device_thread()});
}

// The rest of restore_delay is waited for.
void Driver::ring_kept(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  if (!std::exchange(f.kept_idle, false)) return;
  if (f.fence != FenceState::signaled) return;
  const Duration rest = f.stopped_at + setup_.kernel.restore_delay - channels.wake.now();
  schedule_restore(process, std::max(Duration{0}, rest), channels);
}

// An ordered work queue of the device (restore_ordered): one restore at a time, first come first served.
bool Driver::enter_order(ProcessId process, const DriverChannels& channels) {
  const ThreadId self = thread_of(process, Role::restore);
  if (!setup_.kernel.restore_ordered || restore_order_.owner == self) return true;
  return acquire(restore_order_, self, channels.wake.now());
}

void Driver::leave_order(ProcessId process, const DriverChannels& channels) {
  const ThreadId self = thread_of(process, Role::restore);
  erase_value(restore_order_.waiters, self);
  if (restore_order_.owner == self) release(restore_order_, channels);
}

}  // namespace userqsim
