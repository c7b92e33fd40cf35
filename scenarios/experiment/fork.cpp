#include "scenarios/experiment/fork.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "models/machine/machine.hpp"
#include "results/record/recorder.hpp"
#include "scenarios/experiment/interrupt.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// A copy of the machine under a policy, from the event on in which the eviction starts.
class Fork {
 public:
  Fork(const Machine& machine, const Recorder& recorder, const std::string& policy, EvictionId id)
      : id_(id),
        machine_(std::make_unique<Machine>(machine, policy)),
        recorder_(std::make_unique<Recorder>(recorder, machine_->probes())) {
    machine_->probes().worker_moved.subscribe([this](const WorkerMoved& fact) {
      if (fact.eviction.process != id_.process || fact.eviction.ordinal != id_.ordinal) return;
      if (fact.step == WorkStep::queued) ++workers_;
      if (fact.step == WorkStep::ended) --workers_;
    });
  }
  Fork(const Fork&) = delete;  // the probe knows where it is
  Fork& operator=(const Fork&) = delete;

  // To the end of the eviction. False when it was interrupted.
  bool run_eviction(const std::atomic<bool>* interrupt) {
    while (!is_over() && advance()) {
      if (is_interrupted(*machine_, interrupt)) return false;
    }
    return true;
  }
  // Past `until`; what comes behind it is not counted.
  bool run_on(SimTime until, const std::atomic<bool>* interrupt) {
    while (machine_->now() <= until && advance()) {
      if (is_interrupted(*machine_, interrupt)) return false;
    }
    return true;
  }
  SimTime now() const { return machine_->now(); }

  std::vector<ForkRow> rows(const std::string& policy, std::uint32_t replication, std::int64_t until_ns) {
    if (at_horizon_) machine_->run();  // states what is open
    const RunRecord record = recorder_->finish(machine_->now());
    const auto row = std::find_if(record.evictions.begin(), record.evictions.end(), [&](const EvictionRow& r) {
      return r.process == id_.process.value && r.eviction == id_.ordinal;
    });
    ensure(row != record.evictions.end(), "the eviction does not start in a copy of its machine");
    return fork_rows(policy, replication, record, *row, until_ns);
  }

 private:
  bool is_over() const { return recorder_->has(id_) && workers_ == 0 && recorder_->is_over(id_); }
  bool advance() {
    if (at_horizon_ || !machine_->step()) at_horizon_ = true;
    return !at_horizon_;
  }

  EvictionId id_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Recorder> recorder_;
  int workers_ = 0;  // of the eviction, queued and not done
  bool at_horizon_ = false;
};

// One eviction under every side, from the state that `machine` is in. Nothing when it was interrupted.
std::optional<std::vector<ForkRow>> fork_one(const ForkRequest& request, const Machine& machine,
                                             const Recorder& recorder, std::uint32_t replication, EvictionId id) {
  std::vector<std::unique_ptr<Fork>> forks;
  SimTime last;
  for (const CompareSide& side : request.sides) {
    forks.push_back(std::make_unique<Fork>(machine, recorder, side.machine->policy, id));
    if (!forks.back()->run_eviction(request.interrupt)) return std::nullopt;
    last = std::max(last, forks.back()->now());
  }
  const SimTime until = std::min(last + request.behind, SimTime{machine.spec().horizon});
  std::vector<ForkRow> all, first;
  for (std::size_t side = 0; side < forks.size(); ++side) {
    if (!forks[side]->run_on(until, request.interrupt)) return std::nullopt;
    std::vector<ForkRow> rows =
        forks[side]->rows(request.sides[side].policy, replication, until.time_since_epoch().count());
    if (side == 0) {
      first = rows;
    } else {
      subtract(rows, first);
    }
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace

std::vector<std::size_t> evenly_spaced(std::size_t count, std::size_t sample) {
  const std::size_t taken = sample == 0 ? count : std::min(sample, count);
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < taken; ++i) numbers.push_back((2 * i + 1) * count / (2 * taken));
  return numbers;
}

CellFinisher Forks::attach(Machine& machine, const Cell& cell) {
  if (cell.policy != request_.sides.front().policy || cell.variant != base_variant) return {};
  auto events_before = std::make_shared<std::vector<std::uint64_t>>();
  machine.probes().eviction_started.subscribe(
      [&machine, events_before](const EvictionStarted&) { events_before->push_back(machine.events() - 1); });
  return [this, &cell, events_before](SimTime, const RunRecord& record) { fork_all(cell, record, *events_before); };
}

// The replication is run a second time and copied on its way: which evictions there are is known only at its end.
void Forks::fork_all(const Cell& cell, const RunRecord& record, const std::vector<std::uint64_t>& events_before) {
  ensure(record.evictions.size() == events_before.size(), "every eviction has been heard of");
  std::vector<std::size_t> measured;
  for (std::size_t i = 0; i < record.evictions.size(); ++i) {
    if (record.evictions[i].start_ns >= request_.measure_from.count()) measured.push_back(i);
  }
  Machine machine(cell.spec, cell.replication);
  const Recorder recorder(machine.probes(), machine.layout(), cell.spec->device);
  std::vector<ForkRow> rows;
  for (const std::size_t place : evenly_spaced(measured.size(), request_.evictions)) {
    const std::size_t number = measured[place];
    while (machine.events() < events_before[number]) {
      ensure(machine.step(), "a replication that is run again ends before its eviction");
      if (is_interrupted(machine, request_.interrupt)) return;
    }
    const EvictionRow& row = record.evictions[number];
    const auto forked =
        fork_one(request_, machine, recorder, cell.replication, EvictionId{ProcessId{row.process}, row.eviction});
    if (!forked) return;
    rows.insert(rows.end(), forked->begin(), forked->end());
  }
  const std::lock_guard lock(mutex_);
  rows_[cell.replication] = std::move(rows);
}

std::vector<ForkRow> Forks::rows(const std::vector<std::uint32_t>& replications) const {
  std::set<std::string> policies;
  for (const CompareSide& side : request_.sides) policies.insert(side.policy);
  std::vector<ForkRow> all;
  for (const std::string& policy : policies) {
    for (const std::uint32_t replication : replications) {
      const auto found = rows_.find(replication);
      if (found == rows_.end()) continue;
      std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(all),
                   [&](const ForkRow& row) { return row.policy == policy; });
    }
  }
  return all;
}

}  // namespace userqsim
