// The library's smallest scenario, worked out on paper (times in us from 4000, when the third job arrives).
//
// The job arrives at 0 on a mapped, idle queue; connecting takes 1, so it runs from 1 and its rounds of 100 end at
// 101, 201, 301. The process is evicted at 250.
//
//                     SUSPEND / RESUME                            REMOVE_QUEUE / ADD_QUEUE
//   packet            10 + 4 (suspend_book): acked at 264         10, then the slot must be vacated
//   drain             to the round's end at 301                   to 301 (asked at 260)
//   preempt_running   5: 306                                      306
//   unmap             20: 326, suspend fence written              326
//   teardown          -                                           2: acked at 328
//   seen              64-us poll and on: 326 (1 us steps)         328 (78 us after 250, 2 us steps)
//   fence signals     326: latency 76                             328: latency 78
//   restart packet    10 + 5 (resume_book): 341                   10 + 3 (registration): 341
//   map, connect      20 + 1: runs at 362                         362
//   downtime          362 - 250 = 112                             112
#include <fmt/format.h>

#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::one_queue_by_hand_test {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct ByHand {
  const char* policy;
  Duration signaled, latency, mes_busy, mes_lock_hold;
};

TEST_CASE("one queue, one eviction, added up by hand") {
  const auto expected = GENERATE(
      // MES is busy with 14 + 15 and 10 + 2 + 13; it serves other packets during the unmap on this device. The
      // mutex is held until the acks are seen: 14 and 16 (15 on the 2 us grid), 78 and 14 (13 on the grid).
      ByHand{"preempt_restore", 4326us, 76us, 29us, 30us}, ByHand{"unmap_map", 4328us, 78us, 25us, 92us});
  LoadOptions options;
  options.sets = {fmt::format("/policy={}", expected.policy)};
  const WatchedRun run = watched_run(load_scenario("scenarios/library/one-queue-by-hand.json", options).machine, 0);
  REQUIRE(run.violations.empty());
  REQUIRE(run.record.evictions.size() == 1);
  const EvictionRow& row = run.record.evictions.front();
  CHECK(row.start_ns == Duration{4250us}.count());
  CHECK(row.signaled_ns == expected.signaled.count());
  CHECK(row.evict_latency_ns == expected.latency.count());
  CHECK(row.restored_ns == Duration{4362us}.count());
  CHECK(row.downtime_ns == Duration{112us}.count());
  CHECK(row.mes_packets == 2);
  CHECK(row.mes_busy_ns == expected.mes_busy.count());
  CHECK(row.mes_lock_hold_ns == expected.mes_lock_hold.count());
  // The one compute unit holds nothing but the context: preempt_running 5, unmap 20, map 20, connect 1.
  CHECK(row.cu_lost_ns == Duration{46us}.count());
  CHECK(row.moved_bytes == 0);
}

}  // namespace
}  // namespace userqsim::one_queue_by_hand_test
