// Breadth-first search through everything that a system may do: each state that can be reached is met once, by one
// of the shortest sequences of happenings that lead to it.
//
// A system is a value that can be copied. It names what may happen next (in an order that depends on nothing but
// how the state was reached), lets one of that happen, and has a hash that is the same for states between which
// nothing that comes later can tell. States are told apart by 64 bits: of ten million, two would be taken for one
// with a probability of 3 in a million.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sim/core/ensure.hpp"

namespace userqsim {

template <class System>
concept Searchable = std::copy_constructible<System> && requires(System system, const System constant) {
  constant.happenings();
  system.take(constant.happenings().front());
  { constant.state_hash() } -> std::convertible_to<std::uint64_t>;
};

struct SearchLimits {
  std::uint64_t states = 0;   // 0: none
  std::uint32_t depth = 0;    // happenings in a sequence; 0: none
  std::uint64_t waiting = 0;  // states that nothing was taken from yet, whose systems are kept; 0: none
};

struct SearchCounts {
  std::uint64_t states = 0;       // that are different, the first one among them
  std::uint64_t transitions = 0;  // happenings taken
  std::uint32_t depth = 0;        // of the deepest state
  std::uint64_t ends = 0;         // states in which nothing may happen any more
  bool complete = false;          // every state that can be reached was met
};

// Which happening, by its place among those that may happen.
using Choice = std::uint16_t;

// `Visitor` is told, each with a number that path() takes:
//   bool taken(system, number, is_new)   a happening led to this state, which is new or was met before; true: the
//                                        number is to keep its meaning also where it was
//   void ended(system, number)           nothing may happen in it
// and asked goes_on() before each state.
template <Searchable System>
class Search {
 public:
  explicit Search(const SearchLimits& limits) : limits_(limits) {}

  // Call once.
  template <class Visitor>
  SearchCounts run(const System& start, Visitor& visitor) {
    std::vector<Node> level;
    seen_.insert(start.state_hash());
    origins_.push_back({none, 0});
    level.push_back({start, 0});
    counts_ = {};
    counts_.states = waiting_ = 1;
    bool cut = false;
    for (std::uint32_t depth = 0; !level.empty() && !cut; ++depth) {
      counts_.depth = depth;
      if (limits_.depth != 0 && depth >= limits_.depth) {
        cut = std::any_of(level.begin(), level.end(), [](const Node& n) { return !n.system.happenings().empty(); });
        break;
      }
      std::vector<Node> next;
      for (Node& node : level) {
        cut = cut || is_full() || (limits_.waiting != 0 && waiting_ >= limits_.waiting) || !visitor.goes_on();
        if (cut) break;
        expand(node, next, visitor);
        [[maybe_unused]] const System done = std::move(node.system);  // its memory is given back at once
        --waiting_;
      }
      level = std::move(next);
    }
    counts_.complete = !cut;
    return counts_;
  }

  // The choices that lead from the start to a state.
  std::vector<Choice> path(std::uint32_t number) const {
    std::vector<Choice> choices;
    for (; origins_[number].before != none; number = origins_[number].before)
      choices.push_back(origins_[number].choice);
    std::reverse(choices.begin(), choices.end());
    return choices;
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Node {
    System system;
    std::uint32_t number;
  };
  struct Origin {
    std::uint32_t before;
    Choice choice;
  };

  bool is_full() const { return limits_.states != 0 && counts_.states >= limits_.states; }

  template <class Visitor>
  void expand(Node& node, std::vector<Node>& next, Visitor& visitor) {
    const auto happenings = node.system.happenings();
    ensure(happenings.size() <= std::numeric_limits<Choice>::max(), "more may happen next than can be counted");
    if (happenings.empty()) {
      ++counts_.ends;
      return visitor.ended(node.system, node.number);
    }
    for (std::size_t i = 0; i < happenings.size(); ++i) {
      System after = i + 1 < happenings.size() ? System(node.system) : std::move(node.system);
      after.take(happenings[i]);
      ++counts_.transitions;
      const bool is_new = seen_.insert(after.state_hash()).second;
      origins_.push_back({node.number, static_cast<Choice>(i)});
      const auto number = static_cast<std::uint32_t>(origins_.size() - 1);
      const bool is_kept = visitor.taken(after, number, is_new);
      if (!is_new) {
        if (!is_kept) origins_.pop_back();
        continue;
      }
      ++counts_.states;
      ++waiting_;
      next.push_back({std::move(after), number});
    }
  }

  SearchLimits limits_;
  SearchCounts counts_;
  std::uint64_t waiting_ = 0;               // at the depth it is at and the next
  std::unordered_set<std::uint64_t> seen_;  // its order decides nothing: nobody walks it
  std::vector<Origin> origins_;             // by number
};

}  // namespace userqsim
