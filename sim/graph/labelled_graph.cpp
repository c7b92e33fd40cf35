#include "sim/graph/labelled_graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace userqsim {

namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string LabelledGraph::to_text() const {
  std::string text;
  std::vector<bool> has_edge(labels.size(), false);
  for (const Digraph::Edge& edge : graph.edges()) {
    has_edge[edge.from] = has_edge[edge.to] = true;
    text += fmt::format("{} -> {}", one_line(labels[edge.from]), one_line(labels[edge.to]));
    if (!edge.label.empty()) text += fmt::format(": {}", one_line(edge.label));
    text += '\n';
  }
  for (std::size_t v = 0; v < labels.size(); ++v) {
    if (!has_edge[v]) text += one_line(labels[v]) + '\n';
  }
  return text;
}

}  // namespace userqsim
