#include "results/check/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "results/check/equivalence.hpp"
#include "results/report/human.hpp"
#include "sim/stats/statistics.hpp"

namespace userqsim {
namespace {

constexpr double beyond_all = std::numeric_limits<double>::infinity();

std::string numbers(const std::vector<std::uint32_t>& values) {
  std::string out;
  for (const std::uint32_t value : values) out += fmt::format("{}{}", out.empty() ? "" : ",", value);
  return out;
}

std::string words(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : " ") + value;
  return out.empty() ? "nothing" : out;
}

// Each input that is another one.
class InputCheck {
 public:
  InputCheck(const CheckInput& expected, const CheckInput& found, std::vector<CheckNote>& problems)
      : expected_(expected), found_(found), problems_(problems) {}

  void look(bool moved) {
    same("scenario", expected_.scenario, found_.scenario);
    same("device", expected_.device, found_.device);
    same("kernel", expected_.kernel, found_.kernel);
    same("seed", expected_.seed, found_.seed);
    same("horizon_ns", expected_.horizon_ns, found_.horizon_ns);
    same("measure_from_ns", expected_.measure_from_ns, found_.measure_from_ns);
    same("--set", words(expected_.sets), words(found_.sets));
    if (!moved) same("replications", numbers(expected_.replications), numbers(found_.replications));
    for (const std::string& policy : expected_.policies) {
      if (std::count(found_.policies.begin(), found_.policies.end(), policy) > 0) continue;
      add(fmt::format("policies: the run has {}, the baseline {}", words(found_.policies),
                      words(expected_.policies)));
      break;
    }
    // Where one of the above differs, the hash does so for that alone.
    if (problems_.empty() && expected_.hash != found_.hash) {
      add(
          fmt::format("input hash: the run has {}, the baseline {}: the bytes of the scenario or of a profile are "
                      "others, or one was made with --seed, --device, --kernel or --policy and the other without",
                      found_.hash, expected_.hash));
    }
  }

 private:
  void add(std::string text) { problems_.push_back({"inputs_changed", std::move(text)}); }
  template <class T>
  void same(std::string_view what, const T& expected, const T& found) {
    if (expected == found) return;
    add(fmt::format("{}: the run has {}, the baseline {}", what, found, expected));
  }

  const CheckInput& expected_;
  const CheckInput& found_;
  std::vector<CheckNote>& problems_;
};

void note_versions(const Baseline& baseline, const CheckedRun& run, CheckReport& report) {
  if (baseline.model_version != run.model_version) {
    report.notes.push_back(
        {"model_version",
         fmt::format(
             "the run was made by model {}, the baseline by model {}: the trajectory was moved on purpose{}",
             run.model_version, baseline.model_version,
             report.moved ? "" : "; --moved compares the statistics alone, --update-baselines takes the new")});
  }
  if (run.architecture.empty()) {
    report.notes.push_back(
        {"architecture", "the run's provenance.json does not say on what architecture it was made"});
  } else if (baseline.architecture != run.architecture) {
    report.notes.push_back({"architecture", fmt::format("the run was made on {}, the baseline on {}: digests and "
                                                        "numbers are to be the same nevertheless",
                                                        run.architecture, baseline.architecture)});
  }
  for (const std::string& policy : run.input.policies) {
    const auto& known = baseline.input.policies;
    if (std::count(known.begin(), known.end(), policy) > 0) continue;
    report.notes.push_back({"not_checked", fmt::format("the baseline has nothing of {}", policy)});
  }
}

CheckItem digest_item(const Baseline& baseline, const CheckedRun& run, const std::string& policy) {
  CheckItem item;
  item.name = {"digest", "", "", policy};
  item.direction = Better::both;
  std::size_t all = 0, other = 0;
  for (const BaselineDigest& expected : baseline.digests) {
    if (expected.policy != policy) continue;
    ++all;
    other += std::none_of(run.digests.begin(), run.digests.end(), [&](const CheckedDigest& found) {
      return found.policy == policy && found.replication == expected.replication && found.digest == expected.digest;
    });
  }
  const std::optional<DigestMismatch> first = first_mismatch(baseline, run, policy);
  if (!first) {
    item.text = fmt::format("{} replication{}", all, all == 1 ? "" : "s");
    return item;
  }
  item.outcome = Outcome::failed;
  item.severity = beyond_all;
  item.text =
      fmt::format("the digests of {} of {} replications differ, first in replication {}: {}, expected {:016x}",
                  other, all, first->expected->replication,
                  first->found != nullptr ? fmt::format("{:016x}", first->found->digest) : std::string{"none"},
                  first->expected->digest);
  return item;
}

// Positive: worse by so much. Where neither way is better, any difference is.
double worse_by(Better direction, double difference) {
  if (direction == Better::lower) return difference;
  if (direction == Better::higher) return -difference;
  return std::fabs(difference);
}

std::string change_text(double expected, double value, const std::string& unit) {
  const std::string share = human_share(value - expected, expected);
  return fmt::format("{} {}, expected {} ({}{})", value, unit, expected, human_signed(value - expected, unit),
                     share.empty() ? "" : ", " + share);
}

double severity_of(double difference, double allowed) {
  return allowed > 0.0 ? std::fabs(difference) / allowed : beyond_all;
}

double tolerance_of(const BaselineMetric& metric) {
  return std::max(metric.abs_tol, metric.rel_tol * std::fabs(metric.value));
}

void judge_within(double allowed, const BaselineMetric& metric, double value, CheckItem& item) {
  const double difference = value - metric.value;
  item.allowed = allowed;
  if (std::fabs(difference) <= allowed) {
    item.text = difference == 0.0 ? "the same" : change_text(metric.value, value, metric.unit);
    return;
  }
  item.severity = severity_of(difference, allowed);
  const std::string change = change_text(metric.value, value, metric.unit);
  if (worse_by(metric.direction, difference) > 0.0) {
    item.outcome = Outcome::failed;
    item.text = fmt::format("{}; allowed {}", change, human(allowed, metric.unit));
  } else {
    item.outcome = Outcome::improved;
    item.text = fmt::format("better by more than its tolerance: {}; the baseline is stale", change);
  }
}

// Inside the margin at both ends, or, where one way is better, at the worse end alone.
void judge_moved(const BaselineMetric& metric, const MeanDifference& mean, CheckItem& item) {
  const double allowed = std::max(metric.abs_tol, metric.margin * std::fabs(mean.old_mean));
  item.allowed = allowed;
  const bool flipped = metric.direction == Better::higher;
  const double worse_low = flipped ? -mean.high : mean.low;
  const double worse_high = flipped ? -mean.low : mean.high;
  item.text = fmt::format("mean over {} {}: {}, 90 % interval {}; margin {}", mean.count,
                          mean.paired ? "pairs" : "replications or more, unpaired",
                          human_signed(mean.difference, metric.unit),
                          human_interval(mean.low, mean.high, metric.unit), human(allowed, metric.unit));
  const bool two_sided = metric.direction == Better::both;
  item.severity = severity_of(mean.difference, allowed);
  if (worse_low > allowed || (two_sided && worse_high < -allowed)) {
    item.outcome = Outcome::failed;
    item.text = "outside the margin: " + item.text;
  } else if (!two_sided && worse_high < -allowed) {
    item.outcome = Outcome::improved;
    item.text = "better by more than the margin: " + item.text;
  } else if (worse_high > allowed || (two_sided && worse_low < -allowed)) {
    item.outcome = Outcome::undecided;
    item.text = "cannot be told from so few replications: " + item.text;
  } else {
    item.severity = 0.0;
  }
}

std::optional<MeanDifference> difference_of(const Baseline& baseline, const BaselineMetric& metric,
                                            const CheckedRun& run, const RunStatistic& statistic) {
  std::vector<double> old_pairs, new_pairs, old_all, new_all;
  for (const MaybeNumber& number : statistic.by_replication) {
    if (number.value) new_all.push_back(*number.value);
  }
  const auto& replications = run.input.replications;
  for (std::size_t i = 0; i < metric.by_replication.size(); ++i) {
    if (!metric.by_replication[i].value) continue;
    old_all.push_back(*metric.by_replication[i].value);
    const auto same = std::find(replications.begin(), replications.end(), baseline.input.replications[i]);
    if (same == replications.end()) continue;
    const MaybeNumber& found = statistic.by_replication[static_cast<std::size_t>(same - replications.begin())];
    if (!found.value) continue;
    old_pairs.push_back(old_all.back());
    new_pairs.push_back(*found.value);
  }
  if (old_pairs.size() >= 2) return paired_difference(old_pairs, new_pairs);
  return unpaired_difference(old_all, new_all);
}

void add_interval(const RunStatistic& statistic, CheckItem& item) {
  std::vector<double> values;
  for (const MaybeNumber& number : statistic.by_replication) {
    if (number.value) values.push_back(*number.value);
  }
  const Interval interval = t_interval(values);
  if (!interval.half_width) return;
  item.low = interval.mean - *interval.half_width;
  item.high = interval.mean + *interval.half_width;
}

CheckItem metric_item(const Baseline& baseline, std::size_t number, const CheckedRun& run, bool moved) {
  const BaselineMetric& metric = baseline.metrics[number];
  CheckItem item;
  item.name = metric.name;
  item.unit = metric.unit;
  item.expected = metric.value;
  item.direction = metric.direction;
  item.number = number;
  const auto found = std::find_if(run.statistics.begin(), run.statistics.end(),
                                  [&](const RunStatistic& s) { return s.name == metric.name; });
  if (found == run.statistics.end() || !found->value) {
    item.outcome = Outcome::missing;
    item.severity = beyond_all;
    item.text = found == run.statistics.end()
                    ? "the run has no such statistic"
                    : "the run has no value of it: too few were observed, or too many were cut off";
    return item;
  }
  item.value = found->value;
  add_interval(*found, item);
  const std::optional<MeanDifference> mean =
      moved ? difference_of(baseline, metric, run, *found) : std::optional<MeanDifference>{};
  if (mean) {
    judge_moved(metric, *mean, item);
  } else {
    const double margin = moved ? metric.margin * std::fabs(metric.value) : 0.0;
    judge_within(std::max(tolerance_of(metric), margin), metric, *found->value, item);
    if (moved) item.text += " (fewer than two replications have it: pooled)";
  }
  return item;
}

}  // namespace

bool is_digest(const CheckItem& item) { return item.name.metric == "digest"; }

bool fails(const CheckReport& report, const CheckItem& item) {
  if (item.outcome == Outcome::improved) return report.strict;
  return item.outcome != Outcome::passed;
}

bool passed(const CheckReport& report) {
  return report.comparable() && std::none_of(report.items.begin(), report.items.end(),
                                             [&](const CheckItem& item) { return fails(report, item); });
}

std::string verdict_of(const CheckReport& report) {
  if (!report.comparable()) return "not_comparable";
  return passed(report) ? "passed" : "failed";
}

std::string summary_of(const CheckReport& report) {
  if (!report.comparable()) return "not comparable";
  std::size_t digests = 0, others = 0, statistics = 0, failing = 0, improved = 0;
  for (const CheckItem& item : report.items) {
    (is_digest(item) ? digests : statistics) += 1;
    if (fails(report, item)) (is_digest(item) ? others : failing) += 1;
    improved += item.outcome == Outcome::improved;
  }
  std::string text = fmt::format("{}: ", verdict_of(report));
  text += report.moved ? "moved, digests not compared"
                       : fmt::format("digests of {} of {} policies differ", others, digests);
  text += fmt::format("; {} of {} statistics fail", failing, statistics);
  if (improved > 0)
    text += fmt::format("; {} better by more than their tolerance: the baseline is stale", improved);
  return text;
}

std::optional<DigestMismatch> first_mismatch(const Baseline& baseline, const CheckedRun& run,
                                             const std::string& policy) {
  for (const BaselineDigest& expected : baseline.digests) {
    if (expected.policy != policy) continue;
    const auto found = std::find_if(run.digests.begin(), run.digests.end(), [&](const CheckedDigest& digest) {
      return digest.policy == policy && digest.replication == expected.replication;
    });
    if (found == run.digests.end()) return DigestMismatch{&expected, nullptr};
    if (found->digest != expected.digest) return DigestMismatch{&expected, &*found};
  }
  return std::nullopt;
}

CheckReport check_run(const Baseline& baseline, const CheckedRun& run, bool moved) {
  CheckReport report;
  report.run = run.directory;
  report.scenario = run.input.scenario;
  report.moved = moved || baseline.moved;
  if (!run.stopped_by.empty()) {
    report.problems.push_back({"partial", fmt::format("the run was stopped by {} and is partial", run.stopped_by)});
  }
  InputCheck(baseline.input, run.input, report.problems).look(report.moved);
  note_versions(baseline, run, report);
  if (!report.comparable()) return report;
  if (report.moved) {
    report.notes.push_back({"moved",
                            "the trajectory was moved on purpose: digests are not compared, statistics "
                            "over replications and within their margins"});
  } else {
    for (const std::string& policy : baseline.input.policies) {
      report.items.push_back(digest_item(baseline, run, policy));
    }
  }
  for (std::size_t i = 0; i < baseline.metrics.size(); ++i) {
    report.items.push_back(metric_item(baseline, i, run, report.moved));
  }
  return report;
}

}  // namespace userqsim
