// Turns the facts of one machine's run into rows. It listens and cannot steer.
//
// REQUIRES: the probes and the layout outlive the recorder; it is made before the machine runs, or continues that
// of the machine whose copy it listens to. PROMISES: the rows depend on the facts alone; what an eviction still
// lacks when the run ends is left empty, never guessed.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "models/hardware/spec.hpp"
#include "models/machine/probes.hpp"
#include "models/workload/layout.hpp"
#include "results/record/eviction_facts.hpp"
#include "results/record/graph_rows.hpp"
#include "results/record/process_rows.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

class Recorder {
 public:
  // Slot times are counted from `measure_from` on.
  Recorder(Probes& probes, const Layout& layout, const DeviceSpec& device, Duration measure_from = {});
  // Of a copy of the machine that `other` listens to, made just now: it has heard what that has heard.
  Recorder(const Recorder& other, Probes& probes);
  Recorder& operator=(const Recorder&) = delete;

  // The record of the run, which ended at `end`. Call once, after the last fact.
  RunRecord finish(SimTime end);

  // What was heard of an eviction, its steps in order once the run is finished. REQUIRES: has(id).
  const EvictionFacts& facts(const EvictionId& id) const;
  bool has(const EvictionId& id) const { return id.ordinal < by_process_[id.process.index()].size(); }
  // Whether nothing more will be heard of the eviction: it was restored or cut off, and its request has ended.
  // REQUIRES: has(id).
  bool is_over(const EvictionId& id) const;

 private:
  Recorder(const Recorder&) = default;

  struct Slot {
    SlotState state = SlotState::free;
    QueueId queue;
    SimTime since;
  };

  void subscribe(Probes& probes);
  void subscribe_evictions(Probes& probes);
  void subscribe_queues(Probes& probes);
  void subscribe_tables(Probes& probes);

  void on_started(const EvictionStarted& fact);
  void on_transition(const QueueTransition& fact);
  void on_stopped(const QueueStopped& fact);
  void on_ready(const GangReady& fact);
  void on_ran(const QueueRan& fact);
  void on_slot(const SlotChanged& fact);
  void on_packet(const PacketEnded& fact);
  void on_request(const RequestEnded& fact);
  void on_job(const JobEnded& fact);
  void on_slot_waited(const SlotWaited& fact);

  EvictionFacts* find(const EvictionId& id);
  // The queue's facts in the eviction that its process is in; null when it is in none.
  QueueFacts* live(QueueId queue);
  EvictionFacts* live_eviction(ProcessId process);
  void close_if_settled(ProcessId process);
  void close_slot(std::size_t slot, SimTime time);
  void finish_evictions(SimTime end);
  static void note_episode(RequestRow& request, const EvictionRow& eviction);

  const Layout& layout_;
  std::uint32_t compute_units_;
  Duration measure_from_;
  RunRecord record_;
  std::vector<EvictionFacts> evictions_;              // in order of start
  std::vector<std::vector<std::size_t>> by_process_;  // indices into evictions_, by ordinal
  std::vector<bool> live_;                            // whether the process's last eviction still needs facts
  std::vector<SlotState> queue_state_;                // of the slot that holds the queue
  std::vector<Slot> slots_;
  GraphFacts graphs_;
  ProcessFacts processes_;
  std::map<RequestId, std::size_t> requests_;  // index of each one's row
};

// "compute 1.2": engine, pipe and slot, in the order in which slots are numbered; the kernel's own last, "gfx
// 0.kernel".
std::vector<std::string> slot_names(const DeviceSpec& device, bool with_kernel_slots);

}  // namespace userqsim
