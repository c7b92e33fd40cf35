#include "models/workload/layout.hpp"

#include <algorithm>

#include "sim/core/ensure.hpp"
#include "sim/graph/digraph.hpp"

namespace userqsim {
namespace {

std::uint32_t find_node(const std::vector<NodeLayout>& nodes, const std::string& name) {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const NodeLayout& node) { return node.name == name; });
  ensure(found != nodes.end(), "a job waits for a job that its graph does not have");
  return static_cast<std::uint32_t>(found - nodes.begin());
}

StreamLayout make_stream(const Layout& layout, const ProcessLayout& process, ProcessId process_id, QueueId queue,
                         const StreamSpec& spec) {
  StreamLayout stream{process_id, queue, &spec, {}, {}};
  for (const JobSpec& job : spec.graph) {
    const QueueId runs_on = job.queue ? find_queue(layout, process, *job.queue) : queue;
    stream.nodes.push_back({job.name, runs_on, {}, {}});
  }
  Digraph graph(stream.nodes.size());
  for (std::uint32_t waiter = 0; waiter < stream.nodes.size(); ++waiter) {
    for (const std::string& name : spec.graph[waiter].after) {
      const std::uint32_t first = find_node(stream.nodes, name);
      stream.nodes[waiter].after.push_back(first);
      stream.nodes[first].before.push_back(waiter);
      graph.add_edge(first, waiter);
    }
  }
  stream.order = graph.topological_order().value();
  return stream;
}

}  // namespace

bool has_fences(const StreamLayout& stream) {
  return std::any_of(stream.spec->graph.begin(), stream.spec->graph.end(),
                     [](const JobSpec& job) { return job.fence; });
}

bool Layout::uses_kernel_queues() const {
  return std::any_of(queues.begin(), queues.end(), [](const QueueLayout& queue) { return queue.of_kernel; });
}

std::string full_name(const Layout& layout, QueueId queue) {
  return layout.process(layout.queue(queue).process).name + "/" + layout.queue(queue).name;
}

ProcessId find_process(const Layout& layout, const std::string& name) {
  const auto found = std::find_if(layout.processes.begin(), layout.processes.end(),
                                  [&](const ProcessLayout& process) { return process.name == name; });
  ensure(found != layout.processes.end(), "a process is named that the scenario does not have");
  return ProcessId::of(static_cast<std::size_t>(found - layout.processes.begin()));
}

// The queues of one process, by the names that its jobs, faults and events use.
QueueId find_queue(const Layout& layout, const ProcessLayout& process, const std::string& name) {
  const auto found = std::find_if(process.queues.begin(), process.queues.end(),
                                  [&](QueueId id) { return layout.queue(id).name == name; });
  ensure(found != process.queues.end(), "a queue is named that its process does not have");
  return *found;
}

Layout make_layout(const std::vector<ProcessSpec>& processes) {
  Layout layout;
  // All queues first: ids run in order of creation, and jobs may name a later queue of their process.
  for (const ProcessSpec& spec : processes) {
    const ProcessId id = ProcessId::of(layout.processes.size());
    ProcessLayout process{spec.name, SimTime{spec.start}, {}, spec.submission};
    const bool of_kernel = spec.submission == Submission::kernel;
    for (const QueueSpec& queue : spec.queues) {
      process.queues.push_back(QueueId::of(layout.queues.size()));
      layout.queues.push_back({queue.name, id, queue.type, queue.priority, queue.ring, of_kernel});
    }
    layout.processes.push_back(std::move(process));
  }
  for (std::size_t p = 0; p < processes.size(); ++p) {
    const ProcessLayout& process = layout.processes[p];
    for (std::size_t q = 0; q < process.queues.size(); ++q) {
      const std::optional<StreamSpec>& jobs = processes[p].queues[q].jobs;
      if (!jobs) continue;
      layout.streams.push_back(make_stream(layout, process, ProcessId::of(p), process.queues[q], *jobs));
    }
  }
  return layout;
}

}  // namespace userqsim
