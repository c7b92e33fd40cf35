// The moves: queues of them, first in first out, on the copy engine and on a CPU.
#include <algorithm>
#include <limits>

#include "models/memory/memory.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// To or from VRAM a copy engine moves the bytes; between GTT, system memory and swap a CPU does, if anybody.
Memory::Lane& Memory::lane_of(MemType from, MemType to) {
  const bool copies = (from == MemType::vram || to == MemType::vram) && to != MemType::nowhere;
  if (!copies) return lanes_[cpu_lane()];
  const std::uint32_t entity = next_entity_;
  next_entity_ = (next_entity_ + 1) % spec_.move_entities;
  return lanes_[entity];
}

void Memory::enqueue(BufferId id, MemType from, MemType to, const Claim& claim, const MemoryChannels& channels) {
  Buffer& b = buffer(id);
  Move move;
  move.serial = next_serial_++;
  // Pages are the same in GTT and in system memory, and free when who had them is in swap.
  move.after =
      to == MemType::vram ? vacated(MemType::vram) : std::max(vacated(MemType::gtt), vacated(MemType::system));
  if (to == MemType::nowhere || to == MemType::swap) move.after = 0;
  vacated(from) = move.serial;
  move.buffer = id;
  move.from = from;
  move.to = to;
  move.request = claim.request;
  move.sleeps = claim.sleeps;
  move.left = b.size;
  b.moves.push_back(move.serial);
  for (const ProcessId user : b.users) owner(user).pending.insert(move.serial);
  moved_ += b.size;
  if (to == MemType::vram) moved_visible_ += b.visible;
  lane_of(from, to).moves.push_back(move);
  name(id);
  channels.move_queued->state(
      {channels.validated.now(), move.serial, id, b.owner(), from, to, b.size, claim.request, claim.process});
  if (spec_.eager_fences) {
    for (const ProcessId user : b.users) ask_fence(user, move, channels);
  }
  serve(channels);
}

// VRAM_WIPE_ON_RELEASE: the bytes of a freed buffer are overwritten before others have them.
void Memory::enqueue_wipe(BufferId id) {
  Move move;
  move.serial = next_serial_++;
  move.buffer = id;
  move.to = MemType::nowhere;
  move.wipes = true;
  move.left = buffer(id).size;
  vacated(MemType::vram) = move.serial;
  lane_of(MemType::vram, MemType::vram).moves.push_back(move);
  name(id);
}

void Memory::ask_fence(ProcessId user, const Move& move, const MemoryChannels& channels) {
  Owner& o = owner(user);
  if (o.fence_clear || o.fence_asked || layout_->process(user).submission == Submission::kernel) return;
  o.fence_asked = true;
  channels.fence_needed.post({user, move.request, move.sleeps});
}

// Begins whatever may begin.
void Memory::serve(const MemoryChannels& channels) {
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = lanes_[i];
      while (!lane.busy && !lane.moves.empty() && buffer(lane.moves.front().buffer).freed() &&
             !lane.moves.front().wipes) {
        name_no_longer(lane.moves.front().buffer);
        lane.moves.pop_front();  // freed before it moved: nothing to copy
        again = true;
      }
      if (lane.busy || lane.moves.empty() || !may_begin(lane.moves.front(), channels)) continue;
      begin(i, channels);
    }
  }
}

// The head of its queue waits for the room that it takes to be vacated, for the buffer's moves before, and for the
// eviction fence of each who uses it, or for his jobs if he submits through the kernel, one after the other:
// drm_sched installs the dependencies of the job at the entity's head, one at a time.
bool Memory::may_begin(const Move& move, const MemoryChannels& channels) {
  if (move.wipes) return true;
  const Buffer& b = buffer(move.buffer);
  if (b.moves.front() != move.serial) return false;
  for (const ProcessId user : b.users) {
    ask_fence(user, move, channels);
    const bool by_jobs = layout_->process(user).submission == Submission::kernel;
    if (by_jobs ? used_by_jobs(user, move) : !owner(user).fence_clear) return false;
  }
  return oldest_move() > move.after;
}

void Memory::begin(std::size_t lane, const MemoryChannels& channels) {
  Move& move = lanes_[lane].moves.front();
  lanes_[lane].busy = true;
  move.began = channels.validated.now();
  if (lane != cpu_lane()) return begin_job(lane, channels);
  const bool swaps = move.from == MemType::swap || move.to == MemType::swap;
  channels.pages_done.post_in(swaps ? transfer_time(move.left, spec_.swap_bandwidth) : Duration{0}, {});
}

void Memory::begin_job(std::size_t lane, const MemoryChannels& channels) {
  const Move& move = lanes_[lane].moves.front();
  channels.start_copy.post({static_cast<std::uint32_t>(lane), move.buffer,
                            job_time(move, std::min(move.left, Bytes{job_bytes}), channels)});
}

// A copy between VRAM and the host goes in windows of the GART, two jobs each, and what leaves VRAM is wiped behind
// it. Inside VRAM it reads and writes.
Duration Memory::job_time(const Move& move, Bytes bytes, const MemoryChannels& channels) const {
  const Duration wipe = spec_.wipe_on_release ? transfer_time(bytes, spec_.vram_bandwidth) : Duration{0};
  if (move.wipes) return wipe;
  if (move.to == MemType::vram && move.from == MemType::vram)
    return plus(transfer_time(bytes + bytes, spec_.vram_bandwidth), wipe);
  const Buffer& b = buffer(move.buffer);
  const std::uint64_t ordinal = (b.draw.ordinal << 12) | (b.copies & 0xfff);
  const Duration window = channels.costs->of(CostName::move_window, b.draw.entity, ordinal);
  const Duration windows = times(window, ceil_div(bytes.value, window_bytes));
  const bool out = move.from == MemType::vram;
  const Duration copy = plus(transfer_time(bytes, out ? spec_.link : spec_.link_in), windows);
  return out ? plus(copy, wipe) : copy;
}

void Memory::on(const CopyDone& message, const MemoryChannels& channels) {
  Lane& lane = lanes_.at(message.entity);
  ensure(lane.busy && !lane.moves.empty(), "a copy ends that nobody started");
  Move& move = lane.moves.front();
  move.left -= std::min(move.left, Bytes{job_bytes});
  if (move.left.value > 0 && (move.wipes || !buffer(move.buffer).freed()))
    return begin_job(message.entity, channels);
  end_move(lane, channels);
}

void Memory::on(const PagesDone&, const MemoryChannels& channels) {
  Lane& lane = lanes_[cpu_lane()];
  ensure(lane.busy && !lane.moves.empty(), "pages are done that nobody began");
  end_move(lane, channels);
}

void Memory::end_move(Lane& lane, const MemoryChannels& channels) {
  const Move move = lane.moves.front();
  lane.moves.pop_front();
  lane.busy = false;
  name_no_longer(move.buffer);
  Buffer& b = buffer(move.buffer);
  const SmallVector<ProcessId, 2> users = b.users;
  if (!b.freed()) {
    b.moves.erase(b.moves.begin());
    ++b.copies;
    for (const ProcessId user : users) {
      owner(user).pending.erase(move.serial);
      owner(user).entries_moved += b.entries();
    }
    channels.buffer_moved->state({channels.validated.now(), move.began, move.buffer, b.owner(), move.from, move.to,
                                  b.size, EvictionId{b.owner(), owner(b.owner()).eviction}, move.serial});
  }
  serve(channels);
  check_requests(channels);
  check_sweep(channels);
  for (const ProcessId user : users) {
    check_validation(user, channels);
    check_submissions(user, channels);
  }
}

// Validation is over when none of the process's buffers has a move to come, or at once when one found no room.
void Memory::check_validation(ProcessId process, const MemoryChannels& channels) {
  Owner& o = owner(process);
  if (!o.validate_asked || !(o.no_room || o.pending.empty())) return;
  o.validate_asked = false;
  // What has moved in vain is still to be written into the page tables, by the next restore.
  channels.validated.post({process, o.no_room ? 0 : std::exchange(o.entries_moved, 0), !o.no_room});
}

// The serial of the oldest that is not over.
std::uint64_t Memory::oldest_move() const {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (const Lane& lane : lanes_) {
    if (!lane.moves.empty()) oldest = std::min(oldest, lane.moves.front().serial);
  }
  return oldest;
}

}  // namespace userqsim
