// A sequence of steps to be drawn: a lane for each who acts, an arrow from each step to the next.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace userqsim {

struct LaneStep {
  std::string lane;
  std::string label;
};
// Where the sequence leads to: drawn apart, outside the lanes.
struct LaneMark {
  std::optional<std::size_t>
      step;  // that leads to it, by its place in the sequence; none: it is there at the start
  std::string label;
};

struct Lanes {
  std::string name;
  std::vector<LaneStep> steps;
  std::vector<LaneMark> marks;

  // Graphviz text: a cluster for each lane, in the order in which they first act. REQUIRES: marks are of steps.
  std::string to_dot() const;
};

}  // namespace userqsim
