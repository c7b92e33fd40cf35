#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "models/hardware/save_area.hpp"
#include "models/machine/check_parts.hpp"
#include "models/workload/purpose.hpp"
#include "sim/config/units.hpp"
#include "sim/graph/digraph.hpp"

namespace userqsim {
namespace {

template <class T>
std::vector<std::string> names_of(const std::vector<T>& items) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name);
  return names;
}

std::optional<std::size_t> index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

void check_arrival(const StreamSpec& stream, const Pointer& at, Findings& found) {
  if (const auto* closed = std::get_if<ClosedArrival>(&stream.arrival)) {
    const Pointer here = at / "arrival" / "closed";
    if (!check_distribution(closed->think, here / "think", found) || stream.graph.empty()) return;
    const auto takes_no_time = [](const JobSpec& job) {
      const auto* empirical = std::get_if<EmpiricalDuration>(&job.work);
      return (empirical == nullptr || !empirical->values.empty()) && mean_of(job.work) == Duration{0};
    };
    const bool instant = is_zero(closed->think) && !stream.count &&
                         std::all_of(stream.graph.begin(), stream.graph.end(), takes_no_time);
    if (instant) found.add(here, "work and think time are zero and there is no count: time would never advance");
  }
  if (const auto* trace = std::get_if<TraceArrival>(&stream.arrival)) {
    const Pointer here = at / "arrival" / "trace";
    if (trace->rows.empty()) found.add(here, "expected exactly one of file, rows; found no rows");
    for (std::size_t r = 1; r < trace->rows.size(); ++r) {
      if (trace->rows[r].arrival >= trace->rows[r - 1].arrival) continue;
      found.add(here / "rows" / r / "arrival",
                fmt::format("{} is before the row above, {}", to_text(trace->rows[r].arrival),
                            to_text(trace->rows[r - 1].arrival)));
    }
  }
}

// The queue that runs a job; null when the scenario names one that is not there.
const QueueSpec* queue_of(const JobSpec& job, const ProcessSpec& process, const QueueSpec& holder,
                          const Pointer& at, Findings& found) {
  if (!job.queue) return &holder;
  const std::vector<std::string> queues = names_of(process.queues);
  if (const auto index = index_of(queues, *job.queue)) return &process.queues[*index];
  found.add(at / "queue", no_such("queue", *job.queue, fmt::format(" in process \"{}\"", process.name), queues));
  return nullptr;
}

void check_width(const JobSpec& job, const QueueSpec& queue, const DeviceSpec& device, const Pointer& at,
                 Findings& found) {
  if (queue.type == QueueType::sdma || job.width <= device.compute_units) return;
  found.add(at / "width", fmt::format("{} is wider than the device \"{}\", which has {} compute units", job.width,
                                      device.name, device.compute_units));
}

void check_shape(const JobSpec& job, const QueueSpec& queue, const DeviceSpec& device, const Pointer& at,
                 Findings& found) {
  if (!job.shape) return;
  const WaveShape& shape = *job.shape;
  const Pointer here = at / "shape";
  if (job.grain) found.add(here, "stands beside a grain; expected one of them");
  if (queue.type != QueueType::compute) {
    found.add(here, fmt::format("is of compute jobs; the queue is a {} queue", name_of(queue.type)));
  } else if (device.wave_state.waves == 0) {
    found.add(here, fmt::format("needs a device that says what a compute unit holds; \"{}\" has no wave_state",
                                device.name));
  } else if (shape.wave_size != 32 && shape.wave_size != 64) {
    found.add(here / "wave_size", fmt::format("{} lanes; allowed: 32, 64", shape.wave_size));
  } else if (resident_waves_per_cu(device.wave_state, shape) == 0) {
    found.add(here, fmt::format("no workgroup fits into a compute unit of the device \"{}\"", device.name));
  }
}

std::string cycle_text(const std::vector<Digraph::Vertex>& cycle, const std::vector<std::string>& names) {
  constexpr std::size_t most_shown = 10;
  const std::size_t shown = cycle.size() <= most_shown + 1 ? cycle.size() : most_shown;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += names[cycle[i]] + " -> ";
  if (shown < cycle.size()) text += fmt::format("... ({} more) -> ", cycle.size() - shown);
  return text + names[cycle.front()];
}

// Every name in `after` refers to another job of the graph, and together they leave an order.
void check_order(const std::vector<JobSpec>& graph, const Pointer& at, Findings& found) {
  const std::vector<std::string> names = names_of(graph);
  Digraph order(graph.size());
  for (std::size_t n = 0; n < graph.size(); ++n) {
    for (std::size_t a = 0; a < graph[n].after.size(); ++a) {
      const Pointer here = at / n / "after" / a;
      const auto first = index_of(names, graph[n].after[a]);
      if (!first) {
        found.add(here, no_such("job", graph[n].after[a], " in this graph", names));
        continue;
      }
      const auto& after = graph[n].after;
      if (std::find(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(a), after[a]) !=
          after.begin() + static_cast<std::ptrdiff_t>(a)) {
        found.add(here, fmt::format("\"{}\" stands twice", after[a]));
        continue;
      }
      order.add_edge(static_cast<Digraph::Vertex>(*first), static_cast<Digraph::Vertex>(n));
    }
  }
  const std::vector<Digraph::Vertex> cycle = order.find_cycle();
  if (!cycle.empty()) found.add(at, "the jobs wait for each other in a circle: " + cycle_text(cycle, names));
}

}  // namespace

void check_stream(const MachineSpec& spec, const ProcessSpec& process, const QueueSpec& queue, const Pointer& at,
                  Findings& found) {
  const StreamSpec& stream = *queue.jobs;
  check_arrival(stream, at, found);
  std::set<std::string> names;
  for (std::size_t n = 0; n < stream.graph.size(); ++n) {
    const JobSpec& job = stream.graph[n];
    const Pointer here = at / "graph" / n;
    check_name(job.name, "graph", names, here / "name", found);
    check_distribution(job.work, here / "work", found);
    if (const QueueSpec* runs_on = queue_of(job, process, queue, here, found)) {
      check_width(job, *runs_on, spec.device, here, found);
      check_shape(job, *runs_on, spec.device, here, found);
    }
  }
  if (stream.graph.empty()) found.add(at / "graph", "expected at least one job, found none");
  if (stream.graph.size() > nodes_max) {
    found.add(at / "graph", fmt::format("{} jobs are too many; allowed: {}", stream.graph.size(), nodes_max));
  }
  check_order(stream.graph, at / "graph", found);
}

}  // namespace userqsim
