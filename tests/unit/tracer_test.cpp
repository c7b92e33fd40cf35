// A time line by hand: what a tracer makes of a run, slice by slice.
#include "results/trace/tracer.hpp"

#include <algorithm>

#include "results/record/recorder.hpp"
#include "results/trace/filter.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim::tracer_test {
namespace {

using namespace test;

struct Noted final : TraceSink {
  struct Shown {
    std::string track, name;
    std::int64_t start_us, end_us;
    bool operator==(const Shown&) const = default;
  };
  struct Counted {
    std::string track;
    std::int64_t time_ns, value;
    bool operator==(const Counted&) const = default;
  };

  void declare(const TraceTrack& track) override {
    REQUIRE(track.id == paths.size());
    paths.push_back(track.path);
  }
  void add(const TraceSlice& slice) override {
    slices.push_back({paths.at(slice.track), std::string(slice.name), slice.start_ns / 1000, slice.end_ns / 1000});
    for (const TraceFlow& flow : slice.flows) flows.push_back({paths.at(slice.track), flow.first});
  }
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override {
    counters.push_back({paths.at(track), time_ns, value});
  }
  void close() override { ++closed; }

  std::vector<Shown> on(const std::string& track) const {
    std::vector<Shown> shown;
    std::copy_if(slices.begin(), slices.end(), std::back_inserter(shown),
                 [&](const Shown& s) { return s.track == track; });
    return shown;
  }
  std::vector<Counted> counted(const std::string& track) const {
    std::vector<Counted> shown;
    std::copy_if(counters.begin(), counters.end(), std::back_inserter(shown),
                 [&](const Counted& c) { return c.track == track; });
    return shown;
  }

  std::vector<std::string> paths;
  std::vector<Shown> slices;
  std::vector<std::pair<std::string, bool>> flows;
  std::vector<Counted> counters;
  int closed = 0;
};

void trace(MachineSpec spec, Noted& sink) {
  Machine machine(share(std::move(spec)), 0);
  Recorder recorder(machine.probes(), machine.layout(), machine.spec().device);
  Tracer tracer(machine.probes(), machine.layout(), machine.spec().device, sink);
  machine.run();
  const SimTime end{machine.spec().horizon};
  tracer.finish(end, recorder.finish(end));
  CHECK(sink.closed == 1);
}

// At 1 ms b's 60 MiB push a's out of VRAM, of which there are 100.
TEST_CASE("counters have the residency of each process over time", "[trace]") {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.processes.back().start = 1ms;
  Noted sink;
  trace(std::move(spec), sink);
  constexpr std::int64_t ms = 1'000'000;
  const std::int64_t size = mib(60).value;
  using Counters = std::vector<Noted::Counted>;
  CHECK(sink.counted("process/a/vram") == Counters{{"process/a/vram", 0, size}, {"process/a/vram", ms, 0}});
  CHECK(sink.counted("process/a/gtt") == Counters{{"process/a/gtt", ms, size}});
  CHECK(sink.counted("process/a/displaced") == Counters{{"process/a/displaced", ms, size}});
  CHECK(sink.counted("process/a/away").empty());
  CHECK(sink.counted("process/b/vram") == Counters{{"process/b/vram", ms, size}});
  CHECK(sink.counted("memory/vram") == Counters{{"memory/vram", 0, size}});
  CHECK(sink.counted("memory/gtt") == Counters{{"memory/gtt", ms, size}});
}

// The times are added up in one_queue_by_hand_test.cpp; of the third job, which is evicted, 700 us are left.
TEST_CASE("a time line has each state of a queue, each packet and each step", "[trace]") {
  Noted sink;
  trace(*load_scenario("scenarios/library/one-queue-by-hand.json", {}).machine, sink);
  using Shown = std::vector<Noted::Shown>;
  const auto since = [&](const std::string& track, std::int64_t us) {
    Shown shown = sink.on(track);
    std::erase_if(shown, [&](const Noted::Shown& s) { return s.end_us <= us || s.start_us > us + 1000; });
    return shown;
  };
  const std::string queue = "process/app/queue comp0", jobs = "process/app/jobs comp0", slot = "slot/compute 0.0",
                    mes = "mes/pipe 0";
  CHECK(since(queue, 4250) == Shown{{queue, "running", 4001, 4264},
                                    {queue, "draining", 4264, 4301},
                                    {queue, "saving", 4301, 4306},
                                    {queue, "unmapping", 4306, 4326},
                                    {queue, "stopped", 4326, 4341},
                                    {queue, "mapping", 4341, 4361},
                                    {queue, "connecting", 4361, 4362},
                                    {queue, "running", 4362, 5062},
                                    {queue, "mapped", 5062, 6000}});
  CHECK(since(slot, 4326).front() == Noted::Shown{slot, "comp0 mapping", 4341, 4361});
  CHECK(since(jobs, 4250) == Shown{{jobs, "job", 4001, 5062}});
  CHECK(since(mes, 4250) == Shown{{mes, "SUSPEND", 4250, 4264}, {mes, "RESUME", 4326, 4341}});
  CHECK(since("mes/packets", 4250) ==
        Shown{{"mes/packets", "SUSPEND", 4250, 4326}, {"mes/packets", "RESUME", 4326, 4341}});
  const std::string suspend = "process/app/suspend worker", restore = "process/app/restore worker";
  CHECK(sink.on(suspend) == Shown{{suspend, "mes_packet", 4250, 4264}, {suspend, "suspend_fence", 4264, 4326}});
  CHECK(sink.on(restore) ==
        Shown{{restore, "mes_packet", 4326, 4342}});  // the ack at 4341 is seen on the 2 us grid
  CHECK(sink.on("lock/userq_mutex app").back() ==
        Noted::Shown{"lock/userq_mutex app", "restore_worker", 4326, 4342});
  CHECK(sink.on("process/app/evictions") == Shown{{"process/app/evictions", "event", 4250, 4362}});
  CHECK(sink.flows == std::vector<std::pair<std::string, bool>>{{suspend, true}, {restore, false}, {slot, false}});
  CHECK(sink.counted("queues/runnable").back() == Noted::Counted{"queues/runnable", 4'341'000, 1});
  CHECK(sink.counted("queues/mapped").back() == Noted::Counted{"queues/mapped", 4'341'000, 1});
}

TEST_CASE("slices that overlap go to a second track, and back when the first is free", "[trace]") {
  Noted sink;
  TraceTracks tracks(sink);
  TraceTracks::Row row = tracks.row(no_trace_track, "moves");
  const auto add = [&](std::string_view name, std::int64_t start, std::int64_t end) {
    tracks.add(row, {.name = name, .start_ns = start * 1000, .end_ns = end * 1000});
  };
  add("a", 0, 4);
  add("b", 2, 5);   // beside a
  add("c", 5, 9);   // both are free; the second was used last
  add("d", 4, 10);  // the first
  add("none", 9, 9);
  using Shown = std::vector<Noted::Shown>;
  CHECK(sink.slices ==
        Shown{{"moves", "a", 0, 4}, {"moves #2", "b", 2, 5}, {"moves #2", "c", 5, 9}, {"moves", "d", 4, 10}});
}

TEST_CASE("a pattern names tracks, and all that is below a group", "[trace]") {
  CHECK(matches_track("slot", "slot/compute 0.1"));
  CHECK_FALSE(matches_track("slot", "slots/x"));
  CHECK_FALSE(matches_track("lot", "slot/x"));
  CHECK(matches_track("process/*/queue ?", "process/game/queue a"));
  CHECK_FALSE(matches_track("process/*/queue ?", "process/game/queue ab"));
  CHECK(matches_track("*worker", "process/game/suspend worker"));
  CHECK(matches_track("p*/g*s*r", "process/game/suspend worker"));
  CHECK(matches_track("*", "mes"));
  CHECK(matches_track("process/game", "process/game"));
  CHECK_FALSE(matches_track("process/game/", "process/game"));
  CHECK_FALSE(matches_track("", "mes"));
}

TEST_CASE("a window cuts slices, and gives counters the value that they enter it with", "[trace]") {
  Noted sink;
  TraceFilter filter({.from_ns = 10'000, .to_ns = 20'000, .tracks = {"x"}}, sink);
  filter.declare({0, no_trace_track, "x", "x", "x", TraceTrackKind::slices});
  filter.declare({1, no_trace_track, "y #2", "y #2", "y", TraceTrackKind::slices});
  filter.count(0, 1'000, 5);
  filter.count(0, 9'000, 6);
  filter.add({.track = 0, .name = "before", .start_ns = 0, .end_ns = 10'000});
  filter.add({.track = 0, .name = "in", .start_ns = 0, .end_ns = 12'000});
  filter.add({.track = 1, .name = "other", .start_ns = 12'000, .end_ns = 13'000});
  filter.count(0, 15'000, 7);
  filter.add({.track = 0, .name = "instant", .start_ns = 20'000, .end_ns = 20'000});
  filter.add({.track = 0, .name = "out", .start_ns = 19'000, .end_ns = 40'000});
  filter.add({.track = 0, .name = "late", .start_ns = 20'000, .end_ns = 40'000});
  filter.count(0, 21'000, 8);
  filter.close();
  using Shown = std::vector<Noted::Shown>;
  CHECK(sink.slices == Shown{{"x", "in", 10, 12}, {"x", "instant", 20, 20}, {"x", "out", 19, 20}});
  CHECK(sink.counters == std::vector<Noted::Counted>{{"x", 10'000, 6}, {"x", 15'000, 7}});
  CHECK(sink.paths == std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace userqsim::tracer_test
