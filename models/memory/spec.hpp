// What the memory manager is given to manage, and by which rules. machine/spec.hpp takes it from the profiles.
#pragma once

#include <cstdint>

#include "sim/core/bytes.hpp"

namespace userqsim {

struct MemorySpec {
  Bytes vram{0};
  Bytes visible_vram{0};  // of it, what the CPU sees
  Bytes gtt{0};
  Bytes pages{0};  // GTT and system memory together
  Bytes swap{0};
  Bandwidth link;  // to the host
  Bandwidth link_in;
  Bandwidth vram_bandwidth;
  Bandwidth swap_bandwidth;
  std::uint32_t move_entities = 1;
  bool eager_fences = false;           // FenceEnabling::eager
  bool restore_evicts_others = false;  // RestorePlacement::evict_others
  bool restore_settles = true;         // else RestorePlacement::evict_or_fail
  bool gtt_is_fallback = true;
  bool evicts_itself = true;
  bool evicts_itself_for_piece = true;  // for a contiguous buffer, where it does not else
  bool dmem_evicts_first = false;
  bool vm_buffers = true;  // buffers share their VM's reservation, unless the scenario says otherwise
  bool wipe_on_release = false;
  bool bump_on_restore = false;
  std::uint32_t move_rate = 8;  // of submissions, in MB/s
  bool apu = false;
  bool vram_blocks = false;  // VRAM is handed out in blocks, and fragments
  std::int64_t gtt_slowdown_permille = 1000;
};

}  // namespace userqsim
