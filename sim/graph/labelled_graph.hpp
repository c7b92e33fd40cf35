// A graph to be shown: a Digraph with a name and a label for each vertex.
#pragma once

#include <string>
#include <vector>

#include "sim/graph/digraph.hpp"

namespace userqsim {

struct LabelledGraph {
  std::string name;
  Digraph graph;
  std::vector<std::string> labels;  // one a vertex

  std::string to_dot() const { return graph.to_dot(name, labels); }
  // One line an edge, "from -> to: label", in order of insertion; a vertex without edges has a line of its own.
  std::string to_text() const;
};

}  // namespace userqsim
