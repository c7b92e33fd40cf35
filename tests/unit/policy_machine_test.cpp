// The policies in a whole machine: any policy on any release, and what stopping everybody does to bystanders.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "models/policy/policies.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::policy_machine_test {
namespace {

using namespace test;

// Two compute queues and one for SDMA, busy without fences, evicted once at 10.5 ms.
MachineSpec machine(const std::string& kernel, const std::string& policy) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.policy = policy;
  spec.device.compute = {2, 1};
  spec.device.compute_units = 2;
  JobSpec j = job(2ms);
  j.grain = 1ms;
  spec.processes = {process("p", {queue("q0", QueueType::compute, stream(ClosedArrival{1}, j)),
                                  queue("q1", QueueType::compute, stream(ClosedArrival{1}, j)),
                                  queue("q2", QueueType::sdma, stream(ClosedArrival{1}, j))})};
  spec.events = {evict_at(10500us, "p")};
  spec.horizon = 1s;
  return spec;
}

// What the eviction's workers sent about queues, in order: "SUSPEND 0". Questions about hangs are the release's.
std::vector<std::string> packets(const MachineBench& bench) {
  std::vector<std::string> sent;
  for (const PacketEnded& p : bench.all<PacketEnded>()) {
    if (!p.eviction || p.opcode == Opcode::reset || p.opcode == Opcode::misc) continue;
    sent.push_back(std::string(name_of(p.opcode)) + (p.queue.exists() ? " " + std::to_string(p.queue.value) : ""));
  }
  return sent;
}

std::vector<std::string> each(const std::string& call, bool newest_first) {
  std::vector<std::string> calls{call + " 0", call + " 1", call + " 2"};
  if (newest_first) std::reverse(calls.begin(), calls.end());
  return calls;
}

std::vector<std::string> expected(const std::string& policy, bool newest_first) {
  if (policy == "suspend_all") return {"SUSPEND", "RESUME"};
  const bool preempts = policy == "preempt_restore";  // without fences hybrid has nothing to wait for, and unmaps
  std::vector<std::string> all = each(preempts ? "SUSPEND" : "REMOVE_QUEUE", newest_first);
  for (const std::string& call : each(preempts ? "RESUME" : "ADD_QUEUE", newest_first)) all.push_back(call);
  return all;
}

TEST_CASE("any policy runs on any release, with its own packets in the release's order", "[policy]") {
  for (const Lifecycle& release : lifecycles()) {
    for (const std::string& policy : policy_names()) {
      INFO(release.name << " " << policy);
      MachineBench bench(machine(std::string(release.name), policy));
      bench.run();
      CHECK(packets(bench) == expected(policy, release.name == "kfd"));
      REQUIRE(bench.count<EvictionResumed>() == 1);
      CHECK(bench.count<Hazard>() == 0);
      const SimTime resumed = bench.all<EvictionResumed>()[0].time;
      const auto later = [&](const JobEnded& j) {
        return j.outcome == JobOutcome::finished && j.time > resumed + Duration{10ms};
      };
      CHECK(bench.count<JobEnded>(later) > 300);  // three queues, a job each 2 ms, for 0.8 s and more
    }
  }
}

constexpr ProcessId victim{0}, other{1};

// The victim idles; the other, a bystander, has one job of 100 ms from time zero on, in rounds of 1 ms, on a slot
// and compute units of its own. A stopped process is restored 20 ms later.
MachineSpec with_bystander() {
  MachineSpec spec = ideal_machine_with("6.18");
  spec.policy = "suspend_all";
  spec.kernel.restore_delay = 20ms;
  spec.device.compute = {4, 1};
  spec.device.compute_units = 4;
  JobSpec j = job(100ms);
  j.grain = 1ms;
  spec.processes = {process("victim", {queue("q0", QueueType::compute)}),
                    process("other", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, j, 1))})};
  spec.events = {evict_at(10500us, "victim")};
  return spec;
}

// SUSPEND at 10.5 ms; the bystander's round ends at 11 ms, the suspend fence is written, and 20 ms later all
// resume.
TEST_CASE("a bystander loses the time from the stop of all to the restart of all", "[policy]") {
  MachineBench bench(with_bystander());
  bench.expect_at<EvictionSignaled>(11ms);
  bench.expect_at<EvictionResumed>(31ms);
  bench.expect_at<JobEnded>(100ms + (31ms - 11ms));
  bench.run();
  // To the driver the bystander's queue never changed: it is MAPPED throughout.
  CHECK(bench.count<QueueTransition>([](const QueueTransition& t) { return t.process == other; }) == 1);
}

TEST_CASE("under the other policies a bystander loses nothing", "[policy]") {
  MachineSpec spec = with_bystander();
  spec.policy = GENERATE("preempt_restore", "unmap_map", "hybrid");
  MachineBench bench(std::move(spec));
  bench.expect_at<JobEnded>(100ms);
}

// The second is stopped at 15.5 ms and restored at 35.5 ms. The first, restored at 31 ms, may only resume its own.
TEST_CASE("bystanders go on when the last stopped process is restored", "[policy]") {
  MachineSpec spec = with_bystander();
  spec.processes.push_back(process("second", {queue("q0", QueueType::compute)}));
  spec.events.push_back(evict_at(15500us, "second"));
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<EvictionResumed>(31ms).eviction.process == victim);
  CHECK(bench.expect_at<EvictionResumed>(35500us).eviction.process == ProcessId{2});
  bench.expect_at<JobEnded>(100ms + (35500us - 11ms));
  CHECK(packets(bench) == std::vector<std::string>{"SUSPEND", "SUSPEND", "RESUME 0", "RESUME"});
}

TEST_CASE("a victim that exits resumes those whom it had stopped", "[policy]") {
  MachineSpec spec = with_bystander();
  spec.processes[0].stop = 20ms;
  MachineBench bench(std::move(spec));
  bench.expect_at<ProcessExited>(20ms);
  bench.expect_at<JobEnded>(100ms + (20ms - 11ms));
}

// SUSPEND of all holds the gangs that MES knew: one that is added meanwhile runs at once.
TEST_CASE("a queue that is created while all gangs are held runs", "[policy]") {
  MachineSpec spec = with_bystander();
  spec.processes.push_back(
      process("late", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, job(2ms), 1))}));
  spec.processes.back().start = 15ms;
  MachineBench bench(std::move(spec));
  CHECK(bench.expect_at<JobEnded>(17ms).process == ProcessId{2});
}

}  // namespace
}  // namespace userqsim::policy_machine_test
