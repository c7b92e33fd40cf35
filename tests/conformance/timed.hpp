// A conformance line as a timed scenario: one operation every 20 s of simulated time on a whole machine.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/cells.hpp"

namespace userqsim::conformance {

struct TimedOutcome {
  std::vector<std::string> calls;  // of the tested operation; a hang detection without its type: "RESET"
  std::vector<std::string> states;
};

// Why the line has no timed form; empty when it has one.
std::string not_timed(const Cell& cell);
TimedOutcome run_timed(const Cell& cell);

}  // namespace userqsim::conformance
