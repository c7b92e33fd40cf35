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
  PressureSpec wave = allocation("b", vram(30));
  wave.hold = ConstantDuration{1us};
  spec.events = {wave};
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
    REQUIRE(bench.memory.buffers() <= 4);  // the last one's goes when another comes
    bench.memory.verify();
  }
  CHECK(bench.all<RequestEnded>().size() == 102);
}

}  // namespace
}  // namespace userqsim::buffer_table_test
