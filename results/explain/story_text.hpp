// The story of an eviction for people and for programs.
#pragma once

#include <string>

#include "results/explain/story.hpp"
#include "results/report/table.hpp"

namespace userqsim {

// `table` and `md`: the story in sentences and tables, times in microseconds from the eviction's start, exact to
// the nanosecond. `csv`: its parts, as in eviction_parts.csv with what each waited for. `json`: all numbers, in
// nanoseconds from the start of the run. The same bytes for the same story.
std::string render_story(const Story& story, const StoryHead& head, TableFormat format);

// One JSON object (story_json.cpp).
std::string story_json(const Story& story, const StoryHead& head);

// The numbers in which an eviction can differ under another policy, by the names of the columns of evictions.csv,
// and the sum of each kind of part: what comes second is empty where there is none.
struct StoryFigure {
  std::string name;
  std::string_view unit;  // ns, bytes, count
  OptionalNs here;
  OptionalNs there;
};
std::vector<StoryFigure> figures_of(const Story& story, const StoryOther& other);

}  // namespace userqsim
