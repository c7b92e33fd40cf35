#include "results/report/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/compare/compare.hpp"
#include "results/compare/headlines.hpp"
#include "results/report/human.hpp"

namespace userqsim {
namespace {

int sign(double value) { return value > 0.0 ? 1 : value < 0.0 ? -1 : 0; }

// "[95 % CI 30.0 to 46.2 us]", turned so that the difference is positive when `turn`; empty without an interval.
std::string interval_text(const ComparisonRow& row, bool turn) {
  if (!row.ci_low || !row.ci_high) return {};
  const double low = turn ? -*row.ci_high : *row.ci_low;
  const double high = turn ? -*row.ci_low : *row.ci_high;
  return fmt::format(" [95 % CI {}]", human_range(low, high, row.unit));
}

// "teardown or registration"
std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text;
}

class Sentence {
 public:
  Sentence(const PairComparison& pair, const VariantNames& variants, const Headline& headline,
           const ComparisonRow& base)
      : pair_(pair), variants_(variants), headline_(headline), base_(base) {}

  std::string text() const {
    if (!base_.ci_low) {
      return fmt::format("{}: {} with one replication, which says nothing about the next; use --reps.",
                         headline_.subject, human_signed(base_.difference, base_.unit));
    }
    if (!differs(base_)) {
      return no_difference() + corners_that_differ() + structure_that_differs() + costs_that_differ() + "." +
             ranges_that_differ() + censoring();
    }
    return difference() + structure() + corners() + costs() + "." + ranges() + censoring();
  }

 private:
  const ComparisonRow* in(std::string_view variant) const {
    return find_row(pair_.rows, variant, headline_.metric, headline_.role, "mean");
  }

  // "38.1 us shorter with a [95 % CI 30.0 to 46.2 us]".
  std::string told(const ComparisonRow& row) const {
    if (row.difference == 0.0) return "none";
    return fmt::format("{} {} with {}{}", human(std::fabs(row.difference), row.unit),
                       row.difference > 0.0 ? headline_.less : headline_.more, pair_.policy_a,
                       interval_text(row, row.difference < 0.0));
  }

  // " (0.41 % of a's downtime)": the base of every share, here and in the table.
  std::string share(double size) const {
    const ComparisonRow* downtime = find_row(pair_.rows, base_variant, "downtime_ns", "victim", "mean");
    const std::string part = downtime == nullptr ? std::string{} : human_share(size, downtime->value_a);
    return part.empty() ? part : fmt::format(" ({} of a's downtime)", part.substr(1));  // without its sign
  }

  std::string no_difference() const {
    if (is_same(base_)) {
      return fmt::format("{}: the same under both, {}", headline_.subject, human(base_.value_a, base_.unit));
    }
    const bool none = base_.answer == comparison_answer::no_difference_that_matters;
    return fmt::format("{}: no difference {}, {}{}{}{}", headline_.subject, none ? "that matters" : "shown",
                       told(base_), chance(), bound(), band());
  }

  // An interval that leaves zero out is a difference by itself; of several that are read together it may be chance.
  std::string chance() const {
    if (!base_.p_holm || !base_.ci_low || (*base_.ci_low <= 0.0 && *base_.ci_high >= 0.0)) return {};
    return fmt::format(
        " (of the metrics that are read together one such interval may be chance: corrected p {:.3f})",
        *base_.p_holm);
  }

  std::string band() const {
    if (base_.answer == comparison_answer::no_difference_that_matters) {
      return fmt::format("; the 90 % interval lies within {}, which is said not to matter",
                         human(*base_.band, base_.unit));
    }
    if (base_.answer != comparison_answer::undecided) return {};
    return fmt::format("; whether it is less than {}, which would not matter, is not decided",
                       human(*base_.band, base_.unit));
  }

  // Means are of complete observations; where some were cut off, they are too low.
  std::string censoring() const {
    const ComparisonRow* row = find_row(pair_.rows, base_variant, headline_.metric, headline_.role, "km_mean");
    if (row == nullptr || (row->value_a == base_.value_a && row->value_b == base_.value_b)) return {};
    return fmt::format(" Some observations were cut off; with them (Kaplan-Meier) {}.",
                       is_same(*row) ? "there is no difference" : "the difference is " + told(*row));
  }

  // What the interval excludes is worth saying: "; with these costs at most 3.53 us (0.01 % of a's downtime)".
  std::string bound() const {
    if (!base_.ci_low || !base_.ci_high) return {};
    const double most = std::max(std::fabs(*base_.ci_low), std::fabs(*base_.ci_high));
    return fmt::format("; with these costs at most {}{}", human(most, base_.unit), share(most));
  }

  std::string corners_that_differ() const {
    std::string list;
    for (const CornerName& corner : variants_.corners) {
      const ComparisonRow* row = in(corner.variant);
      if (row == nullptr || !differs(*row)) continue;
      list += fmt::format("{}{}: {}", list.empty() ? "" : "; ", corner.variant, told(*row));
    }
    return list.empty() ? list : fmt::format("; but they differ in other firmware corners ({})", list);
  }

  std::string structure_that_differs() const {
    const ComparisonRow* row = in(unique_zero_variant);
    if (row == nullptr || !differs(*row)) return {};
    return fmt::format("; but with the costs unique to each scheme at zero it is {}", told(*row));
  }

  // Under which of the variants a policy is better, for a base that shows no difference: "without teardown or
  // registration b is shorter (by 5.93 us, 8.77 us), without suspend_book a is (by 7.78 us)".
  std::string sides(std::string_view under, const std::vector<VariantName>& variants) const {
    std::string list;
    for (const bool a_is_better : {false, true}) {
      std::vector<std::string> names;
      std::vector<std::string> sizes;
      for (const VariantName& variant : variants) {
        const ComparisonRow* row = in(variant.variant);
        if (row == nullptr || !differs(*row) || (row->difference > 0.0) != a_is_better) continue;
        names.push_back(variant.label);
        sizes.push_back(human(std::fabs(row->difference), row->unit));
      }
      if (names.empty()) continue;
      const std::string better = list.empty() ? fmt::format(" {}", headline_.less) : std::string{};
      list += fmt::format("{}{} {} {} is{} (by {})", list.empty() ? "" : ", ", under, alternatives(names),
                          a_is_better ? pair_.policy_a : pair_.policy_b, better, fmt::join(sizes, ", "));
    }
    return list;
  }

  std::string costs_that_differ() const {
    const std::string list = sides("without", variants_.costs);
    return list.empty() ? list : "; it rests on the costs unique to a scheme being equal: " + list;
  }

  std::string ranges_that_differ() const {
    const std::string list = sides("with", variants_.highs);
    return list.empty() ? list : " The range of an unknown decides it: " + list + ".";
  }

  std::string difference() const {
    const double size = std::fabs(base_.difference);
    return fmt::format("{}: {}{} {} with {} than with {}{}", headline_.subject, human(size, base_.unit),
                       share(size), base_.difference > 0.0 ? headline_.less : headline_.more, pair_.policy_a,
                       pair_.policy_b, interval_text(base_, base_.difference < 0.0)) +
           (base_.answer == comparison_answer::difference_within_band
                ? fmt::format(", which does not matter: it is less than {}", human(*base_.band, base_.unit))
                : "");
  }

  std::string structure() const {
    const ComparisonRow* row = in(unique_zero_variant);
    if (row == nullptr) return {};
    const std::string_view zero = "; with the costs unique to each scheme at zero";
    if (row->difference == 0.0) return fmt::format("{} nothing of it remains", zero);
    if (!differs(*row)) return fmt::format("{} no difference is shown ({})", zero, told(*row));
    return fmt::format("{} it is {}", zero, told(*row));
  }

  // In which of the corners that keep the sign it matters where the base does not, or does not where the base does.
  std::string corners_of_other_weight() const {
    std::string list;
    for (const CornerName& corner : variants_.corners) {
      const ComparisonRow* row = in(corner.variant);
      if (row == nullptr || !differs(*row) || sign(row->difference) != sign(base_.difference)) continue;
      if (row->answer == base_.answer) continue;
      list += fmt::format("{}{}: {}", list.empty() ? "" : "; ", corner.variant, told(*row));
    }
    if (list.empty()) return list;
    const bool matters = base_.answer == comparison_answer::difference;
    return fmt::format(", but it {} in some ({})", matters ? "is too small to matter" : "matters", list);
  }

  std::string corners() const {
    std::size_t known = 0;
    std::size_t agree = 0;
    std::size_t shown = 0;  // of those that agree
    std::string others;
    for (const CornerName& corner : variants_.corners) {
      const ComparisonRow* row = in(corner.variant);
      if (row == nullptr) continue;
      ++known;
      if (sign(row->difference) == sign(base_.difference)) {
        ++agree;
        if (differs(*row)) ++shown;
      } else {
        others += fmt::format("{}{}: {}", others.empty() ? "" : "; ", corner.variant,
                              is_same(*row)   ? "the same under both"
                              : differs(*row) ? told(*row)
                                              : "no difference shown, " + told(*row));
      }
    }
    if (known < 2) return {};
    const std::string weak = shown == agree
                                 ? std::string{}
                                 : fmt::format(", though the interval holds zero in {} of them", agree - shown);
    const std::string sizes = corners_of_other_weight();
    if (agree == known)
      return fmt::format("; the sign is the same in all {} firmware corners{}{}", known, weak, sizes);
    return fmt::format("; it keeps its sign in {} of {} firmware corners{} (not with {}){}", agree, known, weak,
                       others, sizes);
  }

  bool turns(const ComparisonRow& row) const {
    return differs(row) && sign(row.difference) == -sign(base_.difference);
  }

  // Under which of the variants the base's difference is lost: "without teardown the sign turns (...), without
  // registration no difference is shown (...)".
  std::string losses(std::string_view under, const std::vector<VariantName>& variants,
                     const VariantName* told_before) const {
    std::string list;
    for (const VariantName& variant : variants) {
      const ComparisonRow* row = in(variant.variant);
      if (row == nullptr || &variant == told_before || (differs(*row) && !turns(*row))) continue;
      list += fmt::format("{}{} {} {} ({})", list.empty() ? "" : ", ", under, variant.label,
                          turns(*row) ? "the sign turns" : "no difference is shown", told(*row));
    }
    return list;
  }

  // The cost whose zeroing changes the difference most, if that is more than the base's own uncertainty, or null.
  const VariantName* weightiest_cost() const {
    const VariantName* most = nullptr;
    double most_change = 0.0;
    for (const VariantName& cost : variants_.costs) {
      const ComparisonRow* row = in(cost.variant);
      if (row == nullptr || (row->difference >= *base_.ci_low && row->difference <= *base_.ci_high)) continue;
      const double change = std::fabs(row->difference - base_.difference);
      if (change > most_change) {
        most_change = change;
        most = &cost;
      }
    }
    return most;
  }

  std::string costs() const {
    const bool any_known = std::any_of(variants_.costs.begin(), variants_.costs.end(),
                                       [&](const VariantName& cost) { return in(cost.variant) != nullptr; });
    if (!any_known) return {};
    const VariantName* most = weightiest_cost();
    std::string text = "; no single cost unique to a scheme, at zero, moves it out of its interval";
    if (most != nullptr) {
      const ComparisonRow& without = *in(most->variant);
      text = fmt::format("; of the costs unique to a scheme it rests most on {} (at zero{}: {})", most->label,
                         turns(without)     ? " its sign turns"
                         : differs(without) ? ""
                                            : " no difference is shown",
                         told(without));
    }
    const std::string others = losses("without", variants_.costs, most);
    return others.empty() ? text : text + "; " + others;
  }

  std::string ranges() const {
    const std::string list = losses("with", variants_.highs, nullptr);
    return list.empty() ? list : " The range of an unknown decides it: " + list + ".";
  }

  const PairComparison& pair_;
  const VariantNames& variants_;
  const Headline& headline_;
  const ComparisonRow& base_;
};

}  // namespace

std::vector<std::string> verdict(const PairComparison& pair, const VariantNames& variants) {
  if (pair.rows.empty()) return {"No replication is whole, so there is nothing to compare."};
  std::vector<std::string> sentences;
  bool any_differs = false;
  bool any_alone = false;  // with one replication, which shows nothing either way
  for (const Headline& headline : headlines) {
    const ComparisonRow* base = find_row(pair.rows, base_variant, headline.metric, headline.role, "mean");
    if (base == nullptr) continue;
    any_differs = any_differs || differs(*base);
    any_alone = any_alone || !base->ci_low;
    sentences.push_back(Sentence(pair, variants, headline, *base).text());
  }
  if (sentences.empty()) return {"Nothing was evicted, so there is nothing to compare."};
  if (!any_differs && !any_alone) {
    sentences.insert(sentences.begin(),
                     fmt::format("No difference between {} and {} is shown in any headline metric.", pair.policy_a,
                                 pair.policy_b));
  }
  return sentences;
}

}  // namespace userqsim
