// A system suspend empties VRAM, and a hibernation GTT too (amdgpu_device_evict_resources,
// ttm_device_prepare_hibernation).
#include <utility>

#include "models/memory/memory.hpp"

namespace userqsim {

void Memory::on(const EmptyVram& message, const MemoryChannels& channels) {
  sweep_.emplace();
  sweep_->hibernates = message.hibernates;
  sweep(channels);
  check_sweep(channels);
}

// One place after the other: everybody who is there is sent away, and once; the copies follow. Who is locked is
// waited for.
void Memory::sweep(const MemoryChannels& channels) {
  const std::size_t last = sweep_->hibernates ? 3 : 1;
  const auto nobody = [](ProcessId) { return false; };
  const auto note = [&](BufferId id) { return sweep_->left.push_back(id), false; };
  for (;;) {
    for (const BufferId id : std::exchange(sweep_->left, {})) {
      is_locked(buffer(id)) ? sweep_->left.push_back(id) : send_away(id, channels);
    }
    sweep_->swept = sweep_->left.empty() && sweep_->places == last;
    sweep_->barrier = next_serial_ - 1;
    if (sweep_->swept || !sweep_->left.empty()) return;
    constexpr std::array order{MemType::vram, MemType::gtt, MemType::system};
    lru_of(order.at(sweep_->places++)).find(nobody, note);
  }
}

// What has nowhere to go stays; for VRAM the suspend has failed then.
void Memory::send_away(BufferId id, const MemoryChannels& channels) {
  const Claim claim{RequestId::none(), ProcessId::none(), true};
  const Buffer& b = buffer(id);
  const MemType from = b.place;
  const bool in_host = from == MemType::gtt || from == MemType::system;
  if (b.freed() || !(from == MemType::vram || (in_host && sweep_->hibernates))) return;
  if (in_host || b.spec->discardable) {
    if (in_host && used(MemType::swap) + b.size > spec_.swap) return;
    const MemType to = in_host ? MemType::swap : MemType::nowhere;
    put(id, to, VramPart::any);
    return enqueue(id, from, to, claim, channels);
  }
  const auto go = [&](MemType to) { return fits(b, {to}) && pages_fit(b.size) && send(id, {to}, claim, channels); };
  if (!go(MemType::gtt) && !go(MemType::system)) sweep_->ok = false;
}

void Memory::check_sweep(const MemoryChannels& channels) {
  if (!sweep_ || !sweep_->swept || oldest_move() <= sweep_->barrier) return;
  channels.emptied.post({sweep_->ok});
  sweep_.reset();
}

}  // namespace userqsim
