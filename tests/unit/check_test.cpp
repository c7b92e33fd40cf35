// check() over specs that no scenario file made: each thing that no single field can tell.
#include <algorithm>
#include <functional>
#include <limits>

#include "models/machine/spec.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::check_test {
namespace {

using namespace std::chrono_literals;

// The flagship: two processes, a graph over two queues, three events.
MachineSpec sound() { return *load_library_scenario("game-and-llm-on-16g", {}).machine; }

// "pointer: message" of each problem, after `change`.
std::vector<std::string> problems(const std::function<void(MachineSpec&)>& change) {
  MachineSpec spec = sound();
  change(spec);
  std::vector<std::string> lines;
  for (const SpecProblem& problem : check(spec)) lines.push_back(problem.pointer + ": " + problem.message);
  return lines;
}

using Lines = std::vector<std::string>;

StreamSpec& frames(MachineSpec& spec) { return *spec.processes[0].queues[0].jobs; }

TEST_CASE("the library is sound", "[check]") {
  CHECK(problems([](MachineSpec&) {}).empty());
}

TEST_CASE("check finds every problem, not the first alone", "[check]") {
  CHECK(problems([](MachineSpec& spec) {
          spec.policy = "hope";
          spec.events[1].process = "gamr";
          spec.events[2].size.reset();
        }) ==
        Lines{"/policy: no policy \"hope\"; there are: preempt_restore, unmap_map, hybrid, suspend_all",
              "/events/1/process: no process \"gamr\" in this scenario; did you mean \"game\"? there are: game, "
              "llm",
              "/events/2: an event of kind \"invalidate_userptr\" needs \"size\""});
}

TEST_CASE("a horizon must be positive", "[check]") {
  const Lines found = problems([](MachineSpec& spec) { spec.horizon = 0s; });
  REQUIRE(found.size() >= 1);
  CHECK(found[0] == "/horizon: must be positive");
}

TEST_CASE("a job waits for a job of its graph", "[check]") {
  CHECK(problems([](MachineSpec& spec) { frames(spec).graph[1].after = {"fram"}; }) ==
        Lines{"/processes/0/queues/0/jobs/graph/1/after/0: no job \"fram\" in this graph; did you mean \"frame\"? "
              "there are: frame, post"});
}

TEST_CASE("a cycle is told by its names in order", "[check]") {
  CHECK(
      problems([](MachineSpec& spec) { frames(spec).graph[0].after = {"post"}; }) ==
      Lines{"/processes/0/queues/0/jobs/graph: the jobs wait for each other in a circle: frame -> post -> frame"});
}

TEST_CASE("a stream has jobs", "[check]") {
  CHECK(problems([](MachineSpec& spec) { frames(spec).graph.clear(); }) ==
        Lines{"/processes/0/queues/0/jobs/graph: expected at least one job, found none"});
}

TEST_CASE("width is checked against the queue that runs the job", "[check]") {
  const auto width = [](QueueType type) {
    return problems([&](MachineSpec& spec) {
      spec.processes[0].queues[1].type = type;
      frames(spec).graph[1].width = 65;  // post, on the second queue
    });
  };
  CHECK(width(QueueType::compute) ==
        Lines{"/processes/0/queues/0/jobs/graph/1/width: 65 is wider than the device \"rx9070xt\", which has 64 "
              "compute units"});
  CHECK(width(QueueType::sdma).empty());  // a copy engine has no width
}

TEST_CASE("a process has at most 512 queues", "[check]") {
  const auto with_queues = [](std::size_t count) {
    return problems([&](MachineSpec& spec) {
      std::vector<QueueSpec>& queues = spec.processes[1].queues;
      for (std::size_t i = queues.size(); i < count; ++i) {
        queues.push_back({"more" + std::to_string(i), QueueType::compute, Priority::normal, 1, {}});
      }
    });
  };
  CHECK(with_queues(512).empty());
  CHECK(with_queues(513) == Lines{"/processes/1/queues: 513 queues; the driver allows a process 512"});
}

TEST_CASE("buffers may exceed VRAM together, not each", "[check]") {
  const auto with_buffer = [](Bytes size, std::uint32_t count) {
    return problems([&](MachineSpec& spec) {
      spec.processes[0].vram[0] = {"textures", size, count, Domain::vram};
    });
  };
  constexpr std::int64_t gib = std::int64_t{1} << 30;
  CHECK(with_buffer({16 * gib}, 1).empty());
  CHECK(with_buffer({17 * gib}, 1).size() == 1);
  CHECK(with_buffer({48 * gib}, 48).empty());
  CHECK(with_buffer({48 * gib + 1}, 48).size() == 1);
  CHECK(with_buffer({4096}, 1).empty());
  CHECK(with_buffer({4096}, 2).size() == 1);
}

TEST_CASE("distributions are checked wherever a time is sampled", "[check]") {
  const Distribution no_mean = ExponentialDuration{};
  const Distribution too_wide = LognormalDuration{1ms, 4.5};
  const Distribution empty = EmpiricalDuration{};
  CHECK(problems([&](MachineSpec& spec) { frames(spec).graph[0].work = too_wide; }) ==
        Lines{"/processes/0/queues/0/jobs/graph/0/work/sigma: 4.5 is out of range; allowed: 0 to 4"});
  CHECK(problems([&](MachineSpec& spec) {
          std::get<ClosedArrival>(spec.processes[1].queues[0].jobs->arrival).think = no_mean;
        }) == Lines{"/processes/1/queues/0/jobs/arrival/closed/think/mean: must be positive; a constant zero is "
                    "\"0ns\""});
  CHECK(problems([&](MachineSpec& spec) { spec.events[0].hold = empty; }) ==
        Lines{"/events/0/hold/values: expected at least one time, found an empty array"});
  CHECK(problems([&](MachineSpec& spec) { spec.events[0].every = empty; }) ==
        Lines{"/events/0/every/values: expected at least one time, found an empty array"});
  CHECK(problems([&](MachineSpec& spec) { spec.costs.map.value = empty; }) ==
        Lines{"/overrides/costs/map/value/values: expected at least one time, found an empty array"});
  const Distribution not_a_number = LognormalDuration{1ms, std::numeric_limits<double>::quiet_NaN()};
  CHECK(problems([&](MachineSpec& spec) { frames(spec).graph[0].work = not_a_number; }).size() == 1);
}

TEST_CASE("a closed loop must let time pass", "[check]") {
  const auto loop = [](Duration work, Duration think, std::optional<std::uint64_t> count) {
    return problems([&](MachineSpec& spec) {
      StreamSpec& stream = *spec.processes[1].queues[0].jobs;
      stream.graph[0].work = constant(work);
      stream.arrival = ClosedArrival{1, constant(think)};
      stream.count = count;
    });
  };
  CHECK(loop(0s, 0s, std::nullopt).size() == 1);
  CHECK(loop(1ns, 0s, std::nullopt).empty());
  CHECK(loop(0s, 1ns, std::nullopt).empty());
  CHECK(loop(0s, 0s, 100).empty());
}

TEST_CASE("factors stay within what they mean", "[check]") {
  CHECK(problems([](MachineSpec& spec) { spec.costs.gtt_slowdown.value = 0.99; }) ==
        Lines{"/overrides/costs/gtt_slowdown/value: 0.99 is out of range; allowed: 1 to 1000000"});
  CHECK(problems([](MachineSpec& spec) {
          spec.costs.gtt_slowdown.range = {0.5, 33.8};
        }) == Lines{"/overrides/costs/gtt_slowdown/range: reaches beyond what is allowed: 1 to 1000000"});
  CHECK(problems([](MachineSpec& spec) { spec.costs.gtt_slowdown.value = 34; }).size() == 1);
  CHECK(problems([](MachineSpec& spec) { spec.costs.context_fill.value = 1.01; }).size() == 1);
  CHECK(problems([](MachineSpec& spec) { spec.costs.context_fill.range = {0.0, 1.01}; }).size() == 1);
  CHECK(problems([](MachineSpec& spec) { spec.costs.context_fill.range = {0.0}; }).size() == 1);
  CHECK(problems([](MachineSpec& spec) { spec.costs.map.range = {}; }).size() == 1);
}

TEST_CASE("what a buffer is must go together", "[check]") {
  const auto with = [](auto change) {
    return problems([&](MachineSpec& spec) { change(spec.processes[0].vram[0]); });
  };
  const std::string at = "/processes/0/vram/0";
  CHECK(with([](BufferSpec& b) { b.pinned = b.discardable = true; }) ==
        Lines{at + "/discardable: a pinned buffer cannot be dropped: give one of \"pinned\" and \"discardable\""});
  CHECK(with([](BufferSpec& b) { b.shared_with = {"llm"}; }).empty());
  CHECK(with([](BufferSpec& b) { b.shared_with = {"lm"}; }) ==
        Lines{at + "/shared_with/0: no process \"lm\" in this scenario; did you mean \"llm\"? there are: "
                   "game, llm"});
  CHECK(with([](BufferSpec& b) {
          b.shared_with = {"llm", "llm"};
        }) == Lines{at + "/shared_with/1: \"llm\" has it already"});
  CHECK(with([](BufferSpec& b) { b.shared_with = {"game"}; }) ==
        Lines{at + "/shared_with/0: \"game\" has it already"});
  CHECK(with([](BufferSpec& b) {
          b.shared_with = {"llm"};
          b.reservation = Reservation::vm;
        }) == Lines{at + "/reservation: a shared buffer has a reservation of its own; allowed: own"});
  CHECK(with([](BufferSpec& b) {
          b.domain = Domain::gtt;
          b.cpu_access = true;
        }) == Lines{at + "/cpu_access: the CPU sees all of GTT: it is for buffers that may live in vram"});
}

TEST_CASE("a CPU touches a buffer that there is", "[check]") {
  const auto touching = [](const std::string& name) {
    return problems([&](MachineSpec& spec) {
      PressureSpec e;
      e.kind = PressureKind::cpu_fault;
      e.process = "game";
      e.at = std::chrono::seconds{5};
      e.touches = name;
      spec.events.push_back(e);
    });
  };
  CHECK(touching("textures").empty());
  CHECK(touching("texture").size() == 1);
}

TEST_CASE("the CPU sees no more of VRAM than there is", "[check]") {
  CHECK(problems([](MachineSpec& spec) { spec.device.visible_vram = spec.device.vram; }).empty());
  CHECK(problems([](MachineSpec& spec) { spec.device.visible_vram = spec.device.vram + Bytes{1}; }).size() == 1);
}

TEST_CASE("saved waves live in one place", "[check]") {
  CHECK(problems([](MachineSpec& spec) { spec.kernel.context_area = Domain::vram; }).empty());
  CHECK(problems([](MachineSpec& spec) { spec.kernel.context_area = Domain::vram_or_gtt; }).size() == 1);
}

TEST_CASE("a name can be told from every other", "[check]") {
  CHECK(problems([](MachineSpec& spec) { spec.processes[1].name = "game"; }).size() >= 1);
  CHECK(problems([](MachineSpec& spec) { spec.events[0].buffer->name = "weights"; }) ==
        Lines{"/events/0/buffer/name: the name \"weights\" is taken; names must be unique in the process"});
  CHECK(
      problems([](MachineSpec& spec) { spec.events[0].buffer->name = "textures"; }).empty());  // another process's
}

}  // namespace
}  // namespace userqsim::check_test
