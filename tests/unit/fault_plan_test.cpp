// Which fault hits what: names, triggers, draws.
#include <set>

#include "models/workload/fault_plan.hpp"
#include "models/workload/purpose.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"

namespace userqsim::fault_plan_test {
namespace {

using namespace test;

constexpr QueueId a0{0}, a1{1}, b0{2};

struct Plan {
  explicit Plan(std::vector<FaultSpec> the_faults, std::uint64_t seed = 1)
      : faults(std::move(the_faults)), draws(seed, 0) {}

  std::vector<ProcessSpec> processes{
      process("a", {queue("q0", QueueType::compute), queue("q1", QueueType::compute)}),
      process("b", {queue("q0", QueueType::compute)})};
  std::vector<FaultSpec> faults;
  Layout layout = make_layout(processes);
  Draws draws;
  FaultPlan plan{faults, layout, draws};
};

FaultSpec at_eviction(FaultSpec f, std::uint32_t eviction) {
  f.eviction = eviction;
  return f;
}
FaultSpec drawn(FaultSpec f, double probability) {
  f.probability = probability;
  return f;
}

TEST_CASE("a fault of an eviction hits its queue at that eviction and nowhere else", "[fault]") {
  const Plan p({at_eviction(fault(FaultKind::no_preempt, "a", "q1"), 2)});
  CHECK(p.plan.at_eviction({FaultKind::no_preempt}, a1, 2) == FaultId{0});
  CHECK_FALSE(p.plan.at_eviction({FaultKind::no_preempt}, a1, 1).has_value());
  CHECK_FALSE(p.plan.at_eviction({FaultKind::no_preempt}, a0, 2).has_value());
  CHECK_FALSE(p.plan.at_eviction({FaultKind::no_preempt}, b0, 2).has_value());
  CHECK_FALSE(p.plan.at_eviction({FaultKind::slow_preempt, FaultKind::kill}, a1, 2).has_value());
  CHECK(p.plan.at_eviction({FaultKind::no_preempt}, EvictionId{ProcessId{0}, 2}) == FaultId{0});
  CHECK_FALSE(p.plan.at_eviction({FaultKind::no_preempt}, EvictionId{ProcessId{1}, 2}).has_value());
}

TEST_CASE("of several faults the first in the scenario hits", "[fault]") {
  const Plan p({at_eviction(fault(FaultKind::slow_preempt, "a", "q1"), 0),
                at_eviction(fault(FaultKind::no_preempt, "a", "q0"), 0),
                at_eviction(fault(FaultKind::slow_preempt, "a", "q0"), 0)});
  const FaultPlan::Kinds both{FaultKind::slow_preempt, FaultKind::no_preempt};
  CHECK(p.plan.at_eviction(both, a0, 0) == FaultId{1});
  CHECK(p.plan.at_eviction({FaultKind::slow_preempt}, a0, 0) == FaultId{2});
  CHECK(p.plan.at_eviction(both, EvictionId{ProcessId{0}, 0}) == FaultId{0});
}

TEST_CASE("a fault of a packet hits the packet that it names", "[fault]") {
  FaultSpec restart = at_eviction(fault(FaultKind::packet_lost, "a"), 0);
  restart.packet = PacketRole::restart;
  const Plan p({restart, at_eviction(fault(FaultKind::packet_error, "a"), 0)});
  const FaultPlan::Kinds kinds{FaultKind::packet_lost, FaultKind::packet_error};
  CHECK(p.plan.of_packet(kinds, a0, 0, PacketRole::stop) == FaultId{1});
  CHECK(p.plan.of_packet(kinds, a0, 0, PacketRole::restart) == FaultId{0});
}

TEST_CASE("a fault is drawn by queue, eviction and entry", "[fault]") {
  const Plan p({drawn(fault(FaultKind::no_preempt), 0.3), drawn(fault(FaultKind::slow_preempt, "a"), 0.3),
                drawn(fault(FaultKind::kill), 0.0), drawn(fault(FaultKind::free_buffer), 1.0)});
  std::size_t hits = 0, differ = 0;
  for (std::uint32_t eviction = 0; eviction < 10'000; ++eviction) {
    const bool hit = p.plan.at_eviction({FaultKind::no_preempt}, a0, eviction).has_value();
    // The rule itself: the named draw is below the probability.
    const double draw = p.draws.uniform(draw_point(Purpose::fault, a0.value, eviction));
    REQUIRE(hit == (draw < 0.3));
    hits += hit ? 1U : 0U;
    const bool other = p.plan.at_eviction({FaultKind::no_preempt}, b0, eviction).has_value();
    const bool entry = p.plan.at_eviction({FaultKind::slow_preempt}, a0, eviction).has_value();
    differ += (hit != other || hit != entry) ? 1U : 0U;
    REQUIRE_FALSE(p.plan.at_eviction({FaultKind::slow_preempt}, b0, eviction).has_value());
    REQUIRE_FALSE(p.plan.at_eviction({FaultKind::kill}, a0, eviction).has_value());
    REQUIRE(p.plan.at_eviction({FaultKind::free_buffer}, a1, eviction) == FaultId{3});
  }
  // 3000 are expected, with a standard deviation of 46; 5 of those either way.
  CHECK(hits > 2770);
  CHECK(hits < 3230);
  CHECK(differ > 4000);
}

TEST_CASE("a reset fails by its own number and scope", "[fault]") {
  FaultSpec of_queues = drawn(fault(FaultKind::reset_fails), 0.5);
  of_queues.scope = ResetScope::queue;
  FaultSpec of_gpu = drawn(fault(FaultKind::reset_fails), 1.0);
  of_gpu.scope = ResetScope::gpu;
  const Plan p({of_queues, of_gpu});
  std::set<bool> seen;
  for (std::uint32_t ordinal = 0; ordinal < 20; ++ordinal) {
    const double draw = p.draws.uniform(draw_point(Purpose::fault, a1.value, ordinal));
    CHECK(p.plan.of_reset(ResetScope::queue, a1, ordinal).has_value() == (draw < 0.5));
    CHECK(p.plan.of_reset(ResetScope::gpu, QueueId::none(), ordinal) == FaultId{1});
    seen.insert(draw < 0.5);
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("a fault with a time hits no eviction", "[fault]") {
  FaultSpec f = fault(FaultKind::packet_lost, "a");
  f.at = 1ms;
  const Plan p({f});
  CHECK_FALSE(p.plan.at_eviction({FaultKind::packet_lost}, a0, 0).has_value());
  CHECK_FALSE(p.plan.of_packet({FaultKind::packet_lost}, a0, 0, PacketRole::stop).has_value());
  CHECK(p.plan.process_of(FaultId{0}) == ProcessId{0});
  CHECK_FALSE(p.plan.queue_of(FaultId{0}).exists());
}

}  // namespace
}  // namespace userqsim::fault_plan_test
