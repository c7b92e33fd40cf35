// MES: serves the driver's packets one at a time, and decides which gangs have HQD slots.
//
// Packets. ADD_QUEUE registers a gang at its list's tail, REMOVE_QUEUE forgets it; SUSPEND keeps the gang, its
// place and the quantum it had left, RESUME makes it runnable there. A packet that takes a queue off the machine
// waits for the slot; whether other packets wait too is FirmwareSpec::api_during_unmap. SUSPEND has two fences
// (SuspendAck); SUSPEND and RESUME of all gangs are one packet. RESET kills the waves of a queue, or of those of an
// engine that hang, and forgets their gangs. A packet about a gang that MES does not know is refused.
//
// Slots. While every runnable gang of an engine fits, all are mapped. When they do not, only gangs with known work
// are: higher levels first, within a level round robin; a mapped gang gives way when it is idle, to a higher level
// at once, to its own level when it has had its quantum. Work on a gang without a slot is learnt by the wptr poll,
// whose period is computed and never ticked, or by interrupt.
//
// Each queue is its own gang (mes_userqueue.c).
#pragma once

#include <array>
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
  Channel<ResetQueue> reset;
  Channel<ApiTimer> api_timer;
  Channel<QuantumTimer> quantum_timer;
  Channel<DiscoverTimer> discover_timer;
  Channel<UnmapTimer> unmap_timer;
  Channel<SilenceTimer> silence_timer;
  Probe<PacketEnded>* packet_ended = nullptr;
  Probe<GangReady>* gang_ready = nullptr;
  Probe<QueueStopped>* queue_stopped = nullptr;
  Probe<FaultInjected>* fault_injected = nullptr;
  const CostDraws* costs = nullptr;
  const Workload* workload = nullptr;
  const Hardware* hardware = nullptr;
  const FaultPlan* faults = nullptr;
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
    return std::tuple<const std::vector<Gang>&, const std::vector<QueueId>&, const std::deque<Work>&,
                      const std::optional<Work>&, bool, const std::vector<Stop>&, std::uint32_t, bool, bool,
                      const std::optional<SimTime>&, const std::deque<FirmwareEvent>&,
                      const std::vector<FaultState>&, const std::vector<FaultId>&>(
        gangs_, slot_taken_, inbox_, current_, blocked_, stops_, gpu_resets_, down_, silent_, silent_until_, held_,
        fault_state_, failing_resets_);
  }

 private:
  // What faults of an eviction count once for a queue: the packet that stops it, the one that restarts it, the
  // unmapping itself.
  enum class Once : std::uint8_t { stop, restart, unmap };

  // A gang, which is a queue. Its life in MES: registered by ADD_QUEUE, forgotten by REMOVE_QUEUE and RESET.
  struct Gang {
    bool registered = false;
    bool was_reset = false;  // and has not been added again
    bool suspended = false;
    std::uint64_t place = 0;  // in its level's list: lower is served first
    SlotId slot;
    bool leaving = false;  // its slot is being vacated
    SimTime leaving_since;
    std::uint32_t stops = 0;              // packets that stopped it
    std::uint32_t resets = 0;             // packets that reset it
    std::array<std::uint32_t, 3> seen{};  // by Once: the number after that of the last eviction, with faults only
    bool work_known = false;
    bool quantum_over = false;
    bool quantum_running = false;  // a pipe runs it
    Duration quantum_left{0};
    SimTime running_since;  // of the quantum
    EventHandle quantum_timer;
    auto fields() const {
      return std::tuple(registered, was_reset, suspended, place, slot, leaving, TimeIf{leaving, leaving_since},
                        stops, resets, seen[0], seen[1], seen[2], work_known, quantum_over, quantum_running,
                        quantum_left, TimeIf{quantum_running, running_since});
    }
  };
  // A packet on its way through the API processor.
  struct Work {
    Packet packet;
    SimTime issued;
    std::optional<SimTime> started;
    std::optional<SimTime> acked;
    Duration busy{0};
    bool finishing = false;  // only the rest is left: REMOVE_QUEUE's teardown, the resets that a detection found
    HungQueues hung;         // what the detection found
    FaultId error;           // MES refuses it
    auto fields() const { return std::tie(packet, finishing, acked, hung, error); }
  };
  // A packet that waits for its queues to leave their slots.
  struct Stop {
    Work work;
    SimTime unmap_began;
    EventHandle timeout;
    std::vector<QueueId> waits_for;
    bool blocks = false;  // the API processor waits too
    auto fields() const { return std::tie(work, waits_for, blocks); }
  };
  // What MES remembers of a fault.
  struct FaultState {
    std::uint32_t packets = 0;  // that came since its time
    bool fired = false;
    auto fields() const { return std::tie(packets, fired); }
  };

  void on(const Packet&, const FirmwareChannels&);
  void on(const QueueConnected&, const FirmwareChannels&);
  void on(const QueueDisconnected&, const FirmwareChannels&);
  void on(const SlotFreed&, const FirmwareChannels&);
  void on(const QueueIdle&, const FirmwareChannels&);
  void on(const QueueHasWork&, const FirmwareChannels&);
  void on(const ApiTimer&, const FirmwareChannels&);
  void on(const QuantumTimer&, const FirmwareChannels&);
  void on(const DiscoverTimer&, const FirmwareChannels&);
  void on(const UnmapTimer&, const FirmwareChannels&);
  void on(const FirmwareReset&, const FirmwareChannels&);
  void on(const MesFault&, const FirmwareChannels&);
  void on(const SilenceTimer&, const FirmwareChannels&);

  // Packets (packets.cpp).
  void serve_next(const FirmwareChannels& channels);
  Duration service_time(const Work& work, const FirmwareChannels& channels) const;
  void execute(Work work, const FirmwareChannels& channels);
  bool knows(const Work& work) const;
  void answer(Work work, PacketResult result, const FirmwareChannels& channels) const;
  void make_runnable(const std::vector<QueueId>& queues, const FirmwareChannels& channels);
  std::vector<QueueId> gangs_of(const Packet& packet) const;
  void acknowledge(Work& work, PacketResult result, const FirmwareChannels& channels) const;
  void end_packet(const Work& work, PacketResult result, const FirmwareChannels& channels) const;
  static PacketEnded fact_of(const Work& work, PacketResult result, SimTime now);

  // Packets that take queues off the machine (stops.cpp).
  void begin_stop(Work work, const std::vector<QueueId>& queues, const FirmwareChannels& channels);
  void finish_stop(Stop stop, const FirmwareChannels& channels);

  // Resets (resets.cpp).
  HungQueues find_hung(QueueType type, const FirmwareChannels& channels) const;
  void reset(Work work, const FirmwareChannels& channels);
  bool reset_gang(QueueId queue, const FirmwareChannels& channels);
  Duration reset_time(QueueId queue, const FirmwareChannels& channels) const;

  // Faults (faults.cpp).
  bool first_time(QueueId queue, Once what, std::uint32_t eviction);
  std::optional<FaultId> fault_of(const Packet& packet, const FirmwareChannels& channels);
  std::optional<FaultId> fault_by_count(const Packet& packet, const FirmwareChannels& channels);
  FaultId timed_fault_of_unmap(QueueId queue, const FirmwareChannels& channels);
  FaultId fault_of_unmap(QueueId queue, const Packet& packet, const FirmwareChannels& channels);
  void watch_for_silence(const Packet& packet, QueueId queue, const FirmwareChannels& channels);
  bool reset_in_vain(QueueId queue, const FirmwareChannels& channels);
  void fall_silent(const FaultInjected& fact, const FirmwareChannels& channels);
  void state_fault(FaultId fault, const Packet& packet, const FirmwareChannels& channels) const;

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
  EventHandle api_timer_;        // of the current one
  bool blocked_ = false;         // the API processor waits for an unmap
  std::vector<Stop> stops_;      // oldest first
  std::uint32_t gpu_resets_ = 0;
  bool down_ = false;  // a reset of the GPU is under way, or has failed
  bool silent_ = false;
  std::optional<SimTime> silent_until_;  // none: until a GPU reset
  std::deque<FirmwareEvent> held_;       // what happened while MES was silent
  std::vector<FaultState> fault_state_;  // by fault
  std::vector<FaultId> failing_resets_;  // faults that wait for a reset of a queue
  std::uint64_t next_place_ = 1;
};

}  // namespace userqsim
