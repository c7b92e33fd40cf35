// Explores everything that may happen in a scenario, in whatever order, and keeps for each thing that can go wrong
// one of the shortest sequences that lead to it (docs/exploration.md); or follows one order that was written down.
//
// Beside the hazards that the model's parts state, a state in which nothing may happen any more is looked at: a
// thread of the driver that is in the middle of something waits for ever, and so does a process that is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/hardware/facts.hpp"
#include "models/lifecycle/coverage.hpp"
#include "models/machine/machine.hpp"
#include "models/machine/spec.hpp"
#include "sim/search/search.hpp"

namespace userqsim {

constexpr std::string_view waits_for_ever = name_of(HazardKind::waits_for_ever);
constexpr std::string_view stopped_for_ever = name_of(HazardKind::stopped_for_ever);
// What is found where nothing may happen any more.
constexpr bool is_for_ever(std::string_view hazard) {
  return hazard == waits_for_ever || hazard == stopped_for_ever || hazard == name_of(HazardKind::never_mapped);
}

// Something that happens in a sequence.
struct FoundStep {
  std::string name;   // unlike that of anything else that might have happened then; what an order is made of
  std::string actor;  // Told::actor
  std::string why;    // Told::why
  std::vector<std::string> effects;  // what came of it, by the way: "a/q: MAPPED -> PREEMPTED (evict: preempt)"
  std::vector<std::string> hazards;  // "restore_cancelled of a"
};
// "suspend worker of a goes on (it waited for userq_mutex) -> restore_cancelled of a".
std::string text_of(const FoundStep& step);

struct Finding {
  std::string hazard;               // as in hazards.csv, or one of the two above
  std::string process;              // empty: nobody's
  std::string queue;                // empty: the process's
  std::vector<FoundStep> sequence;  // what happens, up to the hazard
  std::vector<std::string> waits;   // of one that lasts for ever: who waits then for whom, a story each
  std::string waits_dot;            // the same as a graph
};

struct Exploration {
  SearchCounts counts;
  std::vector<Finding> findings;   // by the hazard's name; the shortest, and of those the first to be found
  bool is_order = false;           // one order was followed, and nothing else looked at
  std::vector<TableRow> coverage;  // how often the transitions that were taken took each row
};

// REQUIRES: check_untimed(*spec) is empty. Ends early, and says so in counts.complete, when `interrupt` became
// true. With Orders::distinct what is a part's own business happens as soon as it may, and is no step of a
// sequence.
Exploration explore(const std::shared_ptr<const MachineSpec>& spec, const SearchLimits& limits, Orders orders,
                    const std::atomic<bool>* interrupt);

// What may happen next, each by a name of its own: of two that are told in the same words the second gets " (2)".
std::vector<std::string> own_names(std::vector<std::string> words);

// Why an order cannot be followed.
struct ImpossibleStep {
  std::size_t index = 0;              // in the order
  std::vector<std::string> possible;  // what may happen there instead; empty: nothing
};
struct Followed {
  Exploration exploration;
  std::optional<ImpossibleStep> impossible;
};

// Lets happen what `order` names, as FoundStep::name does, one after the other. A limit cuts it short as it cuts a
// search. REQUIRES: as explore().
Followed follow(const std::shared_ptr<const MachineSpec>& spec, const std::vector<std::string>& order,
                const SearchLimits& limits);

}  // namespace userqsim
