// Who is evicted first: TTM's order, what changes it and what does not.
#include "models/memory/lru.hpp"

#include "tests/support/memory_specs.hpp"

namespace userqsim::lru_test {
namespace {

using namespace test;

std::vector<std::uint32_t> order_of(Lru lru) {
  std::vector<std::uint32_t> order;
  const auto nobody = [](ProcessId) { return false; };
  const auto note = [&](BufferId id) { return order.push_back(id.value), false; };
  lru.find(nobody, note);
  return order;
}

using Order = std::vector<std::uint32_t>;

TEST_CASE("the list goes by priority, then by age", "[memory][lru]") {
  Lru lru;
  lru.add(BufferId{0}, TtmPriority::normal, ProcessId::none());
  const Lru::Position one = lru.add(BufferId{1}, TtmPriority::normal, ProcessId::none());
  lru.add(BufferId{2}, TtmPriority::discardable, ProcessId::none());
  CHECK(order_of(lru) == Order{2, 0, 1});
  lru.remove(one);
  CHECK(order_of(lru) == Order{2, 0});
  lru.add(BufferId{1}, TtmPriority::normal, ProcessId::none());
  CHECK(order_of(lru) == Order{2, 0, 1});
}

TEST_CASE("a bulk stands where its first member came in, and is bumped as a whole", "[memory][lru]") {
  Lru lru;
  const Lru::Position first = lru.add(BufferId{0}, TtmPriority::normal, a);
  const Lru::Position alone = lru.add(BufferId{1}, TtmPriority::normal, ProcessId::none());
  lru.add(BufferId{2}, TtmPriority::normal, a);
  lru.add(BufferId{3}, TtmPriority::normal, b);
  CHECK(order_of(lru) == Order{0, 2, 1, 3});
  SECTION("bumped") {
    lru.bump_bulk(a);
    CHECK(order_of(lru) == Order{1, 3, 0, 2});
    lru.bump_bulk(c);  // it has none
    CHECK(order_of(lru) == Order{1, 3, 0, 2});
  }
  SECTION("its first member goes: the others stay where they are") {
    lru.remove(first);
    CHECK(order_of(lru) == Order{2, 1, 3});
    lru.add(BufferId{0}, TtmPriority::normal, a);
    CHECK(order_of(lru) == Order{2, 0, 1, 3});
  }
  SECTION("one that stands alone is bumped behind everybody") {
    lru.bump(BufferId{1}, alone);
    CHECK(order_of(lru) == Order{0, 2, 3, 1});
  }
}

// a holds 0 and 1 of 40 MiB; b holds 2 of 20; a then makes 3 of 20 that has to take somebody's room. With 3 in VRAM
// and 10 more wanted it matters where 3 stands.
TEST_CASE("buffers of one VM leave before those of the next, whatever their age", "[memory][lru]") {
  const bool vm = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(40)}, {vram(20)}, {}});
  spec.kernel.vm_buffers = vm;
  spec.events = {allocation("a", vram(40)), allocation("c", vram(100))};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);            // 0 of a, 1 of b
  bench.allocate(PressureId{0});  // 2 of a: VRAM is full
  bench.run_for(1ms);
  bench.allocate(PressureId{1});  // 3 of c sends out everybody
  bench.run_for(1ms);
  CHECK(moved(bench) == (vm ? Order{0, 2, 1} : Order{0, 1, 2}));
}

// a's two buffers of 30 and b's of 40 fill VRAM. c's 30 send out 0; b goes, and a's restore brings 0 back.
TEST_CASE("a restored buffer stands behind those of its VM that stayed", "[memory][lru]") {
  const bool vm = GENERATE(false, true);
  MachineSpec spec = memory_machine({{vram(60, 2)}, {vram(40)}, {vram(30)}});
  spec.kernel.vm_buffers = vm;
  spec.events = {allocation("c", vram(100))};
  MemoryBench bench(std::move(spec));
  allocate_all(bench);
  REQUIRE(moved(bench) == Order{0});
  bench.wiring.driver.release.post({b});
  bench.run_for(1ms);
  bench.validate(a);
  bench.rearm(a);
  bench.run_for(1ms);
  REQUIRE(moved(bench) == Order{0, 0});
  bench.allocate(PressureId{0});  // sends out all three, a's 1 and c's 3 among them
  bench.run_for(1ms);
  CHECK(moved(bench) == (vm ? Order{0, 0, 1, 0, 3} : Order{0, 0, 1, 3, 0}));
}

// Xe bumps whatever a rebind has validated.
TEST_CASE("a restore bumps its process's buffers where the kernel has it so", "[memory][lru]") {
  const bool bumps = GENERATE(false, true);
  const Reservation reservation = GENERATE(Reservation::vm, Reservation::own);
  MachineSpec spec = memory_machine({{vram(40)}, {vram(40)}, {vram(60)}});
  for (ProcessSpec& p : spec.processes) p.vram.front().reservation = reservation;
  spec.kernel.bump_on_restore = bumps;
  MemoryBench bench(std::move(spec));
  bench.allocate(a);
  bench.allocate(b);
  bench.run_for(1ms);
  bench.validate(a);  // nothing to bring back
  bench.rearm(a);
  bench.run_for(1ms);
  bench.allocate(c);
  bench.run_for(1ms);
  CHECK(moved(bench) == (bumps ? Order{1} : Order{0}));
}

// Each page is a process with one buffer; a reference validates it, evicting others for it. VRAM has room for as
// many pages as there are frames. The counts are those of the textbook (docs/validation.md).
TEST_CASE("the page-replacement string of the textbook", "[memory][lru]") {
  struct Case {
    std::int64_t frames;
    bool lru;
    std::size_t faults;
  };
  const Case test = GENERATE(Case{3, false, 9}, Case{4, false, 10}, Case{3, true, 10}, Case{4, true, 8});
  const BufferSpec page{"page", mib(10), 1, Domain::vram_or_gtt};
  MachineSpec spec = memory_machine({{page}, {page}, {page}, {page}, {page}, {vram(10 * test.frames)}});
  spec.device.vram = mib(10 * test.frames);
  spec.kernel.bump_on_restore = test.lru;  // used is bumped; else only what is brought in goes to the tail
  spec.kernel.restore_placement = RestorePlacement::evict_others;
  MemoryBench bench(std::move(spec));
  const ProcessId stopper{5};  // holds all of VRAM while the pages are made, so that they begin outside
  bench.allocate(stopper);
  for (std::uint32_t p = 0; p < 5; ++p) bench.allocate(ProcessId{p});
  bench.run_for(1ms);
  bench.wiring.driver.release.post({stopper});
  for (const std::uint32_t number : {1U, 2U, 3U, 4U, 1U, 2U, 5U, 1U, 2U, 3U, 4U, 5U}) {
    bench.validate(ProcessId{number - 1});
    bench.run_for(1ms);
    bench.rearm(ProcessId{number - 1});
    bench.run_for(1ms);
  }
  const std::size_t faults = bench.count<BufferMoved>([](const BufferMoved& m) { return m.to == MemType::vram; });
  CHECK(faults == test.faults);
}

}  // namespace
}  // namespace userqsim::lru_test
