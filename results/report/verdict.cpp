#include "results/report/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "results/compare/compare.hpp"
#include "results/report/human.hpp"

namespace userqsim {
namespace {

struct Headline {
  std::string_view metric;
  std::string_view role;
  std::string_view subject;
  std::string_view less;
  std::string_view more;
  bool part_of_downtime;  // also told as a share of the downtime
};

constexpr std::array headlines{
    Headline{"downtime_ns", "victim", "Downtime of a victim", "shorter", "longer", false},
    Headline{"evict_latency_ns", "victim", "Eviction latency", "shorter", "longer", true},
    Headline{"requester_stall_ns", "requester", "Stall of the requester", "shorter", "longer", true},
    Headline{"job_latency_ns", "bystander", "Job latency of bystanders", "shorter", "longer", false},
    Headline{"mes_lock_hold_ns", "device", "MES mutex hold of an eviction", "shorter", "longer", false},
};

int sign(double value) { return value > 0.0 ? 1 : value < 0.0 ? -1 : 0; }

// "[95 % CI 30.0 to 46.2 us]", turned so that the difference is positive when `turn`; empty without an interval.
std::string interval_text(const ComparisonRow& row, bool turn) {
  if (!row.ci_low || !row.ci_high) return {};
  const double low = turn ? -*row.ci_high : *row.ci_low;
  const double high = turn ? -*row.ci_low : *row.ci_high;
  return fmt::format(" [95 % CI {}]", human_range(low, high, row.unit));
}

class Sentence {
 public:
  Sentence(const VerdictInput& input, const Headline& headline, const ComparisonRow& base)
      : input_(input), headline_(headline), base_(base) {}

  std::string text() const {
    if (base_.replications < 2) {
      return fmt::format("{}: {} with one replication, which says nothing about the next; use --reps.",
                         headline_.subject, human_signed(base_.difference, base_.unit));
    }
    if (!differs(base_)) return no_difference() + corners_that_differ() + ".";
    return difference() + structure() + corners() + costs() + ".";
  }

 private:
  const ComparisonRow* in(std::string_view variant) const {
    return find_row(input_.rows, variant, headline_.metric, headline_.role, "mean");
  }

  // "38.1 us shorter with a [95 % CI 30.0 to 46.2 us]".
  std::string told(const ComparisonRow& row) const {
    if (row.difference == 0.0) return "none";
    return fmt::format("{} {} with {}{}", human(std::fabs(row.difference), row.unit),
                       row.difference > 0.0 ? headline_.less : headline_.more, input_.policy_a,
                       interval_text(row, row.difference < 0.0));
  }

  std::string no_difference() const {
    if (base_.difference == 0.0 && base_.ci_low == 0.0 && base_.ci_high == 0.0) {
      return fmt::format("{}: the same under both, {}", headline_.subject, human(base_.value_a, base_.unit));
    }
    return fmt::format("{}: no difference shown, {}{}", headline_.subject, told(base_), bound());
  }

  // What the interval excludes is worth saying: "; whichever it is, at most 3.53 us (0.01 %)".
  std::string bound() const {
    if (!base_.ci_low || !base_.ci_high) return {};
    const double most = std::max(std::fabs(*base_.ci_low), std::fabs(*base_.ci_high));
    const std::string share = human_share(most, base_.value_b);
    return fmt::format("; whichever it is, at most {}{}", human(most, base_.unit),
                       share.empty() ? "" : fmt::format(" ({})", share.substr(1)));
  }

  std::string corners_that_differ() const {
    std::string list;
    for (const VariantName& corner : input_.corners) {
      const ComparisonRow* row = in(corner.variant);
      if (row == nullptr || !differs(*row)) continue;
      list += fmt::format("{}{}: {}", list.empty() ? "" : "; ", corner.variant, told(*row));
    }
    return list.empty() ? list : fmt::format("; but they differ in other firmware corners ({})", list);
  }

  std::string difference() const {
    const double size = std::fabs(base_.difference);
    std::string share = human_share(size, base_.value_b);
    if (!share.empty()) share = fmt::format(" ({})", share.substr(1));  // without its sign
    std::string text = fmt::format("{}: {}{} {} with {} than with {}{}", headline_.subject, human(size, base_.unit),
                                   share, base_.difference > 0.0 ? headline_.less : headline_.more, input_.policy_a,
                                   input_.policy_b, interval_text(base_, base_.difference < 0.0));
    const ComparisonRow* downtime = find_row(input_.rows, base_variant, "downtime_ns", "victim", "mean");
    if (headline_.part_of_downtime && downtime != nullptr && downtime->value_b > 0.0) {
      text += fmt::format(", {} of the downtime", human_share(size, downtime->value_b).substr(1));
    }
    return text;
  }

  std::string structure() const {
    const ComparisonRow* row = in(unique_zero_variant);
    if (row == nullptr) return {};
    const std::string_view zero = "; with the costs unique to each scheme at zero";
    if (row->difference == 0.0) return fmt::format("{} nothing of it remains", zero);
    if (!differs(*row)) return fmt::format("{} no difference is shown ({})", zero, told(*row));
    return fmt::format("{} it is {}", zero, told(*row));
  }

  std::string corners() const {
    std::size_t known = 0;
    std::size_t agree = 0;
    std::size_t shown = 0;  // of those that agree
    std::string others;
    for (const VariantName& corner : input_.corners) {
      const ComparisonRow* row = in(corner.variant);
      if (row == nullptr) continue;
      ++known;
      if (sign(row->difference) == sign(base_.difference)) {
        ++agree;
        if (differs(*row)) ++shown;
      } else {
        others += fmt::format("{}{}: {}{}", others.empty() ? "" : "; ", corner.variant,
                              differs(*row) ? "" : "no difference shown, ", told(*row));
      }
    }
    if (known < 2) return {};
    const std::string weak = shown == agree
                                 ? std::string{}
                                 : fmt::format(", though the interval holds zero in {} of them", agree - shown);
    if (agree == known) return fmt::format("; the sign is the same in all {} firmware corners{}", known, weak);
    return fmt::format("; it keeps its sign in {} of {} firmware corners{} (not with {})", agree, known, weak,
                       others);
  }

  // The cost whose zeroing changes the difference most, if that is more than the base's own uncertainty.
  std::string costs() const {
    const VariantName* most = nullptr;
    double most_change = 0.0;
    for (const VariantName& cost : input_.costs) {
      const ComparisonRow* row = in(cost.variant);
      if (row == nullptr || (row->difference >= *base_.ci_low && row->difference <= *base_.ci_high)) continue;
      const double change = std::fabs(row->difference - base_.difference);
      if (change > most_change) {
        most_change = change;
        most = &cost;
      }
    }
    if (input_.costs.empty()) return {};
    if (most == nullptr) return "; no single cost unique to a scheme, at zero, moves it out of its interval";
    const ComparisonRow& without = *in(most->variant);
    return fmt::format("; of the costs unique to a scheme it rests most on {} (at zero{}: {})", most->label,
                       sign(without.difference) == -sign(base_.difference) ? " its sign turns" : "", told(without));
  }

  const VerdictInput& input_;
  const Headline& headline_;
  const ComparisonRow& base_;
};

}  // namespace

std::vector<std::string> verdict(const VerdictInput& input) {
  std::vector<std::string> sentences;
  bool any_differs = false;
  for (const Headline& headline : headlines) {
    const ComparisonRow* base = find_row(input.rows, base_variant, headline.metric, headline.role, "mean");
    if (base == nullptr) continue;
    any_differs = any_differs || differs(*base);
    sentences.push_back(Sentence(input, headline, *base).text());
  }
  if (sentences.empty()) return {"Nothing was evicted, so there is nothing to compare."};
  if (!any_differs) {
    sentences.insert(sentences.begin(),
                     fmt::format("No difference between {} and {} is shown in any headline metric.", input.policy_a,
                                 input.policy_b));
  }
  return sentences;
}

}  // namespace userqsim
