// The GPU: rings, HQD slots on pipes, compute units, the copy engine, and what it takes to stop and to start a
// queue.
//
// A pipe connects one mapped queue with work at a time and goes to the next when that one is idle or, where the
// device has a pipe quantum, when others wait; the waves of
// the round that runs then run on beside the next queue's, and with CWSR they stand still.
// Connected graphics and compute queues share the compute units in proportion to their jobs' widths; SDMA queues
// share the copy engine with the kernel's moves. A stop finds a queue wherever it is: being mapped or loaded (the
// load ends first), mapped, connecting, running (drained to the end of its round of waves, or, with CWSR, saved at
// an instruction boundary), or already on its way out.
//
// A queue that hangs keeps its slot, and its pipe when it is connected, but takes nothing of what is shared. Asked
// to stop it stays in `draining` until it is reset (resets.cpp).
//
// ENSURES: a slot holds at most one queue, a queue at most one slot, a pipe connects at most one slot.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/hardware/messages.hpp"
#include "models/hardware/spec.hpp"
#include "models/memory/memory.hpp"
#include "models/profiles/cost_draws.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/fluid_share.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct HardwareChannels {
  Channel<SlotTimer> slot_timer;
  Channel<ShareTimer> share_timer;
  Channel<PipeTimer> pipe_timer;
  Channel<QueueConnected> connected;
  Channel<QueueDisconnected> disconnected;
  Channel<SlotFreed> slot_freed;
  Channel<QueueIdle> idle;
  Channel<QueueHasWork> has_work;
  Channel<JobDone> job_done;
  Channel<JobDropped> job_dropped;
  Channel<JobRetired> job_retired;
  Channel<CopyDone> copy_done;
  Probe<SlotChanged>* slot_changed = nullptr;
  Probe<QueueRan>* queue_ran = nullptr;
  Probe<QueueStopped>* queue_stopped = nullptr;
  Probe<ContextMoved>* context_moved = nullptr;
  Probe<Hazard>* hazard = nullptr;
  Probe<FaultInjected>* fault_injected = nullptr;
  const CostDraws* costs = nullptr;
  const Workload* workload = nullptr;
  const Memory* memory = nullptr;
  const FaultPlan* faults = nullptr;
};

// Slots and pipes, numbered: graphics, compute, SDMA; pipe by pipe. Behind the slots of user queues, where somebody
// submits through the kernel, one of the kernel's own on each pipe.
struct SlotPlan {
  struct Pipe {
    QueueType type = QueueType::compute;
    std::uint32_t first_slot = 0;
    std::uint32_t slots = 0;
    SlotId kernel_slot{};  // none: there is none
  };
  std::vector<Pipe> pipes;
  std::vector<std::uint32_t> pipe_of_slot;
};
SlotPlan make_slot_plan(const DeviceSpec& device, bool with_kernel_slots);

class Hardware {
 public:
  // `layout` outlives the hardware.
  Hardware(const HardwareSpec& spec, const Layout& layout);

  void handle(const HardwareEvent& event, const HardwareChannels& channels);

  const SlotPlan& plan() const { return plan_; }
  // Whether the queue's next job could run now if it had a slot.
  bool has_work(QueueId queue, const Workload& workload) const;
  std::size_t ring_size(QueueId queue) const { return queues_[queue.index()].ring.size(); }
  // The job at the ring's head, if it has run at all: since when, and how often it was stopped.
  struct Progress {
    JobId job;
    SimTime started;
    std::uint32_t preemptions = 0;
  };
  std::optional<Progress> progress(QueueId queue) const;
  // Its waves make no progress: it hangs.
  bool is_stuck(QueueId queue) const { return queues_[queue.index()].stuck; }
  void verify(const Workload& workload) const;
  // It is loaded when the queue has a slot again.
  bool has_saved_context(QueueId queue) const { return queues_[queue.index()].saved.value > 0; }
  SlotState state_of(SlotId slot) const { return slots_[slot.index()].state; }
  QueueId queue_in(SlotId slot) const { return slots_[slot.index()].queue; }
  // A reset of the GPU is under way, or has failed.
  bool is_down() const { return down_; }
  // The next job of the queue; none: its ring is empty.
  JobId head_of(QueueId queue) const {
    const Fifo<JobId>& ring = queues_[queue.index()].ring;
    return ring.empty() ? JobId::none() : ring.front();
  }
  // Whom the slot's pipe is connected to; none: nobody.
  QueueId on_pipe_of(SlotId slot) const {
    const SlotId connected = pipes_[pipe_of(slot)].connected;
    return connected.exists() ? queue_in(connected) : QueueId::none();
  }
  // None: the queue is in no slot.
  SlotId slot_of(QueueId queue) const { return queues_[queue.index()].slot; }
  // Who has the slot; none: nobody.
  QueueId queue_of(SlotId slot) const { return slots_[slot.index()].queue; }
  // Waves of the queue in it are on the machine.
  bool has_waves(SlotId slot) const;

  auto fields() const {
    return std::tie(queues_, slots_, pipes_, compute_, copy_, kernel_copies_, gpu_resets_, down_);
  }

 private:
  struct Queue {
    Fifo<JobId> ring;  // submitted and not finished, head first
    SlotId slot;
    bool head_started = false;
    SimTime head_started_at;
    std::uint32_t head_preemptions = 0;
    Wide remaining = 0;                  // of the head, while it is not flowing
    Wide after_drain = 0;                // while draining: what is left behind the round's end
    std::int64_t scale_permille = 1000;  // in which `remaining` is counted
    Bytes saved{0};                      // context to load when it is mapped again
    bool has_context = false;            // it ran here or was loaded: a stop must save it
    std::optional<JobOutcome> freed;     // it is gone: what its ring held ended so
    bool stuck = false;                  // it hangs: `remaining` stands, nothing of it flows
    std::uint32_t stops = 0;             // packets that stopped it, as MES counts them
    std::uint32_t maps = 0;              // since the last packet stop
    std::uint32_t connects = 0;          // since the last packet stop
    auto fields() const {
      return std::tuple_cat(
          std::tie(ring, slot, head_started, remaining, after_drain, scale_permille, saved.value, has_context,
                   freed, stuck),
          std::tuple(DrawCount{head_preemptions}, DrawCount{stops}, DrawCount{maps}, DrawCount{connects}));
    }
  };
  struct Slot {
    SlotState state = SlotState::free;
    QueueId queue;
    bool stop_asked = false;
    bool for_packet = false;
    bool tail = false;       // off its pipe; the waves of its last round run on
    std::uint32_t stop = 0;  // for a packet: which stop of the queue this is
    Duration slower{0};      // by a fault: the stop takes that much longer
    EventHandle timer;
    auto fields() const { return std::tie(state, queue, stop_asked, for_packet, tail, stop, slower); }
  };
  struct Pipe {
    SlotId connected;        // connecting, running or draining
    std::uint32_t last = 0;  // slot that was connected last, within the pipe
    EventHandle quantum;
    bool quantum_running = false;
    auto fields() const { return std::tie(connected, last, quantum_running); }
  };

  void on(const Doorbell&, const HardwareChannels&);
  void on(const DropRing&, const HardwareChannels&);
  void on(const DependencyMet&, const HardwareChannels&);
  void on(const MapQueue&, const HardwareChannels&);
  void on(const UnmapQueue&, const HardwareChannels&);
  void on(const StartCopy&, const HardwareChannels&);
  void on(const SlotTimer&, const HardwareChannels&);
  void on(const ShareTimer&, const HardwareChannels&);
  void on(const PipeTimer&, const HardwareChannels&);
  void on(const Hang&, const HardwareChannels&);
  void on(const ResetQueue&, const HardwareChannels&);
  void on(const GpuReset&, const HardwareChannels&);
  void on(const CancelFenced&, const HardwareChannels&);
  void on(const RunKernelJob&, const HardwareChannels&);

  // Slots (slots.cpp).
  void change(SlotId slot, SlotState to, const HardwareChannels& channels);
  void wait(SlotId slot, Duration time, const HardwareChannels& channels);
  void after_mapping(SlotId slot, const HardwareChannels& channels);
  void after_loading(SlotId slot, const HardwareChannels& channels);
  void begin_stop(SlotId slot, const HardwareChannels& channels);
  void stop_running(SlotId slot, const HardwareChannels& channels);
  void save_context(SlotId slot, Bytes bytes, Duration before, const HardwareChannels& channels);
  void begin_unmapping(SlotId slot, Duration before, const HardwareChannels& channels);
  void release_slot(SlotId slot, const HardwareChannels& channels);
  Duration preempt_time(SlotId slot, CostName name, const HardwareChannels& channels) const;
  std::uint64_t stop_ordinal(SlotId slot) const;
  Bytes wave_context(QueueId queue, const HardwareChannels& channels) const;
  Bandwidth context_bandwidth() const;

  // Pipes and execution (execution.cpp).
  void arbitrate(std::uint32_t pipe, const HardwareChannels& channels);
  void after_connecting(SlotId slot, const HardwareChannels& channels);
  void leave_pipe(SlotId slot, const HardwareChannels& channels);
  void disconnect(SlotId slot, const HardwareChannels& channels);
  void start_head(SlotId slot, Wide residue, const HardwareChannels& channels);
  void run_to_round_end(SlotId slot, const HardwareChannels& channels);
  Wide take_off(SlotId slot, const HardwareChannels& channels);
  void pause_head(SlotId slot, const HardwareChannels& channels);
  Wide ticks_to_round_end(SlotId slot, Wide remaining, const HardwareChannels& channels) const;
  void finish_flow(SlotId slot, const HardwareChannels& channels);
  void end_drain(SlotId slot, const HardwareChannels& channels);
  void fall_idle(SlotId slot, const HardwareChannels& channels);
  void finish_head(SlotId slot, Wide residue, const HardwareChannels& channels);
  void retire_head(SlotId slot, const HardwareChannels& channels);
  void watch_quantum(std::uint32_t pipe, const HardwareChannels& channels);
  bool runs_or_drains(SlotId slot) const;
  SlotId next_to_connect(std::uint32_t pipe_index, const HardwareChannels& channels) const;
  bool is_realtime(SlotId id) const;
  SlotId slot_of_pipe(std::uint32_t pipe, std::uint32_t place) const;
  void rearm_share(bool copy, const HardwareChannels& channels);
  void start_kernel_copy(std::uint32_t entity, const HardwareChannels& channels);
  // Kernel jobs share the copy engine under keys that no slot has.
  static std::uint32_t kernel_key(std::uint32_t entity) { return SlotId::none_value - entity; }
  std::uint32_t width_of(SlotId slot, const HardwareChannels& channels) const;

  // Hangs and resets (resets.cpp).
  void hang(QueueId queue, const HardwareChannels& channels);
  void inject(const UnmapQueue& stop, const HardwareChannels& channels);
  void drop_job(QueueId queue, std::size_t place, JobOutcome outcome, const HardwareChannels& channels);
  void kill_waves(QueueId queue, const HardwareChannels& channels);
  void empty_slot(SlotId slot, const HardwareChannels& channels);
  void settle_head(SlotId slot, const HardwareChannels& channels);

  Queue& queue_in(SlotId slot) { return queues_[slots_[slot.index()].queue.index()]; }
  FluidShare& share_of(SlotId slot) { return is_copy(slot) ? copy_ : compute_; }
  // A kernel queue has no save area: its rounds run to their end.
  bool stops_at(const QueueLayout& queue, ComputeStop where) const {
    return queue.type == QueueType::compute && spec_.compute_stop == where &&
           !(queue.of_kernel && where == ComputeStop::instruction);
  }
  bool is_kernel_slot(SlotId id) const { return plan_.pipes[pipe_of(id)].kernel_slot == id; }
  bool is_copy(SlotId slot) const { return plan_.pipes[plan_.pipe_of_slot[slot.index()]].type == QueueType::sdma; }
  std::uint32_t pipe_of(SlotId slot) const { return plan_.pipe_of_slot[slot.index()]; }

  HardwareSpec spec_;
  const Layout* layout_;
  SlotPlan plan_;

  std::vector<Queue> queues_;
  std::vector<Slot> slots_;
  std::vector<Pipe> pipes_;
  FluidShare compute_;
  FluidShare copy_;
  std::vector<std::optional<Wide>> kernel_copies_;  // by move entity: all of its job under way
  std::uint32_t gpu_resets_ = 0;                    // so far
  bool down_ = false;                               // a reset of the GPU is under way, or has failed
  EventHandle compute_timer_;
  EventHandle copy_timer_;
};

}  // namespace userqsim
