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
#include "sim/core/digest.hpp"

namespace userqsim {

// Which of the driver's waits a fence answers; MES returns it unread.
struct CallToken {
  std::uint32_t thread = 0;
  std::uint32_t serial = 0;
  constexpr bool operator==(const CallToken&) const = default;
  auto fields() const { return std::tuple(thread, CallNumber{serial}); }
};

// From the driver: one packet on the ring of the pipe that takes its kind.
struct Packet {
  Opcode opcode = Opcode::misc;
  ProcessId process;
  QueueId queue;
  CallToken token;
  QueueType type = QueueType::compute;  // RESET without a queue: detect and reset the hung queues of this type
  std::uint32_t hub = 0;                // INV_TLBS: the graphics hub's TLBs, or the memory hub's
  bool all_gangs = false;               // SUSPEND, RESUME: every gang; there is no queue
  bool after_reset = false;             // REMOVE_QUEUE of a queue that was RESET (remove_queue_after_reset)
  bool with_next = false;     // HWS: a change of KFD's list that the next packet submits; no fence answers
  bool for_eviction = false;  // whose costs and record it belongs to; MES does not look
  EvictionId eviction;
  auto fields() const {
    return std::tie(opcode, process, queue, token, type, hub, all_gangs, after_reset, with_next, for_eviction);
  }
};

// The driver resets the GPU. As it begins, MES forgets every gang, slot, packet and timer, and a silence ends with
// it; until it is over MES sees no packet, and then none before SET_HW_RSRC. REQUIRES: the driver posts GpuReset at
// the same time as it begins, and its end when MES has its resources.
struct FirmwareReset {
  bool over = false;
  auto fields() const { return std::tie(over); }
};

// The hung queues that one detection has found and reset. The driver's array has room for four doorbells
// (mes_v11_api_def.h); the others wait for the next detection.
class HungQueues {
 public:
  static constexpr std::size_t most = 4;

  void add(QueueId queue) { queues_[count_++] = queue; }
  std::size_t size() const { return count_; }
  const QueueId* begin() const { return queues_.data(); }
  const QueueId* end() const { return queues_.data() + count_; }
  auto fields() const { return std::tie(queues_[0], queues_[1], queues_[2], queues_[3]); }

 private:
  std::array<QueueId, most> queues_;
  std::uint32_t count_ = 0;
};

// To the driver.
struct ApiFence {
  CallToken token;
  PacketResult result = PacketResult::ok;
  HungQueues hung{};  // of a detection
  auto fields() const { return std::tie(token, result, hung); }
};
struct SuspendFence {
  CallToken token;
  auto fields() const { return std::tie(token); }
};

// To itself.
struct ApiTimer {
  std::uint32_t pipe = 0;
  auto fields() const { return std::tie(pipe); }
};
struct QuantumTimer {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
struct DiscoverTimer {
  QueueId queue;
  auto fields() const { return std::tie(queue); }
};
// All above level low of the engine have been idle for long enough.
struct QuietTimer {
  QueueType type = QueueType::compute;
  auto fields() const { return std::tie(type); }
};
struct UnmapTimer {
  QueueId queue;  // none: of the oldest stop of all gangs
  auto fields() const { return std::tie(queue); }
};

// A silence may be over.
struct SilenceTimer {
  auto fields() const { return std::tuple<>{}; }
};

using FirmwareEvent =
    std::variant<Packet, QueueConnected, QueueDisconnected, SlotFreed, QueueIdle, QueueHasWork, ApiTimer,
                 QuantumTimer, DiscoverTimer, QuietTimer, UnmapTimer, FirmwareReset, MesFault, SilenceTimer>;

}  // namespace userqsim
