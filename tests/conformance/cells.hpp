// The lines of the conformance files, as README.md describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/lifecycle/replay.hpp"

namespace userqsim::conformance {

struct Step {
  ReplayOp op;
  std::vector<std::uint64_t> fails;  // MES calls of it that fail, from 1
};

struct Settings {
  std::string kernel;
  std::string policy;  // empty: the release's own
  bool gpu_recovery = true;
  bool per_queue_reset = true;
  bool vram_lost = true;
};

struct Cell {
  std::string where;  // file:line, and the line
  Settings settings;
  std::vector<Step> before;
  Step tested;
  std::vector<std::string> calls;
  bool error = false;
  std::vector<std::string> states;
};

// Every line of every file, in order. Throws std::runtime_error that says where a line is not understood.
std::vector<Cell> read_cells(const std::string& folder);

// A call as the files write it: "SUSPEND 0", "RESET gfx!", "RESUME all".
std::string text_of(const ReplayAnswer::Call& call);

}  // namespace userqsim::conformance
