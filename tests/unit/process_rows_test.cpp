// What a process's row says of its stops and its memory, from hand-written facts.
#include "results/record/process_rows.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::process_rows_test {
namespace {

using namespace test;

constexpr ProcessId a{0};

SimTime at(std::int64_t us) { return SimTime{std::chrono::microseconds{us}}; }

// One process, which starts at 100 us.
struct Bench {
  Bench() {
    specs = {process("a", {})};
    specs.front().start = 100us;
    layout = make_layout(specs);
    facts.emplace(layout);
    facts->subscribe(probes);
  }
  void stop(std::int64_t from, std::int64_t to) {
    EvictionStarted started;
    started.eviction = {a, ordinal};
    started.time = at(from);
    probes.eviction_started.state(started);
    probes.eviction_signaled.state({at(from), EvictionId{a, ordinal}});
    probes.eviction_resumed.state({at(to), EvictionId{a, ordinal++}});
  }
  ProcessRow row(std::int64_t end) const { return facts->rows(at(end)).at(0); }

  std::vector<ProcessSpec> specs;
  Layout layout;
  Probes probes;
  std::optional<ProcessFacts> facts;
  std::uint32_t ordinal = 0;
};

TEST_CASE("stops are counted from the fence's signal to the restart", "[processes]") {
  Bench bench;
  bench.stop(200, 230);
  bench.stop(400, 480);
  const ProcessRow row = bench.row(1000);
  CHECK(row.evictions == 2);
  CHECK(row.stopped_ns == 110'000);
  CHECK(row.longest_stop_ns == 80'000);
  CHECK_FALSE(row.stopped_still);
  CHECK(row.short_runs == 0);  // it ran for 170 us after 30
  CHECK(row.began_ns == 100'000);
  CHECK_FALSE(row.ended_ns.has_value());
}

TEST_CASE("a stop without end is as long as the run, or the process", "[processes]") {
  Bench bench;
  bench.probes.eviction_signaled.state({at(700), EvictionId{a, 0}});
  CHECK(bench.row(1000).stopped_ns == 300'000);
  CHECK(bench.row(1000).stopped_still);
  bench.probes.process_exited.state({at(900), a});
  CHECK(bench.row(1000).stopped_ns == 200'000);
  CHECK_FALSE(bench.row(1000).stopped_still);
  CHECK(bench.row(1000).ended_ns == 900'000);
}

// Stopped for 50 us each time: runs of 49 us are short, one of 50 is not.
TEST_CASE("who runs for less than he was stopped, three times in a row, thrashes", "[processes]") {
  Bench bench;
  bench.stop(200, 250);
  bench.stop(299, 349);
  bench.stop(398, 448);
  CHECK(bench.facts->thrashing().empty());
  bench.stop(498, 548);  // after 50 us
  bench.stop(597, 647);
  bench.stop(696, 746);
  CHECK(bench.facts->thrashing().empty());
  bench.stop(795, 845);
  REQUIRE(bench.facts->thrashing().size() == 1);
  CHECK(bench.facts->thrashing().front().time_ns == 795'000);
  bench.stop(894, 944);  // still: said once
  CHECK(bench.facts->thrashing().size() == 1);
  CHECK(bench.row(1000).short_runs == 6);
}

// From 100 us on the 900 that another shares with it since before; from 200 us 6 of VRAM and 2 of GTT; from 600 us
// 3, 4 and 1 elsewhere. At 1000 us: 900 us.
TEST_CASE("memory is averaged over the process's life", "[processes]") {
  Bench bench;
  bench.probes.residency_changed.state({at(50), a, Bytes{900}, Bytes{0}, Bytes{0}, Bytes{0}});
  bench.probes.residency_changed.state({at(200), a, Bytes{6'000}, Bytes{2'000}, Bytes{0}, Bytes{0}});
  bench.probes.residency_changed.state({at(600), a, Bytes{3'000}, Bytes{4'000}, Bytes{1'000}, Bytes{3'000}});
  const ProcessRow row = bench.row(1000);
  CHECK(row.vram_mean_bytes == (900 * 100 + 6'000 * 400 + 3'000 * 400) / 900);
  CHECK(row.gtt_mean_bytes == (2'000 * 400 + 4'000 * 400) / 900);
  CHECK(row.away_mean_bytes == 1'000 * 400 / 900);
  CHECK(row.displaced_mean_bytes == 3'000 * 400 / 900);
  CHECK(row.displaced_most_bytes == 3'000);
  CHECK(row.displaced_ns == 400'000);
}

TEST_CASE("moves are counted by what they leave and where they go", "[processes]") {
  Bench bench;
  const auto moved = [&](MemType from, MemType to, std::int64_t bytes) {
    bench.probes.buffer_moved.state({at(300), at(200), BufferId{0}, a, from, to, Bytes{bytes}, EvictionId{a, 0}});
  };
  moved(MemType::vram, MemType::gtt, 1);
  moved(MemType::vram, MemType::system, 2);
  moved(MemType::gtt, MemType::vram, 4);
  moved(MemType::gtt, MemType::swap, 8);
  moved(MemType::swap, MemType::system, 16);
  moved(MemType::vram, MemType::nowhere, 32);
  moved(MemType::gtt, MemType::system, 64);
  const ProcessRow row = bench.row(1000);
  CHECK(row.out_bytes == 3);
  CHECK(row.in_bytes == 4);
  CHECK(row.swapped_out_bytes == 8);
  CHECK(row.swapped_in_bytes == 16);
}

}  // namespace
}  // namespace userqsim::process_rows_test
