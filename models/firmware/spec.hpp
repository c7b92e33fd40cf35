// What MES does, where it is documented, and the options for what is not.
#pragma once

#include <cstdint>

#include "models/workload/spec.hpp"

namespace userqsim {

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

struct FirmwareSpec {
  SuspendAck suspend_ack = SuspendAck::before_preempt;
  ApiDuringUnmap api_during_unmap = ApiDuringUnmap::blocked;
  WorkDiscovery work_discovery = WorkDiscovery::timer;
  Duration oversubscription_timer = std::chrono::microseconds{50};
  Duration gang_quantum = std::chrono::milliseconds{1};  // minimum time a mapped gang runs
  Duration unmap_timeout = std::chrono::seconds{2};
  UnknownGang unknown_gang = UnknownGang::refused;
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

template <class V>
void describe(V& v, FirmwareSpec& f) {
  v.optional("suspend_ack", f.suspend_ack, "When SUSPEND's API fence is written (unknown)");
  v.optional("api_during_unmap", f.api_during_unmap, "Whether packets wait for an unmap under way (unknown)");
  v.optional("work_discovery", f.work_discovery, "How work on an unmapped queue is found");
  v.optional("oversubscription_timer", f.oversubscription_timer, "With `timer`: period of the wptr poll",
             positive());
  v.optional("gang_quantum", f.gang_quantum, "Minimum time a mapped gang runs when slots are short", positive());
  v.optional("unmap_timeout", f.unmap_timeout, "MES gives an unmap up after this", positive());
  v.optional("unknown_gang", f.unknown_gang, "What MES answers about a gang it does not know (unknown)");
}

}  // namespace userqsim
