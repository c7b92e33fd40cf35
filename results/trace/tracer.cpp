#include "results/trace/tracer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "results/record/eviction_parts.hpp"
#include "results/record/nanoseconds.hpp"
#include "results/record/recorder.hpp"

namespace userqsim {
namespace {

// Declares tracks, and leaves the rest.
class PathSink final : public TraceSink {
 public:
  explicit PathSink(std::vector<std::string>& paths) : paths_(paths) {}
  void declare(const TraceTrack& track) override { paths_.push_back(track.path); }
  void add(const TraceSlice&) override {}
  void count(TraceTrackId, std::int64_t, std::int64_t) override {}
  void close() override {}

 private:
  std::vector<std::string>& paths_;
};

}  // namespace

std::vector<std::string> trace_paths(const Layout& layout, const DeviceSpec& device) {
  std::vector<std::string> paths;
  PathSink sink(paths);
  Probes probes;
  const Tracer tracer(probes, layout, device, sink);
  return paths;
}

Tracer::Tracer(Probes& probes, const Layout& layout, const DeviceSpec& device, TraceSink& sink)
    : layout_(layout), tracks_(sink), queues_(layout.queues.size()), processes_(layout.processes.size()) {
  declare(device);
  declare_processes();
  subscribe_hardware(probes);
  subscribe_firmware(probes);
  subscribe_driver(probes);
  subscribe_memory(probes);
}

void Tracer::declare(const DeviceSpec& device) {
  const auto group = [&](const std::string& name) {
    return tracks_.declare(no_trace_track, name, TraceTrackKind::group);
  };
  const TraceTrackId slots = group("slot");
  for (const std::string& slot : slot_names(device, layout_.uses_kernel_queues())) {
    slots_.emplace_back().row = tracks_.row(slots, slot);
  }
  const TraceTrackId mes = group("mes");
  pipes_ = {tracks_.row(mes, "pipe 0"), tracks_.row(mes, "pipe 1")};
  packets_ = tracks_.row(mes, "packets");
  const TraceTrackId copy = group("copy");
  engine_ = tracks_.row(copy, "engine");
  pages_ = tracks_.row(copy, "pages");
  const TraceTrackId lock = group("lock");
  mes_mutex_ = tracks_.row(lock, "mes_mutex");
  for (const ProcessLayout& process : layout_.processes) {
    userq_mutexes_.push_back(tracks_.row(lock, "userq_mutex " + process.name));
  }
  const TraceTrackId of_device = group("device");
  resets_ = tracks_.row(of_device, "resets");
  hazards_ = tracks_.row(of_device, "hazards");
  const TraceTrackId memory = group("memory");
  const std::array places{"vram", "gtt", "system", "swap"};
  for (std::size_t i = 0; i < places.size(); ++i) {
    memory_[i] = tracks_.declare(memory, places[i], TraceTrackKind::bytes);
  }
  const TraceTrackId queues = group("queues");
  runnable_ = tracks_.declare(queues, "runnable", TraceTrackKind::count);
  mapped_ = tracks_.declare(queues, "mapped", TraceTrackKind::count);
}

void Tracer::declare_processes() {
  const TraceTrackId all = tracks_.declare(no_trace_track, "process", TraceTrackKind::group);
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    Process& p = processes_[i];
    const TraceTrackId group = tracks_.declare(all, layout_.processes[i].name, TraceTrackKind::group);
    p.evictions = tracks_.row(group, "evictions");
    p.suspend = tracks_.row(group, "suspend worker");
    p.restore = tracks_.row(group, "restore worker");
    p.requests = tracks_.row(group, "requests");
    p.hazards = tracks_.row(group, "hazards");
    for (const QueueId id : layout_.processes[i].queues) {
      Queue& q = queue(id);
      const QueueLayout& made = layout_.queue(id);
      if (!made.of_kernel) q.row = tracks_.row(group, "queue " + made.name);
      q.jobs = tracks_.row(group, "jobs " + made.name);
      for (const auto& [state, text] : EnumNames<SlotState>::entries) {
        q.in_slot.at(static_cast<std::size_t>(state)) = fmt::format("{} {}", made.name, text);
      }
    }
    const std::array places{"vram", "gtt", "away", "displaced"};
    for (std::size_t place = 0; place < places.size(); ++place) {
      p.counters[place] = tracks_.declare(group, places[place], TraceTrackKind::bytes);
    }
  }
}

void Tracer::subscribe_hardware(Probes& probes) {
  probes.slot_changed.subscribe([this](const SlotChanged& fact) { on(fact); });
  probes.queue_stopped.subscribe([this](const QueueStopped& fact) { on(fact); });
  probes.job_ended.subscribe([this](const JobEnded& fact) { on(fact); });
}

void Tracer::subscribe_firmware(Probes& probes) {
  probes.gang_ready.subscribe([this](const GangReady& fact) { on(fact); });
  probes.slot_waited.subscribe([this](const SlotWaited& fact) { on(fact); });
  probes.packet_ended.subscribe([this](const PacketEnded& fact) { on(fact); });
  probes.mes_served.subscribe([this](const MesServed& fact) { on(fact); });
}

void Tracer::subscribe_driver(Probes& probes) {
  probes.eviction_started.subscribe([this](const EvictionStarted& fact) { on(fact); });
  probes.eviction_step.subscribe([this](const EvictionStep& fact) { on(fact); });
  probes.eviction_signaled.subscribe(
      [this](const EvictionSignaled& fact) { process(fact.eviction.process).signaled = fact.eviction.ordinal; });
  probes.queue_transition.subscribe([this](const QueueTransition& fact) { on(fact); });
  probes.mes_lock_held.subscribe([this](const MesLockHeld& fact) {
    TraceSlice slice{.name = name(fact.process), .start_ns = ns(fact.start), .end_ns = ns(fact.end)};
    if (fact.eviction) slice.args.add("eviction", std::int64_t{fact.eviction->ordinal});
    tracks_.add(mes_mutex_, slice);
  });
  probes.userq_lock_held.subscribe([this](const UserqLockHeld& fact) {
    tracks_.add(userq_mutexes_[fact.process.index()],
                {.name = name_of(fact.holder), .start_ns = ns(fact.start), .end_ns = ns(fact.end)});
  });
  probes.gpu_reset_done.subscribe([this](const GpuResetDone& fact) {
    TraceSlice slice{.name = name_of(fact.method), .start_ns = ns(fact.began), .end_ns = ns(fact.time)};
    slice.args.add("result", std::string_view{fact.ok ? "ok" : "failed"});
    tracks_.add(resets_, slice);
  });
}

void Tracer::subscribe_memory(Probes& probes) {
  probes.request_ended.subscribe([this](const RequestEnded& fact) { on(fact); });
  probes.buffer_moved.subscribe([this](const BufferMoved& fact) { on(fact); });
  probes.memory_used.subscribe([this](const MemoryUsed& fact) { on(fact); });
  probes.residency_changed.subscribe([this](const ResidencyChanged& fact) { on(fact); });
}

std::string_view Tracer::name(ProcessId id) const {
  return id.exists() ? std::string_view{layout_.process(id).name} : std::string_view{};
}

std::string_view Tracer::name(QueueId id) const {
  return id.exists() ? std::string_view{layout_.queue(id).name} : std::string_view{};
}

std::uint64_t Tracer::flow_id(ProcessId process, std::uint32_t ordinal) {
  return (std::uint64_t{process.value} + 1) << 32 | ordinal;
}

std::optional<TraceFlow> Tracer::flow_through(const EvictionId& eviction, bool Flow::*reach, SimTime start) {
  std::optional<Flow>& flow = process(eviction.process).flow;
  if (!flow || flow->ordinal != eviction.ordinal || flow.value().*reach) return std::nullopt;
  if (flow->has_request && start <= flow->started) return std::nullopt;
  flow.value().*reach = true;
  const bool first = reach == &Flow::suspends && !flow->has_request;
  return TraceFlow{flow_id(eviction.process, eviction.ordinal), first};
}

void Tracer::on(const EvictionStarted& fact) {
  const ProcessId id = fact.eviction.process;
  process(id).flow =
      Flow{.ordinal = fact.eviction.ordinal, .started = fact.time, .has_request = fact.request.exists()};
  for (const QueueId q : layout_.process(id).queues) queue(q).flow.reset();
  if (fact.request.exists()) flows_of_requests_[fact.request].push_back({flow_id(id, fact.eviction.ordinal), true});
}

// A step is the suspend worker's until its fence has signalled.
void Tracer::on(const EvictionStep& fact) {
  Process& p = process(fact.eviction.process);
  const bool restores = p.signaled && *p.signaled >= fact.eviction.ordinal;
  const bool packet = fact.kind == EvictionStepKind::mes_packet;
  std::optional<TraceFlow> flow;
  if (!restores) flow = flow_through(fact.eviction, &Flow::suspends, fact.start);
  if (!restores && packet && !flow) flow = flow_through(fact.eviction, &Flow::stops, fact.start);
  if (restores && packet && fact.queue.exists()) flow = flow_through(fact.eviction, &Flow::restarts, fact.start);
  TraceSlice slice{.name = name_of(fact.kind), .start_ns = ns(fact.start), .end_ns = ns(fact.end)};
  slice.args.add("eviction", std::int64_t{fact.eviction.ordinal});
  slice.args.add("waits_for", waited_for(fact.kind));
  slice.args.add("queue", name(fact.queue));
  if (flow) slice.flows = {&*flow, 1};
  tracks_.add(restores ? p.restore : p.suspend, slice);
}

void Tracer::on(const PacketEnded& fact) {
  TraceSlice slice{.name = name_of(fact.opcode), .start_ns = ns(fact.issued), .end_ns = ns(fact.time)};
  slice.args.add("process", name(fact.process));
  slice.args.add("queue", name(fact.queue));
  if (fact.acked) slice.args.add("acked_ns", ns(*fact.acked));
  slice.args.add("result", name_of(fact.result));
  if (fact.eviction) slice.args.add("eviction", std::int64_t{fact.eviction->ordinal});
  tracks_.add(packets_, slice);
}

void Tracer::on(const MesServed& fact) {
  TraceSlice slice{.name = name_of(fact.opcode), .start_ns = ns(fact.start), .end_ns = ns(fact.end)};
  slice.args.add("process", name(fact.process));
  slice.args.add("queue", name(fact.queue));
  if (fact.waits) slice.args.add("waits_for", std::string_view{"unmap"});
  tracks_.add(pipes_.at(fact.pipe), slice);
}

void Tracer::on(const RequestEnded& fact) {
  TraceSlice slice{.name = name_of(fact.kind), .start_ns = ns(fact.requested), .end_ns = ns(fact.time)};
  slice.args.add("request", std::int64_t{fact.request.value});
  slice.args.add("bytes", fact.bytes.value);
  slice.args.add("outcome", name_of(fact.outcome));
  const auto flows = flows_of_requests_.extract(fact.request);
  Row& row = process(fact.process).requests;
  if (flows.empty()) return tracks_.add(row, slice);
  slice.flows = flows.mapped();
  tracks_.mark(row, slice);  // also one that took no time: its flows begin here
}

void Tracer::on(const BufferMoved& fact) {
  const bool copies = (fact.from == MemType::vram || fact.to == MemType::vram) && fact.to != MemType::nowhere;
  std::optional<TraceFlow> flow;
  if (copies && fact.eviction.process.exists() && fact.time > fact.start) {
    flow = flow_through(fact.eviction, fact.to == MemType::vram ? &Flow::returns : &Flow::leaves, fact.start);
  }
  TraceSlice slice{.name = name(fact.process), .start_ns = ns(fact.start), .end_ns = ns(fact.time)};
  slice.args.add("buffer", std::int64_t{fact.buffer.value});
  slice.args.add("from", name_of(fact.from));
  slice.args.add("to", name_of(fact.to));
  slice.args.add("bytes", fact.bytes.value);
  if (flow) slice.flows = {&*flow, 1};
  tracks_.add(copies ? engine_ : pages_, slice);
}

template <std::size_t n>
void Tracer::count_changes(const std::array<TraceTrackId, n>& tracks, std::array<std::int64_t, n>& before,
                           const std::array<Bytes, n>& now, SimTime time) {
  for (std::size_t i = 0; i < n; ++i) {
    if (std::exchange(before[i], now[i].value) != now[i].value) tracks_.count(tracks[i], ns(time), now[i].value);
  }
}

void Tracer::on(const MemoryUsed& fact) {
  count_changes(memory_, memory_counted_, std::array{fact.vram, fact.gtt, fact.system, fact.swap}, fact.time);
}

void Tracer::on(const ResidencyChanged& fact) {
  Process& p = process(fact.process);
  count_changes(p.counters, p.counted, std::array{fact.vram, fact.gtt, fact.away, fact.displaced}, fact.time);
}

void Tracer::add_evictions(const std::vector<EvictionRow>& evictions) {
  for (const EvictionRow& row : evictions) {
    TraceSlice slice{.name = row.trigger, .start_ns = row.start_ns, .end_ns = row.ended_ns};
    slice.args.add("eviction", std::int64_t{row.eviction});
    slice.args.add("outcome", row.outcome);
    if (row.signaled_ns) slice.args.add("signaled_ns", *row.signaled_ns);
    if (row.request) slice.args.add("request", std::int64_t{*row.request});
    tracks_.add(processes_.at(row.process).evictions, slice);
  }
}

// Hazards and faults, some of which only the record knows.
void Tracer::mark_hazards(const RunRecord& record) {
  std::multimap<std::int64_t, std::pair<TraceSlice, std::uint32_t>> marks;  // by time, then as the record has them
  const auto mark = [&](std::int64_t time, std::string_view kind, std::uint32_t process, std::uint32_t queue) {
    TraceSlice slice{.name = kind, .start_ns = time, .end_ns = time};
    slice.args.add("queue", name(QueueId{queue}));
    return marks.emplace(time, std::pair{slice, process});
  };
  for (const HazardRow& row : record.hazards) mark(row.time_ns, row.kind, row.process, row.queue);
  for (const FaultRow& row : record.faults) {
    mark(row.time_ns, row.kind, row.process, row.queue)->second.first.args.add("fault", std::int64_t{row.fault});
  }
  for (const auto& [time, what] : marks) tracks_.mark(hazards_of(ProcessId{what.second}), what.first);
}

// A step is stated when it ends. What a worker is in at the end of the run, the record concludes from other facts.
void Tracer::add_open_steps(const RunRecord& record) {
  std::map<std::uint32_t, const EvictionRow*> last;  // by process
  for (const EvictionRow& row : record.evictions) last[row.process] = &row;
  for (const PartRow& part : record.parts) {
    const EvictionRow& row = *last.at(part.process);
    const bool open = part.critical && part.eviction == row.eviction && part.end_ns == record.end_ns;
    const auto steps = EnumNames<EvictionStepKind>::entries;
    const bool is_step =
        std::any_of(steps.begin(), steps.end(), [&](const auto& entry) { return entry.second == part.part; });
    if (!open || !is_step) continue;
    Process& p = processes_.at(part.process);
    Row& worker = row.signaled_ns ? p.restore : p.suspend;
    if (worker.lanes.front().ends_ns > part.start_ns) continue;  // it was stated in the run's last moment
    TraceSlice slice{.name = part.part, .start_ns = part.start_ns, .end_ns = part.end_ns};
    slice.args.add("eviction", std::int64_t{part.eviction});
    slice.args.add("waits_for", part.waits_for);
    slice.args.add("queue", name(QueueId{part.queue}));
    tracks_.add(worker, slice);
  }
}

void Tracer::finish(SimTime end, const RunRecord& record) {
  for (Slot& slot : slots_) close_slot(slot, end);
  for (Queue& q : queues_) {
    if (q.row) close_state(q, end);
  }
  add_open_steps(record);
  add_evictions(record.evictions);
  mark_hazards(record);
  tracks_.close();
}

}  // namespace userqsim
