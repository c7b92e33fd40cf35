#include "models/memory/memory.hpp"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.hpp"

namespace userqsim {

Memory::Memory(const MemorySpec& spec, const Layout& layout, const std::vector<ProcessSpec>& processes)
    : spec_(spec),
      layout_(&layout),
      processes_(&processes),
      lanes_(std::size_t{spec.move_entities} + 1),
      owners_(processes.size()),
      budget_(spec.move_rate, spec.apu) {
  if (spec.vram_blocks) vram_.emplace(spec.vram, spec.visible_vram);
}

void Memory::handle(const MemoryEvent& event, const MemoryChannels& channels) {
  const std::array<Bytes, places> before = used_;
  std::visit([&](const auto& message) { on(message, channels); }, event);
  if (!freed_.empty()) forget_freed();
  const SimTime now = channels.validated.now();
  if (before != used_) {
    channels.memory_used->state(
        {now, used(MemType::vram), used(MemType::gtt), used(MemType::system), used(MemType::swap)});
  }
  for (const ProcessId process : stirred_) {
    Owner& o = owner(process);
    o.stirred = false;
    const Bytes away = o.held_in(MemType::system) + o.held_in(MemType::swap);
    channels.residency_changed->state(
        {now, process, o.held_in(MemType::vram), o.held_in(MemType::gtt), away, o.displaced});
  }
  stirred_.clear();
}

// A process whose buffers all lie elsewhere than in VRAM is gtt_slowdown times slower; in between, linear in the
// bytes.
std::int64_t Memory::slowdown_permille(ProcessId process) const {
  const Owner& o = owner(process);
  if (o.wants_vram.value == 0) return 1000;
  const Wide extra = static_cast<Wide>(spec_.gtt_slowdown_permille - 1000) * o.displaced.value / o.wants_vram.value;
  return 1000 + static_cast<std::int64_t>(extra);
}

void Memory::on(const FenceSignaled& message, const MemoryChannels& channels) {
  Owner& o = owner(message.eviction.process);
  o.fence_clear = true;
  o.fence_asked = false;
  o.eviction = message.eviction.ordinal;
  serve(channels);
}

// The driver's restore worker asks, for all buffers that lie elsewhere than they belong.
void Memory::on(const Validate& message, const MemoryChannels& channels) {
  Owner& o = owner(message.process);
  o.locked = true;
  o.validate_asked = true;
  o.no_room = false;
  const Claim claim{RequestId::none(), message.process};
  const SmallVector<BufferId, 16> misplaced(o.misplaced.begin(), o.misplaced.end());
  for (const BufferId id : misplaced) {
    const Buffer& b = buffer(id);
    if (validate(id, placement_of_restored(b), claim, channels)) continue;
    Placement gtt;
    if (spec_.restore_settles || b.spec->domain != Domain::vram) gtt.add({MemType::gtt});
    if (!validate(id, gtt, claim, channels)) o.no_room = true;
  }
  if (spec_.bump_on_restore) bump(message.process);
  check_validation(message.process, channels);
}

// To the tail of the LRU, all that the process uses (ttm_lru_bulk_move_tail: amdgpu after each submission through
// the kernel, Xe after each rebind).
void Memory::bump(ProcessId process) {
  for (const MemType place : {MemType::vram, MemType::gtt, MemType::system}) lru_of(place).bump_bulk(process);
  for (const BufferId id : owner(process).separate) {
    Buffer& b = buffer(id);
    if (has_lru(b.place) && !b.stays()) b.lru = lru_of(b.place).bump(id, b.lru);
  }
}

void Memory::on(const Rearmed& message, const MemoryChannels& channels) {
  Owner& o = owner(message.process);
  o.fence_clear = false;
  o.sheltered_until.reset();
  if (message.shelter > Duration{0}) o.sheltered_until = channels.validated.now() + message.shelter;
  on(Unlocked{message.process}, channels);
}

void Memory::on(const Unlocked& message, const MemoryChannels& channels) {
  owner(message.process).locked = false;
  retry_blocked(channels);
  if (!sweep_ || sweep_->swept) return;
  sweep(channels);
  check_sweep(channels);
}

void Memory::on(const ReleaseProcess& message, const MemoryChannels& channels) {
  Owner& o = owner(message.process);
  const FlatSet<BufferId> buffers = std::exchange(o.buffers, {});  // all at once, and not from the front one by one
  o.separate.clear();
  for (const BufferId id : buffers) {
    buffer(id).users.size() == 1 ? free_buffer(id) : stop_using(id, message.process);
  }
  for (auto it = requests_.begin(); it != requests_.end();) {
    Request& request = it->second;
    if (request.process != message.process) {
      ++it;
      continue;
    }
    if (request.waiting) {
      request.outcome = RequestOutcome::exited;
      end_request(request, channels);
    }
    erase_where(unbound_, [&](const auto& entry) { return entry.second == request.id; });
    end_names(request);
    it = requests_.erase(it);
  }
  ensure(o.pending.empty(), "a process that is gone has moves to come");
  const bool stirred = o.stirred;
  o = Owner{};
  o.gone = true;
  o.stirred = stirred;
  serve(channels);
  check_requests(channels);
  retry_blocked(channels);
  if (sweep_ && !sweep_->swept) sweep(channels);
  check_sweep(channels);
}

void Memory::close(SimTime now, const MemoryChannels& channels) const {
  for (const auto& [id, request] : requests_) {
    if (request.waiting) channels.request_ended->state(fact_of(request, RequestOutcome::open, now));
  }
}

void Memory::verify() const {
  std::array<Bytes, places> used{};
  Bytes visible{0};
  std::int64_t pages = 0;
  std::array<std::size_t, places> listed{};
  std::vector<Owner> recount(owners_.size());
  for (auto it = buffers_.begin(); it != buffers_.end(); ++it) {
    const Buffer& b = *it;
    if (b.freed()) continue;
    if (b.place != MemType::nowhere) used[static_cast<std::size_t>(b.place)] += b.size;
    visible += b.visible;
    for (const BuddyBlock& block : b.blocks) pages += block.pages();
    if (!b.stays()) ++listed[static_cast<std::size_t>(b.place)];
    for (const ProcessId user : b.users) {
      Owner& o = recount[user.index()];
      o.buffers.insert(it.id());
      if (b.is_separate()) o.separate.insert(it.id());
      o.pending.insert(b.moves.begin(), b.moves.end());
      if (!b.belongs_here()) o.misplaced.insert(it.id());
      if (b.belongs_in_vram()) o.wants_vram += b.size;
      if (b.belongs_in_vram() && !b.belongs_here()) o.displaced += b.size;
    }
  }
  ensure(used == used_ && visible == visible_used_, "memory in use does not add up");
  ensure(!vram_ || vram_->free_pages() + pages == vram_->pages(), "blocks of VRAM do not add up");
  ensure(this->used(MemType::vram) <= spec_.vram && visible_used_ <= spec_.visible_vram, "VRAM is over-committed");
  ensure(this->used(MemType::gtt) <= spec_.gtt, "GTT is over-committed");
  ensure(this->used(MemType::gtt) + this->used(MemType::system) <= spec_.pages, "pages are over-committed");
  ensure(this->used(MemType::swap) <= spec_.swap, "swap is over-committed");
  for (const MemType place : {MemType::vram, MemType::gtt, MemType::system}) {
    ensure(lru_of(place).size() == listed[static_cast<std::size_t>(place)], "a buffer stands in no LRU, or in two");
  }
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    const Owner& o = owners_[i];
    ensure(recount[i].wants_vram == o.wants_vram && recount[i].displaced == o.displaced &&
               recount[i].misplaced == o.misplaced && recount[i].pending == o.pending,
           "a process's residency does not add up");
    ensure(recount[i].buffers == o.buffers && recount[i].separate == o.separate,
           "a process's buffers are not those that name it");
  }
  verify_names();
}

void Memory::verify_names() const {
  std::vector<std::uint32_t> named(buffers_.next_id().index());
  std::vector<bool> swept(named.size());
  for (const Lane& lane : lanes_) {
    for (const Move& move : lane.moves) ++named[move.buffer.index()];
  }
  for (const auto& [id, request] : requests_) {
    for (const BufferId buffer : request.buffers) ++named[buffer.index()];
  }
  if (sweep_) {
    for (const BufferId id : sweep_->left) swept[id.index()] = true;
  }
  for (auto it = buffers_.begin(); it != buffers_.end(); ++it) {
    const std::size_t index = it.id().index();
    ensure((*it).named == named[index], "those who name a buffer do not add up");
    ensure(!(*it).freed() || named[index] > 0 || swept[index], "a freed buffer is kept that nothing names");
  }
}

}  // namespace userqsim
