// A system suspend empties VRAM, and a hibernation GTT too (amdgpu_device_evict_resources,
// ttm_device_prepare_hibernation).
#include <limits>

#include "models/memory/memory.hpp"

namespace userqsim {

void Memory::on(const EmptyVram& message, const MemoryChannels& channels) {
  sweep_ = Sweep{message.hibernates};
  sweep(channels);
  check_sweep(channels);
}

// Everybody is sent away in one go; the copies follow. Who is locked is waited for.
void Memory::sweep(const MemoryChannels& channels) {
  bool all = send_all(MemType::vram, channels);
  if (sweep_->hibernates) {
    all = send_all(MemType::gtt, channels) && all;
    all = send_all(MemType::system, channels) && all;
  }
  sweep_->swept = all;
  sweep_->barrier = next_serial_ - 1;
}

// False when somebody there is locked. What has nowhere to go stays; for VRAM the suspend has failed then.
bool Memory::send_all(MemType from, const MemoryChannels& channels) {
  const Claim claim{RequestId::none(), ProcessId::none(), true};
  std::vector<BufferId> there;
  const auto nobody = [](ProcessId) { return false; };
  lru_of(from).find(nobody, [&](BufferId id) {
    there.push_back(id);
    return false;
  });
  bool all = true;
  for (const BufferId id : there) {
    const Buffer& b = buffer(id);
    if (is_locked(b)) {
      all = false;
    } else if (from != MemType::vram || b.spec->discardable) {
      const bool drops = b.spec->discardable && from == MemType::vram;
      if (!drops && used(MemType::swap) + b.size > spec_.swap) continue;
      const MemType to = drops ? MemType::nowhere : MemType::swap;
      put(id, to, VramPart::any);
      enqueue(id, from, to, claim, channels);
    } else {
      const auto go = [&](MemType to) {
        return fits(b, {to}) && pages_fit(b.size) && send(id, {to}, claim, channels);
      };
      if (!go(MemType::gtt) && !go(MemType::system)) sweep_->ok = false;
    }
  }
  return all;
}

void Memory::check_sweep(const MemoryChannels& channels) {
  if (!sweep_ || !sweep_->swept || oldest_move() <= sweep_->barrier) return;
  channels.emptied.post({sweep_->ok});
  sweep_.reset();
}

}  // namespace userqsim
