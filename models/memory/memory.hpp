// The memory manager: buffers and where they lie, who is evicted for whom, and the moves. It does as TTM and amdgpu
// do (docs/model.md#memory): victims come from the head of the LRU, one buffer at a time, until the allocation
// fits; the space is given at once and the move follows; a move waits for the eviction fences of all who use its
// buffer, which are enabled when it reaches the head of its move entity (or at once, by option).
//
// ENSURES: no place holds more than it has room for; a buffer that is being moved counts where it is going.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/memory/buffer.hpp"
#include "models/memory/buffer_table.hpp"
#include "models/memory/messages.hpp"
#include "models/memory/move_budget.hpp"
#include "models/memory/spec.hpp"
#include "models/profiles/cost_draws.hpp"
#include "models/workload/layout.hpp"
#include "models/workload/waits.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/channel.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/probe.hpp"

namespace userqsim {

struct MemoryChannels {
  Channel<FenceNeeded> fence_needed;
  Channel<AllocationReady> allocation_ready;
  Channel<Validated> validated;
  Channel<Emptied> emptied;
  Channel<SubmissionReady> submission_ready;
  Channel<StartCopy> start_copy;
  Channel<PagesDone> pages_done;
  Channel<RequestBound> request_bound;
  Channel<HoldOver> hold_over;
  Channel<TablesWritten> tables_written;
  Probe<BufferMoved>* buffer_moved = nullptr;
  Probe<MoveQueued>* move_queued = nullptr;
  Probe<RequestEnded>* request_ended = nullptr;
  Probe<MemoryUsed>* memory_used = nullptr;
  Probe<ResidencyChanged>* residency_changed = nullptr;
  const CostDraws* costs = nullptr;
  const Draws* draws = nullptr;
  const Workload* workload = nullptr;
};

class Memory {
 public:
  // What one job of a move copies at most ("to avoid a timeout"), and one GART window of it (amdgpu_ttm.c).
  static constexpr std::int64_t job_bytes = std::int64_t{256} << 20;
  static constexpr std::int64_t window_bytes = std::int64_t{2} << 20;
  // A page-table block of 4 KiB maps so much in pages; a fragment as large needs none.
  static constexpr std::int64_t table_reach = std::int64_t{2} << 20;
  static constexpr std::int64_t table_bytes = 4096;

  // `layout` and `processes` outlive the memory manager.
  Memory(const MemorySpec& spec, const Layout& layout, const std::vector<ProcessSpec>& processes);

  void handle(const MemoryEvent& event, const MemoryChannels& channels);

  Bytes used(MemType place) const { return used_[static_cast<std::size_t>(place)]; }
  const SmallVector<ProcessId, 2>& users(BufferId id) const { return buffers_[id].users; }
  // How much longer a job of the process takes than with all its buffers where they belong, in thousandths.
  std::int64_t slowdown_permille(ProcessId process) const;
  // Buffers of the process have moved since it was validated: its page tables name their old places.
  bool has_moved(ProcessId process) const { return owner(process).entries_moved > 0; }
  // States the requests that are still waiting. Call at the horizon.
  void close(SimTime now, const MemoryChannels& channels) const;
  // Buffers that are kept: those that are not freed, and those that something still names.
  std::size_t buffers() const { return buffers_.size(); }
  // Recounts everything that is kept as a sum; throws InvariantError on a difference.
  void verify() const;

  // Who waits here, and what for (waits.cpp).
  std::vector<Wait> waits() const;
  struct RequestWait {
    RequestId request;
    ProcessId process;
    bool opens = false;  // it is for what the process has from its start
  };
  std::vector<RequestWait> requesters() const;  // that are not served
  std::size_t lanes() const { return lanes_.size(); }
  std::vector<std::size_t> copying() const;  // lanes whose head is under way
  bool is_cpu(std::size_t lane) const { return lane == cpu_lane(); }
  std::string name_of_move(std::size_t lane) const;  // of the lane's head. REQUIRES: there is one

  auto fields() const {
    return std::tie(buffers_, requests_, lru_[0], lru_[1], lru_[2], lru_[3], lru_[4], lanes_, next_entity_, owners_,
                    sweep_, budget_, blocked_, blocked_faults_);
  }

 private:
  static constexpr std::size_t places = 5;

  struct Move {
    std::uint64_t serial = 0;
    std::uint64_t after = 0;  // moves up to this one vacate the room it takes
    BufferId buffer;
    MemType from = MemType::vram;
    MemType to = MemType::gtt;
    bool wipes = false;   // of a buffer that was freed
    RequestId request;    // on whose behalf; none: its owner's restore, or a system suspend
    bool sleeps = false;  // the latter
    SimTime began;
    Bytes left{0};
    auto fields() const { return std::tie(buffer, from, to, wipes, request, sleeps, left); }
  };
  // A queue of moves, first in, first out: a move entity on the copy engine, or the CPU's work on pages.
  struct Lane {
    Fifo<Move> moves;
    bool busy = false;  // the head is under way
    auto fields() const { return std::tie(moves, busy); }
  };
  struct Request {
    RequestId id;
    RequestKind kind = RequestKind::allocate;
    ProcessId process;
    PressureId pressure;
    std::uint32_t ordinal = 0;
    SmallVector<BufferId, 16> buffers;
    std::uint32_t made = 0;  // buffers made for it so far
    SimTime requested;
    std::uint64_t barrier = 0;  // moves up to this serial vacate the space it was given
    RequestOutcome outcome = RequestOutcome::ready;
    bool waiting = true;
    bool room_was_taken = false;  // moves stood before it when it was made
    auto fields() const {
      return std::tie(id, kind, process, pressure, ordinal, buffers, outcome, waiting, room_was_taken);
    }
  };
  // Through the kernel, and not done.
  struct Submitted {
    enum class Step : std::uint8_t { waits, writes, ready };
    std::uint64_t serial = 0;  // among those of moves: what it uses is not moved by a later one
    JobId job;
    QueueId queue;
    std::uint64_t after = 0;  // moves of its process up to this one come first
    Step step = Step::waits;
    auto fields() const { return std::tie(job, queue, step); }
  };
  struct Owner {
    std::uint32_t eviction = 0;
    bool fence_clear = false;  // its eviction fence has signalled: its buffers may move
    bool fence_asked = false;
    bool locked = false;  // validating: its buffers are nobody's victims
    bool validate_asked = false;
    bool no_room = false;                    // the validation found none for some buffer
    std::optional<SimTime> sheltered_until;  // nobody's victim
    bool gone = false;
    bool stirred = false;              // its residency has changed since it was last stated
    FlatSet<std::uint64_t> pending;    // moves to come, of its buffers
    std::vector<Submitted> submitted;  // oldest first
    SimTime tables_until;              // when the last entries are written for one
    std::int64_t entries_moved = 0;
    std::array<Bytes, places> held{};  // by place
    Bytes wants_vram{0};               // of its buffers that belong in VRAM
    Bytes displaced{0};                // of these, elsewhere
    FlatSet<BufferId> buffers;         // that it uses
    FlatSet<BufferId> separate;        // of them, those with a reservation of their own
    FlatSet<BufferId> misplaced;       // of them, not where they belong
    Bytes held_in(MemType place) const { return held[static_cast<std::size_t>(place)]; }
    auto fields() const {
      const TimeIf shelter{sheltered_until.has_value(), sheltered_until.value_or(SimTime{})};
      return std::tuple(fence_clear, fence_asked, locked, validate_asked, no_room, shelter, gone, entries_moved,
                        submitted);
    }
  };
  // Who asks for room.
  struct Claim {
    RequestId request;
    ProcessId process;
    bool sleeps = false;      // a system suspend does
    bool spares_low = false;  // takes nobody's room that dmem.low protects
    bool contiguous = false;  // for a buffer in one piece
  };
  // A system suspend empties VRAM.
  struct Sweep {
    bool hibernates = false;
    bool swept = false;  // all have been sent away
    bool ok = true;
    std::size_t places = 0;      // that were looked into
    std::vector<BufferId> left;  // of the last, not yet: somebody holds their reservations
    std::uint64_t barrier = 0;   // the last of their moves
    auto fields() const { return std::tie(hibernates, swept, ok, places, left); }
  };

  void on(const Allocate&, const MemoryChannels&);
  void on(const CpuFault&, const MemoryChannels&);
  void on(const FenceSignaled&, const MemoryChannels&);
  void on(const Validate&, const MemoryChannels&);
  void on(const Rearmed&, const MemoryChannels&);
  void on(const Unlocked&, const MemoryChannels&);
  void on(const EmptyVram&, const MemoryChannels&);
  void on(const ReleaseProcess&, const MemoryChannels&);
  void on(const CopyDone&, const MemoryChannels&);
  void on(const PagesDone&, const MemoryChannels&);
  void on(const RequestBound&, const MemoryChannels&);
  void on(const HoldOver&, const MemoryChannels&);
  void on(const Submit&, const MemoryChannels&);
  void on(const SubmissionDone&, const MemoryChannels&);
  void on(const TablesWritten&, const MemoryChannels&);

  // Requests (requests.cpp).
  static std::uint32_t draw_entity(const Request& request);
  void create_buffers(Request& request, const BufferSpec& spec, const MemoryChannels& channels);
  bool place_new(BufferId id, Request& request, const MemoryChannels& channels);
  void create_page_tables(Request& request, const BufferSpec& spec, const MemoryChannels& channels);
  void forget_freed();
  void name(BufferId id) { ++buffer(id).named; }
  void name_no_longer(BufferId id);
  void end_names(const Request& request);
  void verify_names() const;
  void create(const Buffer& made, Request& request, const MemoryChannels& channels);
  void touch(BufferId id, const Claim& claim, const MemoryChannels& channels);
  RequestId add(Request request);
  void await(RequestId id, const MemoryChannels& channels);
  void fault(RequestId id, const MemoryChannels& channels);
  void bind(const Request& request, const MemoryChannels& channels);
  void free_buffer(BufferId id);
  void stop_using(BufferId id, ProcessId user);
  void check_requests(const MemoryChannels& channels);
  void end_request(Request& request, const MemoryChannels& channels);
  RequestEnded fact_of(const Request& request, RequestOutcome outcome, SimTime now) const;

  // Submissions through the kernel (submissions.cpp).
  bool must_wait_for_reservation(ProcessId process) const;
  bool validate_submission(ProcessId process, const MemoryChannels& channels);
  void check_submissions(ProcessId process, const MemoryChannels& channels);
  void retry_blocked(const MemoryChannels& channels);
  static void make_ready(Submitted& submitted, const MemoryChannels& channels);
  bool used_by_jobs(ProcessId process, const Move& move) const;

  // Who lies where (placement.cpp).
  bool validate(BufferId id, const Placement& list, const Claim& claim, const MemoryChannels& channels);
  static bool lies_in(const Buffer& b, const Candidate& c);
  Placement placement_of_new(const Buffer& b) const;
  Placement placement_allowed(const Buffer& b) const;
  Placement placement_preferred(const Buffer& b) const;
  Placement placement_of_restored(const Buffer& b) const;
  Placement placement_of_victim(const Buffer& b) const;
  static BuddyVram::Request request_of(const Buffer& b, VramPart part);
  bool fits(const Buffer& b, const Candidate& c) const;
  bool fits_in_vram(const Buffer& b, VramPart part) const;
  void put_in_vram(Buffer& b, VramPart part);
  bool make_room(const Buffer& wanted, const Candidate& c, Claim claim, const MemoryChannels& channels);
  bool may_evict(const Buffer& wanted, const Candidate& c, Claim& claim) const;
  std::optional<BufferId> next_victim(const Candidate& c, const Claim& claim, SimTime now) const;
  std::optional<BufferId> next_victim(const Candidate& c, const Claim& claim, bool spares_low, SimTime now) const;
  bool can_leave(const Buffer& b) const;
  bool pages_fit(Bytes size) const;
  bool populate(Bytes size, BufferId spared, const Claim& claim, const MemoryChannels& channels);
  bool is_locked(const Buffer& b) const;
  bool send(BufferId id, const Candidate& c, const Claim& claim, const MemoryChannels& channels);
  void bump(ProcessId process);
  void put(BufferId id, MemType place, VramPart part);
  void account(BufferId id, std::int64_t sign);
  void account_user(BufferId id, ProcessId user, std::int64_t sign);

  // System suspend (sweep.cpp).
  void sweep(const MemoryChannels& channels);
  void send_away(BufferId id, const MemoryChannels& channels);
  void check_sweep(const MemoryChannels& channels);

  // Moves (moves.cpp).
  void enqueue(BufferId buffer, MemType from, MemType to, const Claim& claim, const MemoryChannels& channels);
  void enqueue_wipe(BufferId buffer);
  Lane& lane_of(MemType from, MemType to);
  void ask_fence(ProcessId user, const Move& move, const MemoryChannels& channels);
  void serve(const MemoryChannels& channels);
  bool may_begin(const Move& move, const MemoryChannels& channels);
  void begin(std::size_t lane, const MemoryChannels& channels);
  void begin_job(std::size_t lane, const MemoryChannels& channels);
  Duration job_time(const Move& move, Bytes bytes, const MemoryChannels& channels) const;
  void end_move(Lane& lane, const MemoryChannels& channels);
  void check_validation(ProcessId process, const MemoryChannels& channels);
  std::uint64_t oldest_move() const;

  // Who waits for whom (waits.cpp).
  void wait_for_moves(WaitPoint who, std::uint64_t barrier, std::vector<Wait>& waits) const;
  void wait_for_own_moves(WaitPoint who, ProcessId process, std::vector<Wait>& waits) const;
  void wait_of_move(std::size_t lane, std::vector<Wait>& waits) const;
  void wait_for_locks(WaitPoint who, BufferId id, std::vector<Wait>& waits) const;

  Buffer& buffer(BufferId id) { return buffers_[id]; }
  const Buffer& buffer(BufferId id) const { return buffers_[id]; }
  Owner& owner(ProcessId id) { return owners_[id.index()]; }
  const Owner& owner(ProcessId id) const { return owners_[id.index()]; }
  Bytes& used_in(MemType place) { return used_[static_cast<std::size_t>(place)]; }
  Lru& lru_of(MemType place) { return lru_[static_cast<std::size_t>(place)]; }
  const Lru& lru_of(MemType place) const { return lru_[static_cast<std::size_t>(place)]; }
  std::uint64_t& vacated(MemType place) { return vacated_[static_cast<std::size_t>(place)]; }
  std::size_t cpu_lane() const { return lanes_.size() - 1; }

  MemorySpec spec_;
  const Layout* layout_;
  const std::vector<ProcessSpec>* processes_;

  BufferTable buffers_;
  std::vector<BufferId> freed_;                     // to be forgotten, unless something names them
  FlatMap<RequestId, Request> requests_;            // those not yet freed
  FlatMultimap<std::uint64_t, RequestId> unbound_;  // those that wait for room, by barrier
  std::array<Lru, places> lru_;
  std::vector<Lane> lanes_;  // the move entities, then the CPU
  std::uint32_t next_entity_ = 0;
  std::vector<Owner> owners_;  // by process
  std::optional<Sweep> sweep_;
  MoveBudget budget_;
  std::vector<Submit> blocked_;  // by somebody's reservations
  std::vector<RequestId> blocked_faults_;
  Bytes moved_{0};  // by the submission that is being validated
  Bytes moved_visible_{0};
  std::optional<BuddyVram> vram_;  // where that is in blocks; the buffers' say all of it
  std::array<Bytes, places> used_{};
  Bytes visible_used_{0};
  std::array<std::uint64_t, places> vacated_{};  // the last move out of each place
  std::uint64_t next_serial_ = 1;
  std::vector<ProcessId> stirred_;  // whose residency has changed
};

}  // namespace userqsim
