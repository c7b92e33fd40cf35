// VRAM in blocks: which are given, how they come together again, and what fragmentation costs a request. Pages are
// 4 KiB; a request of whole 2 MiB is made of blocks of 2 MiB.
#include "models/memory/buddy.hpp"

#include "tests/support/memory_specs.hpp"

namespace userqsim::buddy_test {
namespace {

using namespace test;

constexpr std::int64_t kib = 1024;
Bytes kibibytes(std::int64_t n) { return {n * kib}; }

// The largest piece that is free is so large, a power of two.
bool largest_piece(const BuddyVram& vram, Bytes size) {
  return vram.fits({size, VramPart::any, true}) && !vram.fits({size + Bytes{1}, VramPart::any, true});
}

using Pages = std::vector<std::pair<std::int64_t, std::int64_t>>;  // where, and how many
Pages pages_of(const std::vector<BuddyBlock>& blocks) {
  Pages pages;
  for (const BuddyBlock& block : blocks) pages.emplace_back(block.page, block.pages());
  return pages;
}

// 64 KiB, 16 pages, none of which the CPU sees: they go from the top.
TEST_CASE("a request has the largest blocks that are not too large", "[memory][buddy]") {
  BuddyVram vram(kibibytes(64), {0});
  CHECK(pages_of(vram.take({kibibytes(20)})) == Pages{{12, 4}, {11, 1}});
  CHECK(vram.free_pages() == 11);
  CHECK(largest_piece(vram, kibibytes(32)));
  CHECK(pages_of(vram.take({kibibytes(44)})) == Pages{{0, 8}, {8, 2}, {10, 1}});
  CHECK_FALSE(vram.fits({Bytes{1}}));
}

TEST_CASE("blocks that are given back come together again", "[memory][buddy]") {
  BuddyVram vram(kibibytes(64), {0});
  const auto first = vram.take({kibibytes(4)});
  const auto second = vram.take({kibibytes(4)});
  CHECK(pages_of(first) == Pages{{15, 1}});
  CHECK(pages_of(second) == Pages{{14, 1}});
  CHECK(largest_piece(vram, kibibytes(32)));
  vram.give_back(first);
  CHECK(largest_piece(vram, kibibytes(32)));
  vram.give_back(second);
  CHECK(largest_piece(vram, kibibytes(64)));
}

TEST_CASE("the largest VRAM that a size can say is in blocks too", "[memory][buddy]") {
  BuddyVram vram(Bytes{std::int64_t{1} << 60}, {0});
  CHECK(largest_piece(vram, Bytes{std::int64_t{1} << 60}));
  CHECK(vram.take({kibibytes(4)}).size() == 1);
}

// 16 of 16 pages in fours; the second and the fourth are given back.
TEST_CASE("half of the memory may be free and in pieces", "[memory][buddy]") {
  BuddyVram vram(kibibytes(64), {0});
  std::vector<std::vector<BuddyBlock>> quarters;
  for (int i = 0; i < 4; ++i) quarters.push_back(vram.take({kibibytes(16)}));
  vram.give_back(quarters[1]);
  vram.give_back(quarters[3]);
  CHECK(vram.fits({kibibytes(32)}));
  CHECK_FALSE(vram.fits({kibibytes(32), VramPart::any, true}));
  CHECK(vram.fits({kibibytes(16), VramPart::any, true}));
  CHECK(pages_of(vram.take({kibibytes(32)})) == Pages{{8, 4}, {0, 4}});
}

// 5 pages in one piece take a block of 8 and give 3 of it back.
TEST_CASE("one piece is cut out of the next power of two", "[memory][buddy]") {
  BuddyVram vram(kibibytes(64), {0});
  const auto piece = vram.take({kibibytes(20), VramPart::any, true});
  CHECK(pages_of(piece) == Pages{{8, 4}, {12, 1}});
  CHECK(vram.free_pages() == 11);
  CHECK(pages_of(vram.take({kibibytes(12)})) == Pages{{14, 2}, {13, 1}});
  vram.give_back(piece);
  CHECK(vram.fits({kibibytes(20), VramPart::any, true}));
}

// 4 MiB, of which each 2 MiB lack a page.
TEST_CASE("whole 2 MiB need blocks of 2 MiB", "[memory][buddy]") {
  BuddyVram vram(mib(4), {0});
  const auto low = vram.take({mib(2)});
  vram.take({kibibytes(4)});
  vram.give_back(low);
  const auto whole = vram.take({mib(2)});
  CHECK_FALSE(vram.fits({kibibytes(2048)}));
  CHECK(vram.fits({kibibytes(2044)}));
  CHECK(vram.free_pages() == 511);
}

// 24 KiB are two roots, of 4 and 2 pages; the CPU sees 8 KiB more.
TEST_CASE("no block spans what the CPU sees and what it does not", "[memory][buddy]") {
  BuddyVram vram(kibibytes(32), kibibytes(8));
  CHECK(vram.pages() == 8);
  CHECK_FALSE(vram.fits({kibibytes(12), VramPart::visible}));
  CHECK(vram.fits({kibibytes(24), VramPart::invisible}));
  CHECK_FALSE(vram.fits({kibibytes(24), VramPart::any, true}));
  const auto blocks = vram.take({kibibytes(28)});
  CHECK(pages_of(blocks) == Pages{{0, 4}, {4, 2}, {0, 1}});
  CHECK(blocks.back().visible);
}

// a's eight buffers of 16 MiB fill 128. The first two are neighbours, and make a block of 32.
TEST_CASE("a piece evicts from the head of the LRU until it has its block", "[memory][buddy]") {
  const bool contiguous = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(128, 8)}, {vram(32)}});
  spec.device.vram = mib(128);
  spec.device.vram_blocks = true;
  spec.processes.back().vram.front().contiguous = contiguous;
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  CHECK(moved(bench) == std::vector<std::uint32_t>{0, 1});
}

// Eight of 16 MiB are a's and b's in turn, and a's all stand before b's in the LRU: only with b's first are there
// 32 in a row.
TEST_CASE("fragmentation makes a piece evict more than it needs", "[memory][buddy]") {
  const auto [contiguous, victims] = GENERATE(std::pair{false, std::vector<std::uint32_t>{0, 2}},
                                              std::pair{true, std::vector<std::uint32_t>{0, 2, 4, 6, 1}});
  MachineSpec spec = memory_machine({{}, {}, {}});
  spec.device.vram = mib(128);
  spec.device.vram_blocks = true;
  spec.kernel.vm_buffers = true;
  for (int i = 0; i < 8; ++i) spec.events.push_back(allocation(i % 2 == 0 ? "a" : "b", vram(16)));
  spec.events.push_back(allocation("c", vram(32)));
  spec.events.back().buffer->contiguous = contiguous;
  MemoryBench bench(std::move(spec));
  for (std::size_t i = 0; i < 9; ++i) {
    bench.allocate(PressureId::of(i));
    bench.run_for(1ms);
  }
  CHECK(moved(bench) == victims);
}

}  // namespace
}  // namespace userqsim::buddy_test
