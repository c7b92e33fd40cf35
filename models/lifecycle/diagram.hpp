// The tables as pictures: a queue's states, and what moves it between them.
#pragma once

#include <vector>

#include "models/lifecycle/lifecycle.hpp"
#include "sim/graph/labelled_graph.hpp"

namespace userqsim {

// The states of a queue under the release's own policy, GONE among them, and one edge for each row of its tables:
// "evict: unmap (REMOVE_QUEUE)". What only a foreign policy brings along is left out.
LabelledGraph lifecycle_graph(const Lifecycle& release);

// What two releases do not have in common: operations and edges of `from` alone carry "- ", those of `to` alone "+
// ".
LabelledGraph lifecycle_difference(const Lifecycle& from, const Lifecycle& to);

// The states that a queue can come to and that nothing the release does leads out of, back to MAPPED; GONE aside.
// In the order of the states.
std::vector<UserqState> lifecycle_sinks(const Lifecycle& release);

}  // namespace userqsim
