#include "models/lifecycle/diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace userqsim {

namespace {

using enum UserqState;

// "create, restore": the operations that use a helper.
std::string operations_of(const Lifecycle& release, Primitive primitive) {
  std::string names;
  for (const PathRow& row : release.paths) {
    if (row.primitive == primitive) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(row.operation));
  }
  return names;
}

class Drawing {
 public:
  explicit Drawing(const Lifecycle& release) : release_(release) {
    for (const PrimitiveRow& row : release.primitives) draw(row);
    draw_detection();
    draw_va_check();
    for (const UserqState last : {unmapped, hung, invalid_va}) {
      if (last != invalid_va || checks_va()) add(last, gone, "destroy, process_exit");
    }
    add(hung, gone, "create failed");
  }

  const std::vector<Digraph::Edge>& edges() const { return edges_; }

 private:
  void add(UserqState from, UserqState to, std::string label) {
    edges_.push_back({static_cast<Digraph::Vertex>(from), static_cast<Digraph::Vertex>(to), std::move(label)});
  }

  void draw(const PrimitiveRow& row) {
    const std::string operations = operations_of(release_, row.primitive);
    if (row.by_policy || operations.empty()) return;
    const std::string call = row.call ? fmt::format(" ({})", name_of(*row.call)) : "";
    add(row.from, row.ok, fmt::format("{}: {}{}", operations, name_of(row.primitive), call));
    if (row.failed == row.ok) return;
    constexpr std::array<std::string_view, 4> then{"", "; who hangs is looked for", "; the GPU is reset",
                                                   "; a GPU reset is queued"};
    add(row.from, row.failed,
        fmt::format("{} fails{}", name_of(row.primitive), then[static_cast<std::size_t>(row.on_failure)]));
  }

  void draw_detection() {
    const bool detects = std::any_of(release_.paths.begin(), release_.paths.end(),
                                     [](const PathRow& row) { return row.detect != Detect::no; });
    if (!detects) return;
    for (const UserqState from : {unmapped, mapped, preempted}) add(from, hung, "found hanging (RESET)");
  }

  bool checks_va() const {
    return std::any_of(release_.paths.begin(), release_.paths.end(),
                       [](const PathRow& row) { return row.check_va; });
  }
  void draw_va_check() {
    if (!checks_va()) return;
    for (const UserqState from : {unmapped, mapped, preempted, hung})
      add(from, invalid_va, "restore, buffers gone");
  }

  const Lifecycle& release_;
  std::vector<Digraph::Edge> edges_;
};

LabelledGraph graph_of(std::string name, const std::vector<Digraph::Edge>& edges) {
  const auto& states = EnumNames<UserqState>::entries;
  std::vector<bool> used(states.size(), false);
  for (const Digraph::Edge& edge : edges) used[edge.from] = used[edge.to] = true;
  // Only the states that the release has: the edges are renumbered over them.
  std::vector<Digraph::Vertex> place(states.size(), 0);
  std::vector<std::string> labels;
  for (std::size_t s = 0; s < states.size(); ++s) {
    place[s] = static_cast<Digraph::Vertex>(labels.size());
    if (used[s]) labels.emplace_back(states[s].second);
  }
  Digraph graph(labels.size());
  for (const Digraph::Edge& edge : edges) graph.add_edge(place[edge.from], place[edge.to], edge.label);
  return {std::move(name), graph, labels};
}

// The edges of `a` that `b` does not have, marked.
void append_missing(const std::vector<Digraph::Edge>& a, const std::vector<Digraph::Edge>& b, std::string_view mark,
                    std::vector<Digraph::Edge>& out) {
  for (const Digraph::Edge& edge : a) {
    const bool common = std::any_of(b.begin(), b.end(), [&](const Digraph::Edge& other) {
      return other.from == edge.from && other.to == edge.to && other.label == edge.label;
    });
    if (!common) out.push_back({edge.from, edge.to, fmt::format("{} {}", mark, edge.label)});
  }
}

}  // namespace

LabelledGraph lifecycle_graph(const Lifecycle& release) {
  return graph_of(fmt::format("lifecycle {}", release.name), Drawing(release).edges());
}

LabelledGraph lifecycle_difference(const Lifecycle& from, const Lifecycle& to) {
  const Drawing a(from), b(to);
  std::vector<Digraph::Edge> edges;
  append_missing(a.edges(), b.edges(), "-", edges);
  append_missing(b.edges(), a.edges(), "+", edges);
  return graph_of(fmt::format("lifecycle {} to {}", from.name, to.name), edges);
}

}  // namespace userqsim
