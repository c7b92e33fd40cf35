// What samples say of costs, and what they do not, by samples and a base whose sums are worked out here.
#include "results/calibrate/cost_findings.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::cost_findings_test {
namespace {

using namespace test;

// A poll of 2 us, and of 1 us for suspend fences; mes_api 10 us, preempt_idle 5 us and unmap 11 us: 26 us in all.
CalibrationBase base() {
  CalibrationBase base{"test", {}, "6.18", 2us, 1us, true};
  base.costs.mes_api = cost(10us);
  base.costs.preempt_idle = cost(5us);
  base.costs.unmap = cost(11us);
  base.costs.teardown = cost(77us);
  base.costs.suspend_book = cost(77us);
  base.costs.resume_book = cost(77us);
  return base;
}

TraceSamples taken(Service service, const std::vector<std::int64_t>& times) {
  TraceSamples samples;
  samples.of(service).served = samples.of(service).whole = times;
  return samples;
}

const CostFinding& finding(const Calibration& calibration, std::string_view cost) {
  const auto is_it = [&](const CostFinding& each) { return each.cost == cost; };
  const auto found = std::find_if(calibration.findings.begin(), calibration.findings.end(), is_it);
  REQUIRE(found != calibration.findings.end());
  return *found;
}

TEST_CASE("what a stop took is no cost unless the queues were idle", "[calibrate]") {
  const TraceSamples stops = taken(Service::suspend, {30'000, 30'000, 90'000, 500'000});
  CalibrationBase given = base();
  const Calibration unsaid = calibrate(stops, given, "trace");
  CHECK(unsaid.costs.suspend_book.value == constant(77us));
  CHECK_FALSE(finding(unsaid, "suspend_book").estimate);
  CHECK(finding(unsaid, "suspend_book").how ==
        "4 SUSPEND of a queue without a pending fence took 30us (least), 30us (median), 500us (most); whether the "
        "queues were idle and in a slot is not seen: --idle says that they were");
  given.idle = true;  // less 26 us, and the middle of the step of 1 us
  CHECK(calibrate(stops, given, "trace").costs.suspend_book.value ==
        Distribution{EmpiricalDuration{{3500ns, 3500ns, 63'500ns, 473'500ns}}});
}

// A constant of any size is no evidence: a queue whose waves always drain in 464 us looks like this.
TEST_CASE("a constant stop is no measurement either", "[calibrate]") {
  const TraceSamples stops = taken(Service::remove, std::vector<std::int64_t>(20, 500'000));
  CalibrationBase given = base();
  CHECK(calibrate(stops, given, "trace").costs.teardown.value == constant(77us));
  given.idle = true;
  CHECK(calibrate(stops, given, "trace").costs.teardown.value == constant(473us));
}

TEST_CASE("a PREEMPTED queue has no slot, so its teardown is measured", "[calibrate]") {
  TraceSamples samples = taken(Service::remove, {500'000});
  samples.of(Service::remove_preempted).served = {18'000, 18'000};
  CalibrationBase given = base();
  const Calibration unsaid = calibrate(samples, given, "trace");
  CHECK(unsaid.costs.teardown.value == constant(7us));  // 17 us less mes_api
  CHECK(unsaid.costs.teardown.kind == CostKind::measured);
  given.idle = true;
  CHECK(calibrate(samples, given, "trace").costs.teardown.value == constant(473us));  // 499 us less 26 us
}

TEST_CASE("where the end of a SUSPEND is not seen, it says nothing", "[calibrate]") {
  CalibrationBase given = base();
  given.kernel = "seed-v8";
  given.sees_suspend_end = false;
  given.idle = true;
  const Calibration found = calibrate(taken(Service::suspend, {12'000, 12'000}), given, "trace");
  CHECK(found.costs.suspend_book.value == constant(77us));
  CHECK(finding(found, "suspend_book").how ==
        "the kernel profile seed-v8 does not wait for each SUSPEND's fence, so the end of 2 SUSPENDs is not seen");
}

// 11 us by stamps that are rounded: between 10 and 12 us.
TEST_CASE("one worker latency is known to within a step either side", "[calibrate]") {
  TraceSamples samples;
  samples.worker_latency = {11'000};
  const Cost found = calibrate(samples, base(), "trace").costs.worker_latency;
  CHECK(found.value == constant(11us));
  CHECK(found.range == std::vector<Duration>{10us, 12us});
}

TEST_CASE("what is longer than a profile may state is left out and counted", "[calibrate]") {
  const TraceSamples samples = taken(Service::resume, {18'000, 7'200'000'000'000});
  const Calibration found = calibrate(samples, base(), "trace");
  CHECK(found.costs.resume_book.value == constant(7us));
  CHECK(finding(found, "resume_book").estimate->too_long == 1);
}

}  // namespace
}  // namespace userqsim::cost_findings_test
