#include "scenarios/experiment/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <queue>
#include <utility>

#include "results/record/manifest.hpp"
#include "results/record/output_error.hpp"
#include "scenarios/experiment/estimates.hpp"
#include "scenarios/experiment/prepared_files.hpp"
#include "scenarios/experiment/sweep_rows.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

// The runs of many pieces, by number, each once. A piece is in memory only from its first run to its last.
class OrderedRuns {
 public:
  OrderedRuns(const PieceList& pieces, std::string key) : pieces_(pieces.sound), key_(std::move(key)) {}

  std::optional<RunRows> next() {
    std::optional<RunRows> found;
    fs::path file;
    while (true) {
      open_pieces_up_to(found ? found->run : lowest());
      if (heads_.empty() || (found && heads_.top().run > found->run)) return found;
      const std::size_t slot = heads_.top().slot;
      heads_.pop();
      Open& open = open_[slot];
      RunRows rows = std::move(open.runs[open.next++]);
      if (open.next < open.runs.size()) {
        heads_.push({open.runs[open.next].run, slot});
      } else {
        open.runs.clear();
        free_.push_back(slot);
      }
      if (found) {
        require_equal(*found, file, rows, open.file);
      } else {
        found = std::move(rows);
        file = open.file;
      }
    }
  }

 private:
  struct Open {
    fs::path file;
    std::vector<RunRows> runs;
    std::size_t next = 0;
  };
  struct Head {
    std::uint64_t run;
    std::size_t slot;
    bool operator>(const Head& other) const { return run > other.run; }
  };

  // The lowest run that is not given yet; any number when there is none.
  std::uint64_t lowest() const {
    const std::uint64_t waiting = unopened_ < pieces_.size() ? pieces_[unopened_].runs.front() : UINT64_MAX;
    return heads_.empty() ? waiting : std::min(waiting, heads_.top().run);
  }

  void open_pieces_up_to(std::uint64_t run) {
    for (; unopened_ < pieces_.size() && pieces_[unopened_].runs.front() <= run; ++unopened_) {
      if (free_.empty()) {
        free_.push_back(open_.size());
        open_.emplace_back();
      }
      const std::size_t slot = free_.back();
      free_.pop_back();
      open_[slot] = {pieces_[unopened_].file, read_piece(pieces_[unopened_].file, key_), 0};
      heads_.push({open_[slot].runs.front().run, slot});
    }
  }

  // Done twice is no harm, if it came out the same; only the time it took may differ.
  static void require_equal(const RunRows& a, const fs::path& file_a, const RunRows& b, const fs::path& file_b) {
    if (a.status == b.status && a.summary == b.summary) return;
    throw InputError(fmt::format("{} and {} do not say the same of run {}; remove the one that is wrong",
                                 file_a.string(), file_b.string(), a.run));
  }

  const std::vector<PieceInfo>& pieces_;
  std::string key_;
  std::size_t unopened_ = 0;
  std::vector<Open> open_;
  std::vector<std::size_t> free_;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads_;
};

// A text file of rows, with its header.
class RowFile {
 public:
  RowFile(const fs::path& path, std::string_view header) : file_(path) { file_.write(header); }

  void add(const std::string& rows) {
    file_.write(rows);
    rows_ += static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), '\n'));
  }
  FileSummary close() {
    FileSummary summary = file_.close();
    summary.rows = rows_;
    return summary;
  }

 private:
  OutputFile file_;
  std::uint64_t rows_ = 0;
};

FileSummary copy(const fs::path& from, const fs::path& to, bool has_rows) {
  std::ifstream in(from, std::ios::binary);
  if (!in) throw output_error("read", from.string(), ENOENT);
  OutputFile file(to);
  std::uint64_t lines = 0;
  std::string block(std::size_t{1} << 16U, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    const std::string_view part(block.data(), static_cast<std::size_t>(in.gcount()));
    file.write(part);
    lines += static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n'));
  }
  FileSummary summary = file.close();
  summary.rows = has_rows ? lines - 1 : 0;
  return summary;
}

}  // namespace

Assembled assemble(const SweepRecord& record, const fs::path& prepared, const PieceList& pieces,
                   const fs::path& to) {
  Assembled assembled;
  for (const char* name : prepared_files) {
    assembled.files.push_back(copy(prepared / name, to / name, name == std::string_view{points_file}));
  }
  RowFile runs(to / "runs.csv", runs_header);
  RowFile summary(to / "summary.csv", sweep_summary_header);
  RowFile timing(to / "timing.csv", sweep_timing_header);
  Estimates estimates(to / "estimates.csv");
  OrderedRuns ordered(pieces, sweep_key(record));
  std::uint64_t expected = 0;
  while (const auto run = ordered.next()) {
    ensure(run->run == expected++, "every run is there, once");
    runs.add(run->status);
    summary.add(run->summary);
    timing.add(run->timing);
    estimates.add(run->summary);
    if (run->summary.empty()) ++assembled.failed;
  }
  ensure(expected == record.runs, "every run is there");
  assembled.files.push_back(runs.close());
  assembled.files.push_back(summary.close());
  assembled.files.push_back(estimates.close());
  timing.close();
  write_text(to / "manifest.json", sweep_manifest(record, assembled.failed, assembled.files));
  return assembled;
}

}  // namespace userqsim
