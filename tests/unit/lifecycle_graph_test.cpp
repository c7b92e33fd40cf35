// The drawn lifecycle of each release: nothing in it is cut off, everything ends, and the sinks are those that the
// release has.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "models/lifecycle/diagram.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::lifecycle_graph_test {
namespace {

using enum UserqState;

Digraph::Vertex vertex(const LabelledGraph& drawn, UserqState state) {
  const auto at = std::find(drawn.labels.begin(), drawn.labels.end(), name_of(state));
  REQUIRE(at != drawn.labels.end());
  return static_cast<Digraph::Vertex>(at - drawn.labels.begin());
}

TEST_CASE("a queue can come to every state that a release has, and from each be freed", "[lifecycle]") {
  for (const Lifecycle& release : lifecycles()) {
    INFO(release.name);
    const LabelledGraph drawn = lifecycle_graph(release);
    const std::vector<bool> reached = drawn.graph.reachable_from(vertex(drawn, unmapped));
    for (Digraph::Vertex v = 0; v < drawn.labels.size(); ++v) {
      INFO(drawn.labels[v]);
      CHECK(reached[v]);
      CHECK(drawn.graph.reachable_from(v)[vertex(drawn, gone)]);
    }
  }
}

// Why each is one, from the driver:
// 6.16, v8, 6.18: no helper acts in HUNG, and a reset does not know of user queues.
// v8 with patch 11, 6.19: post_reset maps whatever is HUNG; 6.19's detection makes a queue in INVALID_VA HUNG too.
// 7.1: post_reset maps what is HUNG, but a queue found hanging keeps its state, and no helper acts in INVALID_VA.
// kfd: HUNG is what a reset or a failure leaves inactive, and restore maps what is evicted alone.
TEST_CASE("the sinks are those that the release has", "[lifecycle]") {
  const std::map<std::string_view, std::vector<UserqState>> sinks{
      {"6.16", {hung}}, {"seed-v8", {hung}},   {"seed-v8+reset", {}}, {"6.18", {hung}},
      {"6.19", {}},     {"7.1", {invalid_va}}, {"kfd", {hung}}};
  CHECK(sinks.size() == lifecycles().size());
  for (const Lifecycle& release : lifecycles()) {
    INFO(release.name);
    CHECK(lifecycle_sinks(release) == sinks.at(release.name));
  }
}

// From where a release's own operations move a queue, and where to, as "from -> to by": counted from the tables.
std::multiset<std::string> moves_of(const Lifecycle& release) {
  std::multiset<std::string> moves;
  for (const PrimitiveRow& row : release.primitives) {
    if (row.by_policy) continue;
    bool used = false;
    for (const PathRow& path : release.paths) used = used || path.primitive == row.primitive;
    if (!used) continue;
    moves.insert(std::string(name_of(row.from)) + " -> " + std::string(name_of(row.ok)));
    if (row.failed != row.ok)
      moves.insert(std::string(name_of(row.from)) + " -> " + std::string(name_of(row.failed)));
  }
  return moves;
}

TEST_CASE("the drawing has an arrow for each row of the tables, and beside them only what is no row",
          "[lifecycle]") {
  for (const Lifecycle& release : lifecycles()) {
    INFO(release.name);
    const LabelledGraph drawn = lifecycle_graph(release);
    std::multiset<std::string> arrows;
    for (const Digraph::Edge& edge : drawn.graph.edges()) {
      const bool beside_rows = edge.label.find("freed") != std::string::npos ||
                               edge.label.find("found hanging") != std::string::npos ||
                               edge.label.find("buffers gone") != std::string::npos;
      if (!beside_rows) arrows.insert(drawn.labels[edge.from] + " -> " + drawn.labels[edge.to]);
    }
    CHECK(arrows == moves_of(release));
  }
}

std::vector<std::string> lines_of(const LabelledGraph& drawn) {
  std::vector<std::string> lines;
  const std::string text = drawn.to_text();
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

// In 6.18 isolation and s0ix preempt and restore; beyond that it has the tables of the v8 series.
TEST_CASE("a difference names the operations that moved, and nothing else", "[lifecycle]") {
  CHECK(lines_of(lifecycle_difference(lifecycle("seed-v8"), lifecycle("6.18"))) ==
        std::vector<std::string>{
            "UNMAPPED -> MAPPED: - resume_s0ix, isolation_start: map (ADD_QUEUE)",
            "MAPPED -> UNMAPPED: - suspend_s0ix, isolation_stop: unmap (REMOVE_QUEUE)",
            "PREEMPTED -> UNMAPPED: - suspend_s0ix, isolation_stop: unmap (REMOVE_QUEUE)",
            "MAPPED -> PREEMPTED: + suspend_s0ix, isolation_stop: preempt (SUSPEND)",
            "PREEMPTED -> MAPPED: + resume_s0ix, isolation_start: restore (RESUME)",
        });
  CHECK(lines_of(lifecycle_difference(lifecycle("6.18"), lifecycle("6.18"))).empty());
}

}  // namespace
}  // namespace userqsim::lifecycle_graph_test
