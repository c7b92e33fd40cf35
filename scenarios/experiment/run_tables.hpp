// The tables of an experiment, written while it runs, by the threads that run its cells: in the order of the files
// (replication, then policy), whatever the order in which cells end.
//
// A cell whose turn it is goes straight into the files. One that comes too early is put into text, on its own
// thread, and waits for those before it: for the replication's other policies, and for replications that other
// threads are at. So no thread ever waits for another, and little waits in memory, however many there are.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "results/record/tables.hpp"
#include "scenarios/experiment/replicate.hpp"

namespace userqsim {

class RunTables {
 public:
  // Of the base's cells among `cells`, of which those at the end may never be run.
  RunTables(const std::filesystem::path& directory, const std::string& scenario, const std::vector<Cell>& cells);

  // What takes the record of the cell of that number; nothing where it is not the base's.
  CellFinisher of(std::size_t cell);
  // Writes what is left of the cells in `whole`, and closes the files. Call once, when no cell runs any more.
  // REQUIRES: `whole` is whole_base_cells() of the results.
  std::vector<FileSummary> close(const std::vector<std::size_t>& whole);

 private:
  struct Entry {
    std::size_t cell = 0;
    RecordKey key;
    std::unique_ptr<RecordTables> early;  // its text, until its turn
  };

  void take(std::size_t place, const RunRecord& record);
  // Whether the entry whose turn it is may be written: a replication counts only when all its policies have ended.
  bool may_write_next() const;
  void write_waiting(std::unique_lock<std::mutex>& lock);

  RecordTables files_;                            // of the thread that has set writing_
  std::vector<Entry> entries_;                    // in the order of the files
  std::map<std::size_t, std::size_t> places_;     // in entries_, by cell
  std::mutex mutex_;                              // guards what follows, and `early`
  std::map<std::uint32_t, std::size_t> missing_;  // cells that have not ended, by replication
  std::size_t next_ = 0;                          // in entries_: whose turn it is
  bool writing_ = false;
};

}  // namespace userqsim
