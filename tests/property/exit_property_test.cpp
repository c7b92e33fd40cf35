// A process killed at any event, and right before and after it: the run ends, every job is accounted for once, and
// everybody else finishes as if nothing had been.
#include <algorithm>
#include <array>
#include <set>

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::exit_property_test {
namespace {

using namespace test;

constexpr ProcessId other{1};

// A process that is evicted, waited for, restored, suspended and resumed, its jobs with and without fences; and
// somebody else, whose jobs of 1 ms come every 5 ms on a slot of their own.
MachineSpec machine(const std::string& kernel, const std::string& policy) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.kernel.restore_delay = 1ms;
  spec.policy = policy;
  spec.device.compute = {2, 2};
  spec.device.compute_units = 8;
  spec.device.tlb_flush_path = TlbFlushPath::mes_ring;
  spec.costs.mes_api = cost(20us);
  spec.costs.preempt_running = cost(30us);
  spec.costs.unmap = spec.costs.map = cost(15us);
  spec.costs.worker_latency = cost(50us);
  spec.costs.page_table_base = cost(40us);
  spec.costs.submit = cost(10us);
  spec.costs.userptr_page = cost(1us);
  JobSpec plain = job(2ms, 2);
  plain.grain = 300us;
  JobSpec fenced = plain;
  fenced.fence = true;
  spec.processes = {process("p", {queue("plain", QueueType::compute, stream(ClosedArrival{2}, plain)),
                                  queue("fenced", QueueType::gfx, stream(PeriodicArrival{3ms}, fenced))}),
                    process("other", {queue("q", QueueType::compute, stream(PeriodicArrival{5ms}, job(1ms), 10))})};
  PressureSpec invalidate;
  invalidate.kind = PressureKind::invalidate_userptr;
  invalidate.process = "p";
  invalidate.at = 21ms;
  invalidate.size = Bytes{1 << 16};
  spec.events = {evict_at(10500us, "p"), invalidate};
  spec.horizon = 60s;
  return spec;
}

// Isolation holds the process back from 35 to 37 ms.
void add_isolation(MachineSpec& spec) {
  for (const bool stops : {true, false}) {
    PressureSpec isolation;
    isolation.kind = stops ? PressureKind::isolation_stop : PressureKind::isolation_start;
    isolation.at = stops ? 35ms : 37ms;
    spec.events.push_back(isolation);
  }
}

// Every instant at which the clean run states something of the process or the device, in its first 40 ms.
std::vector<Duration> instants(const MachineSpec& spec) {
  std::set<Duration> times;
  Machine machine(share(spec), 0);
  machine.probes().each([&]<class Fact>(Probe<Fact>& probe) {
    probe.subscribe([&](const Fact&) { times.insert(machine.now().time_since_epoch()); });
  });
  while (machine.now() < SimTime{40ms} && machine.step()) {
  }
  return {times.begin(), times.end()};
}

// Whether the process is gone in the end.
bool check_killed(MachineSpec spec, Duration at) {
  spec.faults = {fault_at(at, FaultKind::kill, "p")};
  // Who is done is done: nothing runs on to the horizon but arrivals, so it is near.
  spec.horizon = 300ms;
  Machine machine(share(std::move(spec)), 0);
  std::uint64_t ended = 0, others_finished = 0;
  bool exited = false;
  machine.probes().job_ended.subscribe([&](const JobEnded& fact) {
    ++ended;
    others_finished += fact.process == other && fact.outcome == JobOutcome::finished ? 1U : 0U;
  });
  machine.probes().process_exited.subscribe(
      [&](const ProcessExited& fact) { exited = exited || fact.process != other; });
  for (std::uint64_t events = 0; machine.step(); ++events) {
    if (events % 16 == 0) machine.verify();
  }
  machine.verify();
  machine.run();
  CHECK(ended == machine.jobs_submitted());
  CHECK(others_finished == 10);
  return exited;
}

TEST_CASE("a process killed at any event leaves nothing behind and nobody waiting", "[exit]") {
  constexpr std::array policies{"preempt_restore", "unmap_map", "hybrid", "suspend_all"};
  const std::string kernel = GENERATE_COPY(from_range(releases)), policy = GENERATE_COPY(from_range(policies));
  // While isolation holds its queues back, a process that exits waits under userq_mutex for a fence that only the
  // end of the isolation could bring, which needs userq_mutex. Where its eviction is given up after 100 ms it never
  // exits; hybrid's own wait gives nothing up. In 6.19 the wait has no end, in 7.1 one by hang detection, after 2
  // s.
  const bool isolated = GENERATE(false, true);
  MachineSpec spec = machine(kernel, policy);
  if (isolated) add_isolation(spec);
  const std::vector<Duration> times = instants(spec);
  CHECK(times.size() > 80);
  std::size_t stayed = 0;
  for (const Duration instant : times) {
    for (const Duration at : {instant - 1ns, instant, instant + 1ns}) {
      if (at < Duration{0}) continue;
      INFO(kernel << " " << policy << " killed at " << at.count() << " ns");
      const bool exited = check_killed(spec, at);
      CHECK((exited || (isolated && at > 35ms)));
      stayed += exited ? 0U : 1U;
    }
  }
  const bool gives_up = spec.kernel.pre_wait == PreWait::abort && policy != "hybrid";
  INFO(kernel << " " << policy << " isolated " << isolated << ", stayed " << stayed);
  CHECK((stayed > 0) == (isolated && (gives_up || kernel == "6.19" || kernel == "7.1")));
}

}  // namespace
}  // namespace userqsim::exit_property_test
