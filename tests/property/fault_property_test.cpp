// Ten thousand random faults on four processes, under every release: no job is lost silently, no invariant breaks,
// and the same faults give the same run.
#include <array>
#include <map>

#include "models/policy/policies.hpp"
#include "sim/core/draw.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim {
namespace {

using namespace test;

// What queues survive, so that a run meets it to its end, and everything.
enum class Mix : std::uint8_t { mostly_survivable, all };

struct Shape {
  int faults = 0;
  Duration horizon{0};
  Mix mix = Mix::all;
};

// Random choices of the test's own, from the same engine as the model's.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : draws_(seed, 0) {}
  double real() { return draws_.uniform({1, 1, next_++}); }
  int below(int n) { return std::min(n - 1, static_cast<int>(real() * n)); }
  Duration time(Duration most) {
    return Duration{static_cast<std::int64_t>(real() * static_cast<double>(most.count()))};
  }

 private:
  Draws draws_;
  std::uint64_t next_ = 0;
};

FaultKind random_kind(Choices& choose, Mix mix) {
  constexpr std::array survivable{FaultKind::slow_preempt, FaultKind::mes_silent};
  if (mix == Mix::mostly_survivable && choose.below(200) != 0) {
    return survivable[static_cast<std::size_t>(choose.below(2))];
  }
  return EnumNames<FaultKind>::entries[static_cast<std::size_t>(choose.below(8))].first;  // all but kill
}

FaultSpec random_fault(Choices& choose, const Shape& shape) {
  FaultSpec f;
  f.kind = random_kind(choose, shape.mix);
  const bool resets = f.kind == FaultKind::reset_fails;
  const bool stops = f.kind == FaultKind::no_preempt || f.kind == FaultKind::slow_preempt;
  const bool about_queue = stops || f.kind == FaultKind::hang || f.kind == FaultKind::free_buffer;
  const int trigger = f.kind == FaultKind::hang || resets ? 0 : choose.below(3);
  if (trigger == 0) f.at = choose.time(shape.horizon);
  if (trigger == 1) f.eviction = static_cast<std::uint32_t>(choose.below(static_cast<int>(shape.horizon / 200ms)));
  if (trigger == 2) f.probability = 1e-5;
  const bool names_nobody = resets || (f.kind == FaultKind::mes_silent && f.at);
  if (!names_nobody && (about_queue || trigger == 1 || choose.below(2) == 0)) {
    f.process = "p" + std::to_string(choose.below(4));
    if (about_queue || choose.below(2) == 0) f.queue = "q" + std::to_string(choose.below(3));
  }
  if (f.kind == FaultKind::slow_preempt) f.time = choose.time(shape.mix == Mix::all ? 200ms : 5ms);
  if (f.kind == FaultKind::mes_silent) f.time = choose.time(shape.mix == Mix::all ? 50ms : 5ms);
  if (f.kind == FaultKind::packet_error) {
    f.code = EnumNames<PacketError>::entries[static_cast<std::size_t>(choose.below(6))].first;
  }
  if (resets) f.scope = ResetScope::queue;  // a GPU that does not come back ends the run's interest
  return f;
}

MachineSpec machine(const std::string& kernel, std::uint64_t seed, const Shape& shape) {
  Choices choose(seed);
  MachineSpec spec = ideal_machine_with(kernel);
  spec.policy = policy_names()[seed % policy_names().size()];
  // Short time-outs and resets that keep VRAM, so that a run meets many faults; an eviction given up would hold its
  // process for good.
  spec.kernel.stop_failure = StopFailure::go_on;
  if (spec.kernel.pre_wait == PreWait::abort) spec.kernel.pre_wait = PreWait::continue_on;
  spec.kernel.mes_timeout = 20ms;
  spec.kernel.job_timeout = {100ms, 100ms, 100ms};
  spec.firmware.unmap_timeout = 15ms;
  spec.device.reset_method = ResetMethod::mode2;
  spec.costs.mode2_reset = cost(10ms);
  spec.costs.mes_api = cost(10us);
  spec.costs.preempt_running = cost(20us);
  spec.device.gfx = spec.device.compute = {2, 1};
  spec.device.compute_units = 8;
  for (int p = 0; p < 4; ++p) {
    ProcessSpec each = process("p" + std::to_string(p), {});
    for (int q = 0; q < 3; ++q) {
      JobSpec j = job(Duration{2ms} * (q + 1), 2);
      j.fence = q != 1;
      j.grain = 500us;
      const QueueType type = q == 0 ? QueueType::gfx : q == 1 ? QueueType::compute : QueueType::sdma;
      each.queues.push_back(queue("q" + std::to_string(q), type, stream(PoissonArrival{100ms}, j)));
    }
    spec.processes.push_back(each);
    PressureSpec evict;
    evict.kind = PressureKind::evict;
    evict.process = each.name;
    evict.every = ExponentialDuration{150ms};
    spec.events.push_back(evict);
  }
  for (int i = 0; i < shape.faults; ++i) spec.faults.push_back(random_fault(choose, shape));
  spec.faults.push_back(fault_at(choose.time(shape.horizon), FaultKind::kill, "p3"));
  spec.seed = seed;
  spec.horizon = shape.horizon;
  return spec;
}

struct Outcome {
  std::uint64_t digest = 0;
  std::uint64_t faults = 0;
  std::uint64_t jobs = 0;
  std::uint64_t submitted = 0;
  std::map<JobOutcome, std::uint64_t> outcomes;
};

Outcome run(const MachineSpec& spec) {
  const std::vector<SpecProblem> problems = check(spec);
  CAPTURE(problems.empty() ? std::string() : problems[0].pointer + ": " + problems[0].message);
  REQUIRE(problems.empty());
  Machine machine(share(spec), 0);
  Outcome outcome;
  machine.probes().fault_injected.subscribe([&](const FaultInjected&) { ++outcome.faults; });
  machine.probes().job_ended.subscribe([&](const JobEnded& fact) {
    ++outcome.jobs;
    ++outcome.outcomes[fact.outcome];
  });
  for (std::uint64_t events = 0; machine.step(); ++events) {
    if (events % 64 == 0) machine.verify();
  }
  machine.verify();
  machine.run();
  outcome.digest = machine.digest();
  outcome.submitted = machine.jobs_submitted();
  return outcome;
}

constexpr std::array kernels{"6.16", "seed-v8", "seed-v8+reset", "6.18", "6.19", "7.1", "kfd"};

// Every job that was ever wanted is accounted for, in exactly one row; and the same spec gives the same run.
Outcome check_run(const MachineSpec& spec) {
  const Outcome outcome = run(spec);
  CHECK(outcome.jobs == outcome.submitted);
  CHECK(run(spec).digest == outcome.digest);
  return outcome;
}

TEST_CASE("ten thousand random faults in one run lose no job silently and break no invariant",
          "[faults][optimised]") {
  const auto* kernel = GENERATE(from_range(kernels));
  CAPTURE(kernel);
  const Outcome outcome = check_run(machine(kernel, 1, {10'000, 100s, Mix::mostly_survivable}));
  CHECK(outcome.faults > 1000);
  CHECK(outcome.outcomes.at(JobOutcome::finished) > 200);
}

TEST_CASE("random faults of every kind lose no job silently and break no invariant", "[faults]") {
  std::uint64_t faults = 0, finished = 0;
  for (std::uint64_t seed = 0; seed < 140; ++seed) {
    const char* kernel = kernels[seed % kernels.size()];
    CAPTURE(kernel, seed);
    const Outcome outcome = check_run(machine(kernel, seed, {36, 5s, Mix::all}));
    faults += outcome.faults;
    finished += outcome.outcomes.count(JobOutcome::finished) > 0 ? outcome.outcomes.at(JobOutcome::finished) : 0;
  }
  CHECK(faults > 140 * 10);
  CHECK(finished > 140 * 50);
}

}  // namespace
}  // namespace userqsim
