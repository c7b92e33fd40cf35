// Facts the memory manager states.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"

namespace userqsim {

// Somebody who asked for memory and waited: an allocation, or a CPU thread in a userptr invalidation or a page
// fault.
using RequestId = Id<struct RequestTag>;

enum class RequestKind : std::uint8_t { allocate, userptr, cpu_fault };
enum class RequestOutcome : std::uint8_t {
  ready,        // where it was asked for
  fell_to_gtt,  // allocated, but in GTT
  failed,       // no memory
  open,         // still waiting at the horizon
  exited,       // its process exited first
};

struct RequestEnded {
  SimTime time;
  RequestId request;
  RequestKind kind = RequestKind::allocate;
  ProcessId process;
  Bytes bytes{0};
  SimTime requested;
  RequestOutcome outcome = RequestOutcome::ready;
  bool waited = true;  // somebody had to leave for it; else it only paid for its own page tables
  auto fields() const { return std::tie(time, request, kind, process, bytes.value, requested, outcome, waited); }
};

// Where a buffer's bytes are (TTM_PL_*): in VRAM, in system memory that the GPU reaches (GTT) or does not (system),
// in shmem (swap), or nowhere: a discardable buffer that was dropped.
enum class MemType : std::uint8_t { nowhere, vram, gtt, system, swap };

// A buffer is to go from one place to another (amdgpu_bo_move): its space is taken, its move is queued.
struct MoveQueued {
  SimTime time;
  std::uint64_t move = 0;  // its number
  BufferId buffer;
  ProcessId process;  // its owner
  MemType from = MemType::vram;
  MemType to = MemType::gtt;
  Bytes bytes{0};
  RequestId request;   // who asked for memory; none: a restore, a submission or the system's sleep
  ProcessId claimant;  // for whose sake; none: the system's sleep
  auto fields() const { return std::tie(time, move, buffer, process, from, to, bytes.value, request, claimant); }
};

// One buffer has been brought from one place to another.
struct BufferMoved {
  SimTime time;   // when the copy was done
  SimTime start;  // when the copy engine began
  BufferId buffer;
  ProcessId process;  // its owner
  MemType from = MemType::vram;
  MemType to = MemType::gtt;
  Bytes bytes{0};
  EvictionId eviction;     // the owner's eviction that let it move, or that brought it back
  std::uint64_t move = 0;  // its number
  auto fields() const {
    return std::tie(time, start, buffer, process, from, to, bytes.value, eviction.process, eviction.ordinal, move);
  }
};

// Memory in use changed.
struct MemoryUsed {
  SimTime time;
  Bytes vram{0};
  Bytes gtt{0};
  Bytes system{0};
  Bytes swap{0};
  auto fields() const { return std::tie(time, vram.value, gtt.value, system.value, swap.value); }
};

// Where the buffers of a process are changed. A shared buffer counts with each of its users.
struct ResidencyChanged {
  SimTime time;
  ProcessId process;
  Bytes vram{0};
  Bytes gtt{0};
  Bytes away{0};       // in system memory, or swapped out
  Bytes displaced{0};  // of all: belong in VRAM and lie elsewhere
  auto fields() const { return std::tie(time, process, vram.value, gtt.value, away.value, displaced.value); }
};

template <>
struct EnumNames<MemType> {
  static constexpr std::array entries{
      std::pair{MemType::nowhere, std::string_view{"nowhere"}}, std::pair{MemType::vram, std::string_view{"vram"}},
      std::pair{MemType::gtt, std::string_view{"gtt"}}, std::pair{MemType::system, std::string_view{"system"}},
      std::pair{MemType::swap, std::string_view{"swap"}}};
};
template <>
struct EnumNames<RequestKind> {
  static constexpr std::array entries{std::pair{RequestKind::allocate, std::string_view{"allocate"}},
                                      std::pair{RequestKind::userptr, std::string_view{"userptr"}},
                                      std::pair{RequestKind::cpu_fault, std::string_view{"cpu_fault"}}};
};
template <>
struct EnumNames<RequestOutcome> {
  static constexpr std::array entries{std::pair{RequestOutcome::ready, std::string_view{"ready"}},
                                      std::pair{RequestOutcome::fell_to_gtt, std::string_view{"fell_to_gtt"}},
                                      std::pair{RequestOutcome::failed, std::string_view{"failed"}},
                                      std::pair{RequestOutcome::open, std::string_view{"open"}},
                                      std::pair{RequestOutcome::exited, std::string_view{"exited"}}};
};

}  // namespace userqsim
