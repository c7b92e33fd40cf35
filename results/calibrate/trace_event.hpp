// The events of a trace that tell of costs, typed. Which they are and how the kernel prints them: docs/traces.md,
// section Calibration.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>

#include "models/firmware/facts.hpp"
#include "results/calibrate/trace_line.hpp"

namespace userqsim {

// A queue as the tracepoints name it.
struct TracedQueue {
  std::uint64_t client = 0;
  std::uint64_t doorbell = 0;
  auto operator<=>(const TracedQueue&) const = default;
};

// enum amdgpu_userq_state, as the driver numbers it.
namespace traced_state {
constexpr std::int64_t unmapped = 0;
constexpr std::int64_t mapped = 1;
constexpr std::int64_t preempted = 2;
constexpr std::int64_t hung = 3;
constexpr std::int64_t invalid_va = 4;
}  // namespace traced_state

// Stamps are printed in microseconds.
constexpr std::int64_t stamp_step_ns = 1'000;

// AMDGPU_HW_IP_GFX.
constexpr std::uint64_t traced_gfx = 0;

struct StateStart {
  TracedQueue queue;
  std::uint64_t type = 0;
  std::int64_t from = 0;
};
struct StateChanged {
  TracedQueue queue;
  std::int64_t to = 0;
};
// A job's fence. dma_fence events print 32 bits of context and number, so these are kept.
struct JobFenceEmitted {
  TracedQueue queue;
  std::uint32_t context = 0;
  std::uint32_t seqno = 0;
};
enum class FenceMove : std::uint8_t { init, enabled, signaled };
struct FenceMoved {
  FenceMove move = FenceMove::init;
  bool evicts = false;  // it is an eviction fence
  std::uint32_t context = 0;
  std::uint32_t seqno = 0;
};
// A suspend or a restore worker; `known` where the line names its function.
struct WorkQueued {
  std::uint64_t work = 0;
};
struct WorkBegan {
  std::uint64_t work = 0;
  bool known = false;
};
struct MesEmitted {
  std::optional<Opcode> opcode;  // none of those that the model has
  bool flushes = false;          // a MISC that may flush the TLB: others read and write registers
};
struct MesSilent {};  // a packet timed out
// The trace has a hole, or its clock went back: nothing from before can be paired with what follows.
struct TraceGap {};

using TraceEvent = std::variant<StateStart, StateChanged, JobFenceEmitted, FenceMoved, WorkQueued, WorkBegan,
                                MesEmitted, MesSilent, TraceGap>;

// What a line of form event or kernel_log says. `foreign`: nothing that tells of a cost. `damaged`: one of ours
// with fields that are missing or not numbers.
enum class Reading : std::uint8_t { event, foreign, damaged };
struct ReadEvent {
  Reading reading = Reading::foreign;
  TraceEvent event;
};

ReadEvent read_trace_event(const TraceLine& line);

}  // namespace userqsim
