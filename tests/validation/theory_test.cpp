// On a device where everything is free, queueing theory must hold exactly. Each case runs five fixed seeds; the
// mean sojourn time over all of them must have a 95 % half-width (over batches) under 1 % and lie within 1 % of the
// formula.
//
// A machine of n queues with a slot and a pipe each serves n jobs at once; jobs are spread over the queues by
// giving each queue a Poisson stream of rate lambda / n. Two jobs that meet on one queue are served in order
// instead of sharing; with L jobs in the machine that happens to about L / n of them, a bias far below the
// tolerance for n = 1024.
#include <array>
#include <cmath>

#include "sim/stats/statistics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::theory_test {
namespace {

using namespace test;

constexpr Duration mean_service = 10us;

// The same mean; squared coefficients of variation of 0, 1, and 3 (second moment 2 * (0.8 * 25 + 0.2 * 900) = 400).
const std::array services{Distribution{ConstantDuration{mean_service}},
                          Distribution{ExponentialDuration{mean_service}},
                          Distribution{HyperexponentialDuration{5us, 30us, 0.2}}};

bool varies_much(const Distribution& service) { return std::holds_alternative<HyperexponentialDuration>(service); }

struct Sojourn {
  double mean = 0.0;  // in mean service times
  double relative_half_width = 0.0;
};

// Runs the machine for five seeds, and looks at the jobs of one queue or all; the first tenth of each run is
// warm-up.
Sojourn sojourn(MachineSpec spec, Duration horizon, QueueId of = QueueId::none()) {
  constexpr std::size_t batches_per_seed = 40;
  std::vector<double> batch_means;
  spec.horizon = horizon;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    spec.seed = seed;
    Machine machine(share(spec), 0);
    const Duration warm_up = horizon / 10;
    std::vector<double> sum(batches_per_seed, 0.0), count(batches_per_seed, 0.0);
    machine.probes().job_ended.subscribe([&](const JobEnded& job) {
      const Duration since = job.submitted.time_since_epoch() - warm_up;
      if (job.outcome != JobOutcome::finished || since.count() < 0) return;
      if (of.exists() && job.queue != of) return;
      const auto batch = static_cast<std::size_t>(since.count() * static_cast<std::int64_t>(batches_per_seed) /
                                                  (horizon - warm_up).count());
      sum[batch] += static_cast<double>((*job.finished - job.submitted).count());
      count[batch] += 1.0;
    });
    while (machine.step()) {
    }
    for (std::size_t b = 0; b < batches_per_seed; ++b) batch_means.push_back(sum[b] / count[b]);
  }
  const Interval interval = t_interval(batch_means);
  return {interval.mean / static_cast<double>(mean_service.count()), *interval.half_width / interval.mean};
}

// `queues` queues, each with its own Poisson stream; the whole machine is offered `load` erlangs.
MachineSpec open_system(std::uint32_t queues, double load, const Distribution& service, std::uint32_t width) {
  MachineSpec spec = ideal_machine();
  ProcessSpec p = process("p", {});
  JobSpec j = job(0ns, width);
  j.work = service;
  const auto interarrival = static_cast<std::int64_t>(
      std::llround(static_cast<double>(mean_service.count()) * static_cast<double>(queues) / load));
  for (std::uint32_t i = 0; i < queues; ++i) {
    QueueSpec q =
        queue("q" + std::to_string(i), QueueType::compute, stream(PoissonArrival{Duration{interarrival}}, j));
    q.ring = 1U << 16;
    p.queues.push_back(q);
  }
  spec.processes.push_back(p);
  return spec;
}

void check(const Sojourn& measured, double expected) {
  INFO("mean sojourn " << measured.mean << ", expected " << expected << ", half-width "
                       << 100.0 * measured.relative_half_width << " %");
  CHECK(measured.relative_half_width < 0.01);
  CHECK(std::abs(measured.mean / expected - 1.0) < 0.01);
}

TEST_CASE("M/M/1: W = 1 / (mu - lambda)") {
  check(sojourn(open_system(1, 0.5, ExponentialDuration{mean_service}, 1), 3s), 2.0);
}

// The mean wait in M/M/c in mean service times, by Erlang's recursion: B of c servers from B of c - 1, then the
// probability to wait C = B / (1 - rho (1 - B)), and Wq = C / (c - a).
double erlang_wait(std::uint32_t servers, double load) {
  double blocked = 1.0;
  for (std::uint32_t k = 1; k <= servers; ++k) blocked = load * blocked / (k + load * blocked);
  const double rho = load / servers;
  return blocked / (1.0 - rho * (1.0 - blocked)) / (servers - load);
}

TEST_CASE("Erlang's recursion gives the published waits") {
  CHECK(erlang_wait(1, 0.5) == Approx(1.0));
  CHECK(erlang_wait(2, 1.5) == Approx(1.2857142857));
  CHECK(erlang_wait(8, 6.4) == Approx(0.2860280784));
}

// c slots for 1024 queues, a job a slot: a queue that has nothing to run gives its slot to one that has, and no
// turn ends within a job.
void check_erlang(std::uint32_t servers, double utilisation, Duration horizon) {
  CAPTURE(servers, utilisation);
  const double load = utilisation * servers;
  MachineSpec spec = open_system(1024, load, ExponentialDuration{mean_service}, 1);
  spec.device.compute = {servers, 1};
  spec.device.compute_units = servers;
  spec.firmware.process_quantum = spec.firmware.gang_quantum = 1h;
  check(sojourn(spec, horizon), 1.0 + erlang_wait(servers, load));
}

TEST_CASE("M/M/2, one job a slot: W = 1 + Wq of Erlang C") { check_erlang(2, 0.75, 2500ms); }
TEST_CASE("M/M/8, one job a slot") { check_erlang(8, 0.8, 400ms); }

// The work of 10 us is short against a slot's turn, so a job is served once it is begun.
TEST_CASE("M/M/c to c = 8 at utilisation 0.8", "[slow]") {
  for (std::uint32_t servers = 2; servers <= 8; ++servers) check_erlang(servers, 0.8, Duration{12s} / servers);
}

// Two classes with exp(1) service and rates 0.3 and 0.4 in one slot, each on a queue of its level. Where waves stop
// at once and are saved for nothing the higher class preempts and the lower resumes; where a job is one round of
// waves it is let run to its end.
Sojourn priority_class(bool preemptive, bool high, Duration horizon) {
  MachineSpec spec = open_system(2, 0.6, ExponentialDuration{mean_service}, 1);
  std::vector<QueueSpec>& queues = spec.processes[0].queues;
  queues[0].priority = Priority::high;
  const double rate = 0.4;
  queues[1].jobs->arrival =
      PoissonArrival{Duration{std::llround(static_cast<double>(mean_service.count()) / rate)}};
  spec.kernel.cwsr = preemptive;
  return sojourn(spec, horizon, QueueId{high ? 0U : 1U});
}

TEST_CASE("two priority classes, preemptive: the higher sees nobody else") {
  check(priority_class(true, true, 6s), 1.0 / (1.0 - 0.3));
  check(priority_class(true, false, 6s), 1.0 / ((1.0 - 0.3) * (1.0 - 0.7)));
}

// The residual service found is rho = 0.7 mean services: W = 1 + 0.7 / 0.7 and 1 + 0.7 / (0.7 * 0.3).
TEST_CASE("two priority classes, not preemptive") {
  check(priority_class(false, true, 6s), 2.0);
  check(priority_class(false, false, 6s), 1.0 + 1.0 / 0.3);
}

// Processor sharing does not care about the distribution: E[T] = E[S] / (1 - rho).
TEST_CASE("M/G/1-PS: the mean is insensitive to the service distribution") {
  const Distribution service = GENERATE(from_range(services));
  MachineSpec spec = open_system(1024, 0.5, service, 8);
  spec.device.compute = {1024, 1};
  spec.device.compute_units = 8;
  check(sojourn(spec, varies_much(service) ? 4s : 2s), 2.0);
}

// rho = 0.8: the same formulas where queues are long and the mean converges slowly.
TEST_CASE("M/M/1 at utilisation 0.8", "[slow]") {
  check(sojourn(open_system(1, 0.8, ExponentialDuration{mean_service}, 1), 20s), 5.0);
}

TEST_CASE("M/G/1-PS at utilisation 0.8", "[slow]") {
  const Distribution service = GENERATE(from_range(services));
  MachineSpec spec = open_system(1024, 0.8, service, 8);
  spec.device.compute = {1024, 1};
  spec.device.compute_units = 8;
  check(sojourn(spec, varies_much(service) ? 30s : 12s), 5.0);
}

// Round robin on one pipe, quantum q, switch cost s (the cost to connect). The first connection pays s too, so
// every finish is s later than in the textbook, where the first slice is free:
//   n = 2, L = 10, q = 1, s = 0.1:  20 slices less the last of the other, 19 q + 18 s + ... = 20.8 and 21.9
//   n = 3, L = 5,  q = 2, s = 0.25: slices 2 2 2 2 2 2 1 1 1 -> 14.5, 15.75, 17
std::vector<Duration> round_robin(std::uint32_t jobs, Duration length, Duration quantum, Duration switch_cost) {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {1, jobs};
  spec.device.pipe_quantum = quantum;
  spec.costs.connect = cost(switch_cost);
  ProcessSpec p = process("p", {});
  JobSpec slices = job(length);
  slices.grain =
      1ms;  // a pipe rotates at the end of a round of waves; every quantum here is a whole number of rounds
  for (std::uint32_t i = 0; i < jobs; ++i) {
    p.queues.push_back(queue("q" + std::to_string(i), QueueType::compute, stream(PeriodicArrival{1s}, slices, 1)));
  }
  spec.processes.push_back(p);
  Machine machine(share(spec), 0);
  std::vector<Duration> finished;
  machine.probes().job_ended.subscribe(
      [&](const JobEnded& j) { finished.push_back(j.finished->time_since_epoch()); });
  while (machine.step()) {
  }
  return finished;
}

TEST_CASE("round robin: exact finish instants") {
  CHECK(round_robin(2, 10ms, 1ms, 100us) == std::vector<Duration>{100us + 20'800us, 100us + 21'900us});
  CHECK(round_robin(3, 5ms, 2ms, 250us) ==
        std::vector<Duration>{250us + 14'500us, 250us + 15'750us, 250us + 17'000us});
}

}  // namespace
}  // namespace userqsim::theory_test
