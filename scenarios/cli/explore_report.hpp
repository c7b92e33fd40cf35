// What `explore` prints.
//
// One line a hazard, with the number of steps to it; as a table for people how far the search went stands above it,
// each sequence below it, and last which rows of the release's tables were never taken. CSV has one line a step;
// JSON one object with all, and every row; Markdown is as the table.
#pragma once

#include <string>

#include "results/report/table.hpp"
#include "scenarios/experiment/explore.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

std::string explore_report(const LoadedScenario& loaded, const Exploration& exploration, TableFormat format);

}  // namespace userqsim
