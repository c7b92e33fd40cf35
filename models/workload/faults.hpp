// The faults of a scenario: what breaks, and what triggers it. Immutable once loaded; fault_plan.hpp resolves the
// names and answers which fault hits what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/workload/spec.hpp"

namespace userqsim {

enum class FaultKind : std::uint8_t {
  hang,          // the queue's waves make no progress any more
  no_preempt,    // the queue, asked to stop, never does: it hangs
  slow_preempt,  // the stop takes `time` longer
  mes_silent,    // MES does nothing, for `time` or until a GPU reset
  packet_lost,   // MES never sees the packet
  packet_error,  // MES answers the packet with `code` and does nothing
  reset_fails,   // a reset has no effect
  free_buffer,   // the user unmaps the queue's ring, rptr, wptr and context buffers
  kill,          // the process is killed
};

// The error codes of the MES specification (p. 51), and any other refusal.
enum class PacketError : std::uint8_t {
  unmap_fail,
  hqdqueue_map_mismatch,
  cleanup_fail,
  queue_not_found,
  null_gang,
  error,
};

// Which packet of an eviction: the one that stops the queue, or the one that restarts it.
enum class PacketRole : std::uint8_t { stop, restart };

enum class ResetScope : std::uint8_t { queue, gpu };

// Has exactly one trigger: `at`, `eviction` or `probability`.
struct FaultSpec {
  FaultKind kind = FaultKind::hang;
  std::optional<Duration> at;             // once, at this time, or the first time after it
  std::optional<std::uint32_t> eviction;  // at the process's n-th eviction, counted from 0 as in evictions.csv
  std::optional<double> probability;      // drawn for every (queue, eviction), or for every reset
  std::optional<std::string> process;
  std::optional<std::string> queue;  // of that process
  std::optional<Duration> time;
  std::optional<PacketError> code;
  std::optional<PacketRole> packet;
  std::optional<std::uint32_t> nth;  // with `at`: the n-th packet from then on
  std::optional<ResetScope> scope;
};

template <>
struct EnumNames<FaultKind> {
  static constexpr std::array entries{std::pair{FaultKind::hang, std::string_view{"hang"}},
                                      std::pair{FaultKind::no_preempt, std::string_view{"no_preempt"}},
                                      std::pair{FaultKind::slow_preempt, std::string_view{"slow_preempt"}},
                                      std::pair{FaultKind::mes_silent, std::string_view{"mes_silent"}},
                                      std::pair{FaultKind::packet_lost, std::string_view{"packet_lost"}},
                                      std::pair{FaultKind::packet_error, std::string_view{"packet_error"}},
                                      std::pair{FaultKind::reset_fails, std::string_view{"reset_fails"}},
                                      std::pair{FaultKind::free_buffer, std::string_view{"free_buffer"}},
                                      std::pair{FaultKind::kill, std::string_view{"kill"}}};
};
template <>
struct EnumNames<PacketError> {
  static constexpr std::array entries{
      std::pair{PacketError::unmap_fail, std::string_view{"unmap_fail"}},
      std::pair{PacketError::hqdqueue_map_mismatch, std::string_view{"hqdqueue_map_mismatch"}},
      std::pair{PacketError::cleanup_fail, std::string_view{"cleanup_fail"}},
      std::pair{PacketError::queue_not_found, std::string_view{"queue_not_found"}},
      std::pair{PacketError::null_gang, std::string_view{"null_gang"}},
      std::pair{PacketError::error, std::string_view{"error"}}};
};
template <>
struct EnumNames<PacketRole> {
  static constexpr std::array entries{std::pair{PacketRole::stop, std::string_view{"stop"}},
                                      std::pair{PacketRole::restart, std::string_view{"restart"}}};
};
template <>
struct EnumNames<ResetScope> {
  static constexpr std::array entries{std::pair{ResetScope::queue, std::string_view{"queue"}},
                                      std::pair{ResetScope::gpu, std::string_view{"gpu"}}};
};

template <class V>
void describe(V& v, FaultSpec& f) {
  v.required("kind", f.kind, "What breaks");
  v.optional("at", f.at, "Trigger: at this time, or the first time after it");
  v.optional("eviction", f.eviction, "Trigger: the process's n-th eviction, counted from 0");
  v.optional("probability", f.probability, "Trigger: drawn for every eviction of every queue, or for every reset");
  v.optional("process", f.process, "Process it happens to; with `probability`, default: all");
  v.optional("queue", f.queue, "Queue of that process; with `probability`, default: all");
  v.optional("time", f.time,
             "slow_preempt: how much longer; mes_silent: how long; kill: that long after the trigger", positive());
  v.optional("code", f.code, "packet_error: what MES answers");
  v.optional("packet", f.packet, "packet_lost, packet_error: which packet of the eviction; default: stop");
  v.optional("nth", f.nth, "packet_lost, packet_error with `at`: the n-th packet from then on; default: 1",
             positive());
  v.optional("scope", f.scope, "reset_fails: of which resets");
}

}  // namespace userqsim
