// Turns the facts of one machine's run into a trace as the kernel's tracepoints print it. It listens and cannot
// steer.
//
// REQUIRES: it is made before the machine runs and lives until it has run; the machine may end before it. PROMISES:
// the text depends on the facts and the spec alone. It keeps every line until the end: a line may be told of late.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "models/machine/probes.hpp"
#include "models/machine/spec.hpp"
#include "results/ftrace/ftrace_evictions.hpp"
#include "results/ftrace/ftrace_jobs.hpp"
#include "results/ftrace/ftrace_lines.hpp"
#include "results/ftrace/ftrace_names.hpp"
#include "results/ftrace/ftrace_queues.hpp"
#include "results/ftrace/ftrace_setting.hpp"

namespace userqsim {

class FtraceSink {
 public:
  // REQUIRES: the layout was made from the spec.
  FtraceSink(Probes& probes, const Layout& layout, std::shared_ptr<const MachineSpec> spec);
  FtraceSink(const FtraceSink&) = delete;
  FtraceSink& operator=(const FtraceSink&) = delete;

  // Passes the text of the run, which ended at `end`, on piece by piece. Call once, after the last fact.
  void print(SimTime end, const std::function<void(std::string_view)>& out) { lines_.print(end, out); }

 private:
  void on_move(const MoveQueued& fact);

  FtraceSetting setting_;
  FtraceNames names_;
  FtraceLines lines_;
  FtraceEvictions evictions_;
  FtraceQueues queues_;
  FtraceJobs jobs_;
};

}  // namespace userqsim
