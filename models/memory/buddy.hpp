// VRAM as a buddy allocator hands it out (drm_buddy, amdgpu_vram_mgr), where a scenario asks for it: what is free
// is in blocks of a power of two, so that a request may find no room though the sum of what is free would do.
//
// OWNED BY Memory. What the CPU sees and what it does not are divided at the start, and no block spans both.
// ENSURES: a page is free or in one block that was taken; two free buddies are one block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "sim/core/bytes.hpp"

namespace userqsim {

// Which part of VRAM a place in a list means.
enum class VramPart : std::uint8_t { any, visible, invisible };

// 2^order pages at a page number that is a multiple of that, counted from the start of its part.
struct BuddyBlock {
  bool visible = false;
  std::int64_t page = 0;
  std::uint32_t order = 0;
  std::int64_t pages() const { return std::int64_t{1} << order; }
  auto fields() const { return std::tie(visible, page, order); }
};

class BuddyVram {
 public:
  static constexpr std::int64_t page_bytes = 4096;

  BuddyVram(Bytes size, Bytes visible);

  struct Request {
    Bytes size{0};
    VramPart part = VramPart::any;
    bool contiguous = false;
  };
  bool fits(const Request& request) const;
  // What the CPU does not see first. REQUIRES: it fits.
  std::vector<BuddyBlock> take(const Request& request);
  void give_back(const std::vector<BuddyBlock>& blocks);

  std::int64_t pages() const { return arena(true).pages + arena(false).pages; }
  std::int64_t free_pages() const;

 private:
  static constexpr std::size_t orders = 49;  // of all that a size can be, 2^60 bytes
  // One part, its free blocks by order.
  struct Arena {
    std::int64_t pages = 0;
    std::array<std::set<std::int64_t>, orders> free;
    std::int64_t free_pages_from(std::uint32_t order) const;
  };

  Arena& arena(bool visible) { return arenas_[visible ? 0 : 1]; }
  const Arena& arena(bool visible) const { return arenas_[visible ? 0 : 1]; }
  void add_free(Arena& arena, std::int64_t page, std::uint32_t order);
  std::int64_t split_to(Arena& arena, std::uint32_t order, std::uint32_t wanted, bool from_top);
  void take_scattered(bool visible, std::int64_t& pages, std::uint32_t least, std::vector<BuddyBlock>& taken);
  std::vector<BuddyBlock> take_contiguous(bool visible, std::int64_t pages);
  std::optional<std::uint32_t> order_for(bool visible, std::int64_t pages) const;

  std::array<Arena, 2> arenas_;  // visible, invisible
};

}  // namespace userqsim
