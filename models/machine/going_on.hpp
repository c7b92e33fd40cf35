// Which points of the wait graph have something queued that they go on by (wait_graph.hpp).
#pragma once

#include <set>

#include "models/machine/wait_graph.hpp"

namespace userqsim {

std::set<WaitPoint> going_on(const WaitGraph::View& machine);

}  // namespace userqsim
