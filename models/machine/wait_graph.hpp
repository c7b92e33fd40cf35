// Who waits for whom in a machine, at the moment it is looked at, and told in words: round in a circle, or to where
// nobody is left who could end it.
//
// A wait has an end when something that is queued in the engine leads to it, step by step. The others are for ever,
// as far as it goes without the scenario's help: its own events count only where they end a window (a resume, the
// end of an isolation, a restore, a reset of the GPU), and jobs that are still to come where they have their
// process restored. REQUIRES of the machine: what its parts tell each other at once has been told.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/driver/waits.hpp"
#include "models/machine/spec.hpp"
#include "models/workload/waits.hpp"
#include "sim/core/event_queue.hpp"
#include "sim/graph/labelled_graph.hpp"

namespace userqsim {

class WaitGraph {
 public:
  struct View {
    const Layout& layout;
    const MachineSpec& spec;
    const EventQueue& pending;
    const Workload& workload;
    const Memory& memory;
    const Hardware& hardware;
    const Firmware& firmware;
    const Driver& driver;
  };

  // What is made is a value: it does not look at the machine again.
  explicit WaitGraph(const View& machine);

  // Somebody is in the middle of something that has no end.
  bool anyone_waits_for_ever() const;
  // Their waits, a text each: first circles, then what leads to them or to a dead end. Nothing is told twice, nor
  // how many wait in the same words.
  std::vector<std::string> stories() const;
  // The same of all who wait, also of those who will go on.
  std::vector<std::string> all_stories() const;
  // Why a process that is stopped is not restarted. Empty: it is not stopped.
  std::string story_of_restart(ProcessId process) const;
  // Why a queue that is MAPPED and has work has no slot. Empty: it is no such queue.
  std::string story_of(QueueId queue) const;
  // All of it, to be drawn.
  LabelledGraph drawing() const;

 private:
  using Vertex = Digraph::Vertex;
  friend class WaitGraphBuilder;

  std::vector<std::string> tell(const std::vector<Vertex>& who, const std::vector<bool>& among) const;
  // What has been told so far.
  struct Told {
    std::vector<bool> vertices;
    std::set<std::string> sentences{};
  };
  std::string tell_from(Vertex start, const std::vector<bool>& among, Told& told) const;
  std::string story_of(const WaitPoint& point) const;
  std::string sentence(const Wait& wait) const;

  std::map<WaitPoint, Vertex> vertices_;
  std::vector<std::string> names_;
  std::vector<std::vector<Wait>> waits_;  // of each vertex
  std::vector<Vertex> waiters_;
  std::vector<bool> for_ever_;
};

// Who is in the middle of something: threads of the driver, and CPU threads that wait for memory.
std::vector<ThreadWait> waiters_of(const Memory& memory, const Driver& driver, const Layout& layout);

}  // namespace userqsim
