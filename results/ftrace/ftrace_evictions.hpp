// The lines of evictions: fences, workers, and KFD's SMI events.
//
// REQUIRES: what it is made from outlives it, and it the machine's run.
#pragma once

#include <string_view>
#include <vector>

#include "models/machine/probes.hpp"
#include "results/ftrace/ftrace_lines.hpp"
#include "results/ftrace/ftrace_setting.hpp"
#include "results/ftrace/ftrace_text.hpp"

namespace userqsim {

class FtraceEvictions {
 public:
  FtraceEvictions(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines);
  void subscribe(Probes& probes);

 private:
  struct Process {
    std::uint32_t fences = 0;  // so far; the last is the present one
    bool there = false;        // it is
    bool signaled = false;
    bool evicted = false;  // stopped, and not yet restored
    Trigger trigger = Trigger::event;
    SimTime started;     // the last eviction,
    FtraceTask enabler;  // by whom
  };

  void on_armed(const FenceArmed& fact);
  void on_started(const EvictionStarted& fact);
  void on_worker(const WorkerMoved& fact);
  void on_signaled(const EvictionSignaled& fact);
  void on_exited(const ProcessExited& fact);
  void on_hazard(const Hazard& fact);

  // The eviction under way stops the process in the MMU notifier itself, and leaves its fence alone.
  bool quiesced(const Process& process) const;
  ftrace::Work work_of(ProcessId process, bool restores) const;
  void add_fence(SimTime time, FtraceTask task, std::string_view event, ProcessId process, std::uint32_t seqno);
  void add_smi_eviction(SimTime time, FtraceTask task, ProcessId process, ftrace::SmiTrigger trigger);
  void add_smi_restore(SimTime time, FtraceTask task, ProcessId process, bool rescheduled);

  const FtraceSetting& setting_;
  const FtraceNames& names_;
  FtraceLines& lines_;
  std::vector<Process> processes_;
};

}  // namespace userqsim
