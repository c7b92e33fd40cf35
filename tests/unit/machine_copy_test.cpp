// A machine is a value: copied in the middle of anything, it runs on as the original does, and two machines share
// nothing.
#include <set>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::machine_copy_test {
namespace {

using namespace test;

// Two processes with covered and uncovered work, evicted again and again, on costs of different sizes.
MachineSpec busy_machine(const std::string& policy) {
  MachineSpec spec = ideal_machine();
  spec.policy = policy;
  spec.device.compute = {2, 2};
  spec.device.compute_units = 4;
  spec.costs.mes_api = cost(10us);
  spec.costs.unmap = cost(7us);
  spec.costs.map = cost(3us);
  spec.costs.connect = cost(2us);
  spec.costs.preempt_running = cost(5us);
  spec.costs.worker_latency.value = ExponentialDuration{100us};
  spec.costs.submit = cost(4us);
  spec.kernel.pre_wait = PreWait::abort;
  JobSpec covered = job(0ns, 3);
  covered.work = ExponentialDuration{2ms};
  covered.grain = 200us;
  covered.fence = true;
  for (const char* name : {"a", "b"}) {
    spec.processes.push_back(
        process(name, {queue("first", QueueType::compute, stream(PoissonArrival{4ms}, covered)),
                       queue("second", QueueType::compute, stream(ClosedArrival{2}, job(1ms)))}));
    PressureSpec storm = evict_at(0ns, name);
    storm.at.reset();
    storm.every = ExponentialDuration{5ms};
    spec.events.push_back(storm);
  }
  spec.horizon = 100ms;
  return spec;
}

void run_out(Machine& machine) {
  while (machine.step()) {
  }
}

TEST_CASE("a machine copied at any moment runs on to the original's digest") {
  const std::string policy = GENERATE("preempt_restore", "unmap_map");
  const auto spec = share(busy_machine(policy));
  Machine original(spec, 0);
  std::vector<std::unique_ptr<Machine>> copies;
  std::uint64_t steps = 0, evictions_started = 0, evictions_signaled = 0, copied_in_eviction = 0;
  original.probes().eviction_started.subscribe([&](const EvictionStarted&) { ++evictions_started; });
  original.probes().eviction_signaled.subscribe([&](const EvictionSignaled&) { ++evictions_signaled; });
  while (original.step()) {
    if (++steps % 97 != 0) continue;
    copies.push_back(std::make_unique<Machine>(original));
    REQUIRE(copies.back()->state_hash() == original.state_hash());
    if (evictions_started > evictions_signaled) ++copied_in_eviction;
  }
  REQUIRE(copied_in_eviction > 0);
  for (const auto& copy : copies) {
    run_out(*copy);
    REQUIRE(copy->digest() == original.digest());
    REQUIRE(copy->state_hash() == original.state_hash());
    REQUIRE(copy->events() == original.events());
  }
}

TEST_CASE("sinks cannot steer: observed and unobserved runs have the same digest") {
  const auto spec = share(busy_machine("preempt_restore"));
  Machine observed(spec, 0), unobserved(spec, 0);
  std::uint64_t facts = 0;
  observed.probes().each([&]<class Fact>(Probe<Fact>& probe) { probe.subscribe([&](const Fact&) { ++facts; }); });
  run_out(observed);
  run_out(unobserved);
  REQUIRE(facts > 0);
  REQUIRE(observed.digest() == unobserved.digest());
}

TEST_CASE("two machines in one process share nothing: interleaved they run as alone") {
  const auto a = share(busy_machine("preempt_restore"));
  const auto b = share(busy_machine("unmap_map"));
  Machine alone_a(a, 1), alone_b(b, 2), together_a(a, 1), together_b(b, 2);
  run_out(alone_a);
  run_out(alone_b);
  bool more_a = true, more_b = true;
  while (more_a || more_b) {
    if (more_a) more_a = together_a.step();
    if (more_b) more_b = together_b.step();
  }
  REQUIRE(together_a.digest() == alone_a.digest());
  REQUIRE(together_b.digest() == alone_b.digest());
}

TEST_CASE("the seed and the replication decide everything, and both matter") {
  MachineSpec spec = busy_machine("preempt_restore");
  const auto digest = [](const MachineSpec& s, std::uint32_t replication) {
    Machine machine(share(s), replication);
    run_out(machine);
    return machine.digest();
  };
  MachineSpec reseeded = spec;
  reseeded.seed = spec.seed + 1;
  REQUIRE(digest(spec, 0) == digest(spec, 0));
  REQUIRE(digest(spec, 0) != digest(spec, 1));
  REQUIRE(digest(spec, 0) != digest(reseeded, 0));
}

// The busiest process there is, alone, started at two times: at the same age, whatever it is in the middle of, the
// machine is in the same state.
TEST_CASE("the state hash is free of absolute time") {
  const auto started_at = [](Duration start) {
    MachineSpec spec = busy_machine("preempt_restore");
    spec.costs.worker_latency = cost(100us);
    spec.processes.resize(1);
    spec.processes.front().start = start;
    spec.events.resize(1);  // from the process's start
    spec.horizon = 1s;
    return spec;
  };
  constexpr Duration early = 1ms, late = 27ms;
  Machine first(share(started_at(early)), 0), second(share(started_at(late)), 0);
  const auto run_to_age = [](Machine& machine, Duration start, Duration age) {
    // To the last event at or before that age; both machines have the same events at the same ages.
    Machine ahead(machine);
    while (ahead.step() && ahead.now() - SimTime{start} <= age) machine.step();
  };
  std::set<std::uint64_t> hashes;
  for (Duration age = 1ms; age <= 60ms; age += 1ms) {
    run_to_age(first, early, age);
    run_to_age(second, late, age);
    REQUIRE(first.now() - SimTime{early} == second.now() - SimTime{late});
    REQUIRE(first.state_hash() == second.state_hash());
    hashes.insert(first.state_hash());
  }
  REQUIRE(hashes.size() > 50);  // and it tells states apart
}

}  // namespace
}  // namespace userqsim::machine_copy_test
