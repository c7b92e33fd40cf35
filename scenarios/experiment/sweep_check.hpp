// What an earlier process has left of a sweep: whether it is this one's, and what of it is damaged or lost. Errors
// throw InputError where it is another's, and OutputError.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/record/pieces.hpp"
#include "scenarios/load/sweep_record.hpp"

namespace userqsim {

// Whether OUT.partial holds work that the sweep can go on with. A sweep that has lost its sweep.json is known by
// its pieces.
bool holds_work_of(const std::filesystem::path& partial, const SweepRecord& record);

struct FinishedSweep {
  bool is_this = false;             // of the record's sweep and shard
  std::vector<std::string> damage;  // what is lost of it or changed, a line each; none: it is whole
  PieceList pieces;                 // of a shard
};

// Looks at everything that stands in OUT: of a shard at each piece, of a whole result at each file that its
// manifest names.
FinishedSweep look_at_finished(const std::filesystem::path& out, const SweepRecord& record);

// What is done again replaces OUT; a file that somebody else has put there would go with it.
void refuse_to_replace_strangers(const std::filesystem::path& out);

}  // namespace userqsim
