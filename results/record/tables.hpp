// The CSV files of a run, each with its columns in one place. Key columns (scenario, policy, rep) come first.
// REQUIRES of every writer: records arrive sorted by policy, then replication. Errors throw OutputError.
#pragma once

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
  explicit RecordTables(const std::filesystem::path& directory);

  void write(const RecordKey& key, const RunRecord& record);
  std::vector<FileSummary> close();

 private:
  void write_evictions(const RecordKey& key, const RunRecord& record);
  void write_parts(const RecordKey& key, const RunRecord& record);
  void write_transitions(const RecordKey& key, const RunRecord& record);
  void write_mes_ops(const RecordKey& key, const RunRecord& record);
  void write_jobs(const RecordKey& key, const RunRecord& record);
  void write_graphs(const RecordKey& key, const RunRecord& record);
  void write_queues(const RecordKey& key, const RunRecord& record);
  void write_processes(const RecordKey& key, const RunRecord& record);
  void write_requests(const RecordKey& key, const RunRecord& record);
  void write_hazards(const RecordKey& key, const RunRecord& record);
  void write_resets(const RecordKey& key, const RunRecord& record);
  void write_faults(const RecordKey& key, const RunRecord& record);

  CsvWriter evictions_, parts_, transitions_, mes_ops_, jobs_, graphs_, queues_, processes_, requests_, hazards_,
      faults_, resets_;
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
