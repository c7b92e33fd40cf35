// Every hand-written line, through the replay and as a timed scenario; and whether the lines together use every
// edge of every table.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "tests/conformance/cells.hpp"
#include "tests/conformance/timed.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"

namespace userqsim::conformance {
namespace {

constexpr const char* folder = "tests/conformance";

// One edge of a release's tables: by which operation, from where, with which call, whether it succeeds, to where.
using Edge = std::string;

Edge edge(const Lifecycle& release, Operation operation, UserqState from, std::optional<Opcode> call, bool ok,
          UserqState to) {
  return fmt::format("{} {}: {} -> {} {}{}", release.name, name_of(operation), name_of(from), name_of(to),
                     call ? name_of(*call) : "without a call", ok ? "" : " failed");
}

// What a path can do: its helper's rows, and what it does beside them.
void add_edges(const Lifecycle& release, const PathRow& path, std::set<Edge>& edges) {
  for (const PrimitiveRow& row : release.primitives) {
    if (row.by_policy || row.primitive != path.primitive) continue;
    edges.insert(edge(release, path.operation, row.from, row.call, true, row.ok));
    if (row.call) edges.insert(edge(release, path.operation, row.from, row.call, false, row.failed));
  }
  if (!path.check_va) return;
  for (const UserqState from :
       {UserqState::unmapped, UserqState::mapped, UserqState::preempted, UserqState::hung}) {
    edges.insert(edge(release, path.operation, from, std::nullopt, true, UserqState::invalid_va));
  }
}

std::set<Edge> all_edges() {
  std::set<Edge> edges;
  for (const Lifecycle& release : lifecycles()) {
    for (const PathRow& path : release.paths) {
      add_edges(release, path, edges);
      if (path.operation == Operation::hang && path.detect != Detect::no) {
        for (const UserqState from : {UserqState::unmapped, UserqState::mapped, UserqState::preempted}) {
          edges.insert(edge(release, path.operation, from, Opcode::reset, true, UserqState::hung));
        }
      }
    }
  }
  return edges;
}

Replay replay_of(const Cell& cell) {
  const KernelSpec kernel = test::kernel_of(cell.settings.kernel);
  ReplaySetup setup;
  setup.kernel = kernel.lifecycle;
  setup.policy = cell.settings.policy.empty() ? kernel.native_policy : cell.settings.policy;
  setup.recovery.enabled = cell.settings.gpu_recovery;
  setup.recovery.per_queue_reset = cell.settings.per_queue_reset;
  setup.vram_lost = cell.settings.vram_lost;
  return Replay(setup);
}

ReplayAnswer apply(Replay& replay, const Step& step) {
  for (const std::uint64_t nth : step.fails) {
    ReplayOp fail;
    fail.kind = ReplayOpKind::fail;
    fail.nth_mes_call = nth;
    replay.apply(fail);
  }
  const std::optional<std::string> problem = replay.problem(step.op);
  if (problem) throw std::runtime_error(*problem);
  return replay.apply(step.op);
}

std::string shown(const std::vector<std::string>& calls, bool error, const std::vector<std::string>& states) {
  return fmt::format("calls {} error {} states {}", calls, error, states);
}

std::string replayed(const Cell& cell, std::set<Edge>& used) {
  Replay replay = replay_of(cell);
  for (const Step& step : cell.before) apply(replay, step);
  const ReplayAnswer answer = apply(replay, cell.tested);
  for (const auto& [operation, moved] : answer.moves) {
    used.insert(edge(lifecycle(cell.settings.kernel), operation, moved.from, moved.call,
                     moved.result == PacketResult::ok, moved.to));
  }
  std::vector<std::string> calls, states;
  for (const ReplayAnswer::Call& call : answer.calls) calls.push_back(text_of(call));
  for (const QueueLife& queue : replay.queues()) states.emplace_back(name_of(queue.state));
  return shown(calls, answer.error, states);
}

TEST_CASE("every line holds in the replay, and the lines use every edge of every table", "[conformance]") {
  std::set<Edge> used;
  for (const Cell& cell : read_cells(folder)) {
    INFO(cell.where);
    CHECK(replayed(cell, used) == shown(cell.calls, cell.error, cell.states));
  }
  const std::set<Edge> all = all_edges();
  std::size_t covered = 0;
  for (const Edge& each : all) {
    covered += used.count(each);
    INFO("no line uses the edge " << each);
    CHECK(used.count(each) == 1);
  }
  WARN(fmt::format("{} of {} edges of the tables are used by the lines", covered, all.size()));
}

// The timed run does not show of what type a hang detection is.
std::vector<std::string> without_types(std::vector<std::string> calls) {
  for (std::string& call : calls) {
    for (const char* type : {" gfx", " compute", " sdma"}) {
      if (const std::size_t at = call.find(type); at != std::string::npos) call.erase(at, std::string(type).size());
    }
  }
  return calls;
}

TEST_CASE("every line holds in a timed scenario", "[conformance]") {
  std::size_t timed = 0, all = 0;
  for (const Cell& cell : read_cells(folder)) {
    ++all;
    if (!not_timed(cell).empty()) continue;
    ++timed;
    INFO(cell.where);
    const TimedOutcome outcome = run_timed(cell);
    CHECK(shown(outcome.calls, cell.error, outcome.states) ==
          shown(without_types(cell.calls), cell.error, cell.states));
  }
  WARN(fmt::format("{} of {} lines have a timed form", timed, all));
}

}  // namespace
}  // namespace userqsim::conformance
