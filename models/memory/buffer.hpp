// One buffer object, and where it may lie.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "models/memory/buddy.hpp"
#include "models/memory/facts.hpp"
#include "models/memory/lru.hpp"
#include "models/workload/spec.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/digest.hpp"

namespace userqsim {

// Names the draws of a buffer's moves.
struct DrawName {
  std::uint32_t entity = 0;
  std::uint64_t ordinal = 0;
};

struct Buffer {
  const BufferSpec* spec = nullptr;  // into the MachineSpec, or that of all page tables
  SmallVector<ProcessId, 2> users;   // the owner first; a shared buffer has others. Empty: freed
  Bytes size{0};
  bool in_bulk = false;      // it shares its VM's reservation
  bool page_tables = false;  // those that map a buffer, and nobody's victims
  MemType place = MemType::nowhere;
  Bytes visible{0};                // of it, in the part of VRAM that the CPU sees
  std::vector<BuddyBlock> blocks;  // of VRAM, where that is in blocks
  Lru::Position lru;
  SmallVector<std::uint64_t, 2> moves;  // to come, oldest first
  std::uint32_t copies = 0;             // made so far
  std::uint32_t named = 0;              // by so many moves and requests: until then it is not forgotten
  DrawName draw;

  bool freed() const { return users.empty(); }
  ProcessId owner() const { return users.front(); }
  bool belongs_in_vram() const { return spec->domain != Domain::gtt; }
  bool belongs_here() const { return place == (belongs_in_vram() ? MemType::vram : MemType::gtt); }
  // It has a reservation of its own. Page tables are locked with their process's.
  bool is_separate() const { return !in_bulk && !page_tables; }
  bool stays() const { return spec->pinned || page_tables; }
  std::int64_t entries() const { return page_tables ? 0 : ceil_div(size.value, spec->fragment.value); }

  auto fields() const {
    return std::tuple<const SmallVector<ProcessId, 2>&, const Bytes&, const MemType&, const Bytes&,
                      const std::vector<BuddyBlock>&, std::size_t, DrawCount>(users, size, place, visible, blocks,
                                                                              moves.size(), {copies});
  }
};

// Buffers there stand in an LRU.
inline bool has_lru(MemType place) {
  return place == MemType::vram || place == MemType::gtt || place == MemType::system;
}

// One place of a list, as TTM has it (ttm_place). A first pass takes free room and leaves out `fallback`; a second
// evicts others and leaves out `desired`.
enum class PlaceFlag : std::uint8_t { none, fallback, desired };
struct Candidate {
  MemType place = MemType::nowhere;
  PlaceFlag flag = PlaceFlag::none;
  VramPart part = VramPart::any;
};
class Placement {
 public:
  void add(Candidate candidate) { places_.at(count_++) = candidate; }
  const Candidate* begin() const { return places_.data(); }
  const Candidate* end() const { return places_.data() + count_; }

 private:
  std::array<Candidate, 3> places_{};
  std::size_t count_ = 0;
};

}  // namespace userqsim
