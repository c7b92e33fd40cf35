// The time lines of an experiment's runs, as files of its directory: slices.csv and counters.csv of all runs,
// trace.pftrace and trace.json.gz of chosen ones. Each run writes files of its own while it goes, on whatever
// thread; join() puts those of the whole runs behind each other, in the order of the runs, and removes them.
//
// Memory does not grow with the length of a run. Errors throw OutputError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/machine/machine.hpp"
#include "results/record/csv.hpp"
#include "results/record/rows.hpp"
#include "results/record/tables.hpp"
#include "results/trace/filter.hpp"

namespace userqsim {

struct TraceFormats {
  bool csv = false;
  bool pftrace = false;
  bool chrome = false;

  bool any() const { return csv || pftrace || chrome; }
};

// One run's time line. It listens from its making on.
class RunTrace {
 public:
  struct Files {
    std::filesystem::path slices, counters, pftrace, chrome;  // empty: not wanted
  };
  RunTrace(Machine& machine, const RecordKey& key, std::uint32_t run, const Files& files,
           const TraceSelection& selection);
  ~RunTrace();
  RunTrace(const RunTrace&) = delete;
  RunTrace& operator=(const RunTrace&) = delete;

  // Call once, when the run is over.
  void finish(SimTime end, const RunRecord& record);

  std::uint64_t slices() const;  // rows written; after finish()
  std::uint64_t counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class TraceFiles {
 public:
  // `directory` is there, and is the caller's.
  TraceFiles(std::filesystem::path directory, TraceFormats formats, TraceSelection selection)
      : directory_(std::move(directory)), formats_(formats), selection_(std::move(selection)) {}

  // The number of a run that will be traced; `in_viewers`: in trace.pftrace and trace.json.gz too. Call before any
  // run begins.
  std::uint32_t expect(bool in_viewers);
  // Null where nothing of the run is wanted. The trace belongs to the caller, who finishes it before join().
  std::unique_ptr<RunTrace> begin(std::uint32_t run, Machine& machine, const RecordKey& key) const;
  // The run has been finished.
  void end(std::uint32_t run, const RunTrace& trace);
  // Writes the files of these runs, and removes those of all.
  std::vector<FileSummary> join(const std::vector<std::uint32_t>& runs);

 private:
  struct Run {
    bool in_viewers = false;
    std::uint64_t slices = 0;
    std::uint64_t counters = 0;
  };

  RunTrace::Files files_of(std::uint32_t run) const;
  FileSummary join_csv(const std::string& name, const std::vector<std::string_view>& columns,
                       std::filesystem::path RunTrace::Files::*file, std::uint64_t Run::*rows,
                       const std::vector<std::uint32_t>& runs) const;

  std::filesystem::path directory_;
  TraceFormats formats_;
  TraceSelection selection_;
  std::vector<Run> runs_;
};

}  // namespace userqsim
