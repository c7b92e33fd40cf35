// Buffers by id, the links of an LRU, and that what is freed is forgotten.
#include "models/memory/buffer_table.hpp"

#include "models/memory/linked_lists.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::buffer_table_test {
namespace {

using namespace test;

Buffer of_size(std::int64_t bytes) {
  Buffer buffer;
  buffer.size = {bytes};
  return buffer;
}

PressureSpec held_for(Duration hold, BufferSpec buffer) {
  PressureSpec wave = allocation("b", std::move(buffer));
  wave.hold = ConstantDuration{hold};
  return wave;
}

TEST_CASE("ids are never given twice, and name what they were given for", "[memory][buffers]") {
  BufferTable table;
  const BufferId one = table.create(of_size(1)), two = table.create(of_size(2)), three = table.create(of_size(3));
  table.forget(two);
  const BufferId four = table.create(of_size(4));  // where two was
  CHECK(std::tuple(one.value, two.value, three.value, four.value) == std::tuple(0U, 1U, 2U, 3U));
  CHECK_FALSE(table.has(two));
  CHECK_THROWS_AS(table[two], InvariantError);
  CHECK_THROWS_AS(table[BufferId{4}], InvariantError);
  std::vector<std::pair<std::uint32_t, std::int64_t>> found;
  for (auto it = table.begin(); it != table.end(); ++it) found.emplace_back(it.id().value, (*it).size.value);
  CHECK(found == std::vector<std::pair<std::uint32_t, std::int64_t>>{{0, 1}, {2, 3}, {3, 4}});
  CHECK(table.size() == 3);
  table.forget(one);
  table.forget(three);
  table.forget(four);
  CHECK(table.size() == 0);
  CHECK_FALSE(table.begin() != table.end());
}

TEST_CASE("lists share their links, and each keeps its order", "[memory][lru]") {
  LinkedLists<int> lists;
  LinkedLists<int>::List odd, even;
  const auto values_of = [&](const LinkedLists<int>::List& list) {
    std::vector<int> values;
    CHECK(lists.find(list, [&](int value) { return values.push_back(value), false; }) == nullptr);
    CHECK(values.size() == list.size);
    return values;
  };
  std::vector<std::uint32_t> links;
  for (int i = 0; i < 6; ++i) links.push_back(lists.push_back(i % 2 == 1 ? odd : even, i));
  CHECK(values_of(odd) == std::vector{1, 3, 5});
  lists.erase(odd, links[3]);   // from the middle
  lists.erase(even, links[0]);  // from the front
  lists.erase(even, links[4]);  // from the back
  CHECK(values_of(odd) == std::vector{1, 5});
  CHECK(values_of(even) == std::vector{2});
  CHECK(lists.push_back(even, 6) == links[4]);  // the link that was given back last
  lists.push_back(odd, 7);
  CHECK(values_of(even) == std::vector{2, 6});
  CHECK(values_of(odd) == std::vector{1, 5, 7});
  CHECK(*lists.find(odd, [](int value) { return value > 1; }) == 5);
  lists.erase(even, links[2]);
  lists.erase(even, links[4]);
  CHECK(even.empty());
  CHECK(values_of(even).empty());
}

// b takes 30 MiB for a microsecond, a hundred times over, and each time evicts a's 30 of two buffers of 30.
TEST_CASE("of buffers that were freed nothing is kept", "[memory][buffers]") {
  MachineSpec spec = memory_machine({{vram(60, 2)}, {vram(40)}});
  spec.events = {held_for(1us, vram(30))};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  REQUIRE(bench.memory.buffers() == 3);
  for (int i = 0; i < 100; ++i) {
    bench.allocate(PressureId{0});
    bench.run_for(1ms);
    bench.validate(a);
    bench.run_for(1ms);
    bench.rearm(a);
    bench.run_for(1ms);
    REQUIRE(bench.memory.buffers() == 3);
    bench.memory.verify();
  }
  CHECK(bench.all<RequestEnded>().size() == 102);
}

// b's request names the page tables that it made for a, who has exited: they stay as long as the request holds, and
// nothing else does.
TEST_CASE("a freed buffer that is still named holds back no other", "[memory][buffers]") {
  MachineSpec spec = memory_machine({{}, {}});
  BufferSpec shared = vram(10);
  shared.shared_with = {"a"};
  shared.fragment = Bytes{4096};
  spec.events = {held_for(1s, shared), held_for(1us, vram(10))};
  MemoryBench bench(std::move(spec));
  bench.allocate(PressureId{0});  // the buffer, and page tables for either
  bench.run_for(1ms);
  REQUIRE(bench.memory.buffers() == 3);
  bench.wiring.driver.release.post({a});
  bench.run_for(1ms);
  CHECK(bench.memory.buffers() == 3);
  for (int i = 0; i < 10; ++i) {
    bench.allocate(PressureId{1});
    bench.run_for(1ms);
    CHECK(bench.memory.buffers() == 3);
  }
  bench.run_for(1s);
  CHECK(bench.memory.buffers() == 0);
}

// The first is freed before the second comes, or after: what is left is the same.
TEST_CASE("memory does not remember what was freed", "[memory][buffers]") {
  const auto digest_with = [](Duration between) {
    MachineSpec spec = memory_machine({{}, {}});
    spec.events = {held_for(1us, vram(10)), allocation("b", vram(20))};
    MemoryBench bench(std::move(spec));
    bench.allocate(PressureId{0});
    bench.run_for(between);
    bench.allocate(PressureId{1});
    bench.run_for(1ms);
    Digest digest;
    digest.fold(bench.memory);
    return digest.value();
  };
  CHECK(digest_with(1ms) == digest_with(0ns));
}

}  // namespace
}  // namespace userqsim::buffer_table_test
