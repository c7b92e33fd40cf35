// What `explore` prints.
#pragma once

#include <string>

#include "results/report/table.hpp"
#include "scenarios/experiment/explore.hpp"

namespace userqsim {

// One line a hazard, with the number of steps to it; as a table for people how far the search went stands above it
// and each sequence below it. CSV has one line a step; JSON one object with all; Markdown is as the table.
std::string explore_report(const Exploration& exploration, TableFormat format);

}  // namespace userqsim
