// A recorder that is fed with facts written by hand.
#pragma once

#include <memory>
#include <numeric>

#include "results/record/recorder.hpp"

namespace userqsim::recorder_bench {

inline SimTime at(std::int64_t ns) { return SimTime{Duration{ns}}; }

constexpr ProcessId game{0};
constexpr ProcessId other{1};
constexpr QueueId gfx{0};
constexpr QueueId comp{1};
constexpr SlotId slot{0};
constexpr EvictionId first{game, 0};
constexpr EvictionId second{game, 1};

// Two processes; the first has two queues, whose widest jobs take 5 and 8 of 10 compute units.
class Bench {
 public:
  Bench() {
    stream_.graph.resize(3);
    stream_.graph[0].width = 3;
    stream_.graph[1].width = 5;
    stream_.graph[2].width = 8;
    layout_.processes = {{"game", at(0), {gfx, comp}}, {"other", at(0), {}}};
    layout_.queues = {{"gfx0", game, QueueType::gfx, Priority::normal, 1},
                      {"comp0", game, QueueType::compute, Priority::normal, 1}};
    layout_.streams = {
        {game, gfx, &stream_, {{"a", gfx, {}, {}}, {"b", gfx, {}, {}}, {"c", comp, {}, {}}}, {0, 1, 2}}};
    device_.compute_units = 10;
    device_.gfx = {1, 2};
    recorder_ = std::make_unique<Recorder>(probes, layout_, device_);
  }

  void start(std::int64_t time, EvictionId eviction, std::uint32_t running, RequestId request = {}) {
    probes.eviction_started.state({at(time), eviction, Trigger::allocation, request, 2, running});
  }
  void step(std::int64_t from, std::int64_t to, EvictionStepKind kind, QueueId queue = {}, EvictionId of = first) {
    probes.eviction_step.state({at(from), at(to), of, kind, queue});
  }
  void slot_to(std::int64_t time, SlotState from, SlotState to, QueueId queue = gfx) {
    probes.slot_changed.state({at(time), slot, from, to, queue});
  }
  void packet(Opcode opcode, QueueId queue, std::int64_t issued, std::int64_t ended, EvictionId of = first) {
    PacketEnded fact;
    fact.time = at(ended);
    fact.opcode = opcode;
    fact.process = game;
    fact.queue = queue;
    fact.issued = at(issued);
    fact.busy = Duration{30};
    fact.eviction = of;
    probes.packet_ended.state(fact);
    probes.mes_lock_held.state({at(issued), at(ended), game, of});
  }
  void moved(std::int64_t time, UserqState from, UserqState to, Operation operation, EvictionId of = first,
             QueueId queue = gfx) {
    probes.queue_transition.state({at(time), game, queue, operation, from, to, Opcode::remove_queue,
                                   to == UserqState::hung ? PacketResult::timeout : PacketResult::ok, of});
  }

  // Stops gfx, its waves running, by REMOVE_QUEUE; signals at 1400.
  void stop_running(bool pending = true) {
    slot_to(500, SlotState::connecting, SlotState::running);
    start(1000, first, 1);
    step(1000, 1100, EvictionStepKind::suspend_start);
    step(1100, 1150, EvictionStepKind::mes_lock, gfx);
    slot_to(1200, SlotState::running, SlotState::draining);
    slot_to(1300, SlotState::draining, SlotState::unmapping);
    slot_to(1350, SlotState::unmapping, SlotState::free);
    probes.queue_stopped.state({at(1350), gfx, pending});
    packet(Opcode::remove_queue, gfx, 1150, 1400);
    step(1150, 1400, EvictionStepKind::mes_packet, gfx);
    moved(1400, UserqState::mapped, UserqState::unmapped, Operation::evict);
    probes.eviction_signaled.state({at(1400), first});
  }

  // Brings gfx back: ready at 2600, its waves at 2690, the worker done at 2700.
  void restore() {
    step(1400, 1500, EvictionStepKind::restore_start);
    step(1500, 2500, EvictionStepKind::move);
    probes.gang_ready.state({at(2600), gfx});
    slot_to(2610, SlotState::free, SlotState::mapping);
    slot_to(2640, SlotState::mapping, SlotState::loading);
    slot_to(2650, SlotState::loading, SlotState::mapped);
    slot_to(2680, SlotState::mapped, SlotState::connecting);
    slot_to(2690, SlotState::connecting, SlotState::running);
    probes.queue_ran.state({at(2690), gfx, JobId{7}, true});
    packet(Opcode::add_queue, gfx, 2500, 2700);
    step(2500, 2700, EvictionStepKind::mes_packet, gfx);
    moved(2700, UserqState::unmapped, UserqState::mapped, Operation::restore);
    probes.eviction_resumed.state({at(2700), first});
  }

  RunRecord finish(std::int64_t end) { return recorder_->finish(at(end)); }

  Probes probes;

 private:
  StreamSpec stream_;
  Layout layout_;
  DeviceSpec device_;
  std::unique_ptr<Recorder> recorder_;
};

inline std::int64_t critical_time(const RunRecord& record, std::int64_t from, std::int64_t to) {
  return std::accumulate(record.parts.begin(), record.parts.end(), std::int64_t{0},
                         [&](std::int64_t sum, const PartRow& part) {
                           const bool inside = part.critical && part.start_ns >= from && part.end_ns <= to;
                           return sum + (inside ? part.end_ns - part.start_ns : 0);
                         });
}

inline PartRow last_critical(const RunRecord& record) {
  PartRow last;
  for (const PartRow& row : record.parts) {
    if (row.critical && row.end_ns > last.end_ns) last = row;
  }
  return last;
}

}  // namespace userqsim::recorder_bench
