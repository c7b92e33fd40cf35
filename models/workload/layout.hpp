// The entities of a scenario, numbered: processes, queues in order of creation, streams and their job graphs, with
// every name resolved. Immutable, shared by all parts; ids index its vectors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

struct ProcessLayout {
  std::string name;
  SimTime start;
  std::vector<QueueId> queues;  // in order of creation
  Submission submission = Submission::user_queues;
};

struct QueueLayout {
  std::string name;
  ProcessId process;
  QueueType type = QueueType::compute;
  Priority priority = Priority::normal;
  std::uint32_t ring = 1;
  bool of_kernel = false;  // no user queue: a context whose jobs go to the kernel's queues
};

struct NodeLayout {
  std::string name;
  QueueId queue;
  std::vector<std::uint32_t> after;   // nodes of the same arrival that must have finished
  std::vector<std::uint32_t> before;  // nodes that wait for this one
};

struct StreamLayout {
  ProcessId process;
  QueueId queue;
  const StreamSpec* spec = nullptr;  // into the MachineSpec the layout was made from
  std::vector<NodeLayout> nodes;
  std::vector<std::uint32_t> order;  // nodes, each behind those it waits for, else as the scenario lists them
};

// Whether a job of it has a fence, whose submission needs a live eviction fence.
bool has_fences(const StreamLayout& stream);

struct Layout {
  std::vector<ProcessLayout> processes;
  std::vector<QueueLayout> queues;
  std::vector<StreamLayout> streams;

  const QueueLayout& queue(QueueId id) const { return queues[id.index()]; }
  const ProcessLayout& process(ProcessId id) const { return processes[id.index()]; }
  // Somebody submits through the kernel.
  bool uses_kernel_queues() const;
};

// "process/queue": names of queues are each process's own.
std::string full_name(const Layout& layout, QueueId queue);

// REQUIRES: there is one of that name.
ProcessId find_process(const Layout& layout, const std::string& name);
QueueId find_queue(const Layout& layout, const ProcessLayout& process, const std::string& name);

// REQUIRES: check() found nothing wrong with the spec the processes come from; they outlive the layout.
Layout make_layout(const std::vector<ProcessSpec>& processes);

}  // namespace userqsim
