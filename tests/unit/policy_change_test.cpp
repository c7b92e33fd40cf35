// A machine that is copied under another policy while a process is stopped: what the one policy stopped it
// restarts, what the other stops the other restarts, and nobody is left behind.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "models/policy/policies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::policy_change_test {
namespace {

using namespace test;

constexpr Duration copied_at = 15ms;

// Three processes with a busy queue each, on slots and compute units of their own. The first is evicted at 10.5 ms,
// the second at 20.5 ms, the third never; each is restored 20 ms after its stop.
MachineSpec machine(const std::string& kernel, const std::string& policy) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.policy = policy;
  spec.kernel.restore_delay = 20ms;
  spec.kernel.userptr_quiesce.reset();
  spec.device.compute = {3, 1};
  spec.device.compute_units = 3;
  for (const char* name : {"first", "second", "third"}) {
    spec.processes.push_back(process(name, {queue("q0", QueueType::compute, stream(ClosedArrival{1}, job(1ms)))}));
  }
  spec.events = {evict_at(10500us, "first"), evict_at(20500us, "second")};
  spec.horizon = 100ms;
  return spec;
}

void run_to(Machine& machine, Duration time) {
  Machine ahead(machine);
  while (ahead.step() && ahead.now() <= SimTime{time}) machine.step();
}

struct Heard {
  std::vector<std::string> packets;         // of evictions: "SUSPEND 0"
  std::array<std::uint32_t, 3> finished{};  // jobs of each process in the last 50 ms
};

Heard run_copy(const Machine& original, const std::string& policy) {
  Machine copy(original, policy);
  Heard heard;
  copy.probes().packet_ended.subscribe([&](const PacketEnded& p) {
    if (!p.eviction || p.opcode == Opcode::reset || p.opcode == Opcode::misc) return;
    heard.packets.push_back(std::string(name_of(p.opcode)) +
                            (p.queue.exists() ? " " + std::to_string(p.queue.value) : ""));
  });
  copy.probes().job_ended.subscribe([&](const JobEnded& j) {
    if (j.outcome == JobOutcome::finished && j.time > SimTime{50ms}) ++heard.finished.at(j.process.index());
  });
  while (copy.step()) {
    copy.verify();
  }
  return heard;
}

// Without fences hybrid has nothing to wait for, and unmaps.
std::string stop_of(const std::string& policy) {
  return policy == "suspend_all" ? "SUSPEND" : policy == "preempt_restore" ? "SUSPEND 1" : "REMOVE_QUEUE 1";
}
std::string restart_of(const std::string& policy, int queue) {
  return (policy == "preempt_restore" || policy == "suspend_all" ? "RESUME " : "ADD_QUEUE ") +
         std::to_string(queue);
}

TEST_CASE("each process is restarted by the policy that stopped it", "[policy][explain]") {
  for (const std::string kernel : {"6.18", "seed-v8", "7.1"}) {
    for (const std::string& before : policy_names()) {
      Machine original(share(machine(kernel, before)), 0);
      run_to(original, copied_at);
      for (const std::string& after : policy_names()) {
        CAPTURE(kernel, before, after);
        const Heard heard = run_copy(original, after);
        // The first restarts at 30.5 ms or so while the second is still stopped, so nobody resumes all with it. The
        // second restarts last: if either policy holds all gangs, it lets them go; by its own plan, if that stopped
        // it, in place of its own RESUME, else behind it.
        std::vector<std::string> expected{stop_of(after), restart_of(before, 0)};
        if (after != "suspend_all") expected.push_back(restart_of(after, 1));
        if (before == "suspend_all" || after == "suspend_all") expected.push_back("RESUME");
        CHECK(heard.packets == expected);
        for (const std::uint32_t jobs : heard.finished) CHECK(jobs >= 49);  // a job each millisecond
      }
    }
  }
}

TEST_CASE("a copy under the same policy runs on as its original does", "[policy][explain]") {
  const std::string policy = GENERATE("preempt_restore", "unmap_map", "hybrid", "suspend_all");
  Machine original(share(machine("6.18", policy)), 0);
  run_to(original, copied_at);
  Machine copy(original, policy);
  while (original.step()) {
  }
  while (copy.step()) {
  }
  CHECK(copy.digest() == original.digest());
  CHECK(copy.state_hash() == original.state_hash());
}

// The wait for last fences has a limit of its own under hybrid. One that has begun goes on under it: nothing that
// it armed is left for the next.
TEST_CASE("a wait for last fences that has begun goes on by its policy", "[policy][explain]") {
  MachineSpec spec = machine("7.1", "hybrid");  // which else waits without limit
  JobSpec fenced = job(60ms);
  fenced.fence = true;
  spec.processes[0].queues[0].jobs = stream(ClosedArrival{1}, fenced, 1);
  Machine original(share(spec), 0);
  run_to(original, copied_at);
  const Heard heard = run_copy(original, "unmap_map");
  // From 10.5 ms on it waits 10 ms, then suspends the queue at 20.5 ms, when the second is evicted too; its one
  // round of waves ends at 60 ms.
  CHECK(std::count(heard.packets.begin(), heard.packets.end(), "SUSPEND 0") == 1);
  CHECK(std::count(heard.packets.begin(), heard.packets.end(), "RESUME 0") == 1);
  CHECK(std::count(heard.packets.begin(), heard.packets.end(), "REMOVE_QUEUE 0") == 0);
}

}  // namespace
}  // namespace userqsim::policy_change_test
