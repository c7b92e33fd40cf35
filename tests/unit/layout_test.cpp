// The layout numbers a scenario's entities and resolves its names.
#include "models/workload/layout.hpp"

#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::layout_test {
namespace {

using namespace std::chrono_literals;

std::vector<ProcessSpec> two_processes() {
  ProcessSpec game;
  game.name = "game";
  game.queues.resize(2);
  game.queues[0].name = "gfx0";
  game.queues[0].type = QueueType::gfx;
  game.queues[0].priority = Priority::high;
  game.queues[0].jobs.emplace();
  game.queues[0].jobs->graph.resize(3);
  game.queues[0].jobs->graph[0].name = "post";
  game.queues[0].jobs->graph[0].queue = "comp0";
  game.queues[0].jobs->graph[0].after = {"frame", "shadow"};
  game.queues[0].jobs->graph[1].name = "frame";
  game.queues[0].jobs->graph[1].after = {"shadow"};
  game.queues[0].jobs->graph[2].name = "shadow";
  game.queues[1].name = "comp0";
  ProcessSpec other;
  other.name = "other";
  other.start = 3s;
  other.queues.resize(1);
  other.queues[0].name = "comp0";
  other.queues[0].ring = 7;
  other.queues[0].jobs.emplace();
  other.queues[0].jobs->graph.resize(1);
  return {game, other};
}

TEST_CASE("queues are numbered over all processes", "[layout]") {
  const std::vector<ProcessSpec> processes = two_processes();
  const Layout layout = make_layout(processes);
  REQUIRE(layout.processes.size() == 2);
  CHECK(layout.processes[0].queues == std::vector{QueueId::of(0), QueueId::of(1)});
  CHECK(layout.processes[1].queues == std::vector{QueueId::of(2)});
  CHECK(layout.processes[1].start == SimTime{3s});
  REQUIRE(layout.queues.size() == 3);
  CHECK(layout.queue(QueueId::of(0)).type == QueueType::gfx);
  CHECK(layout.queue(QueueId::of(0)).priority == Priority::high);
  CHECK(layout.queue(QueueId::of(2)).process == ProcessId::of(1));
  CHECK(layout.queue(QueueId::of(2)).ring == 7);
}

TEST_CASE("a graph's names become indices, both ways", "[layout]") {
  const std::vector<ProcessSpec> processes = two_processes();
  const Layout layout = make_layout(processes);
  REQUIRE(layout.streams.size() == 2);
  const StreamLayout& stream = layout.streams[0];
  CHECK(stream.process == ProcessId::of(0));
  CHECK(stream.queue == QueueId::of(0));
  CHECK(stream.spec == &*processes[0].queues[0].jobs);
  REQUIRE(stream.nodes.size() == 3);
  CHECK(stream.nodes[0].queue == QueueId::of(1));  // post runs on comp0 of its own process
  CHECK(stream.nodes[0].after == std::vector<std::uint32_t>{1, 2});
  CHECK(stream.nodes[0].before.empty());
  CHECK(stream.nodes[1].queue == QueueId::of(0));
  CHECK(stream.nodes[1].after == std::vector<std::uint32_t>{2});
  CHECK(stream.nodes[1].before == std::vector<std::uint32_t>{0});
  CHECK(stream.nodes[2].before == std::vector<std::uint32_t>{0, 1});
  CHECK(layout.streams[1].queue == QueueId::of(2));
}

TEST_CASE("an unchecked name is a broken contract", "[layout]") {
  std::vector<ProcessSpec> processes = two_processes();
  processes[0].queues[0].jobs->graph[0].queue = "absent";
  CHECK_THROWS_AS(make_layout(processes), InvariantError);
  processes = two_processes();
  processes[0].queues[0].jobs->graph[0].after = {"absent"};
  CHECK_THROWS_AS(make_layout(processes), InvariantError);
}

}  // namespace
}  // namespace userqsim::layout_test
