#include "models/memory/memory.hpp"

#include "sim/core/ensure.hpp"

namespace userqsim {

Memory::Memory(const MemorySpec& spec, const std::vector<ProcessSpec>& processes)
    : spec_(spec), processes_(&processes), owners_(processes.size()) {}

void Memory::handle(const MemoryEvent& event, const MemoryChannels& channels) {
  const Bytes vram = vram_used_, gtt = gtt_used_;
  std::visit([&](const auto& message) { on(message, channels); }, event);
  if (vram != vram_used_ || gtt != gtt_used_) {
    channels.memory_used->state({channels.validated.now(), vram_used_, gtt_used_});
  }
}

// A process whose buffers all lie in GTT is gtt_slowdown times slower; in between, linear in the bytes.
std::int64_t Memory::slowdown_permille(ProcessId process) const {
  const Owner& o = owners_[process.index()];
  if (o.wants_vram.value == 0) return 1000;
  const Wide extra = static_cast<Wide>(spec_.gtt_slowdown_permille - 1000) * o.in_gtt.value / o.wants_vram.value;
  return 1000 + static_cast<std::int64_t>(extra);
}

void Memory::on(const FenceSignaled& message, const MemoryChannels& channels) {
  Owner& o = owner(message.eviction.process);
  o.fence_clear = true;
  o.fence_asked = false;
  o.eviction = message.eviction.ordinal;
  serve_head(channels);
}

// The driver's restore worker asks. Pass 1 of TTM takes free VRAM; without any, a buffer that lives in GTT stays
// there (its placement is compatible), unless the kernel's rule is to evict others for it.
void Memory::on(const Validate& message, const MemoryChannels& channels) {
  Owner& o = owner(message.process);
  o.locked = true;
  o.validate_asked = true;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& b = buffers_[i];
    if (b.owner != message.process || b.freed || b.place != Place::gtt || !belongs_in_vram(b)) continue;
    const bool fits = vram_used_ + b.size <= spec_.vram;
    if (!fits &&
        !(spec_.restore_evicts_others && make_room(b.size, RequestId::none(), message.process, channels))) {
      continue;
    }
    put(BufferId::of(i), Place::vram);
    enqueue(BufferId::of(i), Place::vram, RequestId::none(), channels);
  }
  check_validations(channels);
}

void Memory::on(const Rearmed& message, const MemoryChannels&) {
  Owner& o = owner(message.process);
  o.locked = false;
  o.fence_clear = false;
}

void Memory::on(const ReleaseProcess& message, const MemoryChannels& channels) {
  drop_unstarted(message.process);
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i].owner == message.process && !buffers_[i].freed) free_buffer(BufferId::of(i));
  }
  for (Request& request : requests_) {
    if (request.process != message.process || !request.waiting) continue;
    request.outcome = RequestOutcome::exited;
    end_request(request, channels);
  }
  std::erase_if(requests_, [&](const Request& r) { return r.process == message.process; });
  owner(message.process) = Owner{};
  serve_head(channels);
  check_requests(channels);
}

void Memory::close(SimTime now, const MemoryChannels& channels) const {
  for (const Request& r : requests_) {
    if (r.waiting) channels.request_ended->state(fact_of(r, RequestOutcome::open, now));
  }
}

void Memory::verify() const {
  Bytes vram{0}, gtt{0};
  std::vector<Owner> recount(owners_.size());
  for (const Buffer& b : buffers_) {
    if (b.freed) continue;
    if (b.place == Place::vram) vram += b.size;
    if (b.place == Place::gtt) gtt += b.size;
    if (!belongs_in_vram(b)) continue;
    Owner& o = recount[b.owner.index()];
    if (b.place != Place::nowhere) o.wants_vram += b.size;
    if (b.place == Place::gtt) o.in_gtt += b.size;
  }
  ensure(vram == vram_used_ && gtt == gtt_used_, "memory in use does not add up");
  ensure(vram <= spec_.vram, "VRAM is over-committed");
  ensure(gtt <= spec_.gtt, "GTT is over-committed");
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    ensure(recount[i].wants_vram == owners_[i].wants_vram && recount[i].in_gtt == owners_[i].in_gtt,
           "a process's residency does not add up");
  }
}

}  // namespace userqsim
