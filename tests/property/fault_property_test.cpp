// Ten thousand random faults on four processes, under every release: no job is lost silently, no invariant breaks,
// and the same faults give the same run.
#include <algorithm>
#include <array>

#include "models/policy/policies.hpp"
#include "sim/core/draw.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::fault_property_test {
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

PressureSpec random_event(Choices& choose, Duration horizon) {
  constexpr std::array kinds{PressureKind::suspend,           PressureKind::resume,    PressureKind::isolation_stop,
                             PressureKind::isolation_start,   PressureKind::gpu_reset, PressureKind::restore,
                             PressureKind::invalidate_userptr};
  PressureSpec e;
  e.kind = kinds[static_cast<std::size_t>(choose.below(7))];
  e.at = Duration{1ms} * choose.below(static_cast<int>(horizon / 1ms));  // so that some fall together
  if (e.kind == PressureKind::suspend) e.sleep = static_cast<Sleep>(choose.below(3));
  if (e.kind == PressureKind::gpu_reset && choose.below(2) == 0) e.method = ResetMethod::mode1;
  if (e.kind == PressureKind::restore || e.kind == PressureKind::invalidate_userptr) {
    e.process = "p" + std::to_string(choose.below(4));
  }
  if (e.kind == PressureKind::invalidate_userptr) e.size = Bytes{1 << 20};
  return e;
}

// The release's own time-outs and failures, real costs, an idle queue, a short ring, and what the system does.
MachineSpec busy_machine(const std::string& kernel, std::uint64_t seed) {
  constexpr Duration horizon = 400ms;
  Choices choose(seed + 1'000'000);
  MachineSpec spec = machine(kernel, seed, {4, horizon, Mix::all});
  spec.policy = policy_names()[(seed / releases.size()) % policy_names().size()];
  const KernelSpec released = kernel_of(kernel);
  spec.kernel.stop_failure = released.stop_failure;
  spec.kernel.pre_wait = released.pre_wait;
  spec.costs.map = spec.costs.unmap = spec.costs.worker_latency = cost(30us);
  for (ProcessSpec& process : spec.processes) {
    process.queues[1].jobs->arrival = ClosedArrival{2, constant(100us)};
    process.queues[2].ring = 1;
    process.queues.push_back(queue("idle", QueueType::compute));
  }
  for (int i = choose.below(12); i > 0; --i) spec.events.push_back(random_event(choose, horizon));
  if (choose.below(2) == 0) {
    PressureSpec destroy = evict_at(Duration{1ms} * choose.below(400), "p1");
    destroy.kind = PressureKind::destroy_queue;
    destroy.queue = "q1";
    spec.events.push_back(destroy);
  }
  return spec;
}

// Every job that was ever wanted has one row, every eviction's parts tile it, and the same spec gives the same run.
WatchedRun check_run(const MachineSpec& spec) {
  const std::vector<SpecProblem> problems = check(spec);
  CAPTURE(problems.empty() ? std::string() : problems[0].pointer + ": " + problems[0].message);
  REQUIRE(problems.empty());
  WatchedRun run = watched_run(share(spec), 0, 64, TimeLine::watched);
  CAPTURE(run.violations);
  CHECK(run.violations.empty());
  CHECK(watched_run(share(spec), 0, 64).digest == run.digest);
  return run;
}

std::ptrdiff_t finished(const WatchedRun& run) {
  return std::count_if(run.record.jobs.begin(), run.record.jobs.end(),
                       [](const JobRow& job) { return job.outcome == name_of(JobOutcome::finished); });
}

TEST_CASE("ten thousand random faults in one run lose no job silently and break no invariant",
          "[faults][optimised]") {
  const auto* kernel = GENERATE(from_range(releases));
  CAPTURE(kernel);
  const WatchedRun run = check_run(machine(kernel, 1, {10'000, 100s, Mix::mostly_survivable}));
  CHECK(run.record.faults.size() > 1000);
  CHECK(finished(run) > 200);
}

TEST_CASE("random faults of every kind lose no job silently and break no invariant", "[faults]") {
  std::size_t faults = 0;
  std::ptrdiff_t done = 0;
  for (std::uint64_t seed = 0; seed < 140; ++seed) {
    const char* kernel = releases[seed % releases.size()];
    CAPTURE(kernel, seed);
    const WatchedRun run = check_run(machine(kernel, seed, {36, 5s, Mix::all}));
    faults += run.record.faults.size();
    done += finished(run);
  }
  CHECK(faults > std::size_t{140} * 10);
  CHECK(done > 140 * 50);
}

TEST_CASE("nor do they among suspends, isolation, resets and destroyed queues, as the release has its time-outs",
          "[faults]") {
  std::size_t faults = 0, hazards = 0;
  for (std::uint64_t seed = 0; seed < 280; ++seed) {
    const char* kernel = releases[seed % releases.size()];
    CAPTURE(kernel, seed);
    const WatchedRun run = check_run(busy_machine(kernel, seed));
    faults += run.record.faults.size();
    hazards += run.record.hazards.size();
  }
  CHECK(faults > 280);
  CHECK(hazards > 280);
}

}  // namespace
}  // namespace userqsim::fault_property_test
