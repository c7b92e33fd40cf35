// Scenarios of the library, run with every invariant checked.
#pragma once

#include <string>
#include <vector>

#include "results/record/recorder.hpp"

namespace userqsim::test {

// The files of the library's scenarios, by name.
std::vector<std::string> library_paths();

// The record of its first replication; `sets` as --set has them.
RunRecord record(const std::string& name, std::vector<std::string> sets = {});

}  // namespace userqsim::test
