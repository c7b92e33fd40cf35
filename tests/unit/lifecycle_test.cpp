// The lifecycle tables against the driver, cell by cell (amdgpu_userq.c of 6.18; patch 10 of the v8 series), and
// what must hold of any release's tables.
#include <set>

#include "models/driver/lifecycle.hpp"
#include "models/policy/policies.hpp"
#include "sim/graph/digraph.hpp"
#include "tests/support/catch.hpp"

namespace userqsim {
namespace {

using enum UserqState;

constexpr std::array helpers{Primitive::map, Primitive::unmap, Primitive::preempt, Primitive::restore};
constexpr std::array states{unmapped, mapped, preempted, hung, gone};

struct Cell {
  Primitive helper;
  UserqState from;
  Opcode call;
  UserqState ok;
};

TEST_CASE("6.18 and seed-v8: each helper acts in the states the driver names and nowhere else; failure is HUNG") {
  const std::vector<Cell> acts{
      {Primitive::map, unmapped, Opcode::add_queue, mapped},
      {Primitive::unmap, mapped, Opcode::remove_queue, unmapped},
      {Primitive::unmap, preempted, Opcode::remove_queue, unmapped},
      {Primitive::preempt, mapped, Opcode::suspend, preempted},
      {Primitive::restore, preempted, Opcode::resume, mapped},
  };
  for (const char* release : {"6.18", "seed-v8"}) {
    for (const Primitive helper : helpers) {
      for (const UserqState from : states) {
        CAPTURE(release, name_of(helper), name_of(from));
        const auto row = find_primitive(lifecycle(release), helper, from);
        const auto cell = std::find_if(acts.begin(), acts.end(),
                                       [&](const Cell& c) { return c.helper == helper && c.from == from; });
        REQUIRE(row.has_value() == (cell != acts.end()));
        if (!row) continue;
        CHECK(row->call == cell->call);
        CHECK(row->ok == cell->ok);
        CHECK(row->failed == hung);
      }
    }
  }
}

TEST_CASE("6.18 and seed-v8: create maps, evict preempts, restore restores, destroy unmaps") {
  for (const char* release : {"6.18", "seed-v8"}) {
    CHECK(find_path(lifecycle(release), Operation::create) == Primitive::map);
    CHECK(find_path(lifecycle(release), Operation::evict) == Primitive::preempt);
    CHECK(find_path(lifecycle(release), Operation::restore) == Primitive::restore);
    CHECK(find_path(lifecycle(release), Operation::destroy) == Primitive::unmap);
  }
}

// A policy replaces the helpers of evict and restore; the native one must say what the release itself does.
TEST_CASE("the native policy of 6.18 and seed-v8 plans the release's own helpers, in order of creation") {
  const Policy* native = find_policy("preempt_restore");
  REQUIRE(native != nullptr);
  const std::vector<QueueView> queues{{QueueId{4}, QueueType::gfx, mapped, true},
                                      {QueueId{2}, QueueType::compute, mapped, false}};
  for (const char* release : {"6.18", "seed-v8"}) {
    const StopPlan stop = native->plan_stop({queues});
    const RestartPlan restart = native->plan_restart({queues});
    REQUIRE(stop.size() == 2);
    REQUIRE(restart.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(stop[i].queue == queues[i].queue);
      CHECK(stop[i].primitive == find_path(lifecycle(release), Operation::evict));
      CHECK(restart[i].queue == queues[i].queue);
      CHECK(restart[i].primitive == find_path(lifecycle(release), Operation::restore));
    }
  }
}

TEST_CASE("every policy's restart undoes its stop, by any release's tables") {
  const std::vector<QueueView> queue{{QueueId{0}, QueueType::compute, mapped, false}};
  for (const Lifecycle& release : lifecycles()) {
    for (const Policy& policy : policies()) {
      CAPTURE(std::string(release.name), std::string(policy.name));
      const auto stop = find_primitive(release, policy.plan_stop({queue}).at(0).primitive, mapped);
      REQUIRE(stop.has_value());
      const auto restart = find_primitive(release, policy.plan_restart({queue}).at(0).primitive, stop->ok);
      REQUIRE(restart.has_value());
      CHECK(restart->ok == mapped);
    }
  }
}

TEST_CASE("every state is reachable from creation, and every state but HUNG can return to MAPPED") {
  for (const Lifecycle& release : lifecycles()) {
    Digraph graph(states.size());
    for (const PrimitiveRow& row : release.primitives) {
      graph.add_edge(static_cast<Digraph::Vertex>(row.from), static_cast<Digraph::Vertex>(row.ok));
      graph.add_edge(static_cast<Digraph::Vertex>(row.from), static_cast<Digraph::Vertex>(row.failed));
    }
    const std::vector<bool> reached = graph.reachable_from(static_cast<Digraph::Vertex>(unmapped));
    for (const UserqState state : {unmapped, mapped, preempted, hung}) {
      CAPTURE(std::string(release.name), name_of(state));
      CHECK(reached[static_cast<std::size_t>(state)]);
      const std::vector<bool> leads_to = graph.reachable_from(static_cast<Digraph::Vertex>(state));
      CHECK(leads_to[static_cast<std::size_t>(mapped)] == (state != hung));  // HUNG is a sink until destroy
    }
  }
}

}  // namespace
}  // namespace userqsim
