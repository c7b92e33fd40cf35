// What memory pressure made of each process: how often and how long it was stopped, what was moved, where its
// memory was, what it got done; and whether it thrashes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/machine/probes.hpp"
#include "models/workload/layout.hpp"
#include "results/record/rows.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

class ProcessFacts {
 public:
  explicit ProcessFacts(const Layout& layout);

  // Hears the facts. The probes do not outlive it.
  void subscribe(Probes& probes);

  // A process thrashes when it ran for less time than it was stopped, this many times in a row.
  static constexpr std::uint32_t thrashes_from = 3;

  // The processes, in order. The run ended at `end`.
  std::vector<ProcessRow> rows(SimTime end) const;
  // When each process began to thrash, each time that it did, in order of time.
  const std::vector<HazardRow>& thrashing() const { return thrashing_; }

 private:
  // A quantity of bytes over time.
  struct Held {
    std::int64_t bytes = 0;
    Wide byte_ns = 0;
    std::int64_t mean(std::int64_t span_ns) const;
  };
  struct Process {
    ProcessRow row;
    SimTime since;  // of the last change of what it holds
    Held vram, gtt, away, displaced;
    std::optional<SimTime> stopped;  // its fence has signalled, and it has not been resumed
    std::optional<SimTime> resumed;  // and has not been stopped since
    std::int64_t last_stop_ns = 0;   // how long it was stopped before that
    std::uint32_t short_runs = 0;    // in a row
  };

  Process& of(ProcessId process) { return processes_[process.index()]; }
  static void pass(Process& process, SimTime now);
  static void end_stop(Process& process, SimTime now);
  void on_residency(const ResidencyChanged& fact);
  void on_signaled(const EvictionSignaled& fact);
  void on_moved(const BufferMoved& fact);
  void on_exited(const ProcessExited& fact);

  std::vector<Process> processes_;
  std::vector<HazardRow> thrashing_;
};

}  // namespace userqsim
