// What the workload sends, and what it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

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
// The queue was freed with the job in its ring.
struct JobDropped {
  JobId job;
  bool has_started = false;
  SimTime started;
  std::uint32_t preemptions = 0;
  auto fields() const { return std::tie(job, has_started, started, preemptions); }
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

using WorkloadEvent =
    std::variant<ProcessStarts, ProcessStops, Arrive, ThinkOver, PressureTimer, JobDone, JobDropped, ProcessGone>;

}  // namespace userqsim
