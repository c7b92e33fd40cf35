// What a trace calls the entities of a run: tasks, client ids, doorbells, fence contexts, pointers. All follow from
// the numbers of processes, queues and buffers, so two runs of one scenario say the same; docs/traces.md lists
// them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/driver/facts.hpp"
#include "models/workload/layout.hpp"

namespace userqsim {

// Who ran when an event was traced; an index into the names.
using FtraceTask = Id<struct FtraceTaskTag>;

class FtraceNames {
 public:
  explicit FtraceNames(const Layout& layout);

  FtraceTask idle() const { return FtraceTask{0}; }           // whoever an interrupt meets
  FtraceTask device_worker() const { return FtraceTask{1}; }  // works that are no process's
  FtraceTask own(ProcessId process) const { return FtraceTask{2 + 2 * process.value}; }
  FtraceTask worker(ProcessId process) const { return FtraceTask{3 + 2 * process.value}; }

  // "TASK-PID" as wide as the kernel prints it.
  const std::string& column(FtraceTask task) const { return columns_[task.index()]; }
  // The process's name as a task has it: TASK_COMM_LEN cuts it to 15 bytes, here between two characters.
  const std::string& comm(ProcessId process) const { return comms_[process.index()]; }
  std::uint32_t pid(ProcessId process) const { return 1000 + process.value; }

  std::uint64_t client_id(ProcessId process) const { return std::uint64_t{1} + process.value; }
  std::uint64_t doorbell(QueueId queue) const { return std::uint64_t{2} * queue.value; }
  std::uint64_t eviction_context(ProcessId process) const { return std::uint64_t{1} + process.value; }
  std::uint64_t job_context(QueueId queue) const { return std::uint64_t{1} + comms_.size() + queue.value; }

  std::string queue_pointer(QueueId queue) const;
  std::string buffer_pointer(BufferId buffer) const;
  std::string suspend_work_pointer(ProcessId process) const;
  std::string restore_work_pointer(ProcessId process) const;

 private:
  void add_task(const std::string& comm, std::uint32_t pid);

  std::vector<std::string> comms_;    // by process
  std::vector<std::string> columns_;  // by task
};

}  // namespace userqsim
