// Traces as text, read and counted.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "results/calibrate/trace_input.hpp"

namespace userqsim::test {

struct ReadTrace {
  TraceSamples samples;
  LineCounts lines;
};

inline ReadTrace read_trace(const std::vector<std::string>& texts, Recordings recordings = Recordings::separate,
                            const TracedDriver& driver = {}) {
  std::vector<std::istringstream> files;
  for (const std::string& text : texts) files.emplace_back(text);
  std::vector<std::istream*> streams;
  for (std::istringstream& file : files) streams.push_back(&file);
  ReadTrace trace;
  read_traces(streams, recordings, driver, trace.samples, trace.lines, [] { return true; });
  return trace;
}

}  // namespace userqsim::test
