// The lines of jobs: their fences, what they wait for, and who waits for a queue's last fence.
//
// REQUIRES: what it is made from outlives it, and it the machine's run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/machine/probes.hpp"
#include "results/ftrace/ftrace_lines.hpp"
#include "results/ftrace/ftrace_setting.hpp"
#include "results/ftrace/ftrace_text.hpp"

namespace userqsim {

class FtraceJobs {
 public:
  FtraceJobs(const FtraceSetting& setting, const FtraceNames& names, FtraceLines& lines);
  void subscribe(Probes& probes);

 private:
  struct Job {
    QueueId queue;
    std::uint64_t seqno = 0;  // of its fence; 0: it has none
    FtracePlace submitted;
    std::optional<SimTime> ended;
  };
  struct Wait {
    std::uint64_t seqno = 0;
    FtracePlace ended;
  };

  void on_submitted(const JobSubmitted& fact);
  void on_ended(const JobEnded& fact);
  void on_step(const EvictionStep& fact);
  void add_dependencies(const JobEnded& fact, const Job& job);
  void add_signaled(const JobEnded& fact, const Job& job);

  ftrace::Fence fence(QueueId queue, std::uint64_t seqno) const;
  bool is_waited_for_elsewhere(const JobEnded& fact) const;

  const FtraceSetting& setting_;
  const FtraceNames& names_;
  FtraceLines& lines_;
  std::vector<std::uint64_t> emitted_;      // fences of each queue
  std::vector<std::optional<Wait>> waits_;  // the last for a fence of each queue that is over
  std::map<JobId, Job> jobs_;               // submitted, and not over or still asked for
};

}  // namespace userqsim
