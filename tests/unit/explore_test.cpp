// Exploring the model: nothing depends on a clock, the order is free, and what is found is there.
#include "scenarios/experiment/explore.hpp"

#include <algorithm>
#include <set>

#include "models/machine/machine.hpp"
#include "models/machine/untimed.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::explore_test {
namespace {

using namespace test;

// An idle queue each; what happens to them is the test's.
MachineSpec small_machine(const std::string& kernel_policy, std::initializer_list<const char*> processes) {
  MachineSpec spec = ideal_machine();
  spec.policy = kernel_policy;
  spec.device.compute = {1, 4};
  for (const char* name : processes) spec.processes.push_back(process(name, {queue("q", QueueType::compute)}));
  return spec;
}

const Finding* found(const Exploration& exploration, std::string_view hazard) {
  for (const Finding& finding : exploration.findings) {
    if (finding.hazard == hazard) return &finding;
  }
  return nullptr;
}

// Lets all happen that is prompt, and then processes start, until nothing is left but events of the scenario.
void open_all(Machine& machine) {
  for (;;) {
    const std::vector<Happening> all = machine.happenings();
    const auto next = std::find_if(all.begin(), all.end(), [](const Happening& h) {
      return pace_of(h.event) == Pace::prompt || start_of(h.event).has_value();
    });
    if (next == all.end()) return;
    machine.take(*next);
  }
}

Happening happening_of(const Machine& machine, const std::string& words) {
  for (const Happening& h : machine.happenings()) {
    if (machine.words_for(h).find(words) != std::string::npos) return h;
  }
  FAIL("nothing may happen of the name " << words);
  return {};
}

TEST_CASE("time stands still, and each step has its own words", "[explore]") {
  MachineSpec spec = small_machine("unmap_map", {"a", "b"});
  spec.costs.mes_api = cost(10us);
  spec.costs.unmap = cost(7us);
  spec.events = {evict_at(1ms, "a"), evict_at(2ms, "b")};
  Machine machine(share(untimed(spec)), 0);
  open_all(machine);
  int steps = 0;
  while (!machine.happenings().empty()) {
    std::set<std::string> words;
    const std::vector<Happening> all = machine.happenings();
    for (const Happening& h : all) words.insert(machine.words_for(h));
    CHECK(words.size() == all.size());
    machine.take(all.back());
    machine.verify();
    ++steps;
  }
  CHECK(machine.now() == SimTime{});
  CHECK(steps > 10);
  CHECK(machine.for_ever().empty());
}

TEST_CASE("two orders of what has nothing to do with each other lead to one state", "[explore]") {
  MachineSpec spec = small_machine("unmap_map", {"a", "b"});
  spec.events = {evict_at(1ms, "a"), evict_at(2ms, "b")};
  Machine first(share(untimed(spec)), 0);
  open_all(first);
  Machine other(first);
  CHECK(first.state_hash() == other.state_hash());
  first.take(happening_of(first, "evict of a"));
  CHECK(first.state_hash() != other.state_hash());
  first.take(happening_of(first, "evict of b"));
  other.take(happening_of(other, "evict of b"));
  other.take(happening_of(other, "evict of a"));
  CHECK(first.state_hash() == other.state_hash());
}

TEST_CASE("events about the whole device keep their order, and a time-out waits for all that is prompt",
          "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a"});
  spec.events = {event_at(2ms, PressureKind::isolation_start), event_at(1ms, PressureKind::isolation_stop),
                 evict_at(3ms, "a")};
  Machine machine(share(untimed(spec)), 0);
  open_all(machine);
  std::set<std::string> now;
  for (const Happening& h : machine.happenings()) now.insert(machine.words_for(h));
  CHECK(now == std::set<std::string>{"/events/1: isolation_stop", "/events/2: evict of a"});
  machine.take(happening_of(machine, "isolation_stop"));
  // A packet is with MES, and its time-out is counted: not while MES may still answer.
  for (const Happening& h : machine.happenings()) CHECK(pace_of(h.event) != Pace::patient);
  happening_of(machine, "isolation_start");
}

// 6.18's isolation cancels the restore work of whom an eviction has stopped (the queues of an isolated process are
// restored by the next restore work alone), and nothing that an idle process does needs its fence again.
TEST_CASE("an eviction in an isolation window stops a process for ever", "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a"});
  spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                 event_at(3ms, PressureKind::isolation_start)};
  REQUIRE(check_untimed(spec).empty());
  const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
  CHECK(all.counts.complete);
  const Finding* cancelled = found(all, "restore_cancelled");
  const Finding* stopped = found(all, stopped_for_ever);
  REQUIRE(cancelled != nullptr);
  REQUIRE(stopped != nullptr);
  CHECK(stopped->process == "a");
  CHECK(stopped->waits ==
        std::vector<std::string>{"the restart of a does not come: its restore work is not queued"});
  CHECK(cancelled->sequence.size() <= stopped->sequence.size());
  CHECK(text_of(cancelled->sequence.back()).find("restore_cancelled of a") != std::string::npos);
  // No shorter sequence leads to it: one that is cut before it finds nothing.
  const auto before = static_cast<std::uint32_t>(cancelled->sequence.size() - 1);
  CHECK(found(explore(share(spec), {0, before}, Orders::distinct, nullptr), "restore_cancelled") == nullptr);
  CHECK(found(explore(share(spec), {0, before + 1}, Orders::distinct, nullptr), "restore_cancelled") != nullptr);
}

// A restore does not look whether isolation is on. Only who has work runs in its window.
TEST_CASE("an eviction in an isolation window lets a queue with work run there", "[explore]") {
  for (const char* policy : {"preempt_restore", "unmap_map"}) {
    CAPTURE(policy);
    MachineSpec spec = small_machine(policy, {"a"});
    spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                   event_at(3ms, PressureKind::isolation_start)};
    CHECK(found(explore(share(spec), {}, Orders::distinct, nullptr), "isolation_breach") == nullptr);
    spec.processes[0].queues[0].jobs = stream(PeriodicArrival{1h}, job(1ms), 1);
    const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
    CHECK(all.counts.complete);
    const Finding* breach = found(all, "isolation_breach");
    REQUIRE(breach != nullptr);
    CHECK(breach->queue == "q");
    CHECK(text_of(breach->sequence.back()).find("isolation_breach of a/q") != std::string::npos);
  }
}

TEST_CASE("work that a reset loses is found", "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a"});
  spec.processes[0].queues[0].jobs = stream(PeriodicArrival{1h}, job(1ms), 1);
  CHECK(explore(share(spec), {}, Orders::distinct, nullptr).findings.empty());
  spec.events = {event_at(1ms, PressureKind::gpu_reset)};
  const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
  REQUIRE(found(all, "work_lost") != nullptr);
  CHECK(found(all, "work_lost")->process == "a");
  CHECK(found(all, "driver_mes_disagree") != nullptr);  // 6.18: nobody has told the driver
}

TEST_CASE("alone neither an eviction nor isolation does harm", "[explore]") {
  for (const char* policy : {"preempt_restore", "unmap_map"}) {
    CAPTURE(policy);
    MachineSpec evicts = small_machine(policy, {"a", "b"});
    evicts.events = {evict_at(1ms, "a"), evict_at(2ms, "b")};
    CHECK(explore(share(evicts), {}, Orders::distinct, nullptr).findings.empty());
    MachineSpec isolates = small_machine(policy, {"a", "b"});
    isolates.events = {event_at(2ms, PressureKind::isolation_stop), event_at(3ms, PressureKind::isolation_start)};
    CHECK(explore(share(isolates), {}, Orders::distinct, nullptr).findings.empty());
  }
}

// With pruning off: a state that counts its steps is never met twice.
struct Unpruned {
  Machine machine;
  std::uint64_t id = 0;
  std::shared_ptr<std::uint64_t> last;
  std::shared_ptr<std::set<std::string>> hazards;

  Unpruned(Machine start, std::shared_ptr<std::set<std::string>> found)
      : machine(start), last(std::make_shared<std::uint64_t>(0)), hazards(std::move(found)) {
    watch();
  }
  Unpruned(const Unpruned& other)
      : machine(other.machine), id(++*other.last), last(other.last), hazards(other.hazards) {
    watch();
  }
  Unpruned& operator=(const Unpruned&) = delete;
  ~Unpruned() = default;

  void watch() {
    machine.probes().hazard.subscribe(
        [into = hazards.get()](const Hazard& fact) { into->insert(std::string(name_of(fact.kind))); });
  }
  std::vector<Happening> happenings() const { return machine.happenings(); }
  void take(const Happening& happening) {
    machine.take(happening);
    for (const Standing& one : machine.standing()) hazards->insert(std::string(name_of(one.kind)));
  }
  std::uint64_t state_hash() const { return id; }
};

struct Leaves {
  std::set<std::string> found;
  bool taken(const Unpruned&, std::uint32_t, bool) { return false; }
  void ended(const Unpruned& end, std::uint32_t) {
    for (const Standing& one : end.machine.for_ever()) found.insert(std::string(name_of(one.kind)));
  }
  bool goes_on() const { return true; }
};

TEST_CASE("without pruning the same is found", "[explore]") {
  for (const char* policy : {"preempt_restore", "unmap_map"}) {
    CAPTURE(policy);
    MachineSpec spec = small_machine(policy, {"a"});
    spec.events = {evict_at(1ms, "a"), event_at(2ms, PressureKind::isolation_stop),
                   event_at(3ms, PressureKind::isolation_start)};
    // As deep as the hazard lies: there are as many sequences as states are deep, and more.
    const Exploration whole = explore(share(spec), {}, Orders::all, nullptr);
    REQUIRE(found(whole, "restore_cancelled") != nullptr);
    const SearchLimits limits{0, static_cast<std::uint32_t>(found(whole, "restore_cancelled")->sequence.size())};
    const Exploration pruned = explore(share(spec), {limits}, Orders::all, nullptr);
    Machine start(share(untimed(spec)), 0);
    open_all(start);
    const auto hazards = std::make_shared<std::set<std::string>>();
    Leaves leaves;
    Search<Unpruned> search(limits);
    const SearchCounts counts = search.run(Unpruned(start, hazards), leaves);
    CHECK(counts.depth == pruned.counts.depth);
    CHECK(counts.states > 2 * pruned.counts.states);  // there was something to prune
    leaves.found.insert(hazards->begin(), hazards->end());
    std::set<std::string> names;
    for (const Finding& finding : pruned.findings) names.insert(finding.hazard);
    CHECK(names == leaves.found);
    CHECK_FALSE(names.empty());
  }
}

// b's eviction asks who hangs: MES names a's queue, and b's suspend worker is about to mark it.
TEST_CASE("a detection that one process has begun is no disagreement about another's queue", "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a", "b"});
  const MachineSpec releases = ideal_machine_with(GENERATE("6.19", "7.0"));
  spec.kernel = releases.kernel;
  spec.processes[0].queues[0].jobs = stream(PeriodicArrival{1ms}, job(1ms), 1);
  spec.faults = {fault_at(0ns, FaultKind::hang, "a", spec.processes[0].queues[0].name)};
  spec.events = {evict_at(4ms, "b")};
  const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
  CHECK(all.counts.complete);
  CHECK(found(all, "queue_lost") != nullptr);
  CHECK(found(all, "driver_mes_disagree") == nullptr);
}

// VRAM has room for one: whoever opens second evicts the first, whose stop MES refuses.
TEST_CASE("what goes wrong while processes open is found", "[explore]") {
  MachineSpec spec = small_machine("unmap_map", {"a", "b"});
  spec.device.vram = Bytes{std::int64_t{2} << 20};
  for (ProcessSpec& p : spec.processes) p.vram = {{"x", Bytes{std::int64_t{2} << 20}, 1, Domain::vram}};
  FaultSpec refused = fault_of_eviction(0, FaultKind::packet_error, "a", spec.processes[0].queues[0].name);
  refused.code = PacketError::error;
  spec.faults = {refused};
  const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
  CHECK(all.counts.complete);
  REQUIRE(found(all, "queue_lost") != nullptr);
  CHECK_FALSE(found(all, "queue_lost")->sequence.empty());
}

TEST_CASE("a queue that never gets its slot is told with who has it", "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a", "b"});
  spec.device.compute = {1, 1};
  for (ProcessSpec& p : spec.processes) p.queues[0].jobs = stream(PeriodicArrival{1ms}, job(1ms), 1);
  spec.faults = {fault_at(0ns, FaultKind::hang, "a", spec.processes[0].queues[0].name)};
  const Exploration all = explore(share(spec), {}, Orders::distinct, nullptr);
  const Finding* never = found(all, "never_mapped");
  REQUIRE(never != nullptr);
  REQUIRE(never->waits.size() == 1);
  CHECK(never->waits.front().find("b/" + never->queue + " waits for a slot, which a/") == 0);
  CHECK(never->waits_dot.find("waits for a slot") != std::string::npos);
}

// Two processes that need the same room: under KFD each restore evicts the other, round and round.
TEST_CASE("what goes round comes back to the same state", "[explore]") {
  MachineSpec spec = small_machine("unmap_map", {"a", "b"});
  spec.kernel = ideal_machine_with("kfd").kernel;
  spec.device.vram = Bytes{std::int64_t{1} << 20};
  for (ProcessSpec& p : spec.processes) p.vram = {{"x", Bytes{std::int64_t{1} << 20}, 1, Domain::vram}};
  const Exploration all = explore(share(spec), {{100'000, 0}}, Orders::distinct, nullptr);
  CHECK(all.counts.complete);
  CHECK(all.counts.states > 20);
}

TEST_CASE("a search ends when it has the memory that it may have", "[explore]") {
  MachineSpec spec = small_machine("preempt_restore", {"a"});
  spec.events = {evict_at(1ms, "a")};
  CHECK(explore(share(spec), {{}, Bytes{std::int64_t{1} << 40}}, Orders::distinct, nullptr).counts.complete);
  const Exploration none = explore(share(spec), {{}, Bytes{1}}, Orders::distinct, nullptr);
  CHECK_FALSE(none.counts.complete);
  CHECK(none.counts.states == 1);
}

TEST_CASE("what has no end is refused", "[explore]") {
  MachineSpec spec = small_machine("unmap_map", {"a"});
  spec.processes.front().queues.front().jobs = stream(PoissonArrival{4ms}, job(1ms));
  PressureSpec storm = evict_at(0ns, "a");
  storm.at.reset();
  storm.every = ExponentialDuration{5ms};
  spec.events = {storm};
  const std::vector<SpecProblem> problems = check_untimed(spec);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].pointer == "/processes/0/queues/0/jobs/count");
  CHECK(problems[1].pointer == "/events/0/count");
}

}  // namespace
}  // namespace userqsim::explore_test
