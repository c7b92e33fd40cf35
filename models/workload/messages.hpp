// What the workload sends, and what it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

#include "models/workload/facts.hpp"
#include "models/workload/ids.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// To the driver.
struct OpenProcess {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
struct ExitProcess {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
struct SubmitJob {
  JobId job;
  QueueId queue;  // the job itself may be over when the driver hears of it: its process has exited
  auto fields() const { return std::tie(job, queue); }
};
struct PressureDue {
  PressureId pressure;
  std::uint32_t ordinal = 0;  // its n-th occurrence
  auto fields() const { return std::tie(pressure, ordinal); }
};

// To the hardware: a job at or behind the head of the queue's ring waits for no other job any more.
struct DependencyMet {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// To the driver, of a job for the kernel's queues.
struct SubmissionUnblocked {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
// To the driver: a fault that is the driver's to apply is due.
struct FaultDue {
  FaultId fault;
  ProcessId process;  // whom it hits; none where it is nobody's
  QueueId queue;
  auto fields() const { return std::tie(fault, process, queue); }
};
// To MES: it falls silent, or its next reset of a queue will be in vain.
struct MesFault {
  FaultId fault;
  auto fields() const { return std::tie(fault); }
};
// To the hardware: from now on the queue's waves make no progress.
struct Hang {
  QueueId queue;
  FaultId fault{};  // none: nobody's fault
  auto fields() const { return std::tie(queue, fault); }
};

// From the hardware.
struct JobDone {
  JobId job;
  SimTime started;
  std::uint32_t preemptions = 0;
  auto fields() const { return std::tie(job, started, preemptions); }
};
// The job has left its ring and will not run on: the queue was freed, a reset killed its waves, or the driver
// completed its fence by force. From the driver: it was refused.
struct JobDropped {
  JobId job;
  JobOutcome outcome = JobOutcome::exited;
  bool has_started = false;
  SimTime started;
  std::uint32_t preemptions = 0;
  auto fields() const { return std::tie(job, outcome, has_started, started, preemptions); }
};
// From the driver: the process is gone; its jobs will never run.
struct ProcessGone {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};

// To itself.
struct ProcessStarts {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
struct ProcessStops {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
struct Arrive {
  StreamId stream;
  auto fields() const { return std::tie(stream); }
};
struct ThinkOver {
  StreamId stream;
  std::uint32_t client = 0;
  auto fields() const { return std::tie(stream, client); }
};
struct PressureTimer {
  PressureId pressure;
  auto fields() const { return std::tie(pressure); }
};

struct FaultTimer {
  FaultId fault;
  auto fields() const { return std::tie(fault); }
};

using WorkloadEvent = std::variant<ProcessStarts, ProcessStops, Arrive, ThinkOver, PressureTimer, JobDone,
                                   JobDropped, ProcessGone, FaultTimer>;

}  // namespace userqsim
