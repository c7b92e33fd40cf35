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
  auto fields() const { return std::tie(job); }
};
struct PressureDue {
  PressureId pressure;
  std::uint32_t ordinal = 0;  // its n-th occurrence
  auto fields() const { return std::tie(pressure, ordinal); }
};

// To the driver, the firmware or the hardware: a fault that was set for this time.
struct FaultDue {
  FaultId fault;
  auto fields() const { return std::tie(fault); }
};

// To the hardware: a job at or behind the head of the queue's ring waits for no other job any more.
struct DependencyMet {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// From the hardware.
struct JobDone {
  JobId job;
  SimTime started;
  std::uint32_t preemptions = 0;
  auto fields() const { return std::tie(job, started, preemptions); }
};
// The job will never be done: its queue was freed with it in the ring, its fence was completed by force, or its
// waves died in a reset.
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

using WorkloadEvent = std::variant<ProcessStarts, ProcessStops, Arrive, ThinkOver, PressureTimer, FaultTimer,
                                   JobDone, JobDropped, ProcessGone>;

}  // namespace userqsim
