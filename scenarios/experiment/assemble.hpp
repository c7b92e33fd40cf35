// The files of a whole sweep, out of the pieces of its shards: in the order of runs, so that it does not matter who
// did what, in which order and how often.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/pieces.hpp"
#include "scenarios/load/sweep_record.hpp"

namespace userqsim {

struct Assembled {
  std::vector<FileSummary> files;  // that are reproducible, manifest.json among them
  std::uint64_t failed = 0;        // runs that have no statistics
};

// Copies `prepared`'s files that were known from the beginning, joins the rows, and writes manifest.json and
// timing.csv into `to`. REQUIRES: every run is in some piece. Throws OutputError, and InputError where two pieces
// do not say the same of a run.
Assembled assemble(const SweepRecord& record, const std::filesystem::path& prepared, const PieceList& pieces,
                   const std::filesystem::path& to);

}  // namespace userqsim
