// Who lies where: TTM's two passes over a list of places, and who has to leave for it.
#include <algorithm>
#include <utility>

#include "models/memory/memory.hpp"

namespace userqsim {

namespace {

bool has_pages(MemType place) { return place == MemType::gtt || place == MemType::system; }

}  // namespace

bool Memory::lies_in(const Buffer& b, const Candidate& c) {
  if (b.place != c.place) return false;
  if (c.part == VramPart::visible) return b.visible == b.size;
  return c.part == VramPart::any || b.visible.value == 0;
}

// amdgpu_bo_create: where the buffer was asked for.
Placement Memory::placement_of_new(const Buffer& b) const {
  Placement list;
  const VramPart part = b.spec->cpu_access ? VramPart::visible : VramPart::any;
  if (b.belongs_in_vram()) list.add({MemType::vram, PlaceFlag::none, part});
  if (b.spec->domain != Domain::vram) list.add({MemType::gtt});
  return list;
}

// GTT is allowed where VRAM was asked for. Since 6.10 it is a fallback then, but on APUs: the first pass looks for
// free VRAM, the second finds that GTT will do (amdgpu_bo_placement_from_domain).
Placement Memory::placement_allowed(const Buffer& b) const {
  Placement list;
  const VramPart part = b.spec->cpu_access ? VramPart::visible : VramPart::any;
  if (b.belongs_in_vram()) list.add({MemType::vram, PlaceFlag::none, part});
  const bool fallback = b.belongs_in_vram() && spec_.gtt_is_fallback && !spec_.apu && b.place != MemType::nowhere;
  list.add({MemType::gtt, fallback ? PlaceFlag::fallback : PlaceFlag::none});
  return list;
}

// Where it was asked for, and nowhere else.
Placement Memory::placement_preferred(const Buffer& b) const {
  if (b.spec->domain != Domain::vram) return placement_allowed(b);
  Placement list;
  list.add({MemType::vram, PlaceFlag::none, b.spec->cpu_access ? VramPart::visible : VramPart::any});
  return list;
}

// Who evicts others for it asks for VRAM alone, and for GTT when that fails (amdgpu_amdkfd_bo_validate).
Placement Memory::placement_of_restored(const Buffer& b) const {
  if (!b.belongs_in_vram() || !spec_.restore_evicts_others) return placement_allowed(b);
  Placement list;
  list.add({MemType::vram, PlaceFlag::none, b.spec->cpu_access ? VramPart::visible : VramPart::any});
  return list;
}

// amdgpu_evict_flags. What can be dropped goes nowhere; what lies in visible VRAM without need may go to the other
// part; else VRAM goes to GTT, or to system memory when GTT is full, and GTT to system memory.
Placement Memory::placement_of_victim(const Buffer& b) const {
  Placement list;
  if (b.spec->discardable) return list;
  if (b.place == MemType::vram) {
    if (b.visible.value > 0 && !b.spec->cpu_access && spec_.visible_vram < spec_.vram)
      list.add({MemType::vram, PlaceFlag::desired, VramPart::invisible});
    list.add({MemType::gtt});
  }
  list.add({MemType::system});
  return list;
}

// ttm_bo_validate: the buffer stays where the pass allows it to; else it goes to the first place with room. The
// second pass makes room, or the first for who is within his cgroup's protection.
bool Memory::validate(BufferId id, const Placement& list, const Claim& claim, const MemoryChannels& channels) {
  for (const PlaceFlag left_out : {PlaceFlag::fallback, PlaceFlag::desired}) {
    for (const Candidate& c : list) {
      if (c.flag != left_out && lies_in(buffer(id), c)) return true;
    }
    for (const Candidate& c : list) {
      if (c.flag == left_out) continue;
      Claim evictor = claim;
      const bool evicts = left_out == PlaceFlag::desired || may_evict(buffer(id), c, evictor);
      const bool room = fits(buffer(id), c) || (evicts && make_room(buffer(id), c, evictor, channels));
      if (room && send(id, c, claim, channels)) return true;
    }
  }
  return false;
}

BuddyVram::Request Memory::request_of(const Buffer& b, VramPart part) { return {b.size, part, b.spec->contiguous}; }

bool Memory::fits_in_vram(const Buffer& b, VramPart part) const {
  if (vram_) return vram_->fits(request_of(b, part));
  const Bytes visible_free = spec_.visible_vram - visible_used_;
  const Bytes free = spec_.vram - used(MemType::vram);
  if (part == VramPart::visible) return b.size <= visible_free;
  return b.size <= (part == VramPart::any ? free : free - visible_free);
}

bool Memory::fits(const Buffer& b, const Candidate& c) const {
  switch (c.place) {
    case MemType::vram:
      return fits_in_vram(b, c.part);
    case MemType::gtt:
      return used(MemType::gtt) + b.size <= spec_.gtt;
    case MemType::system:
      return true;
    case MemType::swap:
    case MemType::nowhere:
      break;
  }
  return false;
}

// Evicts from the head of the LRU until the buffer fits. Who was evicted stays evicted when it never does.
bool Memory::make_room(const Buffer& wanted, const Candidate& c, Claim claim, const MemoryChannels& channels) {
  claim.contiguous = wanted.spec->contiguous;
  if (has_pages(c.place) && !has_pages(wanted.place) && !pages_fit(wanted.size)) return false;
  while (!fits(wanted, c)) {
    const std::optional<BufferId> victim = next_victim(c, claim, channels.validated.now());
    if (!victim) return false;
    const Buffer& b = buffer(*victim);
    if (b.spec->discardable) {
      const MemType from = b.place;
      put(*victim, MemType::nowhere, VramPart::any);
      enqueue(*victim, from, MemType::nowhere, claim, channels);
      continue;
    }
    bool gone = false;
    for (const Candidate& to : placement_of_victim(b)) {
      gone = fits(b, to) && send(*victim, to, claim, channels);
      if (gone) break;
    }
    if (!gone) return false;
  }
  return true;
}

// dmem_cgroup_below_min, _below_low ("drm/ttm: Be more aggressive when allocating below protection limit"): below
// min as in the second pass, below low from those whom nothing protects.
bool Memory::may_evict(const Buffer& wanted, const Candidate& c, Claim& claim) const {
  if (!spec_.dmem_evicts_first || c.place != MemType::vram || !claim.process.exists()) return false;
  const DmemSpec& dmem = (*processes_)[claim.process.index()].dmem;
  const Bytes then = owner(claim.process).held_in(MemType::vram) + wanted.size;
  claim.spares_low = then > dmem.min;
  return then <= std::max(dmem.min, dmem.low);
}

// What dmem.low protects goes when there is nothing else (dmem_cgroup_state_evict_valuable).
std::optional<BufferId> Memory::next_victim(const Candidate& c, const Claim& claim, SimTime now) const {
  const std::optional<BufferId> victim = next_victim(c, claim, true, now);
  return victim || claim.spares_low || c.place != MemType::vram ? victim : next_victim(c, claim, false, now);
}

// Nobody's victim: a buffer of a process that is being validated (its reservation is held), one that would make no
// room, one that has nowhere to go, another's in VRAM that a cgroup protects, and, where a process does not evict
// itself, its own unless one piece is wanted (amdgpu_ttm_bo_eviction_valuable); nor one of a process that has
// thrashed (ThrashPin).
std::optional<BufferId> Memory::next_victim(const Candidate& c, const Claim& claim, bool spares_low,
                                            SimTime now) const {
  const auto spared = [&](ProcessId user) {
    const Owner& o = owner(user);
    if (user == claim.process)
      return o.locked || !(spec_.evicts_itself || (claim.contiguous && spec_.evicts_itself_for_piece));
    const bool sheltered = c.place == MemType::vram && o.sheltered_until && now < *o.sheltered_until;
    return o.locked || sheltered;
  };
  const auto is_protected = [&](ProcessId user) {
    const DmemSpec& dmem = (*processes_)[user.index()].dmem;
    const Bytes kept = spares_low ? std::max(dmem.min, dmem.low) : dmem.min;
    return c.place == MemType::vram && user != claim.process && owner(user).held_in(MemType::vram) <= kept;
  };
  const auto skips = [&](ProcessId user) { return spared(user) || is_protected(user); };
  return lru_of(c.place).find(skips, [&](BufferId id) {
    const Buffer& b = buffer(id);
    if (std::any_of(b.users.begin(), b.users.end(), spared) || is_protected(b.owner())) return false;
    if (c.part == VramPart::visible && b.visible.value == 0) return false;
    return can_leave(b);
  });
}

bool Memory::can_leave(const Buffer& b) const {
  if (b.spec->discardable || has_pages(b.place)) return true;
  const Placement list = placement_of_victim(b);
  return std::any_of(list.begin(), list.end(),
                     [&](const Candidate& c) { return fits(b, c) && (!has_pages(c.place) || pages_fit(b.size)); });
}

// Whether so many more bytes of pages can be had, if need be by swapping others out.
bool Memory::pages_fit(Bytes size) const {
  const Bytes over = used(MemType::gtt) + used(MemType::system) + size - spec_.pages;
  return over <= spec_.swap - used(MemType::swap);
}

// ttm_global_swapout: past the page limit one buffer after the other goes to swap, first those that the GPU does
// not reach. Who runs with one is stopped for it.
bool Memory::populate(Bytes size, BufferId spared, const Claim& claim, const MemoryChannels& channels) {
  while (used(MemType::gtt) + used(MemType::system) + size > spec_.pages) {
    std::optional<BufferId> victim;
    for (const MemType place : {MemType::system, MemType::gtt}) {
      victim =
          lru_of(place).find([&](ProcessId user) { return owner(user).locked; },
                             [&](BufferId id) {
                               const Buffer& b = buffer(id);
                               return id != spared && !is_locked(b) && used(MemType::swap) + b.size <= spec_.swap;
                             });
      if (victim) break;
    }
    if (!victim) return false;
    const MemType from = buffer(*victim).place;
    put(*victim, MemType::swap, VramPart::any);
    enqueue(*victim, from, MemType::swap, claim, channels);
  }
  return true;
}

bool Memory::is_locked(const Buffer& b) const {
  return std::any_of(b.users.begin(), b.users.end(), [&](ProcessId user) { return owner(user).locked; });
}

// Gives the buffer room in a place that has it, and has it moved there. False when there are no pages.
bool Memory::send(BufferId id, const Candidate& c, const Claim& claim, const MemoryChannels& channels) {
  const MemType from = buffer(id).place;
  if (has_pages(c.place) && !has_pages(from) && !populate(buffer(id).size, id, claim, channels)) return false;
  put(id, c.place, c.part);
  if (from == MemType::nowhere) return true;  // new, or its content was dropped: nothing to move
  if (from == MemType::swap) enqueue(id, from, MemType::system, claim, channels);
  if (from != MemType::swap || c.place != MemType::system)
    enqueue(id, from == MemType::swap ? MemType::system : from, c.place, claim, channels);
  return true;
}

// Accounts the buffer where it now belongs, at the tail of that place's LRU. In VRAM it takes what the CPU does not
// see first.
void Memory::put(BufferId id, MemType place, VramPart part) {
  Buffer& b = buffer(id);
  if (has_lru(b.place) && !b.stays()) lru_of(b.place).remove(b.lru);
  account(id, -1);
  if (vram_) vram_->give_back(std::exchange(b.blocks, {}));
  b.place = place;
  b.visible = {0};
  if (place == MemType::vram) put_in_vram(b, part);
  account(id, +1);
  if (!has_lru(place) || b.stays()) return;
  b.lru = lru_of(place).add(id, b.spec->discardable ? TtmPriority::discardable : TtmPriority::normal,
                            b.in_bulk ? b.owner() : ProcessId::none());
}

void Memory::put_in_vram(Buffer& b, VramPart part) {
  if (!vram_) {
    const Bytes invisible = (spec_.vram - spec_.visible_vram) - (used(MemType::vram) - visible_used_);
    b.visible = part == VramPart::visible ? b.size : std::max(Bytes{0}, b.size - invisible);
    return;
  }
  b.blocks = vram_->take(request_of(b, part));
  for (const BuddyBlock& block : b.blocks) {
    if (block.visible) b.visible += Bytes{block.pages() * BuddyVram::page_bytes};
  }
  b.visible = std::min(b.visible, b.size);
}

// Adds the buffer to the sums of the place it is in (sign +1), or takes it out of them (-1).
void Memory::account(BufferId id, std::int64_t sign) {
  const Buffer& b = buffer(id);
  if (b.place != MemType::nowhere) used_in(b.place) += Bytes{sign * b.size.value};
  visible_used_ += Bytes{sign * b.visible.value};
  for (const ProcessId user : b.users) account_user(id, user, sign);
}

void Memory::account_user(BufferId id, ProcessId user, std::int64_t sign) {
  const Buffer& b = buffer(id);
  const Bytes change{sign * b.size.value};
  Owner& o = owner(user);
  o.held[static_cast<std::size_t>(b.place)] += change;
  if (b.belongs_in_vram()) {
    o.wants_vram += change;
    if (!b.belongs_here()) o.displaced += change;
  }
  if (sign > 0 && !b.belongs_here()) o.misplaced.insert(id);
  if (sign < 0) o.misplaced.erase(id);
  if (!o.stirred) stirred_.push_back(user);
  o.stirred = true;
}

}  // namespace userqsim
