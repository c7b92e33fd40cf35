#include "models/memory/buddy.hpp"

#include <algorithm>
#include <bit>

#include "sim/core/ensure.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

namespace {

std::int64_t pages_of(Bytes size) { return ceil_div(size.value, BuddyVram::page_bytes); }

std::uint32_t order_below(std::int64_t pages) {
  return static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(pages))) - 1;
}
std::uint32_t order_above(std::int64_t pages) { return pages == 1 ? 0 : order_below(pages - 1) + 1; }

// A request of whole 2 MiB is made of blocks of at least that, so that its page table has entries as large
// (amdgpu_vram_mgr_new); any other of pages.
std::uint32_t least_order(std::int64_t pages) {
  constexpr std::int64_t huge = (std::int64_t{2} << 20) / BuddyVram::page_bytes;
  return pages >= huge && pages % huge == 0 ? order_below(huge) : 0;
}

bool may_use(VramPart part, bool visible) {
  return part == VramPart::any || (part == VramPart::visible) == visible;
}

}  // namespace

// Each part begins as the largest blocks that it has room for, largest first (drm_buddy_init).
BuddyVram::BuddyVram(Bytes size, Bytes visible) {
  arena(true).pages = visible.value / page_bytes;
  arena(false).pages = size.value / page_bytes - arena(true).pages;
  for (Arena& part : arenas_) {
    for (std::int64_t at = 0; at < part.pages;) {
      const std::uint32_t order = order_below(part.pages - at);
      part.free[order].insert(at);
      at += std::int64_t{1} << order;
    }
  }
}

std::int64_t BuddyVram::Arena::free_pages_from(std::uint32_t order) const {
  std::int64_t sum = 0;
  for (; order < orders; ++order) sum += std::ssize(free[order]) << order;
  return sum;
}

std::int64_t BuddyVram::free_pages() const {
  return arena(true).free_pages_from(0) + arena(false).free_pages_from(0);
}

// The smallest order with a free block that holds so many pages in a row.
std::optional<std::uint32_t> BuddyVram::order_for(bool visible, std::int64_t pages) const {
  for (std::uint32_t order = order_above(pages); order < orders; ++order) {
    if (!arena(visible).free[order].empty()) return order;
  }
  return std::nullopt;
}

bool BuddyVram::fits(const Request& request) const {
  const std::int64_t pages = pages_of(request.size);
  std::int64_t found = 0;
  for (const bool visible : {false, true}) {
    if (!may_use(request.part, visible)) continue;
    if (request.contiguous && order_for(visible, pages)) return true;
    found += arena(visible).free_pages_from(least_order(pages));
  }
  return !request.contiguous && found >= pages;
}

std::vector<BuddyBlock> BuddyVram::take(const Request& request) {
  std::int64_t pages = pages_of(request.size);
  const std::uint32_t least = least_order(pages);
  std::vector<BuddyBlock> taken;
  for (const bool visible : {false, true}) {
    if (!may_use(request.part, visible)) continue;
    if (!request.contiguous) {
      take_scattered(visible, pages, least, taken);
    } else if (order_for(visible, pages)) {
      return take_contiguous(visible, pages);
    }
  }
  ensure(!request.contiguous && pages == 0, "VRAM is taken that is not free");
  return taken;
}

// The largest blocks that are not too large, from the smallest that hold them (drm_buddy_alloc_blocks).
void BuddyVram::take_scattered(bool visible, std::int64_t& pages, std::uint32_t least,
                               std::vector<BuddyBlock>& taken) {
  Arena& part = arena(visible);
  while (pages > 0) {
    std::uint32_t wanted = order_below(pages);
    std::optional<std::uint32_t> from = order_for(visible, std::int64_t{1} << wanted);
    while (!from && wanted > least) from = order_for(visible, std::int64_t{1} << --wanted);
    if (!from) return;
    const std::int64_t page = split_to(part, *from, wanted, !visible);
    taken.push_back({visible, page, wanted});
    pages -= std::int64_t{1} << wanted;
  }
}

// A block of the next power of two; what it has too much is free again (drm_buddy_block_trim).
std::vector<BuddyBlock> BuddyVram::take_contiguous(bool visible, std::int64_t pages) {
  Arena& part = arena(visible);
  const std::uint32_t order = order_above(pages);
  std::int64_t page = split_to(part, *order_for(visible, pages), order, !visible);
  const std::int64_t behind = page + (std::int64_t{1} << order);
  std::vector<BuddyBlock> taken;
  for (std::int64_t left = pages; left > 0;) {
    const std::uint32_t piece = order_below(left);
    taken.push_back({visible, page, piece});
    page += std::int64_t{1} << piece;
    left -= std::int64_t{1} << piece;
  }
  while (page < behind) {  // the rest, from its aligned start on
    const auto piece = static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(page)));
    const std::uint32_t fitting = std::min(piece, order_below(behind - page));
    add_free(part, page, fitting);
    page += std::int64_t{1} << fitting;
  }
  return taken;
}

// Takes a free block of that order, halves it until it is as small as wanted, and says where it is. Memory that the
// CPU need not see is taken from the top (TTM_PL_FLAG_TOPDOWN).
std::int64_t BuddyVram::split_to(Arena& part, std::uint32_t order, std::uint32_t wanted, bool from_top) {
  std::set<std::int64_t>& blocks = part.free[order];
  std::int64_t page = from_top ? *blocks.rbegin() : *blocks.begin();
  blocks.erase(page);
  while (order > wanted) {
    --order;
    const std::int64_t half = std::int64_t{1} << order;
    part.free[order].insert(from_top ? page : page + half);
    if (from_top) page += half;
  }
  return page;
}

// Merges with its buddy for as long as that is free.
void BuddyVram::add_free(Arena& part, std::int64_t page, std::uint32_t order) {
  for (; order + 1 < orders; ++order) {
    const std::int64_t buddy = page ^ (std::int64_t{1} << order);
    if (part.free[order].erase(buddy) == 0) break;
    page = std::min(page, buddy);
  }
  part.free[order].insert(page);
}

void BuddyVram::give_back(const std::vector<BuddyBlock>& blocks) {
  for (const BuddyBlock& block : blocks) add_free(arena(block.visible), block.page, block.order);
}

}  // namespace userqsim
