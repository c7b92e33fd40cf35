// What the driver believes, for an observer that compares it with what the others hold. It asks and cannot steer.
#pragma once

#include <vector>

#include "models/driver/driver.hpp"

namespace userqsim {

class DriverBooks {
 public:
  // `driver` outlives the books.
  explicit DriverBooks(const Driver& driver) : driver_(driver) {}

  UserqState state_of(QueueId queue) const { return driver_.book_.at(queue).state; }
  bool was_created(QueueId queue) const { return driver_.book_.at(queue).created; }
  // Its eviction fence has signalled: its buffers may leave, and no submission with a fence gets through.
  bool is_evicted(ProcessId process) const { return driver_.file(process).fence == Driver::FenceState::signaled; }
  bool is_open(ProcessId process) const { return driver_.file(process).state == Driver::FileState::open; }

  // An operation is under way that may change queues of any process: until it is over the driver's states and MES's
  // lists differ as a matter of course.
  bool works_on_all() const;
  // The same of one process's queues. REQUIRES: not works_on_all().
  bool works_on(ProcessId process) const;
  // One SUSPEND holds every gang, also those of queues that are MAPPED.
  bool holds_all_gangs() const { return driver_.gangs_held_; }

  // Enforced isolation has stopped the graphics and compute queues of everybody, and has not begun to start them.
  bool is_isolated() const {
    const DeviceWorker& worker = driver_.device_worker_;
    return driver_.book_.halted && !(worker.running && worker.requests.front() == Operation::isolation_stop);
  }
  // The system sleeps, as its suspend left it: whatever rests goes on with the resume. That user space is frozen
  // says less: a mark that a resume forgot would excuse everybody who waits for it.
  bool is_asleep() const { return driver_.asleep_ && driver_.device_worker_.requests.empty(); }

  // The user has unmapped the queue's ring, rptr, wptr and context buffers, and the unmapping waits for nothing.
  bool lost_buffers(QueueId queue) const;
  // Pages or places of the process's buffers have changed, and its page tables or the TLB do not have it yet. What
  // has moved since its last validation the memory manager knows.
  bool writes_tables(ProcessId process) const;

  std::vector<ThreadWait> waits() const { return driver_.waits(); }
  std::vector<ProcessId> stopped() const { return driver_.stopped_processes(); }
  // Whose the thread is; none: the device's.
  ProcessId process_of(ThreadId thread) const { return driver_.place_of(thread).process; }
  // Processes with a thread in an MMU notifier that waits for their eviction fence.
  std::vector<ProcessId> notified() const;

 private:
  const Driver& driver_;
};

}  // namespace userqsim
