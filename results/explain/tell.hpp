// Makes the story of one eviction from the record of its run and from what a witness saw around it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "models/machine/spec.hpp"
#include "models/workload/layout.hpp"
#include "results/explain/story.hpp"
#include "results/explain/witness.hpp"
#include "results/record/eviction_facts.hpp"

namespace userqsim {

struct StoryInput {
  const RunRecord& record;     // of the whole run
  std::size_t number = 0;      // of the eviction among the record's
  const EvictionFacts& facts;  // of the eviction
  const Seen& seen;            // at least from the moment it was asked for to its end
  const Layout& layout;
  const MachineSpec& spec;

  const EvictionRow& row() const { return record.evictions[number]; }
};

// When it was asked for: when its request came, or its fence was enabled.
std::int64_t asked_ns(const RunRecord& record, const EvictionRow& row);

// What a witness has to see of it.
Window window_of(const RunRecord& record, const EvictionRow& row);

// The whole story but `others`. Throws InvariantError when the parts do not account for every nanosecond.
Story tell(const StoryInput& input);

// The critical parts of one eviction by kind, in order of their first. REQUIRES: `record` holds the eviction.
// Throws InvariantError when they do not sum to its length, or those since the first stop to its downtime.
std::vector<StoryAccount> accounts_of(const RunRecord& record, const EvictionRow& row);

// Pieces of tell(), a file each.
// What asked for the eviction, and why it fell on this process (cause.cpp).
void tell_cause(const StoryInput& input, Story& story);
// What the part waited for (part_words.cpp).
std::string told(const StoryInput& input, const PartRow& part);
// Who else waited (other_waits.cpp), by start.
std::vector<StoryWait> waits_of_others(const StoryInput& input);

}  // namespace userqsim
