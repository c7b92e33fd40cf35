// MES: serves the driver's packets one at a time, and decides which gangs have HQD slots.
//
// Packets. There are two pipes, each with a ring and an API processor: the scheduler's, and a second one that takes
// INV_TLBS. ADD_QUEUE registers a gang at its list's tail, REMOVE_QUEUE forgets it; SUSPEND keeps the gang, its
// place and the quantum it had left, RESUME makes it runnable there. A packet that takes a queue off the machine
// waits for the slot; whether other packets wait too is FirmwareSpec::api_during_unmap. SUSPEND has two fences
// (SuspendAck); SUSPEND and RESUME of all gangs are one packet. RESET kills the waves of a queue, or of those of an
// engine that hang, and forgets their gangs. A packet about a gang that MES does not know is refused.
//
// HWS has no packets: ADD_QUEUE and REMOVE_QUEUE stand for KFD's new runlist, for which every queue leaves first
// (RunlistChange).
//
// Slots. While every runnable gang of an engine fits, and its VMID, all are mapped. When they do not, only gangs
// with known work are: higher levels first, within a level process by process and there gang by gang (gangs.hpp). A
// mapped gang gives way when it is idle, to a higher level at once, to another process when its own has had its
// quantum, to a gang of its process when it has had its own. Work on a gang without a slot is learnt by the wptr
// poll, whose period is computed and never ticked, or by interrupt.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/firmware/gangs.hpp"
#include "models/firmware/messages.hpp"
#include "models/firmware/spec.hpp"
#include "models/hardware/hardware.hpp"
#include "models/profiles/cost_draws.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/containers.hpp"
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
  Channel<QuietTimer> quiet_timer;
  Channel<UnmapTimer> unmap_timer;
  Channel<SilenceTimer> silence_timer;
  Probe<PacketEnded>* packet_ended = nullptr;
  Probe<MesServed>* mes_served = nullptr;
  Probe<GangReady>* gang_ready = nullptr;
  Probe<SlotWaited>* slot_waited = nullptr;
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
  Firmware(const FirmwareSetup& setup, const Layout& layout, const SlotPlan& slots);

  void handle(const FirmwareEvent& event, const FirmwareChannels& channels);

  // States the packets that are still under way. Call at the horizon.
  void close(SimTime now, const FirmwareChannels& channels) const;
  void verify() const;
  // Whether the queue's gang is in the lists, or will be with the runlist to come; and whether it is held there.
  bool has_gang(QueueId queue) const;
  bool is_suspended(QueueId queue) const { return gang(queue).suspended; }
  // The packet that the pipe's API processor is at; null: none.
  const Packet* in_service(std::size_t pipe) const {
    return pipes_[pipe].current ? &pipes_[pipe].current->packet : nullptr;
  }

  // Slots and VMIDs for all gangs there are, and none that waits for others to be idle: nobody has to make way.
  bool has_room_for_all() const;
  const Gang& gang(QueueId queue) const { return gangs_[queue.index()]; }
  bool is_silent() const { return silent_; }
  bool is_down() const { return state_ == State::down; }
  // Who has slots where the queue might be mapped: of its engine, or of all where VMIDs are short.
  std::vector<QueueId> rivals_of(QueueId queue) const;
  // Whose unmapping the scheduler's API processor waits for; none: nobody's.
  QueueId blocked_by() const;

  auto fields() const {
    return std::tuple_cat(std::tie(gangs_, processes_, lists_[0], lists_[1], lists_[2], vmids_were_short_,
                                   slot_taken_, pipes_[0], pipes_[1], blocked_, stops_, runlist_edits_, gpu_resets_,
                                   state_, silent_, silent_until_, held_, fault_state_, failing_resets_),
                          std::tuple(gangs_by_place(), processes_by_place()));
  }

 private:
  // Those that have one, first to last: all that their places say.
  std::vector<QueueId> gangs_by_place() const;
  std::vector<std::size_t> processes_by_place() const;

  // What faults of an eviction count once for a queue: the packet that stops it, the one that restarts it, the
  // unmapping itself.
  enum class Once : std::uint8_t { stop, restart, unmap };

  // Down while the GPU is being reset, or when that has failed; bare until SET_HW_RSRC says what MES may use.
  enum class State : std::uint8_t { up, down, bare };

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
  // One of MES's pipes: a ring, and an API processor that takes one packet at a time off it.
  struct ApiPipe {
    Fifo<Work> inbox;
    std::optional<Work> current;
    EventHandle timer;
    SimTime since, until;  // `current` is served
    auto fields() const { return std::tie(inbox, current); }
  };
  // A packet that waits for its queues to leave their slots.
  struct Stop {
    Work work;
    SimTime unmap_began;
    EventHandle timeout;
    QueueList waits_for;
    std::vector<Packet> adds;  // of a runlist: to enlist then
    bool blocks = false;       // the API processor waits too
    auto fields() const { return std::tie(work, waits_for, adds, blocks); }
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
  void on(const QuietTimer&, const FirmwareChannels&);
  void on(const UnmapTimer&, const FirmwareChannels&);
  void on(const FirmwareReset&, const FirmwareChannels&);
  void on(const MesFault&, const FirmwareChannels&);
  void on(const SilenceTimer&, const FirmwareChannels&);

  // Packets (packets.cpp).
  static std::size_t pipe_of(Opcode opcode) { return opcode == Opcode::inv_tlbs ? 1 : 0; }
  Fifo<Work>& inbox_of(const Work& work) { return pipes_[pipe_of(work.packet.opcode)].inbox; }
  bool hears(const Packet& packet) const;
  void serve_next(const FirmwareChannels& channels);
  void serve_next(std::size_t pipe, const FirmwareChannels& channels);
  Duration service_time(const Work& work, const FirmwareChannels& channels) const;
  void execute(Work work, const FirmwareChannels& channels);
  bool knows(const Work& work) const;
  void answer(Work work, PacketResult result, const FirmwareChannels& channels) const;
  void make_runnable(const QueueList& queues, const FirmwareChannels& channels);
  QueueList gangs_of(const Packet& packet) const;
  void acknowledge(Work& work, PacketResult result, const FirmwareChannels& channels) const;
  void end_packet(const Work& work, PacketResult result, const FirmwareChannels& channels) const;
  static void state_served(const Work& work, SimTime since, bool waits, SimTime now,
                           const FirmwareChannels& channels);
  void cut(PacketResult result, SimTime now, const FirmwareChannels& channels) const;
  static PacketEnded fact_of(const Work& work, PacketResult result, SimTime now);

  // Packets that take queues off the machine (stops.cpp).
  void begin_stop(Work work, const QueueList& queues, const FirmwareChannels& channels);
  void update_runlist(Work work, const FirmwareChannels& channels);
  void take_off_list(const Packet& remove, const FirmwareChannels& channels);
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

  // Who waits (lists.cpp).
  void relist(QueueId queue);
  void move_process_to_tail(std::size_t index);
  void move_to_tail(QueueId queue, bool with_process);
  std::uint8_t levels_below_top(QueueId queue) const;
  std::optional<GangWait> wait_of(QueueId queue) const;
  bool oversubscribed(QueueType type) const;
  void enter(QueueId queue, SlotId slot, SimTime now);
  void leave(QueueId queue);
  void begin_turn(QueueId queue, SimTime now);
  void set_turn_over(QueueType type, bool& turn_over, bool is_over);
  void enlist(QueueId queue, SimTime now);
  void delist(QueueId queue);
  void forget_lists();
  void begin_wait(QueueId queue, const FirmwareChannels& channels);
  void end_wait(QueueId queue, WaitEnd end, const FirmwareChannels& channels);

  // Who has a slot (scheduler.cpp).
  using SlotQueues = SmallVector<QueueId, 32>;  // with the slots and the VMIDs that an engine mostly has
  template <class T>
  using PerVmid = SmallMap<std::uint32_t, T, 16>;
  // Who waits in vain: for a slot, or for a VMID, which those of any engine may give up.
  struct Unserved {
    QueueId queue;
    bool for_vmid = false;
  };
  // What has been given away in one go through those who wait, and what is coming.
  struct Pass {
    std::array<std::size_t, 3> kept_slots{};  // free, by engine, for who waits for a VMID
    std::size_t kept_vmids = 0;               // free, for who waits for a slot
    // Slots that are being vacated, by engine for nobody, and for whom: of idle gangs, and of others.
    std::array<std::size_t, 3> quick{}, slow{};
    SlotQueues quick_for, slow_for;
    std::size_t vmids = 0;  // the same, of VMIDs
    SlotQueues vmid_for;
    std::optional<std::uint32_t> closed_vmid;  // nobody new comes to it
    SmallVector<Unserved, 4> unserved;

    static bool has(const SlotQueues& queues, QueueId queue);
  };
  // Where a slot may come from: one that is being vacated for it, or for nobody, or that somebody is asked for.
  struct SlotSource {
    enum Kind : std::uint8_t { nobody, promised, quick, slow, somebody } kind = nobody;
    QueueId victim = QueueId::none();
  };
  using Claim = std::tuple<bool, Priority, std::uint64_t, std::uint64_t>;
  struct VmidGivers {
    std::optional<std::uint32_t> vmid{};
    bool ready = false;  // all of them yield now
    QueueList queues{};
  };
  void reschedule(QueueType type, const FirmwareChannels& channels);
  void reschedule_engines_of(const QueueList& queues, const FirmwareChannels& channels);
  void schedule(std::span<const QueueType> types, const FirmwareChannels& channels);
  SmallVector<Unserved, 4> serve_waiting(std::span<const QueueType> types, const FirmwareChannels& channels);
  std::optional<WaitKey> first_waiting(QueueType type, const WaitKey& after) const;
  Pass begin_pass(SimTime now) const;
  bool serve(QueueId queue, Pass& pass, const FirmwareChannels& channels);
  SlotSource slot_source(QueueId queue, const Pass& pass, SimTime now) const;
  bool take(const SlotSource& source, QueueId queue, Pass& pass, const FirmwareChannels& channels);
  bool gives_both(QueueId victim, QueueId queue, const Pass& pass) const;
  bool get_vmid(QueueId queue, Pass& pass, const FirmwareChannels& channels);
  std::optional<SlotId> free_slot(QueueId queue) const;
  bool vmid_is_promised(QueueId queue, SimTime now) const;
  bool has_realtime(const SlotPlan::Pipe& pipe) const;
  bool yields(QueueId queue, QueueId to, SimTime now) const;
  Claim claim_of(QueueId queue) const;
  QueueId who_gives_slot(QueueId to, SimTime now) const;
  VmidGivers who_give_vmid(QueueId to, SimTime now) const;
  Duration time_to_yield(QueueId queue, QueueId to, SimTime now) const;
  void watch_quiet(QueueType type, const FirmwareChannels& channels);
  bool low_may_run(QueueType type) const { return spec_.low_level == LowLevel::lowest || lists_of(type).quiet; }
  void send_low_away(QueueType type, const FirmwareChannels& channels);

  // Turns (turns.cpp).
  void give_way(QueueId queue, const Packet* packet, const FirmwareChannels& channels);
  void end_turn(QueueId queue, QueueId to, const FirmwareChannels& channels);
  std::optional<WaitKey> rival_of_process(QueueId queue) const;
  std::optional<WaitKey> rival_of_gang(QueueId queue) const;
  void pass_turns(QueueType type, SimTime now);
  void renew_turns(QueueType type, SimTime now);
  static void cancel_timer(Gang& g, const FirmwareChannels& channels);
  void begin_quantum(QueueId queue, SimTime now);
  void stop_quantum(QueueId queue, SimTime now);
  void watch_quanta(const Unserved& waiter, const FirmwareChannels& channels);

  bool runnable(QueueId queue) const { return gang(queue).registered && !gang(queue).suspended; }
  bool is_hws() const { return spec_.scheduler == Scheduler::hws; }
  bool changes_take_all() const { return is_hws() && spec_.runlist_change == RunlistChange::takes_all; }
  // HWS knows no levels.
  Priority level_of(QueueId queue) const { return is_hws() ? Priority::normal : layout_->queue(queue).priority; }
  // It is to run: it has work, or is always mapped, or nobody looks whether it has work.
  bool wants(QueueId queue) const {
    return is_hws() || gang(queue).work_known || level_of(queue) == Priority::realtime;
  }
  // It has work, and who has work is not sent away.
  bool keeps_slot(QueueId queue) const {
    return spec_.turn_end == TurnEnd::quantum_and_idle && gang(queue).work_known;
  }
  Gang& gang(QueueId queue) { return gangs_[queue.index()]; }
  ListedProcess& process_of(QueueId queue) { return processes_[contexts_.process_of(queue)]; }
  const ListedProcess& process_of(QueueId queue) const { return processes_[contexts_.process_of(queue)]; }
  QueueType type_of(QueueId queue) const { return layout_->queue(queue).type; }
  static constexpr std::array engines{QueueType::gfx, QueueType::compute, QueueType::sdma};
  static std::size_t index_of(QueueType type) { return static_cast<std::size_t>(type); }
  EngineLists& lists_of(QueueType type) { return lists_[index_of(type)]; }
  const EngineLists& lists_of(QueueType type) const { return lists_[index_of(type)]; }

  FirmwareSpec spec_;
  const Layout* layout_;
  SlotPlan slots_;
  Contexts contexts_;

  std::vector<Gang> gangs_;  // by queue
  std::vector<ListedProcess> processes_;
  std::array<EngineLists, 3> lists_;  // by engine
  Vmids vmids_;
  bool vmids_were_short_ = false;      // at the last decision
  std::vector<QueueId> slot_taken_;    // by slot
  std::array<ApiPipe, 2> pipes_;       // the scheduler's, and the second
  bool blocked_ = false;               // the scheduler's API processor waits for an unmap
  std::vector<Stop> stops_;            // oldest first
  std::vector<Packet> runlist_edits_;  // that the next runlist brings
  std::uint32_t gpu_resets_ = 0;
  State state_ = State::up;
  bool silent_ = false;
  std::optional<SimTime> silent_until_;  // none: until a GPU reset
  Fifo<FirmwareEvent> held_;             // what happened while MES was silent
  std::vector<FaultState> fault_state_;  // by fault
  std::vector<FaultId> failing_resets_;  // faults that wait for a reset of a queue
  std::uint64_t next_place_ = 1;
};

}  // namespace userqsim
