// What MES sends, and what it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

#include "models/firmware/facts.hpp"
#include "models/hardware/messages.hpp"
#include "models/workload/ids.hpp"

namespace userqsim {

// Which of the driver's waits a fence answers; MES returns it unread.
struct CallToken {
  std::uint32_t thread = 0;
  std::uint32_t serial = 0;
  constexpr bool operator==(const CallToken&) const = default;
  auto fields() const { return std::tie(thread, serial); }
};

// From the driver: one packet on the scheduler ring.
struct Packet {
  Opcode opcode = Opcode::misc;
  ProcessId process;
  QueueId queue;
  CallToken token;
  bool for_eviction = false;  // whose costs and record it belongs to; MES does not look
  EvictionId eviction;
  auto fields() const { return std::tie(opcode, process, queue, token, for_eviction); }
};

// To the driver.
struct ApiFence {
  CallToken token;
  PacketResult result = PacketResult::ok;
  auto fields() const { return std::tie(token, result); }
};
struct SuspendFence {
  CallToken token;
  auto fields() const { return std::tie(token); }
};

// To itself.
struct ApiTimer {
  auto fields() const { return std::tuple<>{}; }
};
struct QuantumTimer {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
struct DiscoverTimer {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
struct UnmapTimer {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};

using FirmwareEvent = std::variant<Packet, QueueConnected, QueueDisconnected, SlotFreed, QueueIdle, QueueHasWork,
                                   ApiTimer, QuantumTimer, DiscoverTimer, UnmapTimer>;

}  // namespace userqsim
