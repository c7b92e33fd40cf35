// The CSV files of a run, each with its columns in one place. Key columns (scenario, policy, rep) come first.
// REQUIRES of every writer of files: records arrive sorted by policy, then replication. Errors throw OutputError.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/record/csv.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

struct RecordKey {
  std::string scenario;
  std::string policy;
  std::uint32_t replication = 0;
};

// evictions.csv, eviction_parts.csv, transitions.csv, mes_ops.csv, jobs.csv, graphs.csv, queues.csv, processes.csv,
// requests.csv, hazards.csv, faults.csv, resets.csv.
class RecordTables {
 public:
  explicit RecordTables(const std::filesystem::path& directory) : RecordTables(&directory) {}
  // In memory, for append().
  RecordTables() : RecordTables(nullptr) {}

  void write(const RecordKey& key, const RunRecord& record);
  // Writes what the other, which is in memory, has.
  void append(const RecordTables& other);
  std::vector<FileSummary> close();

 private:
  // What the rows of a run name, quoted once.
  struct Names {
    Names(const RecordKey& key, const RunRecord& record);
    const CsvFields& process(std::uint32_t index) const { return at(processes, index); }
    const CsvFields& queue(std::uint32_t index) const { return at(queues, index); }
    const CsvFields& at(const std::vector<CsvFields>& names, std::uint32_t index) const;  // empty for none

    CsvFields keys;  // scenario, policy, rep
    std::vector<CsvFields> processes, queues;
    CsvFields none{std::string_view{}};
  };

  explicit RecordTables(const std::filesystem::path* directory);
  void write_evictions(const Names& names, const RunRecord& record);
  void write_parts(const Names& names, const RunRecord& record);
  void write_transitions(const Names& names, const RunRecord& record);
  void write_mes_ops(const Names& names, const RunRecord& record);
  void write_jobs(const Names& names, const RunRecord& record);
  void write_graphs(const Names& names, const RunRecord& record);
  void write_queues(const Names& names, const RunRecord& record);
  void write_processes(const Names& names, const RunRecord& record);
  void write_requests(const Names& names, const RunRecord& record);
  void write_hazards(const Names& names, const RunRecord& record);
  void write_resets(const Names& names, const RunRecord& record);
  void write_faults(const Names& names, const RunRecord& record);

  CsvWriter evictions_, parts_, transitions_, mes_ops_, jobs_, graphs_, queues_, processes_, requests_, hazards_,
      faults_, resets_;
  static constexpr std::array all_{
      &RecordTables::evictions_, &RecordTables::parts_,   &RecordTables::transitions_, &RecordTables::mes_ops_,
      &RecordTables::jobs_,      &RecordTables::graphs_,  &RecordTables::queues_,      &RecordTables::processes_,
      &RecordTables::requests_,  &RecordTables::hazards_, &RecordTables::faults_,      &RecordTables::resets_};
};

// One block of summary.csv: the rows of one replication, or of all replications of a policy pooled (no number).
struct SummaryBlock {
  std::string policy;
  std::optional<std::uint32_t> replication;
  std::vector<SummaryRow> rows;
};

FileSummary write_summary(const std::filesystem::path& path, const std::string& scenario,
                          const std::vector<SummaryBlock>& blocks);
FileSummary write_comparison(const std::filesystem::path& path, const std::string& scenario,
                             const std::vector<ComparisonRow>& rows);

struct TimingRow {
  std::string policy;
  std::uint32_t replication = 0;
  std::string variant;
  double wall_seconds = 0.0;
  std::uint64_t events = 0;
};

// timing.csv: differs from run to run.
FileSummary write_timing(const std::filesystem::path& path, const std::string& scenario,
                         const std::vector<TimingRow>& rows);

}  // namespace userqsim
