// What MES does, where it is documented, and the options for what is not.
#pragma once

#include <cstdint>
#include <optional>

#include "models/workload/spec.hpp"

namespace userqsim {

// Who decides which queues have slots. HWS (before MES) takes a runlist from KFD and turns through it blindly, idle
// queues too.
enum class Scheduler : std::uint8_t { mes, hws };

// What a change of HWS's runlist takes off the machine first: every queue (KFD), or the one that it is about
// (gem5).
enum class RunlistChange : std::uint8_t { takes_all, takes_one };

// Unknown: whether SUSPEND's API fence is written before or after the gang has left the hardware. The suspend
// fence is always written after.
enum class SuspendAck : std::uint8_t { before_preempt, after_preempt };

// Unknown: whether MES takes further packets while an unmap that a packet asked for is in progress.
enum class ApiDuringUnmap : std::uint8_t { blocked, free };

// How MES learns of work on a queue that has no slot: gfx11 polls, gfx12 is interrupted.
enum class WorkDiscovery : std::uint8_t { timer, interrupt };

// Unknown: what MES answers to REMOVE_QUEUE, SUSPEND or RESUME of a gang that it does not know (it was reset since,
// or the queue was). The specification has a code for it, QUEUE_NOT_FOUND; nobody has published whether it is used.
enum class UnknownGang : std::uint8_t { refused, accepted };

// Whose process context a queue has: its own (mes_userqueue.c to 7.0), or its process's (KFD, and the newest).
enum class ProcessContext : std::uint8_t { queue, process };

// Unknown: who shares a VMID. With `process`, a process's compute queues share one and its other queues another
// (the driver sends use_different_vmid_compute).
enum class VmidPer : std::uint8_t { process, queue };

// Unknown: whether a gang that leaves its slot before its quantum is over, for a higher level or because it is
// idle, keeps the rest (the specification speaks of a "running time carryover"), and with it its place.
enum class CarryOver : std::uint8_t { kept, fresh };

// Unknown: whether level low runs when every higher level of its engine is idle, and then out of any slot that
// comes free (the specification's "Low/Idle" band), or is no more than the lowest level.
enum class LowLevel : std::uint8_t { when_idle, lowest };

// What ends a turn in a slot: the quantum, or the quantum and no work (gem5's HWScheduler swaps idle queues only).
enum class TurnEnd : std::uint8_t { quantum, quantum_and_idle };

struct FirmwareSpec {
  Scheduler scheduler = Scheduler::mes;
  RunlistChange runlist_change = RunlistChange::takes_all;
  SuspendAck suspend_ack = SuspendAck::before_preempt;
  ApiDuringUnmap api_during_unmap = ApiDuringUnmap::blocked;
  WorkDiscovery work_discovery = WorkDiscovery::timer;
  Duration oversubscription_timer = std::chrono::microseconds{50};
  WorkDiscovery sdma_work_discovery = WorkDiscovery::timer;
  Duration process_quantum = std::chrono::milliseconds{10};  // before the next process's turn
  Duration gang_quantum = std::chrono::milliseconds{1};      // before the turn of the next gang of its process
  std::optional<ProcessContext> process_context;             // default: the kernel's
  TurnEnd turn_end = TurnEnd::quantum;
  CarryOver carry_over = CarryOver::kept;
  LowLevel low_level = LowLevel::when_idle;
  Duration low_idle_time{0};  // with `when_idle`: how long the others must have been idle
  VmidPer vmid_per = VmidPer::process;
  Duration unmap_timeout = std::chrono::seconds{2};
  UnknownGang unknown_gang = UnknownGang::refused;
};

// What the firmware is, and what the driver and the chip make of it.
struct FirmwareSetup {
  FirmwareSpec spec;
  ProcessContext process_context = ProcessContext::queue;
  std::uint32_t vmids = 0;  // 0: as many as queues want
  bool sdma_vmids = true;   // SDMA queues need one too
};

template <>
struct EnumNames<Scheduler> {
  static constexpr std::array entries{std::pair{Scheduler::mes, std::string_view{"mes"}},
                                      std::pair{Scheduler::hws, std::string_view{"hws"}}};
};
template <>
struct EnumNames<RunlistChange> {
  static constexpr std::array entries{std::pair{RunlistChange::takes_all, std::string_view{"takes_all"}},
                                      std::pair{RunlistChange::takes_one, std::string_view{"takes_one"}}};
};
template <>
struct EnumNames<SuspendAck> {
  static constexpr std::array entries{std::pair{SuspendAck::before_preempt, std::string_view{"before_preempt"}},
                                      std::pair{SuspendAck::after_preempt, std::string_view{"after_preempt"}}};
};
template <>
struct EnumNames<ApiDuringUnmap> {
  static constexpr std::array entries{std::pair{ApiDuringUnmap::blocked, std::string_view{"blocked"}},
                                      std::pair{ApiDuringUnmap::free, std::string_view{"free"}}};
};
template <>
struct EnumNames<WorkDiscovery> {
  static constexpr std::array entries{std::pair{WorkDiscovery::timer, std::string_view{"timer"}},
                                      std::pair{WorkDiscovery::interrupt, std::string_view{"interrupt"}}};
};

template <>
struct EnumNames<UnknownGang> {
  static constexpr std::array entries{std::pair{UnknownGang::refused, std::string_view{"refused"}},
                                      std::pair{UnknownGang::accepted, std::string_view{"accepted"}}};
};

template <>
struct EnumNames<ProcessContext> {
  static constexpr std::array entries{std::pair{ProcessContext::queue, std::string_view{"queue"}},
                                      std::pair{ProcessContext::process, std::string_view{"process"}}};
};
template <>
struct EnumNames<VmidPer> {
  static constexpr std::array entries{std::pair{VmidPer::process, std::string_view{"process"}},
                                      std::pair{VmidPer::queue, std::string_view{"queue"}}};
};
template <>
struct EnumNames<CarryOver> {
  static constexpr std::array entries{std::pair{CarryOver::kept, std::string_view{"kept"}},
                                      std::pair{CarryOver::fresh, std::string_view{"fresh"}}};
};
template <>
struct EnumNames<TurnEnd> {
  static constexpr std::array entries{std::pair{TurnEnd::quantum, std::string_view{"quantum"}},
                                      std::pair{TurnEnd::quantum_and_idle, std::string_view{"quantum_and_idle"}}};
};
template <>
struct EnumNames<LowLevel> {
  static constexpr std::array entries{std::pair{LowLevel::when_idle, std::string_view{"when_idle"}},
                                      std::pair{LowLevel::lowest, std::string_view{"lowest"}}};
};

template <class V>
void describe(V& v, FirmwareSpec& f) {
  v.optional("scheduler", f.scheduler, "Who decides which queues have slots");
  v.optional("runlist_change", f.runlist_change,
             "With `hws`: which queues a change of the runlist takes off first");
  v.optional("suspend_ack", f.suspend_ack, "When SUSPEND's API fence is written (unknown)");
  v.optional("api_during_unmap", f.api_during_unmap, "Whether packets wait for an unmap under way (unknown)");
  v.optional("work_discovery", f.work_discovery, "How work on an unmapped graphics or compute queue is found");
  v.optional("sdma_work_discovery", f.sdma_work_discovery, "How work on an unmapped SDMA queue is found");
  v.optional("oversubscription_timer", f.oversubscription_timer, "With `timer`: period of the wptr poll",
             positive());
  v.optional("process_quantum", f.process_quantum,
             "Least time a process runs before another of its level has its turn", positive());
  v.optional("gang_quantum", f.gang_quantum, "Least time a gang runs before another of its process has its turn",
             positive());
  v.optional("turn_end", f.turn_end, "What ends a turn: the quantum alone, or only when there is no work either");
  v.optional("carry_over", f.carry_over, "What is left of a quantum is kept for the next turn (unknown)");
  v.optional("low_level", f.low_level, "When level low may run (unknown)");
  v.optional("low_idle_time", f.low_idle_time,
             "With `when_idle`: so long the others must have been idle (unknown)");
  v.optional("process_context", f.process_context, "Whose turns are counted together; default: the kernel's");
  v.optional("vmid_per", f.vmid_per, "Who shares a VMID (unknown)");
  v.optional("unmap_timeout", f.unmap_timeout, "MES gives an unmap up after this", positive());
  v.optional("unknown_gang", f.unknown_gang, "What MES answers about a gang it does not know (unknown)");
}

}  // namespace userqsim
