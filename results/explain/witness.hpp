// Hears what goes on around one eviction: who held which mutex, whom MES served, what was copied, what the slots
// held. It listens and cannot steer.
//
// REQUIRES: the probes outlive the witness; it is made before the machine runs. PROMISES: it keeps the facts that
// overlap its window, and of what lay before the window only how things stood when it opened.
#pragma once

#include <map>
#include <vector>

#include "models/machine/probes.hpp"

namespace userqsim {

struct Window {
  SimTime from;
  SimTime to;
  JobId jobs_end;  // the first job that nobody wanted before `to`; none: there is no such job
};

// Each list in the order in which the facts were stated.
struct Seen {
  std::vector<MemoryUsed> memory;  // the last before the window, and those within
  std::vector<MoveQueued> queued;
  std::vector<BufferMoved> moved;
  std::vector<MesLockHeld> mes_locks;
  std::vector<UserqLockHeld> userq_locks;
  std::vector<MesServed> served;
  std::vector<QueueStopped> stopped;
  std::vector<GangReady> ready;
  std::vector<SlotChanged> slots;       // of each slot the last before the window; then those within
  std::vector<QueueRan> ran;            // of each queue likewise
  std::vector<JobSubmitted> submitted;  // those under a fence that was pending when it opened; then those since
};

class Witness {
 public:
  Witness(Probes& probes, const Window& window);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  const Seen& seen() const { return seen_; }

 private:
  void subscribe_states(Probes& probes);
  void subscribe_spans(Probes& probes);
  void open();
  bool overlaps(SimTime start, SimTime end) const { return end >= window_.from && start <= window_.to; }

  Window window_;
  Seen seen_;
  bool opened_ = false;
  // As of now, until the window opens.
  std::map<SlotId, SlotChanged> slot_;
  std::map<QueueId, QueueRan> ran_;
  std::map<JobId, JobSubmitted> pending_;
};

}  // namespace userqsim
