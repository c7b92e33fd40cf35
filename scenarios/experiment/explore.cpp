#include "scenarios/experiment/explore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "models/machine/untimed.hpp"
#include "models/machine/wait_graph.hpp"
#include "scenarios/experiment/effects.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// What a machine states that exploring asks for.
struct Heard {
  std::vector<Hazard> hazards;
  std::vector<QueueTransition> moves;
};

// A machine as the search wants it, with what went wrong in its last step.
class Explorer {
 public:
  Explorer(const std::shared_ptr<const MachineSpec>& spec, Orders orders)
      : orders_(orders), machine_(std::make_unique<Machine>(spec, 0)) {
    watch();
  }
  Explorer(const Explorer& other)
      : orders_(other.orders_),
        room_(other.room_),
        machine_(std::make_unique<Machine>(*other.machine_)),
        standing_(other.standing_) {
    watch();
  }
  Explorer(Explorer&&) = default;
  Explorer& operator=(Explorer&&) = default;

  std::vector<Happening> happenings() const { return machine_->happenings(orders_); }
  void take(const Happening& happening) {
    heard_->hazards.clear();
    heard_->moves.clear();
    machine_->take(happening);
    while (orders_ == Orders::distinct && machine_->settle()) {
    }
    std::vector<Standing> standing = machine_->standing();
    for (const Standing& one : standing) {
      if (std::find(standing_.begin(), standing_.end(), one) != standing_.end()) continue;
      heard_->hazards.push_back({machine_->now(), one.kind, one.process, one.queue});
    }
    standing_ = std::move(standing);
  }
  std::uint64_t state_hash() const { return machine_->state_hash(*room_); }
  const std::vector<Hazard>& hazards() const { return heard_->hazards; }
  const std::vector<QueueTransition>& moves() const { return heard_->moves; }
  const Machine& machine() const { return *machine_; }
  Machine& machine() { return *machine_; }

 private:
  void watch() {
    machine_->probes().hazard.subscribe([to = heard_.get()](const Hazard& fact) { to->hazards.push_back(fact); });
    machine_->probes().queue_transition.subscribe(
        [to = heard_.get()](const QueueTransition& fact) { to->moves.push_back(fact); });
  }

  Orders orders_;
  std::shared_ptr<std::vector<std::uint64_t>> room_ = std::make_shared<std::vector<std::uint64_t>>();
  std::unique_ptr<Machine> machine_;
  std::vector<Standing> standing_;
  std::unique_ptr<Heard> heard_ = std::make_unique<Heard>();
};

// Where a hazard was met first.
struct Met {
  std::uint32_t number = 0;  // of the state
  ProcessId process;
  QueueId queue;
};

class Finder {
 public:
  Finder(const MachineSpec& spec, const std::atomic<bool>* interrupt)
      : interrupt_(interrupt), coverage_(lifecycle(spec.kernel.lifecycle), *find_policy(spec.policy)) {}

  bool taken(const Explorer& explorer, std::uint32_t number, bool /*is_new*/) {
    bool is_first = false;
    note_moves(explorer);
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

  void note_moves(const Explorer& explorer) {
    for (const QueueTransition& m : explorer.moves()) {
      coverage_.note(m.operation, {m.queue, m.from, m.to, m.call, m.result, m.helper, m.seen});
    }
  }

  const std::map<std::string, Met, std::less<>>& met() const { return met_; }
  const std::vector<TableRow>& coverage() const { return coverage_.rows(); }

 private:
  bool meet(std::string_view hazard, const Met& met) {
    return !met_.contains(hazard) && met_.emplace(hazard, met).second;
  }

  const std::atomic<bool>* interrupt_;
  std::map<std::string, Met, std::less<>> met_;
  Coverage coverage_;
};

// The machine once all is open that starts at 0: how queues are created is not what is explored.
// Its moves count once.
Explorer opened(const std::shared_ptr<const MachineSpec>& spec, Orders orders, Finder& finder) {
  Explorer start(spec, orders);
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
    finder.note_moves(start);
  }
}

std::vector<std::string> names_of(const Machine& machine, const std::vector<Happening>& happenings) {
  std::vector<std::string> words;
  for (const Happening& happening : happenings) words.push_back(machine.tell(happening).what);
  return own_names(std::move(words));
}

std::string whose(const Layout& layout, ProcessId process, QueueId queue) {
  if (queue.exists()) return full_name(layout, queue);
  return process.exists() ? layout.process(process).name : "the device";
}

std::vector<FoundStep> sequence_of(Explorer& explorer, const std::vector<Choice>& path) {
  std::vector<FoundStep> sequence;
  Effects effects(explorer.machine());
  const Layout& layout = explorer.machine().layout();
  for (const Choice choice : path) {
    const std::vector<Happening> happenings = explorer.happenings();
    const Told told = explorer.machine().tell(happenings.at(choice));
    FoundStep step{names_of(explorer.machine(), happenings)[choice], told.actor, told.why, {}, {}};
    explorer.take(happenings[choice]);
    step.effects = effects.take();
    for (const Hazard& met : explorer.hazards())
      step.hazards.push_back(fmt::format("{} of {}", name_of(met.kind), whose(layout, met.process, met.queue)));
    sequence.push_back(std::move(step));
  }
  return sequence;
}

Finding finding_of(std::string_view hazard, const Met& met, Explorer machine, const std::vector<Choice>& path) {
  Finding finding;
  finding.hazard = hazard;
  finding.sequence = sequence_of(machine, path);
  const Layout& layout = machine.machine().layout();
  if (met.process.exists()) finding.process = layout.process(met.process).name;
  if (met.queue.exists()) finding.queue = layout.queue(met.queue).name;
  if (!is_for_ever(hazard)) {
    const std::vector<Hazard>& last = machine.hazards();
    ensure(std::any_of(last.begin(), last.end(), [&](const Hazard& h) { return name_of(h.kind) == hazard; }),
           "a sequence leads to its hazard");
    return finding;
  }
  const WaitGraph waits = machine.machine().wait_graph();
  finding.waits = hazard == stopped_for_ever ? std::vector{waits.story_of_restart(met.process)} : waits.stories();
  finding.waits_dot = waits.drawing().to_dot();
  return finding;
}

}  // namespace

std::vector<std::string> own_names(std::vector<std::string> words) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    const std::string plain = *word;
    for (int n = 2; std::find(words.begin(), word, *word) != word; ++n) *word = fmt::format("{} ({})", plain, n);
  }
  return words;
}

std::string text_of(const FoundStep& step) {
  std::string text = step.why.empty() ? step.name : fmt::format("{} ({})", step.name, step.why);
  for (const std::string& hazard : step.hazards) text += " -> " + hazard;
  return text;
}

Exploration explore(const std::shared_ptr<const MachineSpec>& spec, const SearchLimits& limits, Orders orders,
                    const std::atomic<bool>* interrupt) {
  Finder finder(*spec, interrupt);
  const Explorer start = opened(std::make_shared<const MachineSpec>(untimed(*spec)), orders, finder);
  Search<Explorer> search(limits);
  Exploration exploration;
  exploration.counts = search.run(start, finder);
  for (const auto& [hazard, met] : finder.met()) {
    exploration.findings.push_back(finding_of(hazard, met, start, search.path(met.number)));
  }
  exploration.coverage = finder.coverage();
  return exploration;
}

Followed follow(const std::shared_ptr<const MachineSpec>& spec, const std::vector<std::string>& order,
                const SearchLimits& limits) {
  Finder finder(*spec, nullptr);
  const Explorer start = opened(std::make_shared<const MachineSpec>(untimed(*spec)), Orders::distinct, finder);
  Followed followed;
  Exploration& exploration = followed.exploration;
  exploration.is_order = true;
  exploration.counts.complete = true;
  exploration.counts.states = 1;
  Explorer at = start;
  std::vector<Choice> path;
  for (const std::string& step : order) {
    const bool is_cut = (limits.depth != 0 && path.size() >= limits.depth) ||
                        (limits.states != 0 && exploration.counts.states >= limits.states);
    if (is_cut) {
      exploration.counts.complete = false;
      break;
    }
    const std::vector<Happening> happenings = at.happenings();
    std::vector<std::string> names = names_of(at.machine(), happenings);
    const auto found = std::find(names.begin(), names.end(), step);
    if (found == names.end()) {
      followed.impossible = {path.size(), std::move(names)};
      return followed;
    }
    path.push_back(static_cast<Choice>(found - names.begin()));
    at.take(happenings[path.back()]);
    ++exploration.counts.states;
    finder.taken(at, static_cast<std::uint32_t>(path.size()), true);
  }
  exploration.counts.transitions = path.size();
  exploration.counts.depth = static_cast<std::uint32_t>(path.size());
  if (at.happenings().empty()) {
    exploration.counts.ends = 1;
    finder.ended(at, static_cast<std::uint32_t>(path.size()));
  }
  for (const auto& [hazard, met] : finder.met()) {
    exploration.findings.push_back(finding_of(hazard, met, start, {path.begin(), path.begin() + met.number}));
  }
  exploration.coverage = finder.coverage();
  return followed;
}

}  // namespace userqsim
