// What `sweep` and `merge` have in common.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/cli/study_commands.hpp"
#include "scenarios/experiment/assemble.hpp"
#include "scenarios/experiment/sweep.hpp"
#include "scenarios/load/study.hpp"
#include "scenarios/load/sweep_record.hpp"

namespace userqsim {

// What the sweep is: the study, this program, these limits.
SweepRecord record_of(const Study& study, const Shard& shard, std::uint64_t max_events);

// "a, b, c", or "a, b, c and 12 more".
std::string some_of(const std::vector<std::string>& words, std::size_t most);

// Assembles a whole sweep into `to` with its provenance.json, and gives the names of the files.
Assembled write_result(const SweepRecord& record, const std::filesystem::path& prepared, const PieceList& pieces,
                       const std::filesystem::path& to, const std::vector<std::string>& argv,
                       const std::string& started_utc);

// Says what came out, the failures on standard error, and gives the exit status.
int finish_sweep(const SweepRecord& record, const std::string& out, const Assembled& assembled);

// Says that a signal came while points were checked, and gives the exit status.
int report_interrupted();

// Prints how to run the study elsewhere (sweep --emit).
int emit_spread(const Study& study, const SweepCommand& options, const SweepOptions& pilot);

// The path of this program.
std::filesystem::path program_path();

}  // namespace userqsim
