// A simulated run, written as a trace and calibrated, gives back the costs that it was run with: constants to
// within a step of the poll, distributions by a two-sample Kolmogorov-Smirnov test. Under both policies, with one
// process and several that wait for each other at the MES mutex, with the driver's lines of emissions and without.
#include <algorithm>
#include <cmath>

#include "results/calibrate/cost_findings.hpp"
#include "results/ftrace/ftrace_sink.hpp"
#include "scenarios/load/cost_file.hpp"
#include "scenarios/load/profile_store.hpp"
#include "sim/core/draw.hpp"
#include "sim/stats/kolmogorov.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"
#include "tests/support/trace_reading.hpp"

namespace userqsim::calibrate_round_trip_test {
namespace {

using namespace test;

// Idle queues, each with a slot, whose processes are evicted again and again at times of their own.
MachineSpec evicted_machine(const std::string& policy, int processes, std::uint64_t seed) {
  MachineSpec spec = ideal_machine();
  spec.policy = policy;
  spec.seed = seed;
  spec.device.compute = {1, 8};
  spec.kernel.api_poll = 2us;
  spec.kernel.suspend_poll = 1us;
  CostSpec& c = spec.costs;
  c.mes_api = cost(10us);
  c.preempt_idle = cost(5us);
  c.unmap = cost(11us);
  c.map = cost(4us);
  c.teardown = cost(7us);
  c.registration = cost(9us);
  c.suspend_book = cost(3us);
  c.resume_book = cost(12us);
  c.worker_latency = cost(0us);
  c.worker_latency.value = ExponentialDuration{200us};
  for (int i = 0; i < processes; ++i) {
    const std::string name = "p" + std::to_string(i);
    spec.processes.push_back(process(name, {queue("c0", QueueType::compute), queue("c1", QueueType::compute)}));
    PressureSpec evict;
    evict.process = name;
    evict.every = ExponentialDuration{4ms};
    spec.events.push_back(evict);
  }
  spec.horizon = processes == 1 ? 6s : 3s;
  return spec;
}

std::string trace_of(const MachineSpec& given) {
  const auto spec = share(given);
  Machine machine(spec, 0);
  FtraceSink sink(machine.probes(), machine.layout(), spec);
  while (machine.step()) {
  }
  std::string text;
  sink.print(SimTime{spec->horizon}, [&text](std::string_view piece) { text += piece; });
  return text;
}

std::string without_emissions(const std::string& text) {
  std::istringstream in(text);
  std::string out, line;
  while (std::getline(in, line)) {
    if (line.find("MES msg=") == std::string::npos) out += line + "\n";
  }
  return out;
}

// What is to be found is unknown to the base.
CalibrationBase base_of(const MachineSpec& spec) {
  CalibrationBase base{"test", spec.costs, spec.kernel.name, spec.kernel.api_poll, spec.kernel.suspend_poll, true};
  CostSpec& c = base.costs;
  for (Cost* unknown : {&c.teardown, &c.registration, &c.suspend_book, &c.resume_book, &c.worker_latency}) {
    *unknown = cost(77us);
  }
  return base;
}

Calibration calibrated(const MachineSpec& spec, bool emissions, bool idle = false) {
  const std::string text = trace_of(spec);
  const ReadTrace trace = read_trace({emissions ? text : without_emissions(text)});
  CHECK(trace.lines.of(LineFate::unparsable) == 0);
  CHECK(trace.lines.of(LineFate::truncated) == 0);
  CHECK(trace.lines.of(LineFate::out_of_order) == 0);
  CHECK(trace.lines.of(LineFate::unpaired_end) == 0);
  CalibrationBase base = base_of(spec);
  base.idle = idle;
  return calibrate(trace.samples, base, "trace");
}

void check_constant(const Cost& found, Duration truth) {
  REQUIRE(std::holds_alternative<ConstantDuration>(found.value));
  CHECK(found.kind == CostKind::measured);
  const Duration off = std::get<ConstantDuration>(found.value).value - truth;
  CHECK(std::abs(off.count()) <= 1'000);  // the middle of a step of 2 us
  CHECK(found.range[0] <= truth);
  CHECK(truth <= found.range[1]);
}

// Draws of both, which one distribution would give in at least one of a hundred cases. What was calibrated comes
// from a sample itself, of `samples`, and a poll's step is as good as its middle.
void check_same(const Distribution& found, const Distribution& truth, std::size_t samples) {
  const Draws ours(11, 0), theirs(12, 0);
  std::vector<std::int64_t> a, b;
  for (std::uint64_t i = 0; i < samples; ++i) {
    a.push_back(ours.sample(found, {1, 1, i}).count());
    b.push_back(theirs.sample(truth, {1, 1, i}).count());
  }
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  CHECK(ks_two_sample_p(ks_distance(a, b), samples, samples) > 0.01);
}

TEST_CASE("constants come back within a step of the poll", "[calibrate]") {
  const int processes = GENERATE(1, 3);
  const bool emissions = GENERATE(true, false);
  CAPTURE(processes, emissions);
  const MachineSpec suspends = evicted_machine("preempt_restore", processes, 1);
  const Calibration first = calibrated(suspends, emissions, true);
  check_constant(first.costs.suspend_book, 3us);
  check_constant(first.costs.resume_book, 12us);
  check_constant(first.costs.registration, 9us);  // by the queues' creation
  check_same(first.costs.worker_latency.value, suspends.costs.worker_latency.value, 1000);
  CHECK(first.costs.teardown.value == constant(77us));
  const Calibration unsaid = calibrated(suspends, emissions);
  CHECK(unsaid.costs.suspend_book.value == constant(77us));
  check_constant(unsaid.costs.resume_book, 12us);

  const MachineSpec unmaps = evicted_machine("unmap_map", processes, 2);
  const Calibration second = calibrated(unmaps, emissions, true);
  check_constant(second.costs.teardown, 7us);
  check_constant(second.costs.registration, 9us);
  check_same(second.costs.worker_latency.value, unmaps.costs.worker_latency.value, 1000);
  CHECK(second.costs.suspend_book.value == constant(77us));
  CHECK(calibrated(unmaps, emissions).costs.teardown.value == constant(77us));
}

TEST_CASE("distributions come back by a two-sample test", "[calibrate]") {
  const int processes = GENERATE(1, 3);
  const bool emissions = GENERATE(true, false);
  CAPTURE(processes, emissions);
  MachineSpec suspends = evicted_machine("preempt_restore", processes, 3);
  suspends.costs.resume_book.value = LognormalDuration{60us, 0.5};
  suspends.costs.suspend_book.value = ExponentialDuration{40us};
  const Calibration first = calibrated(suspends, emissions, true);
  check_same(first.costs.resume_book.value, suspends.costs.resume_book.value, 1000);
  check_same(first.costs.suspend_book.value, suspends.costs.suspend_book.value, 1000);
  CHECK(first.costs.suspend_book.kind == CostKind::measured);
  CHECK(calibrated(suspends, emissions).costs.suspend_book.value == constant(77us));

  MachineSpec unmaps = evicted_machine("unmap_map", processes, 4);
  EmpiricalDuration uniform;
  for (int i = 0; i < 100; ++i) uniform.values.emplace_back(std::chrono::microseconds{10 + 2 * i});
  unmaps.costs.registration.value = uniform;
  unmaps.costs.teardown.value = LognormalDuration{50us, 0.4};
  const Calibration second = calibrated(unmaps, emissions, true);
  check_same(second.costs.registration.value, unmaps.costs.registration.value, 1000);
  check_same(second.costs.teardown.value, unmaps.costs.teardown.value, 1000);
  CHECK(second.costs.teardown.kind == CostKind::measured);
  CHECK(calibrated(unmaps, emissions).costs.teardown.value == constant(77us));
}

TEST_CASE("a reset of the GPU shows what a packet costs", "[calibrate]") {
  MachineSpec spec = evicted_machine("preempt_restore", 1, 5);
  spec.horizon = 100ms;
  spec.events.push_back(event_at(50ms, PressureKind::gpu_reset));
  const Calibration found = calibrated(spec, true);
  check_constant(found.costs.mes_api, 10us);
}

TEST_CASE("a TLB flush comes back on both paths", "[calibrate]") {
  MachineSpec spec = evicted_machine("preempt_restore", 1, 7);
  spec.device.tlb_flush_path = GENERATE(TlbFlushPath::mes_ring, TlbFlushPath::second_pipe);
  spec.horizon = 200ms;
  spec.costs.tlb_flush = cost(6us);
  PressureSpec invalidate;
  invalidate.kind = PressureKind::invalidate_userptr;
  invalidate.process = "p0";
  invalidate.every = ConstantDuration{5ms};
  invalidate.size = Bytes{65536};
  spec.events = {invalidate};
  CalibrationBase base = base_of(spec);
  base.costs.tlb_flush = cost(77us);
  const ReadTrace trace = read_trace({trace_of(spec)});
  CHECK(trace.samples.tlb_flush.size() >= 30);
  check_constant(calibrate(trace.samples, base, "trace").costs.tlb_flush, 6us);
}

TEST_CASE("what is written reads back as the same profile", "[calibrate]") {
  const MachineSpec spec = evicted_machine("preempt_restore", 1, 6);
  const ReadTrace trace = read_trace({trace_of(spec)});
  const CalibrationBase base = base_of(spec);
  const Calibration found = calibrate(trace.samples, base, "trace.txt");
  const std::string text = cost_file_text(found, trace.samples, trace.lines, base, {"trace.txt"});
  CostSpec costs = read_costs({"mine", "mine.json", text}), written = found.costs;
  for (const CostFinding& finding : found.findings) {
    const Cost* one = find_cost(costs, finding.cost);
    const Cost* other = find_cost(written, finding.cost);
    if (one == nullptr) continue;
    CAPTURE(finding.cost);
    CHECK(one->value == other->value);
    CHECK(one->kind == other->kind);
    CHECK(one->source == other->source);
    CHECK(one->range == other->range);
  }
}

}  // namespace
}  // namespace userqsim::calibrate_round_trip_test
