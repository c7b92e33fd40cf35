// The tables as pictures: a queue's states, and what moves it between them.
#pragma once

#include "models/lifecycle/lifecycle.hpp"
#include "sim/graph/labelled_graph.hpp"

namespace userqsim {

// The states of a queue under the release's own policy, GONE among them, and one edge for each row of its tables:
// "evict: unmap (REMOVE_QUEUE)". What only a foreign policy brings along is left out.
LabelledGraph lifecycle_graph(const Lifecycle& release);

// What two releases do not have in common: edges of `from` alone carry "- ", edges of `to` alone "+ ".
LabelledGraph lifecycle_difference(const Lifecycle& from, const Lifecycle& to);

}  // namespace userqsim
