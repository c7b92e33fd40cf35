// What explore leaves out changes nothing that it finds: every order, and those that can be told apart, lead to the
// same ends and the same hazards.
#include <set>

#include "models/machine/untimed.hpp"
#include "scenarios/experiment/explore.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"

namespace userqsim::reduction_test {
namespace {

using namespace test;

MachineSpec machine_with(const std::string& kernel, std::vector<ProcessSpec> processes) {
  MachineSpec spec = ideal_machine_with(kernel);
  spec.device.compute = {1, 4};
  spec.processes = std::move(processes);
  return spec;
}

std::vector<QueueSpec> queues(std::initializer_list<const char*> names) {
  std::vector<QueueSpec> all;
  for (const char* name : names) all.push_back(queue(name, QueueType::compute));
  return all;
}

std::set<std::string> hazards(const Exploration& exploration) {
  std::set<std::string> names;
  for (const Finding& finding : exploration.findings) names.insert(finding.hazard);
  return names;
}

// A MES that is silent for ever keeps what it was told in the order in which it was told, which nobody will ever
// read.
bool is_silent_at_last(const MachineSpec& spec) {
  return !spec.faults.empty() && spec.faults.front().kind == FaultKind::mes_silent;
}

void check_agreement(const MachineSpec& spec) {
  REQUIRE(check_untimed(spec).empty());
  const Exploration all = explore(share(spec), {}, Orders::all, nullptr);
  const Exploration distinct = explore(share(spec), {}, Orders::distinct, nullptr);
  REQUIRE(all.counts.complete);
  REQUIRE(distinct.counts.complete);
  CHECK(distinct.counts.states < all.counts.states);
  if (!is_silent_at_last(spec)) CHECK(distinct.counts.ends == all.counts.ends);
  CHECK(hazards(distinct) == hazards(all));
  for (std::size_t i = 0; i < std::min(all.findings.size(), distinct.findings.size()); ++i)
    CHECK(distinct.findings[i].sequence.size() <= all.findings[i].sequence.size());
}

TEST_CASE("an eviction in an isolation window ends the same in every order and in those that differ", "[explore]") {
  for (const char* kernel : releases) {
    CAPTURE(kernel);
    MachineSpec spec = machine_with(kernel, {process("a", queues({"c0", "c1"})), process("b", queues({"c0"}))});
    spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                   event_at(3ms, PressureKind::isolation_start)};
    check_agreement(spec);
  }
}

TEST_CASE("so do an eviction and a sleep of the system while jobs run", "[explore]") {
  for (const char* kernel : releases) {
    CAPTURE(kernel);
    MachineSpec spec = machine_with(kernel, {process("a", queues({"c0"}))});
    spec.processes[0].queues[0].jobs = stream(PeriodicArrival{1ms}, job(1ms), 1);
    spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::suspend), event_at(3ms, PressureKind::resume)};
    check_agreement(spec);
  }
}

TEST_CASE("so does each fault of an eviction in an isolation window", "[explore]") {
  FaultSpec lost = fault_of_eviction(0, FaultKind::packet_lost, "a", "c0");
  FaultSpec refused = fault_of_eviction(0, FaultKind::packet_error, "a", "c0");
  refused.code = PacketError::unmap_fail;
  const std::vector<FaultSpec> faults{lost, refused, fault_of_eviction(0, FaultKind::no_preempt, "a", "c0"),
                                      fault_of_eviction(0, FaultKind::free_buffer, "a", "c0"),
                                      fault_of_eviction(0, FaultKind::mes_silent, "a", "c0")};
  for (const char* kernel : releases) {
    for (const FaultSpec& fault : faults) {
      CAPTURE(kernel, name_of(fault.kind));
      MachineSpec spec = machine_with(kernel, {process("a", queues({"c0", "c1"}))});
      spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                     event_at(3ms, PressureKind::isolation_start)};
      spec.faults = {fault};
      check_agreement(spec);
    }
  }
}

// Two gangs for one slot: whom MES maps hangs on who is done first, and no slot is left out.
TEST_CASE("where gangs wait for slots the orders of slots are all tried", "[explore]") {
  MachineSpec spec = machine_with("7.1", {process("a", queues({"c0", "c1"}))});
  spec.device.compute = {1, 1};
  spec.events = {evict_at(1ms, "a")};
  const Exploration all = explore(share(spec), {}, Orders::all, nullptr);
  const Exploration distinct = explore(share(spec), {}, Orders::distinct, nullptr);
  CHECK(distinct.counts.ends == all.counts.ends);
  CHECK(hazards(distinct) == hazards(all));
}

}  // namespace
}  // namespace userqsim::reduction_test
