// What `explore --out` leaves: three files for each finding, and the coverage.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/experiment/explore.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// Writes into `to` and names the files. Errors throw OutputError.
std::vector<std::string> write_findings(const std::filesystem::path& to, const LoadedScenario& loaded,
                                        const Exploration& exploration);

}  // namespace userqsim
