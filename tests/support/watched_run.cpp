#include "tests/support/watched_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "results/record/eviction_parts.hpp"
#include "results/trace/tracer.hpp"
#include "tests/support/trace_watch.hpp"

namespace userqsim::test {

namespace {

class Watch {
 public:
  explicit Watch(Machine& machine);

  // What the books say at the end of the run, beyond what was noted on the way.
  std::vector<std::string> finish(SimTime end);

 private:
  struct SlotBook {
    SlotState state = SlotState::free;
    QueueId queue;
    SimTime since;
    Duration time{0};
  };

  void note(std::string text);

  void on_slot(const SlotChanged& f);

  void on_memory(const MemoryUsed& f);

  void on_job(const JobEnded& f);

  Machine& machine_;
  std::map<SlotId, SlotBook> slots_;
  std::set<std::uint32_t> ended_;
  std::vector<std::string> violations_;
};

Watch::Watch(Machine& machine) : machine_(machine) {
  machine.probes().slot_changed.subscribe([this](const SlotChanged& f) { on_slot(f); });
  machine.probes().memory_used.subscribe([this](const MemoryUsed& f) { on_memory(f); });
  machine.probes().job_ended.subscribe([this](const JobEnded& f) { on_job(f); });
}

std::vector<std::string> Watch::finish(SimTime end) {
  for (auto& [slot, book] : slots_) {
    book.time += end - book.since;
    if (book.time != end.time_since_epoch())
      note(fmt::format("slot {}: states add up to {} ns", slot.value, book.time.count()));
  }
  return violations_;
}

void Watch::note(std::string text) {
  if (violations_.size() < 10)
    violations_.push_back(fmt::format("{} ns: {}", machine_.now().time_since_epoch().count(), text));
}

void Watch::on_slot(const SlotChanged& f) {
  SlotBook& book = slots_[f.slot];
  if (book.state != f.from) note(fmt::format("slot {} leaves a state it was not in", f.slot.value));
  if (f.from == SlotState::free) {
    for (const auto& [other, b] : slots_) {
      if (b.state != SlotState::free && b.queue == f.queue)
        note(fmt::format("queue {} enters a second slot", f.queue.value));
    }
  } else if (book.queue != f.queue) {
    note(fmt::format("slot {} holds two queues", f.slot.value));
  }
  book.time += f.time - book.since;
  book.since = f.time;
  book.state = f.to;
  book.queue = f.queue;
}

void Watch::on_memory(const MemoryUsed& f) {
  if (f.vram > machine_.spec().device.vram) note("VRAM is over-committed");
  if (f.gtt > machine_.spec().device.gtt) note("GTT is over-committed");
  if (f.vram.value < 0 || f.gtt.value < 0) note("memory in use is negative");
}

void Watch::on_job(const JobEnded& f) {
  if (!ended_.insert(f.job.value).second) note(fmt::format("job {} ends twice", f.job.value));
  const bool finished = f.outcome == JobOutcome::finished;
  if (finished != f.finished.has_value()) note(fmt::format("job {}: outcome and end disagree", f.job.value));
  if (f.started && *f.started < f.submitted) note(fmt::format("job {} ran before it was wanted", f.job.value));
  if (f.finished && (!f.started || *f.finished < *f.started))
    note(fmt::format("job {} ended before it ran", f.job.value));
}

// The identities of one eviction's row.
void check_identities(const EvictionRow& row, std::vector<std::string>& violations) {
  const auto require = [&](bool holds, const char* what) {
    if (!holds && violations.size() < 10)
      violations.push_back(fmt::format("eviction {} of process {}: {}", row.eviction, row.process, what));
  };
  if (row.signaled_ns)
    require(row.evict_latency_ns == *row.signaled_ns - row.start_ns, "latency is not signaled - start");
  if (row.restored_ns && row.first_stop_ns) {
    require(row.downtime_ns == *row.restored_ns - *row.first_stop_ns, "downtime is not restored - first stop");
  }
  require((row.outcome == eviction_outcome::restored) == row.restored_ns.has_value(), "outcome and end disagree");
}

// What the rows of queues and of graphs must add up to. No schedule beats a graph's bounds.
void check_totals(const RunRecord& record, std::vector<std::string>& violations) {
  std::int64_t used = 0;
  std::int64_t running = 0;
  std::int64_t waits = 0;
  for (const QueueRow& row : record.queues) {
    used += row.slot_ns;
    running += row.running_ns;
    waits += row.slot_wait_ns;
  }
  if (used != record.slot_used_ns || running != record.slot_running_ns) {
    violations.emplace_back("the queues' time in slots is not that of the slots");
  }
  for (const SlotWaitRow& row : record.slot_waits) waits -= row.until_ns - row.since_ns;
  if (waits != 0) violations.emplace_back("the queues' waits for slots do not add up");
  std::int64_t jobs = 0;
  for (const QueueRow& row : record.queues) jobs += row.jobs;
  for (const ProcessRow& row : record.processes) {
    jobs -= row.jobs;
    const std::int64_t life = std::max(row.began_ns, row.ended_ns.value_or(record.end_ns)) - row.began_ns;
    if (row.stopped_ns > life || row.displaced_ns > life || row.displaced_mean_bytes > row.displaced_most_bytes ||
        row.longest_stop_ns > row.stopped_ns) {
      violations.emplace_back("a process was stopped, or its memory displaced, for longer than it lived");
    }
  }
  if (jobs != 0) violations.emplace_back("the jobs of processes are not those of their queues");
  for (const GraphRow& row : record.graphs) {
    if (!row.finished_ns) continue;
    if (*row.finished_ns - row.submitted_ns < std::max(row.critical_path_ns, row.work_bound_ns)) {
      violations.push_back(fmt::format("the graph of job {} was done before its bounds", row.first_job));
    }
  }
}

}  // namespace

WatchedRun watched_run(std::shared_ptr<const MachineSpec> spec, std::uint32_t replication,
                       std::uint64_t verify_every, TimeLine time_line) {
  Machine machine(std::move(spec), replication);
  Watch watch(machine);
  Recorder recorder(machine.probes(), machine.layout(), machine.spec().device);
  TraceWatch trace;
  std::optional<Tracer> tracer;
  if (time_line == TimeLine::watched) {
    tracer.emplace(machine.probes(), machine.layout(), machine.spec().device, trace);
  }
  WatchedRun run;
  while (machine.step()) {
    if (machine.events() % verify_every == 0) machine.verify();
  }
  machine.run();  // at the horizon: states what is open
  run.record = recorder.finish(machine.now());
  run.violations = watch.finish(machine.now());
  if (tracer) {
    tracer->finish(machine.now(), run.record);
    for (std::string& violation : trace.finish(run.record)) run.violations.push_back(std::move(violation));
  }
  if (const std::string parts = verify_parts(run.record); !parts.empty()) run.violations.push_back(parts);
  for (const EvictionRow& row : run.record.evictions) check_identities(row, run.violations);
  check_totals(run.record, run.violations);
  run.submitted = machine.jobs_submitted();
  if (run.record.jobs.size() != run.submitted) run.violations.emplace_back("a job that was wanted has no row");
  run.digest = machine.digest();
  run.events = machine.events();
  return run;
}

}  // namespace userqsim::test
