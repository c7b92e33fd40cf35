#include "models/workload/workload.hpp"

#include "models/workload/purpose.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// A client of a closed loop counts its own arrivals, so that its n-th job is the same whatever the others do.
constexpr std::uint64_t client_ordinal(std::uint32_t client, std::uint64_t count) {
  return (static_cast<std::uint64_t>(client) << 40) | count;
}

// Faults of packets and of stops look at the clock themselves: MES counts from their time on.
bool has_timer(FaultKind kind) {
  return kind != FaultKind::packet_lost && kind != FaultKind::packet_error && kind != FaultKind::no_preempt &&
         kind != FaultKind::slow_preempt;
}

}  // namespace

Workload::Workload(const Layout& layout, const std::vector<ProcessSpec>& processes,
                   const std::vector<PressureSpec>& pressure)
    : layout_(&layout),
      processes_(&processes),
      pressure_(&pressure),
      streams_(layout.streams.size()),
      gone_(processes.size(), false),
      pressure_occurred_(pressure.size(), 0) {
  for (const PressureSpec& entry : pressure) {
    const ProcessId process = entry.process ? find_process(layout, *entry.process) : ProcessId::none();
    pressure_process_.push_back(process);
    pressure_queue_.push_back(entry.queue ? find_queue(layout, layout.process(process), *entry.queue)
                                          : QueueId::none());
  }
}

void Workload::begin(const WorkloadChannels& channels) {
  for (std::size_t i = 0; i < processes_->size(); ++i) {
    const ProcessSpec& process = (*processes_)[i];
    channels.starts.post_at(SimTime{process.start}, {ProcessId::of(i)});
    if (process.stop) channels.stops.post_at(SimTime{*process.stop}, {ProcessId::of(i)});
  }
  for (std::size_t i = 0; i < pressure_->size(); ++i) {
    const PressureSpec& entry = (*pressure_)[i];
    if (entry.at) {
      channels.pressure_timer.post_at(SimTime{*entry.at}, {PressureId::of(i)});
    } else {
      const ProcessId process = pressure_process_[i];
      const SimTime start = process.exists() ? layout_->process(process).start : SimTime{};
      schedule_pressure(PressureId::of(i), entry.from ? SimTime{*entry.from} : start, channels);
    }
  }
  begin_faults(channels);
}

void Workload::begin_faults(const WorkloadChannels& channels) {
  for (std::size_t i = 0; i < channels.faults->size(); ++i) {
    const FaultSpec& fault = channels.faults->spec(FaultId::of(i));
    if (!fault.at || !has_timer(fault.kind)) continue;
    const Duration later = fault.kind == FaultKind::kill ? fault.time.value_or(Duration{0}) : Duration{0};
    channels.fault_timer.post_at(SimTime{*fault.at + later}, {FaultId::of(i)});
  }
}

void Workload::handle(const WorkloadEvent& event, const WorkloadChannels& channels) {
  std::visit([&](const auto& message) { on(message, channels); }, event);
}

void Workload::on(const ProcessStarts& message, const WorkloadChannels& channels) {
  channels.open.post({message.process});
  for (std::size_t i = 0; i < layout_->streams.size(); ++i) {
    if (layout_->streams[i].process != message.process) continue;
    const auto id = StreamId::of(i);
    if (const auto* closed = std::get_if<ClosedArrival>(&streams_spec(id).arrival)) {
      streams_[i].client_arrivals.assign(closed->clients, 0);
      for (std::uint32_t client = 0; client < closed->clients; ++client) start_think(id, client, channels);
    } else {
      schedule_next(id, channels);
    }
  }
}

void Workload::on(const ProcessStops& message, const WorkloadChannels& channels) {
  channels.exit.post({message.process});
}

bool Workload::may_arrive(StreamId stream) const {
  const StreamSpec& spec = streams_spec(stream);
  return !gone_[layout_->streams[stream.index()].process.index()] &&
         (!spec.count || streams_[stream.index()].arrivals < *spec.count);
}

// Open arrivals: the time of the next one depends on nothing but the stream.
void Workload::schedule_next(StreamId stream, const WorkloadChannels& channels) {
  if (!may_arrive(stream)) return;
  const std::uint64_t n = streams_[stream.index()].arrivals;
  const SimTime start = layout_->process(layout_->streams[stream.index()].process).start;
  std::visit(Overloaded{
                 [&](const PeriodicArrival& a) {
                   channels.arrive.post_at(start + static_cast<std::int64_t>(n) * a.period, {stream});
                 },
                 [&](const PoissonArrival& a) {
                   const DrawPoint point = draw_point(Purpose::arrival, stream.value, n);
                   channels.arrive.post_in(channels.draws->sample(ExponentialDuration{a.mean}, point), {stream});
                 },
                 [&](const TraceArrival& a) {
                   if (n < a.rows.size()) channels.arrive.post_at(start + a.rows[n].arrival, {stream});
                 },
                 [&](const ClosedArrival&) { ensure(false, "a closed loop has no next arrival of its own"); },
             },
             streams_spec(stream).arrival);
}

void Workload::start_think(StreamId stream, std::uint32_t client, const WorkloadChannels& channels) {
  const auto& closed = std::get<ClosedArrival>(streams_spec(stream).arrival);
  const std::uint64_t count = streams_[stream.index()].client_arrivals[client];
  const DrawPoint point = draw_point(Purpose::think, stream.value, client_ordinal(client, count));
  channels.think.post_in(channels.draws->sample(closed.think, point), {stream, client});
}

void Workload::on(const Arrive& message, const WorkloadChannels& channels) {
  if (!may_arrive(message.stream)) return;
  arrive(message.stream, 0, streams_[message.stream.index()].arrivals, channels);
  schedule_next(message.stream, channels);
}

void Workload::on(const ThinkOver& message, const WorkloadChannels& channels) {
  if (!may_arrive(message.stream)) return;
  std::uint64_t& count = streams_[message.stream.index()].client_arrivals[message.client];
  arrive(message.stream, message.client, client_ordinal(message.client, count), channels);
  ++count;
}

Duration Workload::work_of(StreamId stream, std::uint32_t node, std::uint64_t draw_ordinal,
                           const Draws& draws) const {
  const StreamSpec& spec = streams_spec(stream);
  if (const auto* trace = std::get_if<TraceArrival>(&spec.arrival)) {
    if (trace->rows[draw_ordinal].work) return *trace->rows[draw_ordinal].work;
  }
  return draws.sample(spec.graph[node].work,
                      draw_point(Purpose::work, node_entity(stream.value, node), draw_ordinal));
}

void Workload::arrive(StreamId stream, std::uint32_t client, std::uint64_t draw_ordinal,
                      const WorkloadChannels& channels) {
  const StreamLayout& layout = layout_->streams[stream.index()];
  ++streams_[stream.index()].arrivals;
  const JobId first = jobs_.next_id();
  for (std::uint32_t node = 0; node < layout.nodes.size(); ++node) {
    Job job;
    job.stream = stream;
    job.node = node;
    job.first = first;
    job.client = client;
    job.draw_ordinal = draw_ordinal;
    job.work = work_of(stream, node, draw_ordinal, *channels.draws);
    job.submitted = channels.submit.now();
    job.waits_for = static_cast<std::uint32_t>(layout.nodes[node].after.size());
    jobs_.append(job);
    ++submitted_;
  }
  // A job goes in behind those that it waits for, or two rings could wait for each other for ever.
  for (const std::uint32_t node : layout.order) {
    channels.submit.post({JobId::of(first.index() + node), layout.nodes[node].queue});
  }
}

void Workload::on(const JobDone& message, const WorkloadChannels& channels) {
  if (jobs_.is_over(message.job)) return;  // its process exited at this very instant
  JobEnded fact;
  fact.started = message.started;
  fact.finished = channels.submit.now();
  fact.preemptions = message.preemptions;
  fact.outcome = JobOutcome::finished;
  pass_on(message.job, fact, channels);
}

// Ends the job. The rest of its arrival may go on; a closed loop's client has its answer when every node is over.
void Workload::pass_on(JobId id, JobEnded fact, const WorkloadChannels& channels) {
  const Job job = jobs_[id];
  for (const std::uint32_t next : node_of(job).before) {
    const JobId waiter = JobId::of(job.first.index() + next);
    if (jobs_.is_over(waiter)) continue;  // dropped with its queue: the process is exiting
    if (--jobs_[waiter].waits_for > 0) continue;
    const QueueId queue = queue_of(waiter);
    layout_->queue(queue).of_kernel ? channels.unblocked.post({queue}) : channels.dependency.post({queue});
  }
  const std::size_t nodes = layout_->streams[job.stream.index()].nodes.size();
  bool arrival_done = true;
  for (std::size_t node = 0; node < nodes; ++node) {
    const JobId sibling = JobId::of(job.first.index() + node);
    if (sibling != id && !jobs_.is_over(sibling)) arrival_done = false;
  }
  end_job(id, fact, channels);
  if (arrival_done && std::holds_alternative<ClosedArrival>(streams_spec(job.stream).arrival) &&
      may_arrive(job.stream)) {
    start_think(job.stream, job.client, channels);
  }
}

// A job that was cancelled or lost is over for those that wait for it, too: a fence that was completed by force has
// signalled, and of lost waves the client learns from the reset and lets the rest of the arrival run. So no job
// waits for one that will never come.
void Workload::on(const JobDropped& message, const WorkloadChannels& channels) {
  if (jobs_.is_over(message.job)) return;
  JobEnded fact;
  if (message.has_started) fact.started = message.started;
  fact.preemptions = message.preemptions;
  fact.outcome = message.outcome;
  if (message.outcome != JobOutcome::exited) return pass_on(message.job, fact, channels);
  end_job(message.job, fact, channels);
}

void Workload::on(const ProcessGone& message, const WorkloadChannels& channels) {
  gone_[message.process.index()] = true;
  std::vector<JobId> lost;
  jobs_.each_live([&](JobId id, const Job& job) {
    if (layout_->streams[job.stream.index()].process == message.process) lost.push_back(id);
  });
  for (const JobId id : lost) {
    JobEnded fact;
    fact.outcome = JobOutcome::exited;
    end_job(id, fact, channels);
  }
}

void Workload::end_job(JobId id, JobEnded fact, const WorkloadChannels& channels) {
  const Job& job = jobs_[id];
  fact.time = channels.submit.now();
  fact.job = id;
  fact.process = layout_->streams[job.stream.index()].process;
  fact.queue = node_of(job).queue;
  fact.node = job.node;
  fact.submitted = job.submitted;
  fact.stream = job.stream;
  fact.first = job.first;
  fact.work = job.work;
  ++ended_;
  channels.job_ended->state(fact);
  jobs_.end(id);
}

void Workload::schedule_pressure(PressureId id, SimTime after, const WorkloadChannels& channels) {
  const PressureSpec& entry = pressure_spec(id);
  const std::uint32_t n = pressure_occurred_[id.index()];
  if (entry.count && n >= *entry.count) return;
  const DrawPoint point = draw_point(Purpose::pressure_interval, id.value, n);
  const SimTime at = after + channels.draws->sample(*entry.every, point);
  if (entry.until && at > SimTime{*entry.until}) return;
  channels.pressure_timer.post_at(at, {id});
}

void Workload::on(const PressureTimer& message, const WorkloadChannels& channels) {
  const PressureId id = message.pressure;
  const ProcessId process = pressure_process_[id.index()];
  if (process.exists() && gone_[process.index()]) return;
  channels.pressure.post({id, pressure_occurred_[id.index()]++});
  if (pressure_spec(id).every) schedule_pressure(id, channels.pressure.now(), channels);
}

void Workload::on(const FaultTimer& message, const WorkloadChannels& channels) {
  const FaultId id = message.fault;
  const ProcessId process = channels.faults->process_of(id);
  if (process.exists() && gone_[process.index()]) return;
  switch (channels.faults->spec(id).kind) {
    case FaultKind::hang:
      return void(channels.hang.post({channels.faults->queue_of(id), id}));
    case FaultKind::mes_silent:
      return void(channels.mes_fault.post({id}));
    case FaultKind::reset_fails:
      if (channels.faults->spec(id).scope == ResetScope::queue) return void(channels.mes_fault.post({id}));
      return void(channels.fault_due.post({id, process, channels.faults->queue_of(id)}));
    case FaultKind::free_buffer:
    case FaultKind::kill:
      return void(channels.fault_due.post({id, process, channels.faults->queue_of(id)}));
    case FaultKind::no_preempt:
    case FaultKind::slow_preempt:
    case FaultKind::packet_lost:
    case FaultKind::packet_error:
      break;
  }
  fail_invariant("a fault without a time has a timer", SourceLocation::current());
}

}  // namespace userqsim
