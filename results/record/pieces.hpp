// What a sweep has done so far, on disk: pieces, each a file with the finished rows of some runs, written whole
// under another name and renamed. So whatever ends a sweep, a piece is there or it is not.
//
// A piece is text: a first line "userqsim-piece/1 KEY COUNT"; for each run, in ascending order, a line "run N A B
// C" and then A, B and C bytes, its rows of runs.csv, summary.csv and timing.csv; at the end a line "end HASH", the
// XXH3-128 of all before. KEY names the sweep: a piece of another one is never taken for one's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace userqsim {

// The rows that one run leaves, each with its line end.
struct RunRows {
  std::uint64_t run = 0;
  std::string status;   // one row of runs.csv
  std::string summary;  // rows of summary.csv; none where the run failed
  std::string timing;   // one row of timing.csv
};

struct PieceInfo {
  std::filesystem::path file;
  std::vector<std::uint64_t> runs;  // ascending
};

// The pieces of a directory; what is damaged is told apart, what was never renamed is passed over.
struct PieceList {
  std::vector<PieceInfo> sound;                // by first run
  std::vector<std::filesystem::path> damaged;  // cut off, changed, or of another sweep
};

// Writes a piece, named after its first run and the writer's process. REQUIRES: runs is not empty and ascending.
// Throws OutputError.
void write_piece(const std::filesystem::path& directory, const std::string& key, const std::vector<RunRows>& runs);

// Reads every piece once, so that each is known to be whole. A directory that is not there holds none. Throws
// OutputError where one cannot be read, or is no file.
PieceList list_pieces(const std::filesystem::path& directory, const std::string& key);

// Throws OutputError when the piece is not what list_pieces() saw.
std::vector<RunRows> read_piece(const std::filesystem::path& file, const std::string& key);

}  // namespace userqsim
