// Evictions that are not restored: what their chain ends with, and queues that hang.
#include "results/record/eviction_parts.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/recorder_bench.hpp"

namespace userqsim::recorder_unfinished_test {

using namespace recorder_bench;

TEST_CASE("the chain of an eviction that is not restored reaches the end of its observation") {
  Bench bench;
  const auto last_of = [&](std::int64_t end) {
    const RunRecord record = bench.finish(end);
    CHECK(verify_parts(record) == "");
    CHECK(critical_time(record, 1000, end) == end - 1000);
    return last_critical(record);
  };
  SECTION("nothing is known") {
    bench.start(1000, first, 1);
    const PartRow last = last_of(1500);
    CHECK(last.part == "unfinished");
    CHECK(last.waits_for == "unknown");
  }
  SECTION("the worker was woken") {
    bench.start(1000, first, 1);
    bench.step(1000, 1400, EvictionStepKind::min_run);
    CHECK(last_of(1500).part == "suspend_start");
  }
  SECTION("a packet was under way") {
    bench.start(1000, first, 1);
    bench.step(1000, 1100, EvictionStepKind::suspend_start);
    SECTION("not acknowledged") {
      bench.packet(Opcode::suspend, gfx, 1100, 1500);
      CHECK(last_of(1500).part == "mes_packet");
    }
    SECTION("acknowledged") {
      bench.step(1100, 1200, EvictionStepKind::mes_packet, gfx);
      bench.packet(Opcode::suspend, gfx, 1100, 1500);
      const PartRow last = last_of(1500);
      CHECK(last.part == "suspend_fence");
      CHECK(last.queue == gfx.value);
    }
  }
  SECTION("the restore worker's delay was over") {
    bench.stop_running();
    bench.step(1400, 1450, EvictionStepKind::restore_delay);
    CHECK(last_of(1500).part == "restore_start");
  }
  SECTION("the driver was done, the queue not") {
    bench.stop_running();
    bench.step(1400, 2000, EvictionStepKind::mes_packet, gfx);
    bench.probes.gang_ready.state({at(1900), gfx});
    bench.probes.eviction_resumed.state({at(2000), first});
    bench.slot_to(2100, SlotState::free, SlotState::mapping);
    const PartRow last = last_of(2150);
    CHECK(last.part == "map");
    CHECK(last.start_ns == 2100);
  }
  SECTION("it was given up") {
    bench.start(1000, first, 1);
    bench.step(1000, 1200, EvictionStepKind::fence_wait, gfx);
    bench.probes.eviction_aborted.state({at(1200), first});
    const PartRow last = last_of(1500);
    CHECK(last.part == "given_up");
    CHECK(last.waits_for == "nothing");
  }
}

TEST_CASE("a queue that hangs by the last eviction's worker is not restored in the next") {
  Bench bench;
  bench.stop_running();
  bench.step(1400, 1500, EvictionStepKind::restore_start);
  bench.start(1800, second, 0);
  bench.step(1500, 2000, EvictionStepKind::mes_packet, gfx);
  bench.moved(2000, UserqState::unmapped, UserqState::hung, Operation::restore);
  bench.probes.eviction_resumed.state({at(2000), first});
  bench.step(1800, 2100, EvictionStepKind::suspend_start, {}, second);
  bench.probes.eviction_signaled.state({at(2100), second});
  bench.step(2100, 2300, EvictionStepKind::restore_start, {}, second);
  bench.probes.gang_ready.state({at(2200), gfx});  // MES came to it after all
  bench.probes.queue_ran.state({at(2250), gfx, JobId{7}, true});
  bench.probes.eviction_resumed.state({at(2300), second});
  SECTION("nor in the one after") {
    constexpr EvictionId third{game, 2};
    bench.start(3000, third, 0);
    bench.probes.queue_stopped.state({at(3050), gfx, true});
    bench.step(3000, 3100, EvictionStepKind::suspend_start, {}, third);
    bench.probes.eviction_signaled.state({at(3100), third});
    bench.step(3100, 3200, EvictionStepKind::restore_start, {}, third);
    bench.probes.eviction_resumed.state({at(3200), third});
    const RunRecord record = bench.finish(10'000);
    REQUIRE(record.evictions.size() == 3);
    CHECK(record.evictions[2].outcome == "restored");  // of what it stopped: nothing
    CHECK(verify_parts(record) == "");
    return;
  }
  const RunRecord record = bench.finish(10'000);
  REQUIRE(record.evictions.size() == 2);
  CHECK(record.evictions[0].outcome == "hung");
  CHECK(record.evictions[1].outcome == "hung");
  CHECK_FALSE(record.evictions[1].restored_ns.has_value());
  CHECK(verify_parts(record) == "");
}

// The new fence stands from 1300 on; the next eviction begins at 1400, before the worker is done at 1500.
TEST_CASE("an eviction that stopped nobody is restored with its worker, unless the next comes first") {
  Bench bench;
  bench.start(1000, first, 0);
  bench.step(1000, 1200, EvictionStepKind::suspend_start);
  bench.probes.eviction_signaled.state({at(1200), first});
  bench.step(1200, 1300, EvictionStepKind::restore_start);
  SECTION("the next comes later") {
    bench.probes.eviction_resumed.state({at(1500), first});
    bench.start(1600, second, 0);
    const RunRecord record = bench.finish(2000);
    CHECK(record.evictions.front().outcome == eviction_outcome::restored);
    CHECK(record.evictions.front().ended_ns == 1500);
  }
  SECTION("the next comes first") {
    bench.start(1400, second, 0);
    bench.probes.eviction_resumed.state({at(1500), first});
    const RunRecord record = bench.finish(2000);
    CHECK(record.evictions.front().outcome == eviction_outcome::re_evicted);
    CHECK(record.evictions.front().ended_ns == 1400);
    CHECK(verify_parts(record) == "");
  }
}

}  // namespace userqsim::recorder_unfinished_test
