#include "results/record/process_rows.hpp"

#include <algorithm>
#include <utility>

#include "results/record/nanoseconds.hpp"

namespace userqsim {

ProcessFacts::ProcessFacts(const Layout& layout) : processes_(layout.processes.size()) {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    processes_[i].row.process = static_cast<std::uint32_t>(i);
    processes_[i].row.began_ns = ns(layout.processes[i].start);
    processes_[i].since = layout.processes[i].start;
  }
}

void ProcessFacts::subscribe(Probes& probes) {
  probes.residency_changed.subscribe([this](const ResidencyChanged& fact) { on_residency(fact); });
  probes.buffer_moved.subscribe([this](const BufferMoved& fact) { on_moved(fact); });
  probes.eviction_started.subscribe(
      [this](const EvictionStarted& fact) { ++of(fact.eviction.process).row.evictions; });
  probes.eviction_signaled.subscribe([this](const EvictionSignaled& fact) { on_signaled(fact); });
  probes.eviction_resumed.subscribe([this](const EvictionResumed& fact) {
    Process& process = of(fact.eviction.process);
    end_stop(process, fact.time);
    process.resumed = fact.time;
  });
  probes.process_exited.subscribe([this](const ProcessExited& fact) { on_exited(fact); });
  probes.job_ended.subscribe([this](const JobEnded& fact) {
    if (fact.outcome != JobOutcome::finished) return;
    ++of(fact.process).row.jobs;
    of(fact.process).row.work_ns += fact.work.count();
  });
}

void ProcessFacts::pass(Process& process, SimTime now) {
  const std::int64_t span = (now - process.since).count();
  for (Held* held : {&process.vram, &process.gtt, &process.away, &process.displaced})
    held->byte_ns += Wide{held->bytes} * span;
  if (process.displaced.bytes > 0) process.row.displaced_ns += span;
  process.since = now;
}

void ProcessFacts::on_residency(const ResidencyChanged& fact) {
  Process& process = of(fact.process);
  if (fact.time > process.since) pass(process, fact.time);  // before its start: what somebody shares with it
  process.vram.bytes = fact.vram.value;
  process.gtt.bytes = fact.gtt.value;
  process.away.bytes = fact.away.value;
  process.displaced.bytes = fact.displaced.value;
  process.row.displaced_most_bytes = std::max(process.row.displaced_most_bytes, fact.displaced.value);
}

void ProcessFacts::on_moved(const BufferMoved& fact) {
  ProcessRow& row = of(fact.process).row;
  const std::int64_t bytes = fact.bytes.value;
  if (fact.from == MemType::vram && fact.to != MemType::nowhere) row.out_bytes += bytes;
  if (fact.to == MemType::vram) row.in_bytes += bytes;
  if (fact.to == MemType::swap) row.swapped_out_bytes += bytes;
  if (fact.from == MemType::swap) row.swapped_in_bytes += bytes;
}

void ProcessFacts::on_signaled(const EvictionSignaled& fact) {
  Process& process = of(fact.eviction.process);
  const auto resumed = std::exchange(process.resumed, std::nullopt);
  if (resumed) {
    const bool is_short = (fact.time - *resumed).count() < process.last_stop_ns;
    process.row.short_runs += is_short ? 1U : 0U;
    process.short_runs = is_short ? process.short_runs + 1 : 0;
    if (process.short_runs == thrashes_from) {
      thrashing_.push_back({.time_ns = ns(fact.time),
                            .kind = "thrashing",
                            .process = fact.eviction.process.value,
                            .queue = no_index});
    }
  }
  if (!process.stopped) process.stopped = fact.time;
}

void ProcessFacts::end_stop(Process& process, SimTime now) {
  const auto stopped = std::exchange(process.stopped, std::nullopt);
  if (!stopped) return;
  process.last_stop_ns = (now - *stopped).count();
  process.row.stopped_ns += process.last_stop_ns;
  process.row.longest_stop_ns = std::max(process.row.longest_stop_ns, process.last_stop_ns);
}

void ProcessFacts::on_exited(const ProcessExited& fact) {
  Process& process = of(fact.process);
  end_stop(process, fact.time);
  pass(process, fact.time);
  process.row.ended_ns = ns(fact.time);
}

// Rounded down.
std::int64_t ProcessFacts::Held::mean(std::int64_t span_ns) const {
  return span_ns > 0 ? static_cast<std::int64_t>(byte_ns / span_ns) : 0;
}

std::vector<ProcessRow> ProcessFacts::rows(SimTime end) const {
  std::vector<ProcessRow> rows;
  for (Process process : processes_) {
    if (!process.row.ended_ns && end > process.since) pass(process, end);
    process.row.stopped_still = process.stopped.has_value();
    if (process.stopped) end_stop(process, end);
    const std::int64_t span = process.row.ended_ns.value_or(ns(end)) - process.row.began_ns;
    process.row.vram_mean_bytes = process.vram.mean(span);
    process.row.gtt_mean_bytes = process.gtt.mean(span);
    process.row.away_mean_bytes = process.away.mean(span);
    process.row.displaced_mean_bytes = process.displaced.mean(span);
    rows.push_back(process.row);
  }
  return rows;
}

}  // namespace userqsim
