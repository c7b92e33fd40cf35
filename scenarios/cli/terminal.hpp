// Standard output and standard error.
#pragma once

#include <string_view>

#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

// Opens /dev/null for those of the three standard descriptors that are closed: otherwise a result file would take
// such a number and be written into. Call first.
void open_closed_descriptors();

// Writes data. A reader that left early is no error; a full disk throws OutputError.
void write_stdout(std::string_view text);

// A line for people, on standard error. That nobody can read it ends nothing.
void say(std::string_view line);

// One line of progress, drawn over itself; nothing unless standard error is a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const PoolProgress& progress);

 private:
  bool on_;
  std::size_t width_ = 0;
};

}  // namespace userqsim
