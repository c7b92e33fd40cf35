// The move queue: one entity, first in first out, on the copy engine.
#include <algorithm>

#include "models/memory/memory.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Memory::enqueue(BufferId id, Place to, RequestId request, const MemoryChannels& channels) {
  Buffer& b = buffer(id);
  ++b.moves_pending;
  if (to == Place::gtt) last_eviction_serial_ = next_serial_;
  moves_.push_back({next_serial_++, id, to, request, SimTime{}});
  Owner& o = owner(b.owner);
  if (spec_.eager_fences && to == Place::gtt && !o.fence_clear && !o.fence_asked) {
    o.fence_asked = true;
    channels.fence_needed.post({b.owner, request});
  }
  serve_head(channels);
}

// Puts the head on the copy engine when it may go: a buffer that leaves VRAM waits for its owner's eviction fence,
// which is enabled only now (drm_sched installs a job's dependencies when it is the entity's head).
void Memory::serve_head(const MemoryChannels& channels) {
  if (copying_) return;
  while (!moves_.empty() && buffer(moves_.front().buffer).freed) {
    --buffer(moves_.front().buffer).moves_pending;  // freed before it moved: nothing to copy
    moves_.pop_front();
  }
  if (moves_.empty()) return;
  Move& move = moves_.front();
  Buffer& b = buffer(move.buffer);
  Owner& o = owner(b.owner);
  if (move.to == Place::gtt && !o.fence_clear) {
    if (!o.fence_asked) {
      o.fence_asked = true;
      channels.fence_needed.post({b.owner, move.request});
    }
    return;
  }
  copying_ = true;
  move.copy_start = channels.validated.now();
  const std::int64_t windows = ceil_div(b.size.value, fragment_bytes);
  const std::uint64_t ordinal = (b.draw.ordinal << 12) | (b.moves_made & 0xfff);
  const Duration window = channels.costs->of(CostName::move_window, b.draw.entity, ordinal);
  channels.start_copy.post({b.owner, plus(transfer_time(b.size, spec_.link), times(window, windows))});
}

void Memory::on(const CopyDone&, const MemoryChannels& channels) {
  ensure(copying_ && !moves_.empty(), "a copy ends that nobody started");
  const Move move = moves_.front();
  moves_.pop_front();
  copying_ = false;
  Buffer& b = buffer(move.buffer);
  --b.moves_pending;
  ++b.moves_made;
  if (!b.freed) {
    Owner& o = owner(b.owner);
    o.fragments_moved += ceil_div(b.size.value, fragment_bytes);
    const bool out = move.to == Place::gtt;
    channels.buffer_moved->state({channels.validated.now(), move.copy_start, move.buffer, b.owner,
                                  out ? Domain::vram : Domain::gtt, out ? Domain::gtt : Domain::vram, b.size,
                                  EvictionId{b.owner, o.eviction}});
  }
  serve_head(channels);
  check_requests(channels);
  check_validations(channels);
}

// The moves of an exiting process that have not begun are not worth making.
void Memory::drop_unstarted(ProcessId process) {
  const std::size_t first = copying_ ? 1 : 0;
  for (std::size_t i = moves_.size(); i > first; --i) {
    Buffer& b = buffer(moves_[i - 1].buffer);
    if (b.owner != process) continue;
    --b.moves_pending;
    moves_.erase(moves_.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
}

// Validation is over when none of the process's buffers has a move to come.
void Memory::check_validations(const MemoryChannels& channels) {
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    Owner& o = owners_[i];
    if (!o.validate_asked) continue;
    const auto moving = [&](const Move& m) {
      return buffer(m.buffer).owner.index() == i && !buffer(m.buffer).freed;
    };
    if (std::any_of(moves_.begin(), moves_.end(), moving)) continue;
    o.validate_asked = false;
    channels.validated.post({ProcessId::of(i), o.fragments_moved});
    o.fragments_moved = 0;
  }
}

bool Memory::any_move_up_to(std::uint64_t serial) const {
  return !moves_.empty() && moves_.front().serial <= serial;
}

}  // namespace userqsim
