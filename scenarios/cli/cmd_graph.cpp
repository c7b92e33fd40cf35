#include <fmt/format.h>

#include "models/lifecycle/diagram.hpp"
#include "models/machine/wiring.hpp"
#include "models/workload/layout.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/release.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/assumptions.hpp"
#include "scenarios/load/place.hpp"
#include "sim/graph/digraph.hpp"

namespace userqsim {
namespace {

// Every stream's jobs, an arrow from each job to those that wait for it.
LabelledGraph jobs_graph(const LoadedScenario& loaded) {
  const Layout layout = make_layout(loaded.machine->processes);
  std::vector<std::string> labels;
  std::vector<std::size_t> first;  // of each stream
  for (const StreamLayout& stream : layout.streams) {
    first.push_back(labels.size());
    for (std::size_t n = 0; n < stream.nodes.size(); ++n) {
      const NodeLayout& node = stream.nodes[n];
      labels.push_back(fmt::format("{}\n{}/{}\n{}", node.name, layout.process(stream.process).name,
                                   layout.queue(node.queue).name, text_of(stream.spec->graph[n].work)));
    }
  }
  Digraph graph(labels.size());
  for (std::size_t s = 0; s < layout.streams.size(); ++s) {
    const std::vector<NodeLayout>& nodes = layout.streams[s].nodes;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      for (const std::uint32_t waiter : nodes[n].before) {
        graph.add_edge(static_cast<Digraph::Vertex>(first[s] + n), static_cast<Digraph::Vertex>(first[s] + waiter));
      }
    }
  }
  return {loaded.scenario.name, graph, labels};
}

const Lifecycle& lifecycle_of(const std::string& kernel, const LoadOptions& options) {
  return *find_release(kernel, options.profiles_dir, "graph lifecycle").tables;
}

LabelledGraph graph_of(const std::string& what, const std::string& subject, const std::string& other,
                       const LoadOptions& options) {
  if (what == "jobs") return jobs_graph(load_scenario(subject, options));
  if (what == "wiring") return wiring_graph();
  if (what == "lifecycle" && !other.empty()) {
    return lifecycle_difference(lifecycle_of(subject, options), lifecycle_of(other, options));
  }
  if (what == "lifecycle") return lifecycle_graph(lifecycle_of(subject, options));
  throw InputError(unknown_name("graph", what, {"lifecycle", "jobs", "wiring"}));
}

}  // namespace

int cmd_graph(const std::string& what, const std::string& subject, const std::string& other, bool dot,
              const LoadOptions& options) {
  const LabelledGraph graph = graph_of(what, subject, other, options);
  write_stdout(dot ? graph.to_dot() : graph.to_text());
  return 0;
}

}  // namespace userqsim
