// What the library's memory scenarios are there to show: the bounds are those that their `expected` states.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/library.hpp"

namespace userqsim {
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
    for (std::size_t i = 1; i < starts.size(); ++i) {
      CHECK(starts[i] - starts[i - 1] >= Duration{200ms}.count());
      CHECK(starts[i] - starts[i - 1] <= Duration{205ms}.count());
    }
    CHECK(run.processes[process].stopped_ns > Duration{5s}.count());
    CHECK(run.processes[process].displaced_ns < Duration{6s}.count());  // it has its VRAM back half of the time
  }
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

}  // namespace
}  // namespace userqsim
