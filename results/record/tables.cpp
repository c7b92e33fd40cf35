#include "results/record/tables.hpp"

#include <fmt/format.h>

#include <initializer_list>

#include "results/record/hazard_detail.hpp"

namespace userqsim {
namespace {

using Columns = std::vector<std::string_view>;

Columns keyed(std::initializer_list<std::string_view> columns) {
  Columns all{"scenario", "policy", "rep"};
  all.insert(all.end(), columns);
  return all;
}

Columns eviction_columns() {
  return keyed({"eviction",
                "process",
                "trigger",
                "queues",
                "queues_running",
                "start_ns",
                "signaled_ns",
                "restored_ns",
                "resumed_ack_ns",
                "evict_latency_ns",
                "restore_latency_ns",
                "downtime_ns",
                "fence_wait_ns",
                "lock_wait_ns",
                "requester_stall_ns",
                "mes_packets",
                "mes_busy_ns",
                "mes_lock_hold_ns",
                "cpu_poll_ns",
                "cu_lost_ns",
                "context_bytes",
                "moved_bytes",
                "outcome",
                "first_stop_ns",
                "ended_ns",
                "request"});
}

CsvWriter table(const std::filesystem::path* directory, std::string_view name, const Columns& columns) {
  return directory != nullptr ? CsvWriter(*directory / name, columns) : CsvWriter(columns);
}

}  // namespace

RecordTables::RecordTables(const std::filesystem::path* directory)
    : evictions_(table(directory, "evictions.csv", eviction_columns())),
      parts_(table(directory, "eviction_parts.csv",
                   keyed({"eviction", "queue", "part", "waits_for", "start_ns", "end_ns", "critical", "process"}))),
      transitions_(table(directory, "transitions.csv",
                         keyed({"time_ns", "process", "queue", "op", "from", "to", "mes_call", "result", "eviction",
                                "began_ns"}))),
      mes_ops_(table(directory, "mes_ops.csv",
                     keyed({"opcode", "process", "queue", "issued_ns", "started_ns", "acked_ns", "done_ns",
                            "result", "busy_ns", "eviction"}))),
      jobs_(table(directory, "jobs.csv",
                  keyed({"job", "process", "queue", "submitted_ns", "started_ns", "finished_ns", "latency_ns",
                         "preemptions", "outcome"}))),
      graphs_(table(directory, "graphs.csv",
                    keyed({"process", "queue", "first_job", "jobs", "submitted_ns", "finished_ns", "latency_ns",
                           "critical_path_ns", "work_bound_ns", "outcome"}))),
      queues_(table(directory, "queues.csv",
                    keyed({"process", "queue", "type", "priority", "jobs", "slot_ns", "running_ns", "waits",
                           "slot_wait_ns", "longest_wait_ns", "waits_still"}))),
      processes_(table(directory, "processes.csv",
                       keyed({"process",
                              "began_ns",
                              "ended_ns",
                              "evictions",
                              "stopped_ns",
                              "longest_stop_ns",
                              "stopped_still",
                              "short_runs",
                              "out_bytes",
                              "in_bytes",
                              "swapped_out_bytes",
                              "swapped_in_bytes",
                              "vram_mean_bytes",
                              "gtt_mean_bytes",
                              "away_mean_bytes",
                              "displaced_mean_bytes",
                              "displaced_most_bytes",
                              "displaced_ns",
                              "jobs",
                              "work_ns"}))),
      requests_(table(directory, "requests.csv",
                      keyed({"process", "kind", "bytes", "requested_ns", "ended_ns", "stall_ns", "outcome",
                             "evictions", "waited", "episode_ns", "request"}))),
      hazards_(table(directory, "hazards.csv", keyed({"time_ns", "kind", "process", "queue", "detail"}))),
      faults_(table(directory, "faults.csv", keyed({"time_ns", "fault", "kind", "process", "queue", "eviction"}))),
      resets_(table(directory, "resets.csv", keyed({"began_ns", "ended_ns", "method", "result"}))) {}

RecordTables::Names::Names(const RecordKey& key, const RunRecord& record)
    : keys{key.scenario, key.policy, fmt::format("{}", key.replication)} {
  for (const std::string& name : record.process_names) processes.push_back({name});
  for (const std::string& name : record.queue_names) queues.push_back({name});
}

const CsvFields& RecordTables::Names::at(const std::vector<CsvFields>& names, std::uint32_t index) const {
  return index == no_index ? none : names.at(index);
}

void RecordTables::write(const RecordKey& key, const RunRecord& record) {
  const Names names(key, record);
  write_evictions(names, record);
  write_parts(names, record);
  write_transitions(names, record);
  write_mes_ops(names, record);
  write_jobs(names, record);
  write_graphs(names, record);
  write_queues(names, record);
  write_processes(names, record);
  write_requests(names, record);
  write_hazards(names, record);
  write_faults(names, record);
  write_resets(names, record);
}

void RecordTables::append(const RecordTables& other) {
  for (const auto csv : all_) (this->*csv).append(other.*csv);
}

std::vector<FileSummary> RecordTables::close() {
  std::vector<FileSummary> files;
  for (const auto csv : all_) files.push_back((this->*csv).close());
  return files;
}

void RecordTables::write_evictions(const Names& names, const RunRecord& record) {
  for (const EvictionRow& row : record.evictions) {
    evictions_ << names.keys << row.eviction << names.process(row.process) << row.trigger << row.queues
               << row.queues_running << row.start_ns << row.signaled_ns << row.restored_ns << row.resumed_ack_ns
               << row.evict_latency_ns << row.restore_latency_ns << row.downtime_ns << row.fence_wait_ns
               << row.lock_wait_ns << row.requester_stall_ns << row.mes_packets << row.mes_busy_ns
               << row.mes_lock_hold_ns << row.cpu_poll_ns << row.cu_lost_ns << row.context_bytes << row.moved_bytes
               << row.outcome << row.first_stop_ns << row.ended_ns << row.request;
    evictions_.end_row();
  }
}

void RecordTables::write_parts(const Names& names, const RunRecord& record) {
  for (const PartRow& row : record.parts) {
    parts_ << names.keys << row.eviction << names.queue(row.queue) << row.part << row.waits_for << row.start_ns
           << row.end_ns << std::uint32_t{row.critical} << names.process(row.process);
    parts_.end_row();
  }
}

void RecordTables::write_transitions(const Names& names, const RunRecord& record) {
  for (const TransitionRow& row : record.transitions) {
    transitions_ << names.keys << row.time_ns << names.process(row.process) << names.queue(row.queue)
                 << row.operation << row.from << row.to << row.mes_call << row.result << row.eviction
                 << row.began_ns;
    transitions_.end_row();
  }
}

void RecordTables::write_mes_ops(const Names& names, const RunRecord& record) {
  for (const MesOpRow& row : record.mes_ops) {
    mes_ops_ << names.keys << row.opcode << names.process(row.process) << names.queue(row.queue) << row.issued_ns
             << row.started_ns << row.acked_ns << row.done_ns << row.result << row.busy_ns << row.eviction;
    mes_ops_.end_row();
  }
}

void RecordTables::write_jobs(const Names& names, const RunRecord& record) {
  for (const JobRow& row : record.jobs) {
    const OptionalNs latency = row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns} : std::nullopt;
    jobs_ << names.keys << row.job << names.process(row.process) << names.queue(row.queue) << row.submitted_ns
          << row.started_ns << row.finished_ns << latency << row.preemptions << row.outcome;
    jobs_.end_row();
  }
}

void RecordTables::write_graphs(const Names& names, const RunRecord& record) {
  for (const GraphRow& row : record.graphs) {
    const OptionalNs latency = row.finished_ns ? OptionalNs{*row.finished_ns - row.submitted_ns} : std::nullopt;
    graphs_ << names.keys << names.process(row.process) << names.queue(row.queue) << row.first_job << row.jobs
            << row.submitted_ns << row.finished_ns << latency << row.critical_path_ns << row.work_bound_ns
            << row.outcome;
    graphs_.end_row();
  }
}

void RecordTables::write_queues(const Names& names, const RunRecord& record) {
  for (std::size_t i = 0; i < record.queues.size(); ++i) {
    const QueueRow& row = record.queues[i];
    queues_ << names.keys << names.process(row.process) << record.queue_names[i] << row.type << row.priority
            << row.jobs << row.slot_ns << row.running_ns << row.waits << row.slot_wait_ns << row.longest_wait_ns
            << std::uint32_t{row.waits_still};
    queues_.end_row();
  }
}

void RecordTables::write_processes(const Names& names, const RunRecord& record) {
  for (const ProcessRow& row : record.processes) {
    processes_ << names.keys << names.process(row.process) << row.began_ns << row.ended_ns << row.evictions
               << row.stopped_ns << row.longest_stop_ns << std::uint32_t{row.stopped_still} << row.short_runs
               << row.out_bytes << row.in_bytes << row.swapped_out_bytes << row.swapped_in_bytes
               << row.vram_mean_bytes << row.gtt_mean_bytes << row.away_mean_bytes << row.displaced_mean_bytes
               << row.displaced_most_bytes << row.displaced_ns << row.jobs << row.work_ns;
    processes_.end_row();
  }
}

void RecordTables::write_requests(const Names& names, const RunRecord& record) {
  for (const RequestRow& row : record.requests) {
    requests_ << names.keys << names.process(row.process) << row.kind << row.bytes << row.requested_ns
              << row.ended_ns << row.stall_ns << row.outcome << row.evictions << std::uint32_t{row.waited}
              << row.episode_ns << row.request;
    requests_.end_row();
  }
}

void RecordTables::write_hazards(const Names& names, const RunRecord& record) {
  for (const HazardRow& row : record.hazards) {
    hazards_ << names.keys << row.time_ns << row.kind << names.process(row.process) << names.queue(row.queue)
             << hazard_detail(row.kind);
    hazards_.end_row();
  }
}

void RecordTables::write_resets(const Names& names, const RunRecord& record) {
  for (const ResetRow& row : record.resets) {
    resets_ << names.keys << row.began_ns << row.ended_ns << row.method << row.result;
    resets_.end_row();
  }
}

void RecordTables::write_faults(const Names& names, const RunRecord& record) {
  for (const FaultRow& row : record.faults) {
    faults_ << names.keys << row.time_ns << row.fault << row.kind << names.process(row.process)
            << names.queue(row.queue) << row.eviction;
    faults_.end_row();
  }
}

FileSummary write_summary(const std::filesystem::path& path, const std::string& scenario,
                          const std::vector<SummaryBlock>& blocks) {
  CsvWriter csv(path, keyed({"metric", "role", "stat", "value", "unit", "count", "censored", "ci_low", "ci_high"}));
  for (const SummaryBlock& block : blocks) {
    for (const SummaryRow& row : block.rows) {
      csv << scenario << block.policy << block.replication << row.metric << row.role << row.stat << row.value
          << row.unit << row.count << row.censored << row.ci_low << row.ci_high;
      csv.end_row();
    }
  }
  return csv.close();
}

FileSummary write_comparison(const std::filesystem::path& path, const std::string& scenario,
                             const std::vector<ComparisonRow>& rows) {
  CsvWriter csv(path,
                {"scenario", "metric", "role", "stat", "policy_a", "policy_b", "value_a", "value_b", "difference",
                 "ci_low", "ci_high", "reps", "unit", "variant", "basis", "p", "p_holm", "band", "answer"});
  for (const ComparisonRow& row : rows) {
    csv << scenario << row.metric << row.role << row.stat << row.policy_a << row.policy_b << row.value_a
        << row.value_b << row.difference << row.ci_low << row.ci_high << std::uint64_t{row.replications} << row.unit
        << row.variant << row.basis << row.p << row.p_holm << row.band << row.answer;
    csv.end_row();
  }
  return csv.close();
}

FileSummary write_timing(const std::filesystem::path& path, const std::string& scenario,
                         const std::vector<TimingRow>& rows) {
  CsvWriter csv(path, keyed({"variant", "wall_s", "events", "events_per_s"}));
  for (const TimingRow& row : rows) {
    const double rate = row.wall_seconds > 0.0 ? static_cast<double>(row.events) / row.wall_seconds : 0.0;
    csv << scenario << row.policy << row.replication << row.variant << row.wall_seconds << row.events
        << fmt::format("{:.0f}", rate);
    csv.end_row();
  }
  return csv.close();
}

}  // namespace userqsim
