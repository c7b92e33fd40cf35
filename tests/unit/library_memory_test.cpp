// What the library's memory scenarios are there to show: the bounds are those that their `expected` states.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/library.hpp"

namespace userqsim::library_memory_test {
namespace {

using namespace test;
using namespace std::chrono_literals;

std::size_t hazards(const RunRecord& run, std::string_view kind) {
  return static_cast<std::size_t>(std::count_if(run.hazards.begin(), run.hazards.end(),
                                                [&](const HazardRow& row) { return row.kind == kind; }));
}

TEST_CASE("under DRM the first of two processes settles in GTT and stays slow", "[library][memory]") {
  const RunRecord run = record("two-managers-one-card");
  const ProcessRow& first = run.processes.at(0);
  const ProcessRow& second = run.processes.at(1);
  CHECK(first.evictions == 1);
  CHECK(second.evictions == 0);
  CHECK(first.displaced_most_bytes == std::int64_t{1} << 30);
  CHECK(first.displaced_ns == Duration{10s - 500ms}.count());  // from the second's start to the end
  CHECK(second.displaced_ns == 0);
  CHECK(first.jobs * 10 < second.jobs * 9);
  CHECK(hazards(run, "thrashing") == 0);
}

TEST_CASE("under KFD two processes evict each other for ever", "[library][memory]") {
  const RunRecord run = record("two-managers-one-card", {"/kernel=kfd"});
  CHECK(hazards(run, "thrashing") == 2);
  for (const std::uint32_t process : {0U, 1U}) {
    std::vector<std::int64_t> starts;
    for (const EvictionRow& row : run.evictions) {
      if (row.process == process) starts.push_back(row.start_ns);
    }
    REQUIRE(starts.size() >= 40);
    const auto by_restore = [](const EvictionRow& row) { return row.trigger == "validation"; };
    CHECK(run.evictions.front().trigger == "allocation");
    CHECK(std::all_of(run.evictions.begin() + 1, run.evictions.end(), by_restore));
    for (std::size_t i = 1; i < starts.size(); ++i) {
      CHECK(starts[i] - starts[i - 1] >= Duration{200ms}.count());
      CHECK(starts[i] - starts[i - 1] <= Duration{205ms}.count());
    }
    CHECK(run.processes[process].stopped_ns > Duration{5s}.count());
    CHECK(run.processes[process].displaced_ns < Duration{6s}.count());  // it has its VRAM back half of the time
  }
}

// Each is stopped for longer than it ran; after three such runs the one restored next keeps its memory for 2 s, and
// the other, whose own restore then finds nobody to evict, settles.
TEST_CASE("a process that thrashes and is pinned for a while ends the ping-pong", "[library][memory]") {
  const RunRecord run = record("two-managers-one-card",
                               {"/kernel=kfd", R"(/overrides/kernel={"thrash_pin": {"after": 3, "time": "2s"}})"});
  for (const ProcessRow& row : run.processes) {
    CHECK(row.evictions >= 4);
    CHECK(row.evictions <= 5);
    CHECK(row.stopped_ns < Duration{800ms}.count());
  }
  CHECK(run.processes[0].jobs + run.processes[1].jobs > 1600);
}

// Pages of 4 KiB, the last begun; and a millisecond, two packets and some microseconds around.
TEST_CASE("one page that moves costs the whole registration", "[library][memory]") {
  const std::int64_t pages = (12'000'000'000 + 4095) / 4096;
  for (const std::int64_t page_ns : {1600, 6400}) {
    const RunRecord run =
        record("host-compaction", {"/overrides/costs/userptr_page/value=" + std::to_string(page_ns) + "ns"});
    REQUIRE(run.evictions.size() == 1);
    REQUIRE(run.evictions[0].downtime_ns.has_value());
    CHECK(*run.evictions[0].downtime_ns >= pages * page_ns + Duration{1ms}.count());
    CHECK(*run.evictions[0].downtime_ns <= pages * page_ns + Duration{10ms}.count());
  }
}

// Six times 512 MiB for 2 GiB that are free: the last two need 1 GiB.
TEST_CASE("dmem.low keeps a game in VRAM that programs in the background would push out", "[library][memory]") {
  const RunRecord run = record("foreground-protected");
  const ProcessRow& kept = run.processes.at(0);
  CHECK(kept.evictions == 0);
  CHECK(kept.displaced_ns == 0);
  CHECK(run.processes.at(1).evictions + run.processes.at(2).evictions == 2);
  const RunRecord without = record("foreground-protected", {"/processes/0/dmem/low=0B"});
  const ProcessRow& pushed = without.processes.at(0);
  CHECK(pushed.evictions == 2);
  CHECK(pushed.displaced_most_bytes == std::int64_t{1} << 30);
  CHECK(pushed.displaced_ns == Duration{4s - 2500ms}.count());
  CHECK(pushed.jobs * 10 < kept.jobs * 9);
}

TEST_CASE("after a resume memory is in VRAM again where GTT is a fallback, and else never", "[library][memory]") {
  const std::int64_t size = std::int64_t{6} << 30;
  const RunRecord back = record("after-resume");
  CHECK(back.processes.at(0).out_bytes == 2 * size);
  CHECK(back.processes.at(0).in_bytes == 2 * size);
  CHECK(back.processes.at(0).displaced_ns < Duration{11s}.count());
  CHECK(hazards(back, "moved_while_running") > 0);
  const RunRecord away = record("after-resume", {"/overrides/kernel/gtt_is_fallback=false"});
  CHECK(away.processes.at(0).out_bytes == size);
  CHECK(away.processes.at(0).in_bytes == 0);
  CHECK(away.processes.at(0).displaced_ns == Duration{17s}.count());
  CHECK(away.processes.at(0).jobs * 2 < back.processes.at(0).jobs);
}

TEST_CASE("a restore that finds no room is the last under DRM, and one of many under KFD", "[library][memory]") {
  const RunRecord once = record("no-room-to-come-back");
  CHECK(hazards(once, "restore_failed") == 1);
  CHECK(once.processes.at(0).stopped_still == 1);
  CHECK(once.processes.at(0).stopped_ns > Duration{4900ms}.count());
  const RunRecord again = record("no-room-to-come-back", {"/kernel=kfd"});
  CHECK(hazards(again, "restore_failed") >= 28);
  CHECK(hazards(again, "restore_failed") <= 31);
  CHECK(again.processes.at(0).stopped_still == 0);
  CHECK(again.processes.at(1).stopped_still == 0);
  for (const HazardRow& row : again.hazards) CHECK(row.time_ns < Duration{6s}.count());
  // The next try, and 4 GiB back over the link in less than 200 ms.
  CHECK(again.evictions.back().restored_ns.value_or(0) < Duration{6300ms}.count());
}

TEST_CASE("a model that spills has the tokens that the report has", "[library][memory]") {
  const RunRecord run = record("model-spills-to-gtt");
  CHECK(run.processes.at(0).jobs * 100 >= 98 * 18 * 20);
  CHECK(run.processes.at(0).jobs * 100 <= 102 * 18 * 20);
}

// A turn of 10 ms without a slot comes every 90 ms; some 50 us go by at an exchange.
TEST_CASE("the ninth queue costs each of nine a ninth of the time on eight slots", "[library][hws]") {
  const RunRecord eight = record("ninth-queue", {"/processes/2/queues/2/type=sdma"});
  for (const QueueRow& queue : eight.queues) CHECK(queue.slot_wait_ns < Duration{1ms}.count());  // at the start
  const RunRecord nine = record("ninth-queue");
  for (const std::size_t q : {0U, 3U, 6U}) {
    const double left = static_cast<double>(nine.queues[q].jobs) / static_cast<double>(eight.queues[q].jobs);
    CAPTURE(q, left);
    CHECK(left >= 0.88);
    CHECK(left <= 8.0 / 9 + 0.001);
    CHECK(nine.queues[q].longest_wait_ns >= Duration{9ms}.count());
    CHECK(nine.queues[q].longest_wait_ns <= Duration{11ms}.count());
    CHECK(nine.queues[q].slot_wait_ns >= Duration{9500ms / 9 - 40ms}.count());
    CHECK(nine.queues[q].slot_wait_ns <= Duration{9500ms / 9 + 40ms}.count());
  }
}

// 120 MiB are asked for 99 times where 8 are free; a frame has 11.111111 ms.
TEST_CASE("with GTT as a fallback small room is filled again and again, and frames are late", "[library][memory]") {
  const auto late = [](const RunRecord& run) {
    return std::count_if(run.jobs.begin(), run.jobs.end(), [](const JobRow& row) {
      return row.finished_ns && *row.finished_ns - row.submitted_ns > 11'111'111;
    });
  };
  const RunRecord since = record("stutter-since-6-10");
  CHECK(since.processes.at(0).out_bytes == std::int64_t{99 * 112} << 20);
  CHECK(since.processes.at(0).in_bytes == std::int64_t{99 * 112} << 20);
  CHECK(late(since) >= 2 * 99);
  CHECK(late(since) <= 2 * 99 + 3);  // some more at the first overlay
  const RunRecord before = record("stutter-since-6-10", {"/overrides/kernel/gtt_is_fallback=false"});
  CHECK(before.processes.at(0).in_bytes > 0);
  CHECK(before.processes.at(0).in_bytes <= 11 * 8'000'000 + (std::int64_t{8} << 20));
  CHECK(late(before) >= 1);
  CHECK(late(before) <= 3);  // 4.1 ms of copies
}

TEST_CASE("a submission is refused while VRAM is protected and the host is full", "[library][memory]") {
  const RunRecord run = record("game-comes-back-without-room");
  REQUIRE(run.hazards.size() == 1);
  CHECK(run.hazards.front().kind == "submission_refused");
  CHECK(run.hazards.front().time_ns / 1'000'000 == 10'000);
  std::vector<std::string> outcomes;
  for (const JobRow& row : run.jobs) {
    if (row.process == 0) outcomes.emplace_back(row.outcome);
  }
  CHECK(outcomes == std::vector<std::string>{"finished", "refused", "finished"});
  CHECK(run.processes.at(0).swapped_out_bytes == std::int64_t{1} << 30);
  CHECK(run.processes.at(0).swapped_in_bytes == std::int64_t{1} << 30);
}

// Nobody waits for the copy of 1 GiB, 19.2 ms.
// MES gives the packet up after 2 s, and the driver has waited 2.1 s at most.
TEST_CASE("a queue that will not stop: given up, lost, or reset with the whole GPU", "[library]") {
  const RunRecord up_to_6_18 = record("queue-that-will-not-stop", {"/kernel=6.18"});
  CHECK(up_to_6_18.evictions.back().outcome == eviction_outcome::aborted);
  CHECK(hazards(up_to_6_18, "fence_never_signals") == 1);
  const RunRecord later = record("queue-that-will-not-stop", {"/kernel=6.19"});
  CHECK(hazards(later, "queue_lost") >= 1);
  CHECK(hazards(later, "fence_never_signals") == 0);
  CHECK(later.resets.empty());
  const RunRecord newest = record("queue-that-will-not-stop", {"/kernel=7.1"});
  REQUIRE(newest.resets.size() == 1);
  CHECK(hazards(newest, "vram_lost") >= 1);
}

TEST_CASE("under Xe's rules a rebind without room kills the program, and under amdgpu's it is slower",
          "[library][memory]") {
  const RunRecord run = record("rebind-without-room");
  CHECK(hazards(run, "restore_failed") == 1);
  REQUIRE(run.processes.at(0).ended_ns.has_value());
  CHECK(*run.processes.at(0).ended_ns > Duration{1s}.count());
  CHECK(*run.processes.at(0).ended_ns < Duration{1s + 1ms}.count());
  const RunRecord amdgpu = record("rebind-without-room", {"/kernel=6.18"});
  CHECK(amdgpu.hazards.empty());
  CHECK_FALSE(amdgpu.processes.at(0).ended_ns.has_value());
  CHECK(amdgpu.processes.at(0).displaced_most_bytes == std::int64_t{1} << 30);
}

}  // namespace
}  // namespace userqsim::library_memory_test
