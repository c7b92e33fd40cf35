// What exploring found, followed step by step: the same way to the same hazard, and not under another policy.
#include <algorithm>

#include "models/hardware/facts.hpp"
#include "results/record/hazard_detail.hpp"
#include "scenarios/cli/explore_story.hpp"
#include "scenarios/experiment/explore.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::explore_order_test {
namespace {

using namespace test;

// 6.18's isolation cancels the restore work of whom an eviction has stopped.
MachineSpec isolated(const std::string& policy) {
  MachineSpec spec = ideal_machine();
  spec.policy = policy;
  spec.device.compute = {1, 4};
  spec.processes.push_back(process("a", {queue("q", QueueType::compute)}));
  spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                 event_at(3ms, PressureKind::isolation_start)};
  return spec;
}

const Finding* found(const Exploration& exploration, std::string_view hazard) {
  for (const Finding& finding : exploration.findings) {
    if (finding.hazard == hazard) return &finding;
  }
  return nullptr;
}

std::vector<std::string> order_to(const Finding& finding) {
  std::vector<std::string> order;
  for (const FoundStep& step : finding.sequence) order.push_back(step.name);
  return order;
}

std::vector<std::string> texts(const Finding& finding) {
  std::vector<std::string> lines;
  for (const FoundStep& step : finding.sequence) lines.push_back(text_of(step));
  return lines;
}

TEST_CASE("each sequence that was found leads again to what it led to", "[explore]") {
  const auto spec = share(isolated("preempt_restore"));
  const Exploration all = explore(spec, {}, Orders::distinct, nullptr);
  REQUIRE(all.findings.size() >= 2);
  for (const Finding& finding : all.findings) {
    CAPTURE(finding.hazard);
    const Followed followed = follow(spec, order_to(finding), {});
    REQUIRE_FALSE(followed.impossible);
    CHECK(followed.exploration.is_order);
    CHECK(followed.exploration.counts.complete);
    CHECK(followed.exploration.counts.transitions == finding.sequence.size());
    CHECK(followed.exploration.counts.states == finding.sequence.size() + 1);
    const Finding* again = found(followed.exploration, finding.hazard);
    REQUIRE(again != nullptr);
    CHECK(again->process == finding.process);
    CHECK(texts(*again) == texts(finding));
    CHECK(again->waits == finding.waits);
  }
}

TEST_CASE("an order that another policy does not go ends at the first step that is not possible", "[explore]") {
  const Exploration all = explore(share(isolated("preempt_restore")), {}, Orders::distinct, nullptr);
  const std::vector<std::string> order = order_to(*found(all, "restore_cancelled"));
  // The eviction, the worker's work queue; then it is another packet that MES has.
  const auto suspend = std::find(order.begin(), order.end(), "MES is through with SUSPEND of a/q");
  REQUIRE(suspend - order.begin() == 2);
  const Followed other = follow(share(isolated("unmap_map")), order, {});
  REQUIRE(other.impossible);
  CHECK(other.impossible->index == 2);
  const std::vector<std::string>& possible = other.impossible->possible;
  CHECK(std::find(possible.begin(), possible.end(), "MES is through with REMOVE_QUEUE of a/q") != possible.end());
  CHECK(std::find(possible.begin(), possible.end(), order[2]) == possible.end());
}

TEST_CASE("what lasts for ever is found at the end of an order, and only where nothing may happen any more",
          "[explore]") {
  const auto spec = share(isolated("preempt_restore"));
  const Exploration all = explore(spec, {}, Orders::distinct, nullptr);
  std::vector<std::string> order = order_to(*found(all, stopped_for_ever));
  const Followed whole = follow(spec, order, {});
  CHECK(whole.exploration.counts.ends == 1);
  CHECK(found(whole.exploration, stopped_for_ever) != nullptr);
  order.pop_back();
  const Followed shorter = follow(spec, order, {});
  REQUIRE_FALSE(shorter.impossible);
  CHECK(shorter.exploration.counts.ends == 0);
  CHECK(found(shorter.exploration, stopped_for_ever) == nullptr);
  CHECK(found(shorter.exploration, "restore_cancelled") != nullptr);
  const Followed nothing = follow(spec, {}, {});
  CHECK(nothing.exploration.counts.states == 1);
  CHECK(nothing.exploration.findings.empty());
}

TEST_CASE("limits cut an order as they cut a search", "[explore]") {
  const auto spec = share(isolated("preempt_restore"));
  const Exploration all = explore(spec, {}, Orders::distinct, nullptr);
  const std::vector<std::string> order = order_to(*found(all, "restore_cancelled"));
  const auto steps = static_cast<std::uint32_t>(order.size());
  for (const SearchLimits& limits : {SearchLimits{0, steps - 1}, SearchLimits{steps, 0}}) {
    const Followed cut = follow(spec, order, limits);
    CHECK_FALSE(cut.exploration.counts.complete);
    CHECK(cut.exploration.counts.depth == steps - 1);
    CHECK(cut.exploration.findings.empty());
  }
  CHECK(follow(spec, order, {steps + 1, steps}).exploration.counts.complete);
}

TEST_CASE("of those with the same words each has a name of its own", "[explore]") {
  CHECK(own_names({"a", "b", "a", "a"}) == std::vector<std::string>{"a", "b", "a (2)", "a (3)"});
  CHECK(own_names({"a (2)", "a", "a"}) == std::vector<std::string>{"a (2)", "a", "a (3)"});
  CHECK(own_names({}).empty());
}

TEST_CASE("a step says who acts and what came of it", "[explore]") {
  const Exploration all = explore(share(isolated("preempt_restore")), {}, Orders::distinct, nullptr);
  const std::vector<FoundStep>& steps = found(all, "restore_cancelled")->sequence;
  CHECK(steps.front().actor == "scenario");
  CHECK(steps.front().effects == std::vector<std::string>{"eviction 0 of a begins, for event"});
  const auto stops = std::find_if(steps.begin(), steps.end(), [](const FoundStep& step) {
    return std::find(step.effects.begin(), step.effects.end(), "a/q: MAPPED -> PREEMPTED (evict: preempt)") !=
           step.effects.end();
  });
  REQUIRE(stops != steps.end());
  CHECK(stops->actor == "suspend worker of a");
  CHECK(stops->effects.back() == "the fence of eviction 0 of a signals");
  CHECK(steps.back().hazards == std::vector<std::string>{"restore_cancelled of a"});
  CHECK(steps[2].actor == "MES");
}

TEST_CASE("every hazard is explained", "[explore]") {
  for (const auto& [kind, name] : EnumNames<HazardKind>::entries) {
    CAPTURE(name);
    CHECK_FALSE(hazard_detail(name).empty());
  }
  CHECK(hazard_detail("no such hazard").empty());
}

}  // namespace
}  // namespace userqsim::explore_order_test
