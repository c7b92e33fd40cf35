// Makes a time line of one run's facts, as they come, in memory that depends on the machine and not on how long it
// runs. It listens and cannot steer.
//
// Tracks, by path:
//   slot/SLOT                          what is in an HQD slot, and its state
//   mes/pipe N, mes/packets            what an API processor works on or waits for; each packet until it is done
//   copy/engine, copy/pages            moves by the copy engine; pages that change hands or are swapped
//   lock/mes_mutex, lock/userq_mutex P who holds it
//   process/P/evictions                from the eviction fence's enabling to the restart
//   process/P/suspend worker, .../restore worker   each step of a worker: what it does or waits for
//   process/P/requests, .../hazards    who waits for memory; hazards and faults
//   process/P/queue Q, .../jobs Q          the state of a queue; its jobs from the first wave on
//   device/resets, device/hazards
// and counters: memory/PLACE, process/P/PLACE, queues/runnable, queues/mapped.
//
// A flow leads through each eviction: the request that set it off, the suspend worker, the first packet that stops
// a queue, the first move out, the first back, the first packet that restarts one, and each queue running again.
//
// REQUIRES: probes, layout and sink outlive it; it is made before the machine runs. docs/traces.md is its
// reference.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/hardware/spec.hpp"
#include "models/machine/probes.hpp"
#include "models/workload/layout.hpp"
#include "results/record/rows.hpp"
#include "results/trace/tracks.hpp"

namespace userqsim {

class Tracer {
 public:
  Tracer(Probes& probes, const Layout& layout, const DeviceSpec& device, TraceSink& sink);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Ends what is under way at `end`, adds what only the run's record knows, and closes the sink. Call once, after
  // the last fact.
  void finish(SimTime end, const RunRecord& record);

 private:
  using Row = TraceTracks::Row;

  struct Slot {
    Row row;
    SlotState state = SlotState::free;
    QueueId queue;
    SimTime since;
    std::optional<TraceFlow> flow;
  };
  // Where a queue is when it has no slot.
  enum class Outside : std::uint8_t { absent, stopped, idle };
  struct Queue {
    std::optional<Row> row;  // none of a context that submits through the kernel
    Row jobs;
    std::array<std::string, 9> in_slot;  // the name of a slice in its slot, by the slot's state
    Outside outside = Outside::absent;
    bool has_slot = false;
    SlotState state = SlotState::free;
    SimTime since;
    std::optional<TraceFlow> flow;  // to go on when it runs again
  };
  // How far the flow of a process's latest eviction has come.
  struct Flow {
    std::uint32_t ordinal = 0;
    SimTime started;
    bool has_request = false;
    bool suspends = false, stops = false, leaves = false, returns = false, restarts = false;
  };
  struct Process {
    Row evictions, suspend, restore, requests, hazards;
    std::array<TraceTrackId, 4> counters{};  // vram, gtt, away, displaced
    std::array<std::int64_t, 4> counted{};
    std::optional<Flow> flow;
    std::optional<std::uint32_t> signaled;  // the last eviction whose fence has
  };

  void declare(const DeviceSpec& device);
  void declare_processes();
  void subscribe_hardware(Probes& probes);
  void subscribe_firmware(Probes& probes);
  void subscribe_driver(Probes& probes);
  void subscribe_memory(Probes& probes);

  // Slots and queues (tracer_queues.cpp).
  void on(const SlotChanged& fact);
  void on(const QueueStopped& fact);
  void on(const GangReady& fact);
  void on(const SlotWaited& fact);
  void on(const QueueTransition& fact);
  void on(const JobEnded& fact);
  void close_slot(Slot& slot, SimTime time);
  void close_state(Queue& queue, SimTime time);
  void stay_outside(QueueId id, Outside outside, SimTime time);
  void count_runnable(SimTime time, std::int64_t change);

  // Workers, packets, locks and requests (tracer.cpp).
  void on(const EvictionStarted& fact);
  void on(const EvictionStep& fact);
  void on(const PacketEnded& fact);
  void on(const MesServed& fact);
  void on(const RequestEnded& fact);
  void on(const BufferMoved& fact);
  void on(const MemoryUsed& fact);
  void on(const ResidencyChanged& fact);
  void mark_hazards(const RunRecord& record);
  void add_open_steps(const RunRecord& record);
  void add_evictions(const std::vector<EvictionRow>& evictions);
  template <std::size_t n>
  void count_changes(const std::array<TraceTrackId, n>& tracks, std::array<std::int64_t, n>& before,
                     const std::array<Bytes, n>& now, SimTime time);

  Process& process(ProcessId id) { return processes_[id.index()]; }
  Queue& queue(QueueId id) { return queues_[id.index()]; }
  std::string_view name(ProcessId id) const;
  std::string_view name(QueueId id) const;
  Row& hazards_of(ProcessId id) { return id.exists() ? process(id).hazards : hazards_; }
  static std::uint64_t flow_id(ProcessId process, std::uint32_t ordinal);
  // Where the flow of the process's latest eviction goes on, if this is of that eviction and the first to `reach`.
  // Viewers order a flow by the starts of its slices, so that nothing goes on where a request is that begins with
  // it.
  std::optional<TraceFlow> flow_through(const EvictionId& eviction, bool Flow::*reach, SimTime start);

  const Layout& layout_;
  TraceTracks tracks_;
  std::vector<Slot> slots_;
  std::vector<Queue> queues_;
  std::vector<Process> processes_;
  std::array<Row, 2> pipes_;
  Row packets_, engine_, pages_, mes_mutex_, resets_, hazards_;
  std::vector<Row> userq_mutexes_;        // by process
  std::array<TraceTrackId, 4> memory_{};  // vram, gtt, system, swap
  std::array<std::int64_t, 4> memory_counted_{};
  TraceTrackId runnable_ = no_trace_track, mapped_ = no_trace_track;
  std::int64_t runnable_now_ = 0, mapped_now_ = 0;
  std::map<RequestId, std::vector<TraceFlow>> flows_of_requests_;  // that have not ended
};

// The paths of the tracks that every trace of that machine declares.
std::vector<std::string> trace_paths(const Layout& layout, const DeviceSpec& device);

}  // namespace userqsim
