// Facts the workload states.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "models/workload/faults.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

enum class JobOutcome : std::uint8_t {
  finished,
  exited,     // its process exited first
  open,       // not finished at the horizon
  cancelled,  // the driver completed its fence by force
  lost,       // a reset killed its waves
  refused,    // there was no memory for its submission
};

struct JobEnded {
  SimTime time;
  JobId job;
  ProcessId process;
  QueueId queue;
  std::uint32_t node = 0;  // index in its stream's graph
  SimTime submitted;       // when its client wanted it, not when the ring took it
  std::optional<SimTime> started;
  std::optional<SimTime> finished;
  std::uint32_t preemptions = 0;  // times it was stopped after it had started
  JobOutcome outcome = JobOutcome::finished;
  // Known from the job's number.
  StreamId stream;
  JobId first;  // of its arrival
  Duration work{0};
  auto fields() const {
    return std::tie(time, job, process, queue, node, submitted, started, finished, preemptions, outcome);
  }
};

// A fault has taken effect.
struct FaultInjected {
  SimTime time;
  FaultId fault;
  FaultKind kind = FaultKind::hang;
  ProcessId process;                      // whom it hit; none: the whole device
  QueueId queue;                          // none where it is not a queue's
  std::optional<std::uint32_t> eviction;  // of the process, when it is one's
  auto fields() const { return std::tie(time, fault, kind, process, queue, eviction); }
};

template <>
struct EnumNames<JobOutcome> {
  static constexpr std::array entries{std::pair{JobOutcome::finished, std::string_view{"finished"}},
                                      std::pair{JobOutcome::exited, std::string_view{"exited"}},
                                      std::pair{JobOutcome::open, std::string_view{"open"}},
                                      std::pair{JobOutcome::cancelled, std::string_view{"cancelled"}},
                                      std::pair{JobOutcome::lost, std::string_view{"lost"}},
                                      std::pair{JobOutcome::refused, std::string_view{"refused"}}};
};

}  // namespace userqsim
