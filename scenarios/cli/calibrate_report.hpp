// What `calibrate` prints.
#pragma once

#include <map>
#include <string>

#include "results/calibrate/cost_findings.hpp"
#include "results/calibrate/run_samples.hpp"
#include "results/calibrate/trace_samples.hpp"
#include "results/report/table.hpp"

namespace userqsim {

// One line a cost: what was found from how many samples, or why the base's value stays.
ReportTable cost_table(const Calibration& calibration);
// One line a fate of lines.
ReportTable line_table(const LineCounts& lines);
// One line a call to MES: how many there were, which were samples and why the others were not.
ReportTable call_table(const TraceSamples& samples);
// Recorded against simulated times, a class of times after the other: the recording, then each policy of the run,
// with the largest difference of its distribution function from the recorded one's.
ReportTable time_table(const TimesByClass& recorded, const std::map<std::string, TimesByClass>& simulated);

// All of it in one text. `times` is left out when it has no row. As a table, how each cost was found stands below
// it; as JSON it is one object; as CSV and Markdown the tables follow each other with an empty line between.
std::string calibrate_report(const Calibration& calibration, const TraceSamples& samples, const LineCounts& lines,
                             const ReportTable& times, TableFormat format);

}  // namespace userqsim
