// The memory manager: buffers in VRAM and GTT, who is evicted for whom, and the moves. It does as TTM and amdgpu do
// (docs/model.md#memory): victims come from the head of the LRU, one buffer at a time, until the allocation fits;
// the space is given at once and the copy follows; a copy waits for its owner's eviction fence, which is enabled
// when the copy reaches the head of the move queue (or at once, by option).
//
// ENSURES: buffers in VRAM never exceed VRAM, buffers in GTT never exceed GTT; a buffer being evicted counts in
// GTT.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "models/memory/messages.hpp"
#include "models/profiles/cost_draws.hpp"
#include "models/workload/layout.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct MemorySpec {
  Bytes vram{0};
  Bytes gtt{0};
  Bandwidth link;
  bool eager_fences = false;           // FenceEnabling::eager
  bool restore_evicts_others = false;  // RestorePlacement::evict_others
  std::int64_t gtt_slowdown_permille = 1000;
};

struct MemoryChannels {
  Channel<FenceNeeded> fence_needed;
  Channel<AllocationReady> allocation_ready;
  Channel<Validated> validated;
  Channel<StartCopy> start_copy;
  Channel<RequestBound> request_bound;
  Channel<HoldOver> hold_over;
  Probe<BufferMoved>* buffer_moved = nullptr;
  Probe<RequestEnded>* request_ended = nullptr;
  Probe<MemoryUsed>* memory_used = nullptr;
  const CostDraws* costs = nullptr;
  const Draws* draws = nullptr;
  const Workload* workload = nullptr;
};

class Memory {
 public:
  static constexpr std::int64_t fragment_bytes = std::int64_t{2} << 20;

  // `processes` outlive the memory manager.
  Memory(const MemorySpec& spec, const std::vector<ProcessSpec>& processes);

  void handle(const MemoryEvent& event, const MemoryChannels& channels);

  Bytes vram_used() const { return vram_used_; }
  Bytes gtt_used() const { return gtt_used_; }
  // How much longer a job of the process takes than with all its buffers where they belong, in thousandths.
  std::int64_t slowdown_permille(ProcessId process) const;
  // States the requests that are still waiting. Call at the horizon.
  void close(SimTime now, const MemoryChannels& channels) const;
  // Recounts everything that is kept as a sum; throws InvariantError on a difference.
  void verify() const;

  auto fields() const { return std::tie(buffers_, requests_, lru_, moves_, copying_, owners_); }

 private:
  enum class Place : std::uint8_t { nowhere, vram, gtt };

  // Names the draws of a buffer's moves.
  struct DrawName {
    std::uint32_t entity = 0;
    std::uint64_t ordinal = 0;
  };
  struct Buffer {
    ProcessId owner;
    RequestId request;
    Bytes size{0};
    Domain domain = Domain::vram;
    Place place = Place::nowhere;  // where it counts
    std::uint32_t moves_pending = 0;
    std::uint32_t moves_made = 0;
    DrawName draw;
    std::uint64_t lru_stamp = 0;
    bool freed = false;
    auto fields() const { return std::tie(owner, request, size, domain, place, moves_pending, moves_made, freed); }
  };
  struct Move {
    std::uint64_t serial = 0;
    BufferId buffer;
    Place to = Place::gtt;
    RequestId request;  // on whose behalf; none: its owner's restore
    SimTime copy_start;
    auto fields() const { return std::tie(serial, buffer, to, request); }
  };
  struct Request {
    RequestId id;
    ProcessId process;
    PressureId pressure;
    std::uint32_t ordinal = 0;
    std::vector<BufferId> buffers;
    std::uint32_t made = 0;  // buffers made for it so far
    SimTime requested;
    std::uint64_t barrier = 0;  // moves up to this serial vacate the space it was given
    RequestOutcome outcome = RequestOutcome::ready;
    bool waiting = true;
    bool binding = false;
    bool room_was_taken = false;  // moves stood before it when it was made
    auto fields() const {
      return std::tie(id, process, pressure, ordinal, buffers, barrier, outcome, waiting, binding, room_was_taken);
    }
  };
  struct Owner {
    bool fence_clear = false;  // its eviction fence has signalled: its buffers may move
    bool fence_asked = false;
    bool locked = false;  // validating: its buffers are nobody's victims
    bool validate_asked = false;
    std::uint32_t eviction = 0;
    std::int64_t fragments_moved = 0;
    Bytes wants_vram{0};  // of its buffers that belong in VRAM
    Bytes in_gtt{0};      // of these, in GTT
    auto fields() const {
      return std::tie(fence_clear, fence_asked, locked, validate_asked, fragments_moved, wants_vram, in_gtt);
    }
  };

  void on(const Allocate&, const MemoryChannels&);
  void on(const FenceSignaled&, const MemoryChannels&);
  void on(const Validate&, const MemoryChannels&);
  void on(const Rearmed&, const MemoryChannels&);
  void on(const ReleaseProcess&, const MemoryChannels&);
  void on(const CopyDone&, const MemoryChannels&);
  void on(const RequestBound&, const MemoryChannels&);
  void on(const HoldOver&, const MemoryChannels&);

  // Allocation (allocate.cpp).
  static std::uint32_t draw_entity(const Request& request);
  void create_buffers(Request& request, const BufferSpec& spec, const MemoryChannels& channels);
  bool place_new(BufferId id, Request& request, const MemoryChannels& channels);
  bool make_room(Bytes size, RequestId request, ProcessId sparing, const MemoryChannels& channels);
  std::optional<BufferId> next_victim(RequestId request, ProcessId sparing) const;
  void put(BufferId id, Place place);
  void account(const Buffer& b, std::int64_t sign);
  void free_buffer(BufferId id);
  void check_requests(const MemoryChannels& channels);
  void end_request(Request& request, const MemoryChannels& channels);
  RequestEnded fact_of(const Request& request, RequestOutcome outcome, SimTime now) const;

  // Moves (moves.cpp).
  void enqueue(BufferId buffer, Place to, RequestId request, const MemoryChannels& channels);
  void serve_head(const MemoryChannels& channels);
  void drop_unstarted(ProcessId process);
  void check_validations(const MemoryChannels& channels);
  bool any_move_up_to(std::uint64_t serial) const;

  Buffer& buffer(BufferId id) { return buffers_[id.index()]; }
  const Buffer& buffer(BufferId id) const { return buffers_[id.index()]; }
  Owner& owner(ProcessId id) { return owners_[id.index()]; }
  static bool belongs_in_vram(const Buffer& b) { return b.domain != Domain::gtt; }

  MemorySpec spec_;
  const std::vector<ProcessSpec>* processes_;

  std::vector<Buffer> buffers_;
  std::vector<Request> requests_;          // those not yet freed, oldest first
  std::map<std::uint64_t, BufferId> lru_;  // buffers in VRAM, least recently (re)allocated first
  std::deque<Move> moves_;                 // one move entity: first in, first out
  bool copying_ = false;                   // the head is on the copy engine
  std::vector<Owner> owners_;              // by process
  std::uint64_t next_stamp_ = 1;
  std::uint64_t next_serial_ = 1;
  std::uint64_t last_eviction_serial_ = 0;  // of the moves out of VRAM
  Bytes vram_used_{0};
  Bytes gtt_used_{0};
};

}  // namespace userqsim
