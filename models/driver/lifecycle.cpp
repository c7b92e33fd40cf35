#include "models/driver/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

using enum UserqState;

// amdgpu_userq_{preempt,restore,unmap,map}_helper as the v8 series wrote them and 6.18 landed them (5cefcbb306d6,
// bb1d7f157e3d): preempt acts on MAPPED alone, unmap on MAPPED and PREEMPTED; failure leaves HUNG.
constexpr std::array preempt_helpers{
    PrimitiveRow{Primitive::map, unmapped, Opcode::add_queue, mapped, hung},
    PrimitiveRow{Primitive::unmap, mapped, Opcode::remove_queue, unmapped, hung},
    PrimitiveRow{Primitive::unmap, preempted, Opcode::remove_queue, unmapped, hung},
    PrimitiveRow{Primitive::preempt, mapped, Opcode::suspend, preempted, hung},
    PrimitiveRow{Primitive::restore, preempted, Opcode::resume, mapped, hung},
};

constexpr std::array preempt_paths{
    PathRow{Operation::create, Primitive::map},
    PathRow{Operation::evict, Primitive::preempt},
    PathRow{Operation::restore, Primitive::restore},
    PathRow{Operation::destroy, Primitive::unmap},
};

constexpr std::array releases{
    Lifecycle{"seed-v8", preempt_helpers, preempt_paths},
    Lifecycle{"6.18", preempt_helpers, preempt_paths},
};

// "create, restore" for a helper that both use; a helper that the release itself uses nowhere is "by policy".
std::string operations_of(const Lifecycle& lifecycle, Primitive primitive) {
  std::string names;
  for (const PathRow& row : lifecycle.paths) {
    if (row.primitive == primitive) names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(row.operation));
  }
  return names.empty() ? "by policy" : names;
}

}  // namespace

std::span<const Lifecycle> lifecycles() { return releases; }

const Lifecycle& lifecycle(std::string_view name) {
  const auto* it =
      std::find_if(releases.begin(), releases.end(), [&](const Lifecycle& l) { return l.name == name; });
  ensure(it != releases.end(), "no lifecycle tables of that name");
  return *it;
}

std::optional<PrimitiveRow> find_primitive(const Lifecycle& lifecycle, Primitive primitive, UserqState from) {
  for (const PrimitiveRow& row : lifecycle.primitives) {
    if (row.primitive == primitive && row.from == from) return row;
  }
  return std::nullopt;
}

Primitive find_path(const Lifecycle& lifecycle, Operation operation) {
  for (const PathRow& row : lifecycle.paths) {
    if (row.operation == operation) return row.primitive;
  }
  fail_invariant("the lifecycle has no such operation", SourceLocation::current());
}

LabelledGraph lifecycle_graph(std::string_view name) {
  const auto& states = EnumNames<UserqState>::entries;
  Digraph graph(states.size());
  std::vector<std::string> labels;
  for (const auto& [state, label] : states) labels.emplace_back(label);
  const Lifecycle& release = lifecycle(name);
  for (const PrimitiveRow& row : release.primitives) {
    const auto from = static_cast<Digraph::Vertex>(row.from);
    graph.add_edge(from, static_cast<Digraph::Vertex>(row.ok),
                   fmt::format("{}: {} ({})", operations_of(release, row.primitive), name_of(row.primitive),
                               name_of(row.call)));
    graph.add_edge(from, static_cast<Digraph::Vertex>(row.failed), fmt::format("{} fails", name_of(row.primitive)));
  }
  // destroy frees a queue whatever state unmap left it in (6.18: a HUNG one too, with a warning).
  for (const UserqState last : {unmapped, hung}) {
    graph.add_edge(static_cast<Digraph::Vertex>(last), static_cast<Digraph::Vertex>(gone), "destroy");
  }
  return {fmt::format("lifecycle {}", name), graph, labels};
}

}  // namespace userqsim
