// Scenarios of the library, run with every invariant checked.
#pragma once

#include <string>
#include <vector>

#include "results/record/recorder.hpp"

namespace userqsim::test {

// The record of its first replication; `sets` as --set has them.
RunRecord record(const std::string& name, std::vector<std::string> sets = {});

}  // namespace userqsim::test
