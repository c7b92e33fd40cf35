#include "scenarios/experiment/explain.hpp"

#include <algorithm>

#include "models/machine/machine.hpp"
#include "results/explain/tell.hpp"
#include "results/explain/witness.hpp"
#include "results/record/eviction_parts.hpp"
#include "results/record/recorder.hpp"
#include "scenarios/experiment/interrupt.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// The machine under another policy from the moment of its copying on, until the eviction is over and its workers
// are done: another eviction may begin before them.
class StoryFork {
 public:
  StoryFork(const Machine& machine, const Recorder& recorder, std::string policy)
      : policy_(std::move(policy)),
        machine_(std::make_unique<Machine>(machine, policy_)),
        recorder_(std::make_unique<Recorder>(recorder, machine_->probes())) {}

  // False when it was interrupted.
  bool run(const EvictionId& id, const std::atomic<bool>* interrupt, StoryOther& other) {
    bool over = false;
    bool started = false;
    int workers = 0;  // of the eviction, queued and not done
    machine_->probes().worker_moved.subscribe([&](const WorkerMoved& fact) {
      if (fact.eviction.process != id.process || fact.eviction.ordinal != id.ordinal) return;
      if (fact.step == WorkStep::queued) ++workers;
      if (fact.step == WorkStep::ended) --workers;
    });
    while (!over && machine_->step()) {
      if (is_interrupted(*machine_, interrupt)) return false;
      started = started || recorder_->has(id);
      over = started && workers == 0 && recorder_->is_over(id);
    }
    if (!over) machine_->run();  // at the horizon: states what is open
    const RunRecord record = recorder_->finish(machine_->now());
    const auto row = std::find_if(record.evictions.begin(), record.evictions.end(), [&](const EvictionRow& r) {
      return r.process == id.process.value && r.eviction == id.ordinal;
    });
    ensure(row != record.evictions.end(), "the eviction does not start in a copy of its machine");
    other = {policy_, *row, accounts_of(record, *row)};
    return true;
  }

 private:
  std::string policy_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace

std::optional<Replayed> replay(const std::shared_ptr<const MachineSpec>& spec, std::uint32_t replication,
                               const std::atomic<bool>* interrupt) {
  Replayed replayed;
  Machine machine(spec, replication);
  Recorder recorder(machine.probes(), machine.layout(), spec->device);
  machine.probes().eviction_started.subscribe(
      [&](const EvictionStarted&) { replayed.events_before.push_back(machine.events() - 1); });
  if (machine.run(0, interrupt) != StopReason::horizon) return std::nullopt;
  replayed.record = recorder.finish(SimTime{spec->horizon});
  replayed.digest = machine.digest();
  const std::string violation = verify_parts(replayed.record);
  ensure(violation.empty(), violation);
  return replayed;
}

std::optional<Story> explain(const std::shared_ptr<const MachineSpec>& spec, std::uint32_t replication,
                             const Replayed& replayed, const StoryRequest& request,
                             const std::atomic<bool>* interrupt) {
  const EvictionRow& row = replayed.record.evictions.at(request.number);
  const EvictionId id{ProcessId{row.process}, row.eviction};
  Machine machine(spec, replication);
  Recorder recorder(machine.probes(), machine.layout(), spec->device);
  const Witness witness(machine.probes(), window_of(replayed.record, row));
  while (machine.events() < replayed.events_before.at(request.number)) {
    ensure(machine.step(), "a replication that is run again ends before its eviction");
    if (is_interrupted(machine, interrupt)) return std::nullopt;
  }
  std::vector<StoryFork> forks;
  for (const std::string& policy : request.against) forks.emplace_back(machine, recorder, policy);
  if (machine.run(0, interrupt) != StopReason::horizon) return std::nullopt;
  recorder.finish(SimTime{spec->horizon});
  Story story =
      tell({replayed.record, request.number, recorder.facts(id), witness.seen(), machine.layout(), machine.spec()});
  for (StoryFork& fork : forks) {
    if (!fork.run(id, interrupt, story.others.emplace_back())) return std::nullopt;
  }
  return story;
}

std::string counterpart_of(const MachineSpec& spec) {
  if (spec.policy == "preempt_restore") return "unmap_map";
  if (spec.policy == "unmap_map") return "preempt_restore";
  return spec.kernel.native_policy;
}

}  // namespace userqsim
