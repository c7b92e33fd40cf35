#include "scenarios/experiment/explore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "models/machine/machine.hpp"
#include "models/machine/untimed.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// A machine as the search wants it, with what went wrong in its last step.
class Explorer {
 public:
  explicit Explorer(const std::shared_ptr<const MachineSpec>& spec) : machine_(std::make_unique<Machine>(spec, 0)) {
    watch();
  }
  Explorer(const Explorer& other)
      : machine_(std::make_unique<Machine>(*other.machine_)), standing_(other.standing_) {
    watch();
  }
  Explorer(Explorer&&) = default;
  Explorer& operator=(Explorer&&) = default;

  std::vector<Happening> happenings() const { return machine_->happenings(); }
  void take(const Happening& happening) {
    hazards_->clear();
    machine_->take(happening);
    std::vector<Standing> standing = machine_->standing();
    for (const Standing& one : standing) {
      if (std::find(standing_.begin(), standing_.end(), one) != standing_.end()) continue;
      hazards_->push_back({machine_->now(), one.kind, one.process, one.queue});
    }
    standing_ = std::move(standing);
  }
  std::uint64_t state_hash() const { return machine_->state_hash(); }
  const std::vector<Hazard>& hazards() const { return *hazards_; }
  const Machine& machine() const { return *machine_; }

 private:
  void watch() {
    machine_->probes().hazard.subscribe([found = hazards_.get()](const Hazard& fact) { found->push_back(fact); });
  }

  std::unique_ptr<Machine> machine_;
  std::vector<Standing> standing_;
  std::unique_ptr<std::vector<Hazard>> hazards_ = std::make_unique<std::vector<Hazard>>();
};

// Of what is found where nothing may happen any more.
bool is_for_ever(std::string_view hazard) {
  return hazard == waits_for_ever || hazard == stopped_for_ever || hazard == name_of(HazardKind::never_mapped);
}

// Where a hazard was met first.
struct Met {
  std::uint32_t number = 0;  // of the state
  ProcessId process;
  QueueId queue;
};

class Finder {
 public:
  explicit Finder(const std::atomic<bool>* interrupt) : interrupt_(interrupt) {}

  bool taken(const Explorer& explorer, std::uint32_t number, bool /*is_new*/) {
    bool is_first = false;
    for (const Hazard& hazard : explorer.hazards()) {
      is_first = meet(name_of(hazard.kind), {number, hazard.process, hazard.queue}) || is_first;
    }
    return is_first;
  }
  void ended(const Explorer& explorer, std::uint32_t number) {
    for (const Standing& one : explorer.machine().for_ever()) {
      meet(name_of(one.kind), {number, one.process, one.queue});
    }
  }
  bool goes_on() const { return interrupt_ == nullptr || !interrupt_->load(std::memory_order_relaxed); }

  const std::map<std::string, Met, std::less<>>& met() const { return met_; }

 private:
  bool meet(std::string_view hazard, const Met& met) {
    return !met_.contains(hazard) && met_.emplace(hazard, met).second;
  }

  const std::atomic<bool>* interrupt_;
  std::map<std::string, Met, std::less<>> met_;
};

// The machine once all is open that starts at 0: how queues are created is not what is explored.
Explorer opened(const std::shared_ptr<const MachineSpec>& spec) {
  Explorer start(spec);
  const auto is_of_opening = [&](const Happening& happening) {
    if (pace_of(happening.event) == Pace::prompt) return true;
    const std::optional<ProcessId> process = start_of(happening.event);
    return process && spec->processes[process->index()].start == Duration{0};
  };
  for (;;) {
    const std::vector<Happening> happenings = start.happenings();
    const auto next = std::find_if(happenings.begin(), happenings.end(), is_of_opening);
    if (next == happenings.end()) return start;
    start.take(*next);
  }
}

std::string whose(const Layout& layout, ProcessId process, QueueId queue) {
  if (queue.exists()) {
    return fmt::format("{}/{}", layout.process(layout.queue(queue).process).name, layout.queue(queue).name);
  }
  return process.exists() ? layout.process(process).name : "the device";
}

Finding finding_of(std::string_view hazard, const Met& met, Explorer machine, const std::vector<Choice>& path) {
  Finding finding;
  finding.hazard = hazard;
  for (const Choice choice : path) {
    const Happening happening = machine.happenings().at(choice);
    std::string step = machine.machine().words_for(happening);
    machine.take(happening);
    for (const Hazard& met_here : machine.hazards()) {
      step += fmt::format(" -> {} of {}", name_of(met_here.kind),
                          whose(machine.machine().layout(), met_here.process, met_here.queue));
    }
    finding.sequence.push_back(std::move(step));
  }
  const Layout& layout = machine.machine().layout();
  if (met.process.exists()) finding.process = layout.process(met.process).name;
  if (met.queue.exists()) finding.queue = layout.queue(met.queue).name;
  if (!is_for_ever(hazard)) {
    const std::vector<Hazard>& last = machine.hazards();
    ensure(std::any_of(last.begin(), last.end(), [&](const Hazard& h) { return name_of(h.kind) == hazard; }),
           "a sequence leads to its hazard");
    return finding;
  }
  for (const ThreadWait& wait : machine.machine().waits()) {
    finding.waits.push_back(fmt::format("{} waits for {}", wait.name, wait.what));
  }
  return finding;
}

}  // namespace

Exploration explore(const std::shared_ptr<const MachineSpec>& spec, const SearchLimits& limits,
                    const std::atomic<bool>* interrupt) {
  const Explorer start = opened(std::make_shared<const MachineSpec>(untimed(*spec)));
  Search<Explorer> search(limits);
  Finder finder(interrupt);
  Exploration exploration;
  exploration.counts = search.run(start, finder);
  for (const auto& [hazard, met] : finder.met()) {
    exploration.findings.push_back(finding_of(hazard, met, start, search.path(met.number)));
  }
  return exploration;
}

}  // namespace userqsim
