// The lines of user queues: their creation and destruction, each change of their state, whom the system's sleep
// stops in KFD, and the driver's messages about packets to MES.
//
// REQUIRES: what it is made from outlives it, and it the machine's run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/machine/probes.hpp"
#include "results/ftrace/ftrace_lines.hpp"
#include "results/ftrace/ftrace_setting.hpp"
#include "results/ftrace/ftrace_text.hpp"

namespace userqsim {

ftrace::Queue ftrace_queue(const Layout& layout, const FtraceNames& names, QueueId queue);

class FtraceQueues {
 public:
  FtraceQueues(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines);
  void subscribe(Probes& probes);

 private:
  struct Queue {
    bool created = false;            // its creation is over, and told
    std::optional<int> destroyed{};  // its destruction began; the result so far
    UserqState state = UserqState::unmapped;
    UserqState before = UserqState::unmapped;  // its last change,
    SimTime changed;                           // which was then
  };
  struct Emitted {
    Opcode opcode = Opcode::misc;
    FtracePlace place;
  };

  void on_packet(const PacketEnded& fact);
  void on_transition(const QueueTransition& fact);
  void add_life(const QueueTransition& fact, FtraceTask task);
  void add_sleep(const QueueTransition& fact, FtraceTask task);
  void add_state_change(const QueueTransition& fact, FtraceTask task);
  // A line of when the helper was called, before the packet that it sent then.
  void add_start(const QueueTransition& fact, FtraceTask task, std::string event);
  FtraceTask task_of(const QueueTransition& fact) const;
  UserqState seen_by_helper(const QueueTransition& fact) const;
  // The packet of the transition, if it is the last about its queue; null otherwise.
  const Emitted* packet_of(const QueueTransition& fact) const;

  const FtraceSetting& setting_;
  const FtraceNames& names_;
  FtraceLines& lines_;
  std::vector<Queue> queues_;
  std::vector<bool> asleep_;                                  // by process: KFD, stopped for the system's sleep
  std::map<std::pair<ProcessId, QueueId>, Emitted> emitted_;  // the last packet about each
};

}  // namespace userqsim
