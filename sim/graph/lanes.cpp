#include "sim/graph/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/core/ensure.hpp"
#include "sim/graph/dot_text.hpp"

namespace userqsim {

std::string Lanes::to_dot() const {
  std::string dot = fmt::format("digraph {} {{\n  node [shape=box];\n", dot_quoted(name));
  auto out = std::back_inserter(dot);
  std::vector<std::string> names;
  for (const LaneStep& step : steps) {
    if (std::find(names.begin(), names.end(), step.lane) == names.end()) names.push_back(step.lane);
  }
  for (std::size_t lane = 0; lane < names.size(); ++lane) {
    fmt::format_to(out, "  subgraph cluster_{} {{\n    label={};\n", lane, dot_quoted(names[lane]));
    for (std::size_t s = 0; s < steps.size(); ++s) {
      if (steps[s].lane != names[lane]) continue;
      fmt::format_to(out, "    s{} [label={}];\n", s + 1, dot_quoted(fmt::format("{}. {}", s + 1, steps[s].label)));
    }
    dot += "  }\n";
  }
  for (std::size_t s = 1; s < steps.size(); ++s) fmt::format_to(out, "  s{} -> s{};\n", s, s + 1);
  for (std::size_t m = 0; m < marks.size(); ++m) {
    fmt::format_to(out, "  m{} [label={}, shape=octagon, color=red, penwidth=2];\n", m + 1,
                   dot_quoted(marks[m].label));
    if (!marks[m].step) continue;
    ensure(*marks[m].step < steps.size(), "a mark must be of a step");
    fmt::format_to(out, "  s{} -> m{} [color=red, penwidth=2];\n", *marks[m].step + 1, m + 1);
  }
  return dot + "}\n";
}

}  // namespace userqsim
