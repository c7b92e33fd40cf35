// A small value graph over vertices 0..n-1: topological order, cycles, reachability, critical path, DOT. The only
// code that includes Boost.Graph is behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace userqsim {

class Digraph {
 public:
  using Vertex = std::uint32_t;
  struct Edge {
    Vertex from, to;
    std::string label;
  };

  explicit Digraph(std::size_t vertices) : vertices_(vertices) {}
  // REQUIRES: from, to < size().
  void add_edge(Vertex from, Vertex to, std::string label = {});
  std::size_t size() const { return vertices_; }
  const std::vector<Edge>& edges() const { return edges_; }  // in order of insertion

  // An order in which every edge points forward, the smallest vertex first where several could follow; nothing when
  // there is a cycle.
  std::optional<std::vector<Vertex>> topological_order() const;
  // One cycle, in edge order, starting at its smallest vertex, which is not repeated at the end; empty when there
  // is none. It is a shortest one through the smallest vertex that lies on any cycle.
  std::vector<Vertex> find_cycle() const;
  // One such cycle of each strong component that has any, by its smallest vertex. They share no vertex.
  std::vector<std::vector<Vertex>> find_cycles() const;
  // For each vertex, whether `from` leads to it (itself included).
  std::vector<bool> reachable_from(Vertex from) const;
  // The largest sum of `weight` over the vertices of a path, and that path: of several, the one that
  // ends first in topological order, without leading vertices that add nothing. REQUIRES: no cycle, one weight a
  // vertex, sums that fit.
  struct Path {
    std::int64_t length = 0;
    std::vector<Vertex> vertices;
  };
  Path critical_path(const std::vector<std::int64_t>& weight) const;
  // Graphviz text with the given vertex labels; edges in order of insertion, parallel ones as one with a line each.
  std::string to_dot(const std::string& name, const std::vector<std::string>& labels) const;

 private:
  std::size_t vertices_;
  std::vector<Edge> edges_;
};

}  // namespace userqsim
