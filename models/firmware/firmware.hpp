// MES: serves the driver's packets one at a time, and decides which gangs have HQD slots.
//
// Packets. ADD_QUEUE registers a gang at its list's tail, REMOVE_QUEUE forgets it; SUSPEND keeps the gang, its
// place and the quantum it had left, RESUME makes it runnable there. A packet that takes a queue off the machine
// waits for the slot; whether other packets wait too is FirmwareSpec::api_during_unmap. SUSPEND has two fences
// (SuspendAck).
//
// Slots. While every runnable gang of an engine fits, all are mapped. When they do not, only gangs with known work
// are: higher levels first, within a level round robin; a mapped gang gives way when it is idle, to a higher level
// at once, to its own level when it has had its quantum. Work on a gang without a slot is learnt by the wptr poll,
// whose period is computed and never ticked, or by interrupt.
//
// Each queue is its own gang (mes_userqueue.c).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "models/firmware/messages.hpp"
#include "models/firmware/spec.hpp"
#include "models/hardware/hardware.hpp"
#include "models/profiles/cost_draws.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct FirmwareChannels {
  Channel<ApiFence> api_fence;
  Channel<SuspendFence> suspend_fence;
  Channel<MapQueue> map;
  Channel<UnmapQueue> unmap;
  Channel<ResetQueue> reset_queue;
  Channel<GpuReset> gpu_reset;
  Channel<SilenceTimer> silence_timer;
  Channel<ApiTimer> api_timer;
  Channel<QuantumTimer> quantum_timer;
  Channel<DiscoverTimer> discover_timer;
  Channel<UnmapTimer> unmap_timer;
  Probe<PacketEnded>* packet_ended = nullptr;
  Probe<GangReady>* gang_ready = nullptr;
  Probe<QueueStopped>* queue_stopped = nullptr;
  Probe<FaultInjected>* fault = nullptr;
  const FaultPlan* faults = nullptr;
  const CostDraws* costs = nullptr;
  const Workload* workload = nullptr;
  const Hardware* hardware = nullptr;
};

class Firmware {
 public:
  // `layout` outlives the firmware.
  Firmware(const FirmwareSpec& spec, const Layout& layout, const SlotPlan& slots);

  void handle(const FirmwareEvent& event, const FirmwareChannels& channels);

  // States the packets that are still under way. Call at the horizon.
  void close(SimTime now, const FirmwareChannels& channels) const;
  void verify() const;

  auto fields() const {
    return std::tie(gangs_, slot_taken_, inbox_, current_, blocked_by_, stops_, all_stops_, silent_, missed_,
                    armed_);
  }

 private:
  // A gang, which is a queue. Its life in MES: registered by ADD_QUEUE, forgotten by REMOVE_QUEUE.
  struct Gang {
    bool registered = false;
    bool suspended = false;
    std::uint64_t place = 0;  // in its level's list: lower is served first
    SlotId slot;
    bool leaving = false;  // its slot is being vacated
    SimTime leaving_since;
    std::uint32_t stops = 0;  // packets that stopped it
    bool work_known = false;
    bool quantum_over = false;
    bool quantum_running = false;  // a pipe runs it
    Duration quantum_left{0};
    SimTime running_since;  // of the quantum
    EventHandle quantum_timer;
    auto fields() const {
      return std::tuple(registered, suspended, place, slot, leaving, TimeIf{leaving, leaving_since}, stops,
                        work_known, quantum_over, quantum_running, quantum_left,
                        TimeIf{quantum_running, running_since});
    }
  };
  // A packet on its way through the API processor.
  struct Work {
    Packet packet;
    SimTime issued;
    std::optional<SimTime> started;
    std::optional<SimTime> acked;
    Duration busy{0};
    bool finishing = false;  // REMOVE_QUEUE after the slot was vacated: only the teardown is left
    auto fields() const { return std::tie(packet, finishing, acked); }
  };
  // A packet that waits for its queue to leave its slot.
  struct Stop {
    Work work;
    SimTime unmap_began;
    EventHandle timeout;
    auto fields() const { return std::tie(work); }
  };

  // A SUSPEND of all gangs that waits for those in slots to leave.
  struct AllStop {
    Work work;
    std::vector<QueueId> left;
    SimTime began;
    EventHandle timeout;
    auto fields() const { return std::tie(work, left); }
  };
  // A fault that waits for its packet.
  struct Armed {
    FaultId fault;
    std::uint32_t left = 1;  // matching packets to come, with the one that it hits
    auto fields() const { return std::tie(fault, left); }
  };

  void on(const Packet&, const FirmwareChannels&);
  void on(const FirmwareReset&, const FirmwareChannels&);
  void on(const FaultDue&, const FirmwareChannels&);
  void on(const SilenceTimer&, const FirmwareChannels&);
  void on(const QueueConnected&, const FirmwareChannels&);
  void on(const QueueDisconnected&, const FirmwareChannels&);
  void on(const SlotFreed&, const FirmwareChannels&);
  void on(const QueueIdle&, const FirmwareChannels&);
  void on(const QueueHasWork&, const FirmwareChannels&);
  void on(const ApiTimer&, const FirmwareChannels&);
  void on(const QuantumTimer&, const FirmwareChannels&);
  void on(const DiscoverTimer&, const FirmwareChannels&);
  void on(const UnmapTimer&, const FirmwareChannels&);

  // Packets (packets.cpp).
  void serve_next(const FirmwareChannels& channels);
  Duration service_time(const Work& work, const FirmwareChannels& channels) const;
  void execute(Work work, const FirmwareChannels& channels);
  void make_runnable(QueueId queue, const FirmwareChannels& channels);
  void begin_stop(Work work, const FirmwareChannels& channels);
  void finish_stop(Stop stop, const FirmwareChannels& channels);
  void acknowledge(Work& work, PacketResult result, const FirmwareChannels& channels) const;
  void end_packet(const Work& work, PacketResult result, const FirmwareChannels& channels) const;
  static PacketEnded fact_of(const Work& work, PacketResult result, SimTime now);
  void unblock(QueueId queue, const FirmwareChannels& channels);

  // All gangs at once, hung queues, resets (resets.cpp).
  void suspend_all(Work work, const FirmwareChannels& channels);
  void resume_all(const FirmwareChannels& channels);
  void leave_all_stops(QueueId queue, const FirmwareChannels& channels);
  void end_all_stop(AllStop stop, PacketResult result, const FirmwareChannels& channels);
  void time_out_all_stop(const FirmwareChannels& channels);
  std::vector<QueueId> hung_queues(QueueType type, const FirmwareChannels& channels) const;
  void reset_queue(QueueId queue, const FirmwareChannels& channels);
  void reset_hung(Work work, const FirmwareChannels& channels);

  // Faults (faults.cpp).
  void fall_silent(FaultId fault, std::optional<EvictionId> eviction, const FirmwareChannels& channels);
  std::optional<FaultId> armed_fault(FaultKind kind, const Packet& packet, const FirmwareChannels& channels);
  std::optional<FaultId> fault_of(FaultKind kind, const Packet& packet, const FirmwareChannels& channels);
  bool is_lost(const Packet& packet, const FirmwareChannels& channels);
  std::optional<PacketResult> refusal(const Packet& packet, const FirmwareChannels& channels);
  void state_fault(FaultId fault, const Packet& packet, const FirmwareChannels& channels) const;
  bool never_leaves(const Packet& packet, const FirmwareChannels& channels);
  Duration slow_by(const Packet& packet, const FirmwareChannels& channels);

  // Slots (scheduler.cpp).
  void schedule(QueueType type, const FirmwareChannels& channels);
  bool oversubscribed(QueueType type) const;
  std::vector<QueueId> waiting(QueueType type) const;
  std::optional<SlotId> free_slot(QueueType type) const;
  std::optional<QueueId> who_gives_way(QueueId to) const;
  std::size_t slots_promised(QueueType type, SimTime now) const;
  void charge_quantum(Gang& gang, SimTime now) const;
  void give_way(QueueId queue, const Packet* packet, const FirmwareChannels& channels);
  void watch_quanta(QueueId waiter, const FirmwareChannels& channels);

  bool runnable(QueueId queue) const { return gang(queue).registered && !gang(queue).suspended; }
  Gang& gang(QueueId queue) { return gangs_[queue.index()]; }
  const Gang& gang(QueueId queue) const { return gangs_[queue.index()]; }
  QueueType type_of(QueueId queue) const { return layout_->queue(queue).type; }

  FirmwareSpec spec_;
  const Layout* layout_;
  SlotPlan slots_;

  std::vector<Gang> gangs_;          // by queue
  std::vector<QueueId> slot_taken_;  // by slot
  std::deque<Work> inbox_;
  std::optional<Work> current_;  // on the API processor
  EventHandle api_timer_;
  QueueId blocked_by_;       // the API processor waits for this queue's unmap
  std::vector<Stop> stops_;  // oldest first
  std::vector<AllStop> all_stops_;
  bool silent_ = false;  // a fault: it does nothing
  std::uint32_t silence_ = 0;
  std::deque<FirmwareEvent> missed_;  // what it will see when it comes back
  std::vector<Armed> armed_;
  std::uint64_t next_place_ = 1;
};

}  // namespace userqsim
