// What goes wrong on purpose. A fault is met at a time, at a named eviction, or by chance; chance is drawn for the
// (queue, eviction) that it would hit, so both policies meet the same faults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/config/describe.hpp"
#include "sim/core/enum_names.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

enum class FaultKind : std::uint8_t {
  hang,          // the queue's waves make no more progress, and cannot be preempted
  no_preempt,    // asked to stop, the queue does not
  slow_preempt,  // asked to stop, it takes that much longer
  mes_silent,    // MES does nothing for a time, or until the GPU is reset
  packet_lost,   // MES never sees one packet
  packet_error,  // MES refuses one packet
  reset_fails,   // a reset is of no avail
  free_buffer,   // the user unmaps the queue's ring, rptr, wptr and context buffers under it
  kill,          // the process is killed
};

// Which of an eviction's packets about the queue.
enum class FaultPacket : std::uint8_t { stop, restart };

// MES's error codes for REMOVE_QUEUE (MES API specification); `error` for what has no name.
enum class FaultCode : std::uint8_t {
  unmap_fail,
  hqdqueue_map_mismatch,
  cleanup_fail,
  queue_not_found,
  null_gang,
  error,
};

enum class ResetScope : std::uint8_t { queue, gpu };

struct FaultSpec {
  FaultKind kind = FaultKind::hang;
  std::optional<std::string> process;
  std::optional<std::string> queue;
  // Exactly one of these three.
  std::optional<Duration> at;
  std::optional<std::uint32_t> eviction;  // of the process, counted from 0
  std::optional<double> probability;      // for each queue and eviction (reset_fails: each reset)
  std::optional<Duration> time;
  std::optional<FaultPacket> packet;
  std::optional<FaultCode> code;
  std::optional<std::uint32_t> nth;
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
struct EnumNames<FaultPacket> {
  static constexpr std::array entries{std::pair{FaultPacket::stop, std::string_view{"stop"}},
                                      std::pair{FaultPacket::restart, std::string_view{"restart"}}};
};
template <>
struct EnumNames<FaultCode> {
  static constexpr std::array entries{
      std::pair{FaultCode::unmap_fail, std::string_view{"unmap_fail"}},
      std::pair{FaultCode::hqdqueue_map_mismatch, std::string_view{"hqdqueue_map_mismatch"}},
      std::pair{FaultCode::cleanup_fail, std::string_view{"cleanup_fail"}},
      std::pair{FaultCode::queue_not_found, std::string_view{"queue_not_found"}},
      std::pair{FaultCode::null_gang, std::string_view{"null_gang"}},
      std::pair{FaultCode::error, std::string_view{"error"}}};
};
template <>
struct EnumNames<ResetScope> {
  static constexpr std::array entries{std::pair{ResetScope::queue, std::string_view{"queue"}},
                                      std::pair{ResetScope::gpu, std::string_view{"gpu"}}};
};

template <class V>
void describe(V& v, FaultSpec& f) {
  v.required("kind", f.kind, "What goes wrong");
  v.optional("process", f.process, "Process it happens to");
  v.optional("queue", f.queue, "Queue of that process");
  v.optional("at", f.at, "At this time; or give `eviction`, or `probability`");
  v.optional("eviction", f.eviction, "At this eviction of the process, counted from 0");
  v.optional("probability", f.probability, "By chance, for each queue and eviction (reset_fails: each reset)");
  v.optional("time", f.time, "slow_preempt: how much longer; mes_silent: how long; kill: how long after");
  v.optional("packet", f.packet, "packet_lost, packet_error: which packet of an eviction; default: stop");
  v.optional("code", f.code, "packet_error: what MES answers; default: error");
  v.optional("nth", f.nth, "packet_lost, packet_error with `at`: the n-th packet from then on; default: 1",
             positive());
  v.optional("scope", f.scope, "reset_fails: of one queue, or of the GPU");
}

}  // namespace userqsim
