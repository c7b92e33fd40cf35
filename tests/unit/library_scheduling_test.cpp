// What the library's scheduling scenarios are there to show, and that the alternative that each names does not show
// it.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/library.hpp"

namespace userqsim::library_scheduling_test {
namespace {

using namespace test;
using namespace std::chrono_literals;

// Latencies of the process's finished jobs.
std::vector<std::int64_t> latencies(const RunRecord& run, std::uint32_t process) {
  std::vector<std::int64_t> found;
  for (const JobRow& job : run.jobs) {
    if (job.process == process && job.finished_ns) found.push_back(*job.finished_ns - job.submitted_ns);
  }
  return found;
}

std::int64_t critical_time(const RunRecord& run, std::string_view part) {
  std::int64_t time = 0;
  for (const PartRow& row : run.parts) {
    if (row.critical && row.part == part) time += row.end_ns - row.start_ns;
  }
  return time;
}

// 31 queues on 24 slots: 7 have none for a turn of 10 ms. A request takes 100 us of work and some microseconds
// around.
TEST_CASE("an idle queue holds a slot under blind turns, and none under MES", "[library][scheduling]") {
  const auto slowest = [](const RunRecord& run) {
    const auto all = latencies(run, 0);
    REQUIRE(all.size() > 2000);
    return *std::max_element(all.begin(), all.end());
  };
  const std::int64_t blind = slowest(record("idle-queues-hold-slots"));
  CHECK(blind > Duration{9ms}.count());
  CHECK(blind < Duration{11ms}.count());
  CHECK(slowest(record("idle-queues-hold-slots", {"/device=rx7900xtx"})) < Duration{1ms}.count());
}

// The other process is off the machine for less than 2 ms at 1 s, and nothing else lets 100 us of work in.
TEST_CASE("a queue of level low starves beside one that always has work", "[library][scheduling]") {
  const RunRecord run = record("low-priority-starves");
  const auto finished = latencies(run, 1);
  CHECK(finished.size() < 20);
  for (const JobRow& job : run.jobs) {
    if (job.process != 1 || !job.finished_ns) continue;
    CHECK(*job.finished_ns > Duration{1s}.count());
    CHECK(*job.finished_ns < Duration{1s + 2ms}.count());
  }
  // Its last job is seen waiting to the horizon.
  const auto open = std::find_if(run.jobs.begin(), run.jobs.end(), [](const JobRow& job) {
    return job.process == 1 && job.outcome == name_of(JobOutcome::open);
  });
  REQUIRE(open != run.jobs.end());
  CHECK(open->observed_until_ns - open->submitted_ns > Duration{900ms}.count());
  // The queue's own row says so too: it stood waiting all the while that it did not run.
  const QueueRow& starved = run.queues[1];
  CHECK(starved.priority == "low");
  CHECK(starved.waits_still);
  CHECK(starved.running_ns < Duration{2ms}.count());
  CHECK(starved.slot_wait_ns > run.end_ns * 9 / 10);
  CHECK(latencies(record("low-priority-starves", {"/overrides/firmware/low_level=lowest"}), 1).size() > 10'000);
}

TEST_CASE("a graphics restore is dominated by the competition for the slot on gfx11 and not on gfx12",
          "[library][scheduling]") {
  const auto restores = [](const RunRecord& run) {
    std::int64_t time = 0;
    for (const EvictionRow& row : run.evictions) {
      if (row.restored_ns && row.signaled_ns) time += *row.restored_ns - *row.signaled_ns;
    }
    return time;
  };
  const RunRecord gfx11 = record("graphics-restore-waits-for-a-slot");
  CHECK(critical_time(gfx11, "slot_wait") > restores(gfx11) * 3 / 4);
  const RunRecord gfx12 = record("graphics-restore-waits-for-a-slot", {"/device=rx9070xt"});
  REQUIRE(gfx12.evictions.size() == gfx11.evictions.size());
  CHECK(critical_time(gfx12, "slot_wait") == 0);
  CHECK(restores(gfx12) < restores(gfx11) / 4);
}

// The other's REMOVE_QUEUE holds the mutex from 31 ms to about 60 ms; the flush is wanted before 32 ms.
TEST_CASE("a bystander's TLB flush waits behind another's REMOVE_QUEUE on gfx11 and not on gfx12",
          "[library][scheduling]") {
  const auto flushed = [](const RunRecord& run) {  // when the bystander's translations are flushed
    std::int64_t end = 0;
    const PartRow* table = nullptr;
    for (const PartRow& row : run.parts) {
      if (row.process != 1 || !row.critical) continue;
      if (row.part == "page_table") table = &row;
      const bool is_flush =
          row.part == "tlb_flush" || (row.part == "mes_packet" && row.queue == QueueId::none().value);
      if (table != nullptr && is_flush) end = row.end_ns - table->end_ns;
    }
    return end;
  };
  const std::int64_t on_the_ring = flushed(record("tlb-flush-behind-a-remove"));
  CHECK(on_the_ring > Duration{25ms}.count());
  CHECK(on_the_ring < Duration{30ms}.count());
  const std::int64_t past_it = flushed(record("tlb-flush-behind-a-remove", {"/device=rx9070xt"}));
  CHECK(past_it > 0);
  CHECK(past_it < Duration{100us}.count());
}

}  // namespace
}  // namespace userqsim::library_scheduling_test
