// What the memory manager sends, and what it is sent.
#pragma once

#include <cstdint>
#include <tuple>
#include <variant>

#include "models/memory/facts.hpp"
#include "models/workload/ids.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// To the driver.
// A move waits for the process's eviction fence: enable it, and say FenceSignaled when it has signalled.
struct FenceNeeded {
  ProcessId process;
  RequestId request;    // on whose behalf
  bool sleeps = false;  // for the system's sleep
  auto fields() const { return std::tie(process, request, sleeps); }
};
// The allocation is bound and may be used (or has failed).
struct AllocationReady {
  ProcessId process;
  RequestId request;
  auto fields() const { return std::tie(process, request); }
};
// Every buffer of the process is where it will be; that many page-table entries of it have changed since its last
// restore. Not `ok`: there is no room for some of them.
struct Validated {
  ProcessId process;
  std::int64_t entries = 0;
  bool ok = true;
  auto fields() const { return std::tie(process, entries, ok); }
};

// What a system suspend empties is empty; or there was no room for all of it.
struct Emptied {
  bool ok = true;
  auto fields() const { return std::tie(ok); }
};

// A submission through the kernel: the buffers of its process are where they will be for it, their page tables
// written. Not `ok`: there is no room for some of them.
struct SubmissionReady {
  QueueId queue;
  JobId job;
  bool ok = true;
  auto fields() const { return std::tie(queue, job, ok); }
};

// To the hardware: a job of that move entity, alone on the copy engine at full speed in `work`.
struct StartCopy {
  std::uint32_t entity = 0;
  BufferId buffer;
  Duration work{0};
  auto fields() const { return std::tie(entity, buffer, work); }
};

// From the driver.
struct Allocate {
  RequestId request;
  ProcessId process;
  PressureId pressure;  // the entry that allocates; none: the process's own buffers at its start
  std::uint32_t ordinal = 0;
  auto fields() const { return std::tie(request, process, pressure, ordinal); }
};
// A CPU thread of the process touches its buffers of the name that the entry says, and waits for them.
struct CpuFault {
  RequestId request;
  ProcessId process;
  PressureId pressure;
  auto fields() const { return std::tie(request, process, pressure); }
};
struct FenceSignaled {
  EvictionId eviction;
  auto fields() const { return std::tie(eviction.process, eviction.ordinal); }
};
// Bring the process's buffers where they belong, as the kernel's placement rule says; its buffers are locked from
// here until Rearmed.
struct Validate {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
// The process has a new eviction fence on all its buffers; their reservations are free again.
struct Rearmed {
  ProcessId process;
  Duration shelter{0};  // for so long it is nobody's victim
  auto fields() const { return std::tie(process, shelter); }
};
// A restore has failed: the reservations are free, and there is no new fence.
struct Unlocked {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};
// A system suspend: everybody leaves VRAM, and for a hibernation GTT too.
struct EmptyVram {
  bool hibernates = false;
  auto fields() const { return std::tie(hibernates); }
};
// A process that submits through the kernel does so: its buffers are looked at, and brought back as far as the move
// budget goes; until SubmissionDone they do not move away.
struct Submit {
  ProcessId process;
  QueueId queue;
  JobId job;
  auto fields() const { return std::tie(process, queue, job); }
};
struct SubmissionDone {
  ProcessId process;
  JobId job;
  auto fields() const { return std::tie(process, job); }
};
struct ReleaseProcess {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};

// From the hardware: the entity's job is done.
struct CopyDone {
  std::uint32_t entity = 0;
  auto fields() const { return std::tie(entity); }
};

// To itself.
// What a CPU thread does to pages, unbinding or swapping them, is done.
struct PagesDone {
  auto fields() const { return std::tuple<>{}; }
};
struct RequestBound {
  RequestId request;
  auto fields() const { return std::tie(request); }
};
struct HoldOver {
  RequestId request;
  auto fields() const { return std::tie(request); }
};
struct TablesWritten {
  ProcessId process;
  JobId job;
  auto fields() const { return std::tie(process, job); }
};

using MemoryEvent =
    std::variant<Allocate, CpuFault, FenceSignaled, Validate, Rearmed, Unlocked, EmptyVram, ReleaseProcess,
                 CopyDone, PagesDone, RequestBound, HoldOver, Submit, SubmissionDone, TablesWritten>;

}  // namespace userqsim
