// The clients of the machine: processes that start and exit, streams of jobs, pressure from outside. It decides
// when a job is wanted; when the ring takes it is the driver's matter, when it runs the hardware's.
//
// Everything random is drawn by name (purpose.hpp): the n-th arrival of a stream has the same time and work under
// any policy.
#pragma once

#include <cstdint>
#include <vector>

#include "models/workload/facts.hpp"
#include "models/workload/fault_plan.hpp"
#include "models/workload/job_table.hpp"
#include "models/workload/layout.hpp"
#include "models/workload/messages.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/draw.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct WorkloadChannels {
  Channel<ProcessStarts> starts;
  Channel<ProcessStops> stops;
  Channel<Arrive> arrive;
  Channel<ThinkOver> think;
  Channel<PressureTimer> pressure_timer;
  Channel<OpenProcess> open;
  Channel<ExitProcess> exit;
  Channel<SubmitJob> submit;
  Channel<PressureDue> pressure;
  Channel<DependencyMet> dependency;
  Channel<SubmissionUnblocked> unblocked;
  Channel<FaultTimer> fault_timer;
  Channel<FaultDue> fault_due;
  Channel<MesFault> mes_fault;
  Channel<Hang> hang;
  Probe<JobEnded>* job_ended = nullptr;
  const Draws* draws = nullptr;
  const FaultPlan* faults = nullptr;
};

class Workload {
 public:
  // All three outlive the workload.
  Workload(const Layout& layout, const std::vector<ProcessSpec>& processes,
           const std::vector<PressureSpec>& pressure);

  // Posts the first event of every process, pressure entry and fault with a time. Call once, at time zero.
  void begin(const WorkloadChannels& channels);
  void handle(const WorkloadEvent& event, const WorkloadChannels& channels);

  const JobTable& jobs() const { return jobs_; }
  const JobSpec& spec_of(const Job& job) const { return streams_spec(job.stream).graph[job.node]; }
  const NodeLayout& node_of(const Job& job) const { return layout_->streams[job.stream.index()].nodes[job.node]; }
  QueueId queue_of(JobId job) const { return node_of(jobs_[job]).queue; }
  const PressureSpec& pressure_spec(PressureId id) const { return (*pressure_)[id.index()]; }
  // Whom the entry is about; none: the whole device, or the whole process.
  ProcessId pressure_process(PressureId id) const { return pressure_process_[id.index()]; }
  QueueId pressure_queue(PressureId id) const { return pressure_queue_[id.index()]; }

  std::uint64_t jobs_submitted() const { return submitted_; }
  std::uint64_t jobs_ended() const { return ended_; }

  auto fields() const { return std::tie(jobs_, streams_, gone_, pressure_occurred_); }

 private:
  struct StreamState {
    std::uint64_t arrivals = 0;
    std::vector<std::uint64_t> client_arrivals;  // closed loop: each client's own count
    auto fields() const { return std::tie(arrivals, client_arrivals); }
  };

  const StreamSpec& streams_spec(StreamId id) const { return *layout_->streams[id.index()].spec; }
  void on(const ProcessStarts&, const WorkloadChannels&);
  void on(const ProcessStops&, const WorkloadChannels&);
  void on(const Arrive&, const WorkloadChannels&);
  void on(const ThinkOver&, const WorkloadChannels&);
  void on(const PressureTimer&, const WorkloadChannels&);
  void on(const JobDone&, const WorkloadChannels&);
  void on(const JobDropped&, const WorkloadChannels&);
  void on(const ProcessGone&, const WorkloadChannels&);
  void on(const FaultTimer&, const WorkloadChannels&);

  bool may_arrive(StreamId stream) const;
  void schedule_next(StreamId stream, const WorkloadChannels& channels);
  void start_think(StreamId stream, std::uint32_t client, const WorkloadChannels& channels);
  void arrive(StreamId stream, std::uint32_t client, std::uint64_t draw_ordinal, const WorkloadChannels& channels);
  Duration work_of(StreamId stream, std::uint32_t node, std::uint64_t draw_ordinal, const Draws& draws) const;
  static void begin_faults(const WorkloadChannels& channels);
  void pass_on(JobId id, JobEnded fact, const WorkloadChannels& channels);
  void end_job(JobId id, JobEnded fact, const WorkloadChannels& channels);
  void schedule_pressure(PressureId id, SimTime after, const WorkloadChannels& channels);

  const Layout* layout_;
  const std::vector<ProcessSpec>* processes_;
  const std::vector<PressureSpec>* pressure_;
  std::vector<ProcessId> pressure_process_;
  std::vector<QueueId> pressure_queue_;

  JobTable jobs_;
  std::vector<StreamState> streams_;
  std::vector<bool> gone_;                        // by process
  std::vector<std::uint32_t> pressure_occurred_;  // by pressure entry
  std::uint64_t submitted_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace userqsim
