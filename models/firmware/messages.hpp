// What MES sends, and what it is sent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>

#include "models/firmware/facts.hpp"
#include "models/hardware/messages.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/messages.hpp"

namespace userqsim {

// MES names at most so many hung queues a packet (an array of 8: 4 doorbells, 4 slots).
constexpr std::size_t hung_most = 4;

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
  QueueType type = QueueType::compute;  // RESET without a queue: whose hangs are looked for
  bool all_gangs = false;               // SUSPEND, RESUME: every gang of the device
  bool after_reset = false;             // REMOVE_QUEUE of a queue that RESET took off
  CallToken token;
  bool for_eviction = false;  // whose costs and record it belongs to; MES does not look
  EvictionId eviction;
  auto fields() const {
    return std::tie(opcode, process, queue, type, all_gangs, after_reset, token, for_eviction);
  }
};

// To the driver.
struct ApiFence {
  CallToken token;
  PacketResult result = PacketResult::ok;
  std::array<QueueId, hung_most> hung;  // that a hang detection found and reset; the rest none
  auto fields() const { return std::tie(token, result, hung[0], hung[1], hung[2], hung[3]); }
};
struct SuspendFence {
  CallToken token;
  auto fields() const { return std::tie(token); }
};

// From the driver: the GPU is reset, and MES with it. What it knew is gone; the hardware goes down next.
struct FirmwareReset {
  auto fields() const { return std::tuple<>{}; }
};

// To itself.
struct SilenceTimer {
  std::uint32_t serial = 0;
  auto fields() const { return std::tie(serial); }
};
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
  QueueId queue;  // none: all gangs
  auto fields() const { return std::tie(queue); }
};

using FirmwareEvent =
    std::variant<Packet, FirmwareReset, FaultDue, QueueConnected, QueueDisconnected, SlotFreed, QueueIdle,
                 QueueHasWork, SilenceTimer, ApiTimer, QuantumTimer, DiscoverTimer, UnmapTimer>;

}  // namespace userqsim
