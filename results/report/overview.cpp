#include "results/report/overview.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "results/compare/compare.hpp"
#include "results/compare/headlines.hpp"
#include "results/report/human.hpp"

namespace userqsim {
namespace {

// How a policy stands to the baseline in one metric.
enum class Standing : std::uint8_t {
  less,
  more,
  not_shown,
  alone,  // known of one replication, which says nothing about the next
  unmeasured,
};
constexpr std::array told_standings{Standing::less, Standing::more, Standing::not_shown};

Standing standing(const ComparisonRow* row) {
  if (row == nullptr) return Standing::unmeasured;
  if (!row->ci_low) return Standing::alone;
  if (!differs(*row)) return Standing::not_shown;
  return row->difference < 0.0 ? Standing::less : Standing::more;
}

// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return text;
}

// Policies of whom the same is said.
struct Group {
  std::string detail;
  std::vector<std::string> names;
};

// Adds a name to the group of that detail.
void add(std::vector<Group>& groups, const std::string& name, const std::string& detail) {
  const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.detail == detail; });
  if (group == groups.end()) {
    groups.push_back({detail, {name}});
  } else {
    group->names.push_back(name);
  }
}

// "b and c (by 100 ns), e (by 300 ns)".
std::string list_of(const std::vector<Group>& groups) {
  std::vector<std::string> parts;
  for (const Group& group : groups) {
    parts.push_back(listed(group.names) + (group.detail.empty() ? "" : fmt::format(" ({})", group.detail)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Entry {
 public:
  Entry(const Comparison& comparison, const Headline& headline)
      : comparison_(comparison), headline_(headline), pairs_(against_baseline(comparison)) {}

  Standing of(const PairComparison& pair) const { return standing(base(pair)); }
  bool any(Standing value) const {
    return std::any_of(pairs_.begin(), pairs_.end(), [&](const PairComparison& pair) { return of(pair) == value; });
  }
  bool any_told() const {
    return std::any_of(told_standings.begin(), told_standings.end(), [&](Standing value) { return any(value); });
  }
  bool measured() const { return any_told() || any(Standing::alone); }

  std::string text() const {
    const std::string& first = comparison_.policies.front();
    const std::string subject = fmt::format("{}, {} with {}", headline_.subject, baseline_value(), first);
    if (!any_told()) return subject + ": one replication says nothing about the next; use --reps.";
    return subject + ": " + standings() + "." + corners() + unique_costs();
  }

 private:
  const ComparisonRow* in(const PairComparison& pair, std::string_view variant) const {
    return find_row(pair.rows, variant, headline_.metric, headline_.role, "mean");
  }
  const ComparisonRow* base(const PairComparison& pair) const { return in(pair, base_variant); }

  std::string_view word(Standing value) const {
    switch (value) {
      case Standing::less:
        return headline_.less;
      case Standing::more:
        return headline_.more;
      case Standing::not_shown:
        return "no difference shown";
      case Standing::alone:
        return "too few replications";
      case Standing::unmeasured:
        return "not measured";
    }
    return {};
  }

  std::string baseline_value() const {
    for (const PairComparison& pair : pairs_) {
      if (const ComparisonRow* row = base(pair)) return human(row->value_a, row->unit);
    }
    return {};
  }

  // "shorter with c (by 3.10 us); no difference shown with b and d; the same with e".
  std::string standings() const {
    std::vector<std::string> clauses;
    for (const Standing value :
         {Standing::less, Standing::more, Standing::not_shown, Standing::alone, Standing::unmeasured}) {
      std::vector<Group> groups;
      for (const PairComparison& pair : pairs_) {
        const ComparisonRow* row = base(pair);
        if (standing(row) != value || (value == Standing::not_shown && is_same(*row))) continue;
        const bool sized = value == Standing::less || value == Standing::more;
        add(groups, pair.policy_b, sized ? "by " + human(std::fabs(row->difference), row->unit) : "");
      }
      if (!groups.empty()) clauses.push_back(fmt::format("{} with {}", word(value), list_of(groups)));
    }
    std::vector<std::string> same;
    for (const PairComparison& pair : pairs_) {
      if (of(pair) == Standing::not_shown && is_same(*base(pair))) same.push_back(pair.policy_b);
    }
    if (!same.empty()) clauses.push_back("the same with " + listed(same));
    return fmt::format("{}", fmt::join(clauses, "; "));
  }

  // "of 4: shorter in 2, no difference shown in 2" when the variants that were run do not all say the same, or,
  // with `as_base`, not all what the base says.
  std::string split(const PairComparison& pair, const std::vector<std::string>& variants, bool as_base) const {
    std::array<std::size_t, told_standings.size()> counts{};
    std::size_t run = 0;
    for (const std::string& variant : variants) {
      const Standing value = standing(in(pair, variant));
      if (std::find(told_standings.begin(), told_standings.end(), value) == told_standings.end()) continue;
      ++counts.at(static_cast<std::size_t>(value));
      ++run;
    }
    const bool same = std::any_of(counts.begin(), counts.end(), [&](std::size_t count) { return count == run; });
    const bool as_expected = !as_base || run == 0 || counts.at(static_cast<std::size_t>(of(pair))) == run;
    if (same && as_expected) return {};
    std::vector<std::string> parts;
    for (const Standing value : told_standings) {
      const std::size_t count = counts.at(static_cast<std::size_t>(value));
      if (count > 0) parts.push_back(fmt::format("{} in {}", word(value), count));
    }
    return fmt::format("of {}: {}", run, fmt::join(parts, ", "));
  }

  // Of whom the variants do so, with how.
  std::vector<Group> splits(const std::vector<std::string>& variants, bool as_base) const {
    std::vector<Group> groups;
    for (const PairComparison& pair : pairs_) {
      if (of(pair) == Standing::unmeasured || of(pair) == Standing::alone) continue;
      const std::string text = split(pair, variants, as_base);
      if (!text.empty()) add(groups, pair.policy_b, text);
    }
    return groups;
  }

  bool any_run(const std::vector<std::string>& variants) const {
    return std::any_of(variants.begin(), variants.end(), [&](const std::string& variant) {
      return std::any_of(pairs_.begin(), pairs_.end(),
                         [&](const auto& pair) { return in(pair, variant) != nullptr; });
    });
  }

  std::string corners() const {
    std::vector<std::string> variants;
    for (const CornerName& corner : comparison_.variants.corners) variants.push_back(corner.variant);
    if (!any_run(variants)) return {};
    const std::vector<Group> groups = splits(variants, false);
    if (groups.empty()) return " The firmware corners agree.";
    return fmt::format(" The firmware corners disagree about {}.", list_of(groups));
  }

  std::string unique_costs() const {
    std::vector<std::string> singles;
    for (const VariantName& cost : comparison_.variants.costs) singles.push_back(cost.variant);
    for (const VariantName& cost : comparison_.variants.highs) singles.push_back(cost.variant);
    if (!any_run(singles) && !any_run({std::string{unique_zero_variant}})) return {};
    const std::string zero = at_zero();
    const std::vector<Group> groups = splits(singles, true);
    if (zero.empty() && groups.empty()) return " The costs unique to a scheme do not change this.";
    const std::string single =
        groups.empty()
            ? " No single one of them changes this."
            : fmt::format(" One unique cost alone, at zero or at the top of its range, changes it for {}.",
                          list_of(groups));
    return (zero.empty() ? " With the costs unique to a scheme at zero the same holds."
                         : fmt::format(" With the costs unique to a scheme at zero: {}.", zero)) +
           single;
  }

  // Those whose standing is another with the unique costs at zero: "longer with b; no difference shown with c".
  std::string at_zero() const {
    std::vector<std::string> clauses;
    for (const Standing value : told_standings) {
      std::vector<std::string> names;
      for (const PairComparison& pair : pairs_) {
        const ComparisonRow* row = in(pair, unique_zero_variant);
        const bool told = of(pair) != Standing::unmeasured && of(pair) != Standing::alone;
        if (!told || standing(row) != value || of(pair) == value) continue;
        names.push_back(pair.policy_b);
      }
      if (!names.empty()) clauses.push_back(fmt::format("{} with {}", word(value), listed(names)));
    }
    return fmt::format("{}", fmt::join(clauses, "; "));
  }

  const Comparison& comparison_;
  const Headline& headline_;
  std::span<const PairComparison> pairs_;
};

// "x is better than a in MES mutex hold of an eviction and worse in Downtime of a victim."
std::vector<std::string> mixed(const Comparison& comparison, const std::vector<Entry>& entries,
                               const std::vector<const Headline*>& measured) {
  std::vector<std::string> sentences;
  for (const PairComparison& pair : against_baseline(comparison)) {
    std::vector<std::string> better;
    std::vector<std::string> worse;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Standing value = entries[i].of(pair);
      if (value == Standing::less) better.emplace_back(measured[i]->subject);
      if (value == Standing::more) worse.emplace_back(measured[i]->subject);
    }
    if (better.empty() || worse.empty()) continue;
    sentences.push_back(fmt::format("The metrics disagree about {}: against {} it is better in {}, worse in {}.",
                                    pair.policy_b, pair.policy_a, listed(better), listed(worse)));
  }
  return sentences;
}

}  // namespace

std::vector<std::string> overview(const Comparison& comparison) {
  if (std::all_of(comparison.pairs.begin(), comparison.pairs.end(),
                  [](const PairComparison& pair) { return pair.rows.empty(); }))
    return {"No replication is whole, so there is nothing to compare."};
  std::vector<Entry> entries;
  std::vector<const Headline*> measured;
  for (const Headline& headline : headlines) {
    const Entry entry(comparison, headline);
    if (!entry.measured()) continue;
    entries.push_back(entry);
    measured.push_back(&headline);
  }
  if (entries.empty()) return {"Nothing was evicted, so there is nothing to compare."};
  std::vector<std::string> sentences;
  bool any_differs = false;
  bool any_alone = false;
  for (const Entry& entry : entries) {
    any_alone = any_alone || entry.any(Standing::alone);
    any_differs = any_differs || entry.any(Standing::less) || entry.any(Standing::more);
    sentences.push_back(entry.text());
  }
  if (!any_differs && !any_alone) {
    sentences.insert(sentences.begin(), fmt::format("No difference from {} is shown in any headline metric.",
                                                    comparison.policies.front()));
  }
  for (std::string& sentence : mixed(comparison, entries, measured)) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace userqsim
