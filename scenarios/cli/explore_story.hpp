// A sequence that `explore` found, told for who reads it and drawn for who looks at it.
#pragma once

#include <string>
#include <vector>

#include "scenarios/experiment/explore.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// "restore_cancelled of a"; the hazard alone where it is nobody's.
std::string title_of(const Finding& finding);

// Markdown: what is found, each step with what came of it, and who waits for whom at the end. `file` is the
// scenario that holds the sequence.
std::string story_of(const Finding& finding, const LoadedScenario& loaded, bool is_order, const std::string& file);

// Graphviz text: a lane for each who acts, the hazards marked.
std::string picture_of(const Finding& finding);

}  // namespace userqsim
