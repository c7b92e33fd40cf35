// What a calibration found, as a cost profile that --profiles reads.
#pragma once

#include <string>
#include <vector>

#include "results/calibrate/cost_findings.hpp"
#include "results/calibrate/trace_samples.hpp"

namespace userqsim {

// Every cost of the profile; beside it keys that begin with "x-", which readers ignore: for each measured cost its
// samples, and for the whole what was read, what became of each line and of each call, and which costs the trace
// did not identify. Ends in a line break.
std::string cost_file_text(const Calibration& calibration, const TraceSamples& samples, const LineCounts& lines,
                           const CalibrationBase& base, const std::vector<std::string>& traces);

}  // namespace userqsim
