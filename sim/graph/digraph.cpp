#include "sim/graph/digraph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/strong_components.hpp>
#include <functional>
#include <iterator>
#include <queue>

#include "sim/core/ensure.hpp"
#include "sim/graph/dot_text.hpp"

namespace userqsim {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
using Vertex = Digraph::Vertex;

// Out-edges keep the order of insertion, which makes every traversal below repeatable.
template <class Edges>
Graph to_boost(std::size_t vertices, const Edges& edges) {
  Graph graph(vertices);
  for (const auto& edge : edges) boost::add_edge(edge.from, edge.to, graph);
  return graph;
}

// What a breadth-first search from one vertex learns: the edges of the tree.
struct SearchTree {
  std::vector<bool> reached;
  std::vector<Vertex> parent;
  std::vector<std::size_t> depth;
};

class TreeRecorder : public boost::default_bfs_visitor {
 public:
  explicit TreeRecorder(SearchTree& tree) : tree_(&tree) {}
  void discover_vertex(Graph::vertex_descriptor v, const Graph& /*graph*/) { tree_->reached[v] = true; }
  void tree_edge(Graph::edge_descriptor e, const Graph& graph) {
    const auto from = boost::source(e, graph);
    const auto to = boost::target(e, graph);
    tree_->parent[to] = static_cast<Vertex>(from);
    tree_->depth[to] = tree_->depth[from] + 1;
  }

 private:
  SearchTree* tree_;  // the search copies its visitor
};

SearchTree search_from(const Graph& graph, Vertex from) {
  const std::size_t n = boost::num_vertices(graph);
  SearchTree tree{
      .reached = std::vector<bool>(n), .parent = std::vector<Vertex>(n), .depth = std::vector<std::size_t>(n)};
  boost::breadth_first_search(graph, from, boost::visitor(TreeRecorder{tree}));
  return tree;
}

bool has_edge(const Graph& graph, Graph::vertex_descriptor from, Graph::vertex_descriptor to) {
  return boost::edge(from, to, graph).second;
}

// Of each strong component that has a cycle the smallest vertex, in their order. A component has one when it has
// several vertices, or one with a self-loop.
std::vector<Vertex> smallest_on_cycles(const Graph& graph) {
  const std::size_t n = boost::num_vertices(graph);
  std::vector<std::size_t> component(n);
  const auto index = boost::get(boost::vertex_index, graph);
  const std::size_t components =
      boost::strong_components(graph, boost::make_iterator_property_map(component.begin(), index));
  std::vector<std::size_t> members(components);
  for (const std::size_t c : component) ++members[c];
  std::vector<Vertex> smallest;
  std::vector<bool> seen(components, false);
  for (std::size_t v = 0; v < n; ++v) {
    if (seen[component[v]]) continue;
    seen[component[v]] = true;
    if (members[component[v]] > 1 || has_edge(graph, v, v)) smallest.push_back(static_cast<Vertex>(v));
  }
  return smallest;
}

// Every cycle through `start` stays in its strong component, where `start` is the smallest; the breadth-first tree
// makes the one found a shortest. REQUIRES: there is one.
std::vector<Vertex> cycle_through(const Graph& graph, Vertex start) {
  const SearchTree tree = search_from(graph, start);
  std::optional<Vertex> end;
  for (std::size_t v = 0; v < boost::num_vertices(graph); ++v) {
    if (!tree.reached[v] || !has_edge(graph, v, start)) continue;
    if (!end || tree.depth[v] < tree.depth[*end]) end = static_cast<Vertex>(v);
  }
  ensure(end.has_value(), "a vertex on a cycle must be reached from itself");
  std::vector<Vertex> cycle{*end};
  while (cycle.back() != start) cycle.push_back(tree.parent[cycle.back()]);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

}  // namespace

void Digraph::add_edge(Vertex from, Vertex to, std::string label) {
  ensure(from < vertices_ && to < vertices_, "an edge must join vertices of the graph");
  edges_.push_back({from, to, std::move(label)});
}

// Our own loop: boost::topological_sort orders by depth-first finish and promises nothing about which of several
// possible vertices comes first.
std::optional<std::vector<Digraph::Vertex>> Digraph::topological_order() const {
  const Graph graph = to_boost(vertices_, edges_);
  std::vector<std::size_t> missing(vertices_);
  for (const Edge& edge : edges_) ++missing[edge.to];
  std::priority_queue<Vertex, std::vector<Vertex>, std::greater<>> ready;
  for (std::size_t v = 0; v < vertices_; ++v) {
    if (missing[v] == 0) ready.push(static_cast<Vertex>(v));
  }
  std::vector<Vertex> order;
  order.reserve(vertices_);
  while (!ready.empty()) {
    const Vertex v = ready.top();
    ready.pop();
    order.push_back(v);
    for (const auto& edge : boost::make_iterator_range(boost::out_edges(v, graph))) {
      const auto to = boost::target(edge, graph);
      if (--missing[to] == 0) ready.push(static_cast<Vertex>(to));
    }
  }
  if (order.size() < vertices_) return std::nullopt;
  return order;
}

std::vector<Digraph::Vertex> Digraph::find_cycle() const {
  const Graph graph = to_boost(vertices_, edges_);
  const std::vector<Vertex> starts = smallest_on_cycles(graph);
  return starts.empty() ? std::vector<Vertex>{} : cycle_through(graph, starts.front());
}

std::vector<std::vector<Digraph::Vertex>> Digraph::find_cycles() const {
  const Graph graph = to_boost(vertices_, edges_);
  std::vector<std::vector<Vertex>> cycles;
  for (const Vertex start : smallest_on_cycles(graph)) cycles.push_back(cycle_through(graph, start));
  return cycles;
}

std::vector<bool> Digraph::reachable_from(Vertex from) const {
  ensure(from < vertices_, "reachability starts at a vertex of the graph");
  return search_from(to_boost(vertices_, edges_), from).reached;
}

// Our own loop: dag_shortest_paths weighs edges from one source, and wants weights negated; here vertices weigh and
// any vertex may start. One pass in topological order does it.
Digraph::Path Digraph::critical_path(const std::vector<std::int64_t>& weight) const {
  ensure(weight.size() == vertices_, "a critical path needs one weight a vertex");
  const auto order = topological_order();
  ensure(order.has_value(), "a critical path needs a graph without a cycle");
  if (vertices_ == 0) return {};
  const Graph graph = to_boost(vertices_, edges_);
  std::vector<std::int64_t> before(vertices_, 0);          // the longest way to a vertex, without its own weight
  std::vector<std::optional<Vertex>> previous(vertices_);  // nothing: the path starts here
  for (const Vertex v : *order) {
    const std::int64_t through = before[v] + weight[v];
    for (const auto& edge : boost::make_iterator_range(boost::out_edges(v, graph))) {
      const auto to = boost::target(edge, graph);
      if (through > before[to]) {
        before[to] = through;
        previous[to] = v;
      }
    }
  }
  Vertex end = order->front();
  for (const Vertex v : *order) {
    if (before[v] + weight[v] > before[end] + weight[end]) end = v;
  }
  Path path{.length = before[end] + weight[end], .vertices = {}};
  for (std::optional<Vertex> v = end; v; v = previous[*v]) path.vertices.push_back(*v);
  std::reverse(path.vertices.begin(), path.vertices.end());
  return path;
}

// Written with fmt: write_graphviz goes through the edges by source vertex, and the order of insertion is promised.
std::string Digraph::to_dot(const std::string& name, const std::vector<std::string>& labels) const {
  ensure(labels.size() == vertices_, "a DOT graph needs one label a vertex");
  std::string dot = fmt::format("digraph {} {{\n", dot_quoted(name));
  auto out = std::back_inserter(dot);
  for (std::size_t v = 0; v < vertices_; ++v) fmt::format_to(out, "  {} [label={}];\n", v, dot_quoted(labels[v]));
  // Parallel edges are one arrow with a line each, or the picture could not be read.
  std::vector<bool> drawn(edges_.size(), false);
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    if (drawn[e]) continue;
    std::string label = edges_[e].label;
    for (std::size_t other = e + 1; other < edges_.size(); ++other) {
      if (edges_[other].from != edges_[e].from || edges_[other].to != edges_[e].to) continue;
      drawn[other] = true;
      if (!edges_[other].label.empty()) label += (label.empty() ? "" : "\n") + edges_[other].label;
    }
    fmt::format_to(out, "  {} -> {}", edges_[e].from, edges_[e].to);
    if (!label.empty()) fmt::format_to(out, " [label={}]", dot_quoted(label));
    dot += ";\n";
  }
  return dot + "}\n";
}

}  // namespace userqsim
