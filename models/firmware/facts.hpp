// Facts the firmware states.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

enum class Opcode : std::uint8_t {
  add_queue,
  remove_queue,
  suspend,
  resume,
  misc,
  inv_tlbs,
  reset,
  set_hw_rsrc,
  query_scheduler_status,
};

// Sent while MES comes up, by nobody's eviction.
constexpr bool sets_up(Opcode opcode) {
  return opcode == Opcode::set_hw_rsrc || opcode == Opcode::query_scheduler_status;
}

enum class PacketResult : std::uint8_t {
  ok,
  unmap_fail,  // the queue did not leave its slot within the firmware's unmap time-out
  timeout,     // the driver gave up waiting; the firmware may still answer later
  open,        // under way at the horizon
  // The other error codes of the MES specification (p. 51).
  hqdqueue_map_mismatch,
  cleanup_fail,
  queue_not_found,  // MES does not know the gang
  null_gang,
  error,  // any other refusal
  lost,   // MES never saw it, or a GPU reset wiped it out
};

struct PacketEnded {
  SimTime time;
  Opcode opcode = Opcode::misc;
  ProcessId process;
  QueueId queue;                   // none for a TLB flush, and for a packet about several queues
  SimTime issued;                  // the driver rang MES's doorbell
  std::optional<SimTime> started;  // MES began on it
  std::optional<SimTime> acked;    // API fence written
  std::optional<SimTime> done;     // what it asked for is done: for SUSPEND the suspend fence
  Duration busy{0};                // API processor time it took
  PacketResult result = PacketResult::ok;
  std::optional<EvictionId> eviction;  // the eviction whose worker sent it
  auto fields() const { return std::tie(time, opcode, process, queue, issued, started, acked, done, busy, result); }
};

// An API processor worked on a packet, or stood still until the queues of one had left their slots.
struct MesServed {
  SimTime start;
  SimTime end;
  std::uint32_t pipe = 0;
  Opcode opcode = Opcode::misc;
  ProcessId process;
  QueueId queue;
  bool waits = false;  // for queues to leave
  std::optional<EvictionId> eviction;
  auto fields() const { return std::tie(start, end, pipe, opcode, process, queue, waits); }
};

// A gang that MES may run again: RESUME or ADD_QUEUE has taken effect.
struct GangReady {
  SimTime time;
  QueueId queue;
  auto fields() const { return std::tie(time, queue); }
};

// How a wait for a slot ended.
enum class WaitEnd : std::uint8_t {
  mapped,
  stopped,  // by a packet, or a reset, before it had a slot
  open,     // it waited still when the run ended
};

// A gang that might run, and had work, had no slot: since it was made ready, since work came, or since it had to
// give its slot to another. With a free slot the wait takes no time, and is stated all the same.
struct SlotWaited {
  SimTime time;
  QueueId queue;
  SimTime since;
  WaitEnd end = WaitEnd::mapped;
  auto fields() const { return std::tie(time, queue, since, end); }
};

template <>
struct EnumNames<WaitEnd> {
  static constexpr std::array entries{std::pair{WaitEnd::mapped, std::string_view{"mapped"}},
                                      std::pair{WaitEnd::stopped, std::string_view{"stopped"}},
                                      std::pair{WaitEnd::open, std::string_view{"open"}}};
};
template <>
struct EnumNames<Opcode> {
  static constexpr std::array entries{
      std::pair{Opcode::add_queue, std::string_view{"ADD_QUEUE"}},
      std::pair{Opcode::remove_queue, std::string_view{"REMOVE_QUEUE"}},
      std::pair{Opcode::suspend, std::string_view{"SUSPEND"}},
      std::pair{Opcode::resume, std::string_view{"RESUME"}},
      std::pair{Opcode::misc, std::string_view{"MISC"}},
      std::pair{Opcode::inv_tlbs, std::string_view{"INV_TLBS"}},
      std::pair{Opcode::reset, std::string_view{"RESET"}},
      std::pair{Opcode::set_hw_rsrc, std::string_view{"SET_HW_RSRC"}},
      std::pair{Opcode::query_scheduler_status, std::string_view{"QUERY_SCHEDULER_STATUS"}}};
};
template <>
struct EnumNames<PacketResult> {
  static constexpr std::array entries{
      std::pair{PacketResult::ok, std::string_view{"ok"}},
      std::pair{PacketResult::unmap_fail, std::string_view{"unmap_fail"}},
      std::pair{PacketResult::timeout, std::string_view{"timeout"}},
      std::pair{PacketResult::open, std::string_view{"open"}},
      std::pair{PacketResult::hqdqueue_map_mismatch, std::string_view{"hqdqueue_map_mismatch"}},
      std::pair{PacketResult::cleanup_fail, std::string_view{"cleanup_fail"}},
      std::pair{PacketResult::queue_not_found, std::string_view{"queue_not_found"}},
      std::pair{PacketResult::null_gang, std::string_view{"null_gang"}},
      std::pair{PacketResult::error, std::string_view{"error"}},
      std::pair{PacketResult::lost, std::string_view{"lost"}}};
};

}  // namespace userqsim
