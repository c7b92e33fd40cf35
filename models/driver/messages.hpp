// What the driver is sent, and what it sends beyond what memory, firmware and hardware define.
#pragma once

#include <cstdint>
#include <tuple>
#include <variant>

#include "models/firmware/messages.hpp"
#include "models/hardware/messages.hpp"
#include "models/memory/messages.hpp"
#include "models/workload/messages.hpp"

namespace userqsim {

// One of the driver's threads of control: a worker of a process, or the client of a queue.
using ThreadId = Id<struct ThreadTag>;

// A thread goes on: its lock was handed over, its timer ran out, or what it waited for has happened.
struct Wake {
  ThreadId thread;
  auto fields() const { return std::tie(thread); }
};
// A thread's wait for a MES answer or a fence has lasted long enough.
struct WaitTimeout {
  ThreadId thread;
  auto fields() const { return std::tie(thread); }
};

// A fence of the queue has not signalled for as long as the release lets it.
struct HangTimeout {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

// From the driver to itself: the hardware has dropped the rings of an exiting process.
struct RingsDropped {
  ProcessId process;
  auto fields() const { return std::tie(process); }
};

using DriverEvent = std::variant<OpenProcess, ExitProcess, SubmitJob, PressureDue, FenceNeeded, AllocationReady,
                                 Validated, Emptied, ApiFence, SuspendFence, JobRetired, FaultDue, Wake,
                                 WaitTimeout, HangTimeout, RingsDropped, SubmissionReady, SubmissionUnblocked>;

}  // namespace userqsim
