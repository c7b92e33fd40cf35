// The value graph, on graphs small enough to read.
#include <string>
#include <vector>

#include "sim/core/ensure.hpp"
#include "sim/graph/digraph.hpp"
#include "sim/graph/lanes.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_graph_test {
namespace {

using Vertices = std::vector<Digraph::Vertex>;

Digraph graph_of(std::size_t vertices, const std::vector<std::pair<Digraph::Vertex, Digraph::Vertex>>& edges) {
  Digraph graph(vertices);
  for (const auto& [from, to] : edges) graph.add_edge(from, to);
  return graph;
}

TEST_CASE("the topological order puts the smallest possible vertex first", "[sim][graph]") {
  CHECK(graph_of(0, {}).topological_order() == Vertices{});
  CHECK(graph_of(3, {}).topological_order() == Vertices{0, 1, 2});
  CHECK(graph_of(3, {{2, 1}, {1, 0}}).topological_order() == Vertices{2, 1, 0});
  // 1 frees 0, which then goes before 2, though 2 was free all along.
  CHECK(graph_of(3, {{1, 0}}).topological_order() == Vertices{1, 0, 2});
  CHECK(graph_of(4, {{0, 2}, {0, 2}, {2, 1}}).topological_order() == Vertices{0, 2, 1, 3});  // a doubled edge
}

TEST_CASE("a graph with a cycle has no topological order", "[sim][graph]") {
  CHECK_FALSE(graph_of(1, {{0, 0}}).topological_order().has_value());
  CHECK_FALSE(graph_of(4, {{0, 1}, {1, 2}, {2, 1}, {2, 3}}).topological_order().has_value());
}

TEST_CASE("the cycle found starts at its smallest vertex and is a shortest through it", "[sim][graph]") {
  CHECK(graph_of(3, {{0, 1}, {0, 2}, {1, 2}}).find_cycle().empty());
  CHECK(graph_of(2, {{0, 1}, {1, 1}}).find_cycle() == Vertices{1});
  CHECK(graph_of(4, {{3, 2}, {2, 1}, {1, 3}, {0, 1}}).find_cycle() == Vertices{1, 3, 2});
  CHECK(graph_of(4, {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {2, 0}}).find_cycle() == Vertices{0, 1, 2});
  // Two cycles apart: the one with the smallest vertex, also when another edge leads into the second.
  CHECK(graph_of(4, {{2, 3}, {3, 2}, {0, 1}, {1, 0}, {0, 2}}).find_cycle() == Vertices{0, 1});
}

TEST_CASE("of each knot one cycle is found", "[sim][graph]") {
  CHECK(graph_of(3, {{0, 1}, {0, 2}, {1, 2}}).find_cycles().empty());
  CHECK(graph_of(5, {{2, 3}, {3, 2}, {0, 1}, {1, 0}, {0, 2}, {4, 4}}).find_cycles() ==
        std::vector<Vertices>{{0, 1}, {2, 3}, {4}});
  // Two cycles through vertex 1 are one knot.
  CHECK(graph_of(4, {{0, 1}, {1, 2}, {2, 1}, {1, 3}, {3, 1}}).find_cycles() == std::vector<Vertices>{{1, 2}});
}

TEST_CASE("what a vertex leads to includes itself", "[sim][graph]") {
  const Digraph graph = graph_of(4, {{0, 1}, {1, 2}, {2, 0}, {3, 2}});
  CHECK(graph.reachable_from(0) == std::vector<bool>{true, true, true, false});
  CHECK(graph.reachable_from(3) == std::vector<bool>{true, true, true, true});
  CHECK(graph_of(2, {}).reachable_from(1) == std::vector<bool>{false, true});
}

TEST_CASE("the critical path is the heaviest", "[sim][graph]") {
  //   0 (5) -> 1 (1) -> 3 (2):  8
  //   0 (5) -> 2 (4) -> 3 (2): 11
  const Digraph diamond = graph_of(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}});
  const Digraph::Path path = diamond.critical_path({5, 1, 4, 2});
  CHECK(path.length == 5 + 4 + 2);
  CHECK(path.vertices == Vertices{0, 2, 3});

  CHECK(graph_of(2, {}).critical_path({3, 9}).vertices == Vertices{1});
  CHECK(graph_of(0, {}).critical_path({}).length == 0);
  // A vertex that adds nothing does not lead a path: -2 + 7 is less than 7 alone.
  CHECK(graph_of(2, {{0, 1}}).critical_path({-2, 7}).vertices == Vertices{1});
}

TEST_CASE("DOT names vertices by number and escapes what people wrote", "[sim][graph]") {
  Digraph graph(3);
  graph.add_edge(2, 0, "ring \"full\"");
  graph.add_edge(0, 1);
  CHECK(graph.to_dot("jobs", {"a", "b\\c", "d\ne"}) ==
        "digraph \"jobs\" {\n"
        "  0 [label=\"a\"];\n"
        "  1 [label=\"b\\\\c\"];\n"
        "  2 [label=\"d\\ne\"];\n"
        "  2 -> 0 [label=\"ring \\\"full\\\"\"];\n"
        "  0 -> 1;\n"
        "}\n");
}

TEST_CASE("DOT draws parallel edges as one arrow with a line each", "[sim][graph]") {
  Digraph graph(2);
  graph.add_edge(0, 1, "first");
  graph.add_edge(1, 0, "back");
  graph.add_edge(0, 1, "second");
  graph.add_edge(0, 1);
  CHECK(graph.to_dot("g", {"a", "b"}) ==
        "digraph \"g\" {\n"
        "  0 [label=\"a\"];\n"
        "  1 [label=\"b\"];\n"
        "  0 -> 1 [label=\"first\\nsecond\"];\n"
        "  1 -> 0 [label=\"back\"];\n"
        "}\n");
}

TEST_CASE("a wrong use of the graph is an invariant error", "[sim][graph]") {
  Digraph graph(2);
  CHECK_THROWS_AS(graph.add_edge(0, 2), InvariantError);
  CHECK_THROWS_AS(graph.add_edge(2, 0), InvariantError);
  CHECK_THROWS_AS(graph.reachable_from(2), InvariantError);
  CHECK_THROWS_AS(graph.critical_path({1}), InvariantError);
  CHECK_THROWS_AS(graph.to_dot("g", {"a"}), InvariantError);
  graph.add_edge(0, 0);
  CHECK_THROWS_AS(graph.critical_path({1, 1}), InvariantError);
}

TEST_CASE("lanes are clusters in order of their first step, and marks stand outside", "[sim][graph]") {
  const Lanes lanes{"a \"b\"",
                    {{"scenario", "evict"}, {"MES", "SUSPEND"}, {"scenario", "stop\nnow"}},
                    {{2, "hazard"}, {std::nullopt, "always"}}};
  CHECK(lanes.to_dot() == R"(digraph "a \"b\"" {
  node [shape=box];
  subgraph cluster_0 {
    label="scenario";
    s1 [label="1. evict"];
    s3 [label="3. stop\nnow"];
  }
  subgraph cluster_1 {
    label="MES";
    s2 [label="2. SUSPEND"];
  }
  s1 -> s2;
  s2 -> s3;
  m1 [label="hazard", shape=octagon, color=red, penwidth=2];
  s3 -> m1 [color=red, penwidth=2];
  m2 [label="always", shape=octagon, color=red, penwidth=2];
}
)");
  CHECK_THROWS_AS((Lanes{"g", {}, {{0, "of nothing"}}}.to_dot()), InvariantError);
}

}  // namespace
}  // namespace userqsim::sim_graph_test
