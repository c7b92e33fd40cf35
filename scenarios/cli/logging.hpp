// The log: to standard error, or to a file. The only place that knows the logging library. Models never log; at
// level debug a sink turns their facts into lines with the simulated time.
#pragma once

#include <string>

#include "models/machine/machine.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

// `level`: trace, debug, info, warn, error or off; `file` empty: standard error. Throws OutputError when the file
// cannot be opened. What cannot be written later is said once on standard error.
void start_logging(const std::string& level, const std::string& file);
// Writes what is still buffered.
void end_logging();
bool logs_facts();

void log_info(const std::string& message);

// Subscribes the log to every fact of the machine. REQUIRES: the machine is of `cell`.
void log_facts_of(Machine& machine, const Cell& cell);

}  // namespace userqsim
