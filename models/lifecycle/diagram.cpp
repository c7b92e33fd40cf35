#include "models/lifecycle/diagram.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace userqsim {

namespace {

using enum UserqState;

// What leads from one state to another, and which operations do it; none where it is nobody's plan.
struct Drawn {
  UserqState from;
  UserqState to;
  std::string what;
  std::vector<std::string_view> by;
  bool same_but_for_by(const Drawn& other) const {
    return from == other.from && to == other.to && what == other.what;
  }
};

std::vector<std::string_view> operations_of(const Lifecycle& release, Primitive primitive) {
  std::vector<std::string_view> names;
  for (const PathRow& row : release.paths) {
    if (row.primitive == primitive) names.push_back(name_of(row.operation));
  }
  return names;
}

class Drawing {
 public:
  explicit Drawing(const Lifecycle& release) : release_(release) {
    for (const PrimitiveRow& row : release.primitives) draw(row);
    draw_detection();
    draw_va_check();
    const std::vector<std::string_view> ends{name_of(Operation::destroy), name_of(Operation::process_exit)};
    for (const UserqState last : {unmapped, hung, invalid_va}) {
      if (last != invalid_va || checks_va()) edges_.push_back({last, gone, "freed", ends});
    }
    edges_.push_back({hung, gone, "could not be mapped, freed", {name_of(Operation::create)}});
  }

  const std::vector<Drawn>& edges() const { return edges_; }

 private:
  void draw(const PrimitiveRow& row) {
    const std::vector<std::string_view> operations = operations_of(release_, row.primitive);
    if (row.by_policy || operations.empty()) return;
    const std::string call = row.call ? fmt::format(" ({})", name_of(*row.call)) : "";
    edges_.push_back({row.from, row.ok, fmt::format("{}{}", name_of(row.primitive), call), operations});
    if (row.failed == row.ok) return;
    constexpr std::array<std::string_view, 4> then{"", "; who hangs is looked for", "; the GPU is reset",
                                                   "; a GPU reset is queued"};
    edges_.push_back(
        {row.from,
         row.failed,
         fmt::format("{} fails{}", name_of(row.primitive), then[static_cast<std::size_t>(row.on_failure)]),
         {}});
  }

  void draw_detection() {
    const bool detects = std::any_of(release_.paths.begin(), release_.paths.end(),
                                     [](const PathRow& row) { return row.detect != Detect::no; });
    if (!detects) return;
    for (const UserqState from : {unmapped, mapped, preempted, invalid_va}) {
      if (from != invalid_va || checks_va()) edges_.push_back({from, hung, "found hanging (RESET)", {}});
    }
  }

  bool checks_va() const {
    return std::any_of(release_.paths.begin(), release_.paths.end(),
                       [](const PathRow& row) { return row.check_va; });
  }
  void draw_va_check() {
    if (!checks_va()) return;
    for (const UserqState from : {unmapped, mapped, preempted, hung}) {
      edges_.push_back({from, invalid_va, "buffers gone", {name_of(Operation::restore)}});
    }
  }

  const Lifecycle& release_;
  std::vector<Drawn> edges_;
};

std::string label_of(const Drawn& edge) {
  return edge.by.empty() ? edge.what : fmt::format("{}: {}", fmt::join(edge.by, ", "), edge.what);
}

LabelledGraph graph_of(std::string name, const std::vector<Drawn>& edges) {
  const auto& states = EnumNames<UserqState>::entries;
  const auto number = [](UserqState state) { return static_cast<std::size_t>(state); };
  std::vector<bool> used(states.size(), false);
  for (const Drawn& edge : edges) used[number(edge.from)] = used[number(edge.to)] = true;
  // Only the states that the release has: the edges are renumbered over them.
  std::vector<Digraph::Vertex> place(states.size(), 0);
  std::vector<std::string> labels;
  for (std::size_t s = 0; s < states.size(); ++s) {
    place[s] = static_cast<Digraph::Vertex>(labels.size());
    if (used[s]) labels.emplace_back(states[s].second);
  }
  Digraph graph(labels.size());
  for (const Drawn& edge : edges) {
    graph.add_edge(place[number(edge.from)], place[number(edge.to)], label_of(edge));
  }
  return {std::move(name), graph, labels};
}

// What `a` draws and `b` does not, marked: a whole edge, or some of its operations.
void append_missing(const std::vector<Drawn>& a, const std::vector<Drawn>& b, std::string_view mark,
                    std::vector<Drawn>& out) {
  for (Drawn edge : a) {
    const auto same = std::find_if(b.begin(), b.end(), [&](const Drawn& e) { return e.same_but_for_by(edge); });
    if (same != b.end()) {
      std::erase_if(edge.by, [&](std::string_view operation) {
        return std::find(same->by.begin(), same->by.end(), operation) != same->by.end();
      });
      if (edge.by.empty()) continue;
    }
    out.push_back({edge.from, edge.to, fmt::format("{} {}", mark, label_of(edge)), {}});
  }
}

}  // namespace

LabelledGraph lifecycle_graph(const Lifecycle& release) {
  return graph_of(fmt::format("lifecycle {}", release.name), Drawing(release).edges());
}

LabelledGraph lifecycle_difference(const Lifecycle& from, const Lifecycle& to) {
  const Drawing a(from), b(to);
  std::vector<Drawn> edges;
  append_missing(a.edges(), b.edges(), "-", edges);
  append_missing(b.edges(), a.edges(), "+", edges);
  return graph_of(fmt::format("lifecycle {} to {}", from.name, to.name), edges);
}

std::vector<UserqState> lifecycle_sinks(const Lifecycle& release) {
  const LabelledGraph drawn = lifecycle_graph(release);
  const auto vertex = [&](std::string_view name) {
    const auto at = std::find(drawn.labels.begin(), drawn.labels.end(), name);
    return static_cast<Digraph::Vertex>(at - drawn.labels.begin());
  };
  const std::vector<bool> reached = drawn.graph.reachable_from(vertex(name_of(unmapped)));
  std::vector<UserqState> sinks;
  for (const auto& [state, name] : EnumNames<UserqState>::entries) {
    const Digraph::Vertex v = vertex(name);
    if (state == gone || v == drawn.labels.size() || !reached[v]) continue;
    if (!drawn.graph.reachable_from(v)[vertex(name_of(mapped))]) sinks.push_back(state);
  }
  return sinks;
}

}  // namespace userqsim
