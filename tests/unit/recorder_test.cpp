// The recorder, fed with facts written by hand: every outcome of an eviction, and the tiling of its parts.
#include "results/record/recorder.hpp"

#include "results/record/eviction_parts.hpp"
#include "results/record/summary.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/recorder_bench.hpp"

namespace userqsim::recorder_test {

using namespace recorder_bench;

namespace {

const PartRow* find_part(const RunRecord& record, std::string_view part, bool critical) {
  for (const PartRow& row : record.parts) {
    if (row.part == part && row.critical == critical) return &row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a restored eviction: times, costs and identities") {
  Bench bench;
  bench.stop_running();
  bench.probes.context_moved.state({at(1410), gfx, Bytes{512}, true});  // after its stop: not of this eviction
  bench.probes.context_moved.state({at(2650), gfx, Bytes{4096}, false});
  bench.restore();
  bench.probes.buffer_moved.state(
      {at(2400), at(1600), BufferId{0}, game, MemType::vram, MemType::gtt, Bytes{64}, first});
  const RunRecord record = bench.finish(10'000);

  REQUIRE(record.evictions.size() == 1);
  const EvictionRow& row = record.evictions.front();
  CHECK(row.outcome == "restored");
  CHECK(row.start_ns == 1000);
  CHECK(row.signaled_ns == 1400);
  CHECK(row.restored_ns == 2690);
  CHECK(row.resumed_ack_ns == 2700);
  CHECK(row.first_stop_ns == 1150);
  CHECK(row.evict_latency_ns == 400);
  CHECK(row.restore_latency_ns == 1290);
  CHECK(row.downtime_ns == 2690 - 1150);
  CHECK(row.lock_wait_ns == 50);
  CHECK(row.fence_wait_ns == 0);
  CHECK(row.cpu_poll_ns == 250 + 200);
  CHECK(row.mes_packets == 2);
  CHECK(row.mes_busy_ns == 60);
  CHECK(row.mes_lock_hold_ns == 250 + 200);
  CHECK(row.moved_bytes == 64);
  CHECK(row.context_bytes == 4096);
  // Width 5 of 10 units for the 50 ns of unmapping and the 30 + 10 + 10 of mapping, loading and connecting.
  CHECK(row.cu_lost_ns == (50 + 30 + 10 + 10) * 5 / 10);
}

TEST_CASE("critical parts tile an eviction, and the step is cut where the gang is ready") {
  Bench bench;
  bench.stop_running();
  bench.restore();
  RunRecord record = bench.finish(10'000);

  CHECK(verify_parts(record).empty());
  CHECK(critical_time(record, 1000, 1400) == *record.evictions.front().evict_latency_ns);
  CHECK(critical_time(record, 1000, 2690) == 1690);
  const PartRow* connect = find_part(record, "connect", true);
  REQUIRE(connect != nullptr);
  CHECK(connect->end_ns == 2690);
  const PartRow* after = find_part(record, "mes_packet", false);
  REQUIRE(after != nullptr);
  CHECK(after->start_ns == 2600);
  CHECK(after->end_ns == 2700);
  const PartRow* drain = find_part(record, "drain", false);
  REQUIRE(drain != nullptr);
  CHECK(drain->end_ns - drain->start_ns == 100);
  CHECK(find_part(record, "slot_wait", true)->waits_for == "slot");

  SECTION("a gap is told") {
    for (PartRow& part : record.parts) {
      if (part.part == "move") part.end_ns -= 1;
    }
    CHECK(verify_parts(record).find("expected") != std::string::npos);
  }
  SECTION("a missing tail is told") {
    record.parts.erase(std::remove_if(record.parts.begin(), record.parts.end(),
                                      [](const PartRow& part) { return part.part == "connect"; }),
                       record.parts.end());
    CHECK_FALSE(verify_parts(record).empty());
  }
}

TEST_CASE("an idle queue is restored when its gang is ready") {
  Bench bench;
  bench.stop_running(false);
  bench.restore();
  const RunRecord record = bench.finish(10'000);
  CHECK(record.evictions.front().restored_ns == 2600);
  CHECK(record.evictions.front().cu_lost_ns == 0);
  CHECK(verify_parts(record).empty());
}

TEST_CASE("the run ends between the gang's readiness and the packet's end") {
  Bench bench;
  bench.stop_running(false);
  bench.step(1400, 1500, EvictionStepKind::restore_start);
  bench.probes.gang_ready.state({at(1550), gfx});
  const RunRecord record = bench.finish(1560);
  CHECK(record.evictions.front().outcome == "restored");
  CHECK(record.evictions.front().restored_ns == 1550);
  CHECK(verify_parts(record) == "");
}

TEST_CASE("a process is restored with the last of its queues") {
  Bench bench;
  bench.stop_running();
  bench.probes.queue_stopped.state({at(1390), comp, false});
  bench.restore();
  SECTION("which comes later") {
    bench.probes.gang_ready.state({at(2695), comp});
    const RunRecord record = bench.finish(10'000);
    CHECK(record.evictions.front().restored_ns == 2695);
    CHECK(verify_parts(record).empty());
  }
  SECTION("which never comes") {
    const RunRecord record = bench.finish(10'000);
    CHECK(record.evictions.front().outcome == "open");
    CHECK_FALSE(record.evictions.front().restored_ns.has_value());
    CHECK(record.evictions.front().ended_ns == 10'000);
    CHECK(verify_parts(record) == "");
    // comp0 was never made ready: it has no slot to the end.
    CHECK(last_critical(record).part == "slot_wait");
    CHECK(last_critical(record).start_ns == 2700);
    CHECK(last_critical(record).end_ns == 10'000);
  }
}

TEST_CASE("an eviction before the last was restored cuts it off") {
  Bench bench;
  bench.stop_running();
  bench.step(1400, 1500, EvictionStepKind::restore_start);
  bench.start(1800, second, 1);
  bench.step(1500, 2000, EvictionStepKind::move);  // the old worker ends after the new eviction began
  bench.step(1800, 1900, EvictionStepKind::suspend_start, {}, second);
  bench.probes.eviction_signaled.state({at(1900), second});
  bench.step(1900, 2000, EvictionStepKind::mes_packet, gfx, second);
  bench.probes.gang_ready.state({at(1950), gfx});
  bench.probes.queue_ran.state({at(1980), gfx, JobId{7}, true});
  bench.probes.eviction_resumed.state({at(2000), second});
  const RunRecord record = bench.finish(10'000);

  REQUIRE(record.evictions.size() == 2);
  CHECK(record.evictions[0].outcome == "re_evicted");
  CHECK(record.evictions[0].ended_ns == 1800);
  CHECK_FALSE(record.evictions[0].downtime_ns.has_value());
  CHECK(record.evictions[1].outcome == "restored");
  CHECK(record.evictions[1].restored_ns == 1980);  // its queue was still off, with work: the first wave counts
  CHECK_FALSE(record.evictions[1].downtime_ns.has_value());  // it stopped nothing
  CHECK(verify_parts(record) == "");

  Measures measures(record, 0);
  for (const SummaryRow& summary : measures.rows()) {
    if (summary.metric != "downtime_ns" || summary.stat != "count") continue;
    CHECK(summary.count == 0);
    CHECK(summary.censored == 1);
  }
}

TEST_CASE("an eviction in which a queue went HUNG") {
  Bench bench;
  bench.start(1000, first, 1);
  bench.step(1000, 3100, EvictionStepKind::mes_packet, gfx);
  bench.moved(3100, UserqState::mapped, UserqState::hung, Operation::evict);
  bench.probes.eviction_signaled.state({at(3100), first});
  bench.probes.eviction_resumed.state({at(3200), first});
  bench.probes.hazard.state({at(3100), HazardKind::queue_lost, game, gfx});
  const RunRecord record = bench.finish(10'000);
  CHECK(record.evictions.front().outcome == "hung");
  CHECK_FALSE(record.evictions.front().restored_ns.has_value());
  CHECK(record.evictions.front().evict_latency_ns == 2100);
  CHECK(record.hazards.size() == 1);
  CHECK(verify_parts(record).empty());
}

TEST_CASE("an aborted eviction never signals") {
  Bench bench;
  bench.start(1000, first, 1);
  bench.step(1000, 1200, EvictionStepKind::fence_wait, gfx);
  bench.probes.eviction_aborted.state({at(1200), first});
  const RunRecord record = bench.finish(10'000);
  CHECK(record.evictions.front().outcome == "aborted");
  CHECK_FALSE(record.evictions.front().evict_latency_ns.has_value());
  CHECK(record.evictions.front().fence_wait_ns == 200);
  CHECK(verify_parts(record).empty());
}

TEST_CASE("a process that exits in its eviction") {
  Bench bench;
  bench.stop_running();
  bench.probes.process_exited.state({at(2000), game});
  const RunRecord record = bench.finish(10'000);
  CHECK(record.evictions.front().outcome == "exited");
  CHECK(record.evictions.front().ended_ns == 2000);
}

TEST_CASE("without a wait for the suspend fence the stop may come late or never") {
  Bench bench;
  bench.slot_to(500, SlotState::connecting, SlotState::running);
  bench.start(1000, first, 1);
  bench.step(1000, 1100, EvictionStepKind::mes_packet, gfx);
  bench.packet(Opcode::suspend, gfx, 1000, 1100);
  bench.probes.eviction_signaled.state({at(1100), first});
  bench.step(1100, 1300, EvictionStepKind::mes_packet, gfx);
  SECTION("never: its waves ran on") {
    bench.probes.gang_ready.state({at(1200), gfx});
    bench.probes.eviction_resumed.state({at(1300), first});
    const RunRecord record = bench.finish(10'000);
    CHECK(record.evictions.front().restored_ns == 1200);
    CHECK(verify_parts(record) == "");
  }
  SECTION("late: the wave after the stop counts") {
    bench.probes.gang_ready.state({at(1200), gfx});
    bench.probes.eviction_resumed.state({at(1300), first});
    bench.slot_to(1400, SlotState::running, SlotState::unmapping);
    bench.slot_to(1450, SlotState::unmapping, SlotState::free);
    bench.probes.queue_stopped.state({at(1450), gfx, true});
    bench.slot_to(1460, SlotState::free, SlotState::mapping);
    bench.slot_to(1500, SlotState::mapping, SlotState::running);
    bench.probes.queue_ran.state({at(1500), gfx, JobId{1}, true});
    const RunRecord record = bench.finish(10'000);
    CHECK(record.evictions.front().restored_ns == 1500);
    CHECK(verify_parts(record) == "");
  }
}

TEST_CASE("a request's stall belongs to the evictions that it set off") {
  Bench bench;
  bench.start(1000, first, 0, RequestId{4});
  bench.probes.eviction_signaled.state({at(1100), first});
  bench.probes.request_ended.state(
      {at(1700), RequestId{4}, RequestKind::allocate, other, Bytes{512}, at(900), RequestOutcome::ready});
  bench.probes.job_ended.state({at(2000), JobId{0}, game, gfx, 0, at(1000), at(1100), at(2000), 1,
                                JobOutcome::finished, StreamId{0}, JobId{0}, Duration{900}});
  const RunRecord record = bench.finish(10'000);
  CHECK(record.evictions.front().requester_stall_ns == 800);
  REQUIRE(record.requests.size() == 1);
  CHECK(record.requests.front().stall_ns == 800);
  CHECK(record.requests.front().evictions == 1);

  Measures measures(record, 0);
  std::int64_t victims = 0;
  std::int64_t stalls = 0;
  for (const SummaryRow& row : measures.rows()) {
    if (row.metric == "job_latency_ns" && row.role == "victim" && row.stat == "count") victims = row.count;
    if (row.metric == "requester_stall_ns" && row.stat == "sum") stalls = std::get<std::int64_t>(row.value);
  }
  CHECK(victims == 1);
  CHECK(stalls == 800);

  Measures later(record, 950);  // the request began before
  for (const SummaryRow& row : later.rows()) {
    if (row.metric == "requester_stall_ns" && row.stat == "count") CHECK(row.count == 0);
  }
}

}  // namespace userqsim::recorder_test
