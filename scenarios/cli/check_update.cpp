#include "scenarios/cli/check_update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "models/machine/model_version.hpp"
#include "results/record/metrics.hpp"
#include "results/record/whole_file.hpp"
#include "results/report/human.hpp"
#include "scenarios/cli/check_trail.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/baseline_file.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

void require_allowed(const CheckOptions& options, const RunManifest& manifest, const CheckedRun& run) {
  for (const char* name : {"CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION"}) {  // the last three do not set CI
    const char* found = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const std::string_view value = found == nullptr ? "" : found;
    if (value.empty() || value == "false" || value == "0" || options.force) continue;
    throw InputError(
        fmt::format("--update-baselines: {}={}: a baseline is not written where it would turn a check "
                    "green; allowed: write it elsewhere and commit it, or --force",
                    name, printable(value, 40)));
  }
  if (options.format != CheckFormat::table && options.format != CheckFormat::md) {
    throw InputError(
        fmt::format("--format: an update prints a table; found {}; allowed: table, md", name_of(options.format)));
  }
  if (!run.stopped_by.empty()) {
    throw InputError(fmt::format("{}: the run was stopped by {} and is partial; allowed: a complete run",
                                 printable(manifest.file, 200), run.stopped_by));
  }
  if (run.model_version != model_version) {
    throw InputError(
        fmt::format("{}: /model_version: made by model {}, this program has model {}; allowed: a run of "
                    "model {}, since its replications are run again",
                    printable(manifest.file, 200), in_quotes(run.model_version, 40), in_quotes(model_version),
                    in_quotes(model_version)));
  }
}

const MetricInfo* info_of(const std::string& metric) {
  for (const MetricInfo& info : metric_catalogue()) {
    if (info.name == metric) return &info;
  }
  return nullptr;
}

// What it would be better to have less of, as far as that can be said at all.
Better direction_of(const StatisticName& name) {
  const MetricInfo* info = info_of(name.metric);
  if (info == nullptr || info->kind == MetricKind::share) return Better::both;
  const bool bad = name.metric == "hazards" || name.metric == "outcome_hung" || name.metric == "outcome_aborted";
  if (info->kind == MetricKind::count) return bad ? Better::lower : Better::both;
  return name.stat == "count" ? Better::both : Better::lower;
}

// Of a sample the mean and p99, of a cost the mean for each eviction, and all counts and shares.
bool is_usual(const RunStatistic& statistic) {
  const MetricInfo* info = info_of(statistic.name.metric);
  const std::string& stat = statistic.name.stat;
  if (!statistic.value || info == nullptr) return false;
  const bool counted = info->kind == MetricKind::count || info->kind == MetricKind::share;
  return counted || stat == "mean" || (stat == "p99" && info->kind == MetricKind::sample);
}

// "downtime_ns/victim/p99" or with a policy behind it. Throws InputError where the run has no such statistic.
std::set<StatisticName> named(const std::string& text, const CheckedRun& run) {
  std::set<StatisticName> found;
  std::set<std::string> known;
  for (const RunStatistic& statistic : run.statistics) {
    const StatisticName& name = statistic.name;
    const std::string all = fmt::format("{}/{}/{}", name.metric, name.role, name.stat);
    known.insert(all);
    if (text != all && text != text_of(name)) continue;
    if (!statistic.value) {
      throw InputError(
          fmt::format("--metric: {} has no value in this run: too few were observed, or too many were "
                      "cut off",
                      text_of(name)));
    }
    found.insert(name);
  }
  if (found.empty()) {
    throw InputError(fmt::format("--metric: {}", unknown_name("statistic", text, {known.begin(), known.end()})));
  }
  return found;
}

BaselineMetric metric_of(const RunStatistic& statistic, const BaselineMetric* old, const CheckOptions& options) {
  BaselineMetric metric{.name = statistic.name,
                        .unit = statistic.unit,
                        .value = *statistic.value,
                        .abs_tol = options.abs_tol,
                        .rel_tol = options.rel_tol,
                        .margin = options.margin,
                        .direction = direction_of(statistic.name),
                        .by_replication = statistic.by_replication};
  if (old != nullptr) {
    metric.abs_tol = old->abs_tol;
    metric.rel_tol = old->rel_tol;
    metric.margin = old->margin;
    metric.direction = old->direction;
  }
  return metric;
}

std::vector<BaselineMetric> metrics_of(const CheckOptions& options, const CheckedRun& run,
                                       const std::optional<Baseline>& old) {
  std::set<StatisticName> added;
  for (const std::string& text : options.metrics) added.merge(named(text, run));
  const bool usual = !old && options.metrics.empty();
  std::vector<BaselineMetric> metrics;
  for (const RunStatistic& statistic : run.statistics) {
    const BaselineMetric* kept = nullptr;
    if (old) {
      const auto found = std::find_if(old->metrics.begin(), old->metrics.end(),
                                      [&](const BaselineMetric& m) { return m.name == statistic.name; });
      if (found != old->metrics.end()) kept = &*found;
    }
    const bool wanted = kept != nullptr || added.contains(statistic.name) || (usual && is_usual(statistic));
    if (wanted && statistic.value) metrics.push_back(metric_of(statistic, kept, options));
  }
  return metrics;
}

// Nothing when a signal came.
std::optional<Baseline> baseline_of(const CheckOptions& options, const RunManifest& manifest, const CheckedRun& run,
                                    const std::optional<Baseline>& old) {
  const std::uint64_t exact = options.exact_facts.value_or(old ? old->exact_facts : usual_exact_facts);
  const auto trails = trails_of(plan_replay(manifest, run.digests, options.profiles, options.jobs), exact);
  if (!trails) return std::nullopt;
  for (std::size_t i = 0; i < trails->size(); ++i) {
    if ((*trails)[i].digest == run.digests[i].digest) continue;
    throw InputError(
        fmt::format("{}: replication {} under {} has the digest {:016x}, and {:016x} when this program "
                    "runs it again; allowed: a run of this program",
                    printable(manifest.file, 200), run.digests[i].replication, run.digests[i].policy,
                    run.digests[i].digest, (*trails)[i].digest));
  }
  return Baseline{.tool_version = run.tool_version,
                  .model_version = run.model_version,
                  .architecture = run.architecture,
                  .moved = old && old->moved,
                  .input = run.input,
                  .exact_facts = exact,
                  .digests = *trails,
                  .metrics = metrics_of(options, run, old)};
}

// What is another in the new baseline, a row each.
class Changes {
 public:
  Changes(const Baseline& before, const Baseline& after) {
    about("scenario", before.input.scenario, after.input.scenario);
    about("input hash", before.input.hash, after.input.hash);
    about("seed", before.input.seed, after.input.seed);
    about("replications", before.input.replications.size(), after.input.replications.size());
    about("exact facts", before.exact_facts, after.exact_facts);
    about("tool_version", before.tool_version, after.tool_version);
    about("model_version", before.model_version, after.model_version);
    about("architecture", before.architecture, after.architecture);
    for (const BaselineDigest& digest : after.digests) {
      const auto same = std::find_if(before.digests.begin(), before.digests.end(), [&](const BaselineDigest& d) {
        return d.policy == digest.policy && d.replication == digest.replication;
      });
      about(fmt::format("digest {} {}", digest.policy, digest.replication),
            same == before.digests.end() ? std::string{} : fmt::format("{:016x}", same->digest),
            fmt::format("{:016x}", digest.digest));
    }
    for (const BaselineMetric& metric : after.metrics) statistic(find(before, metric.name), &metric);
    for (const BaselineMetric& metric : before.metrics) {
      if (find(after, metric.name) == nullptr) statistic(&metric, nullptr);
    }
  }

  const ReportTable& table() const { return table_; }

 private:
  static const BaselineMetric* find(const Baseline& baseline, const StatisticName& name) {
    for (const BaselineMetric& metric : baseline.metrics) {
      if (metric.name == name) return &metric;
    }
    return nullptr;
  }
  template <class T>
  void about(const std::string& what, const T& before, const T& after) {
    if (before != after) table_.rows.push_back({what, fmt::format("{}", before), fmt::format("{}", after), ""});
  }
  void statistic(const BaselineMetric* before, const BaselineMetric* after) {
    const auto shown = [](const BaselineMetric* metric) {
      return metric != nullptr ? fmt::format("{}", metric->value) : std::string{};
    };
    if (before != nullptr && after != nullptr && before->value == after->value) return;
    std::string change = before == nullptr ? "new" : after == nullptr ? "gone: the run has no value of it" : "";
    if (change.empty()) {
      change = human_signed(after->value - before->value, after->unit);
      const std::string share = human_share(after->value - before->value, before->value);
      if (!share.empty()) change += fmt::format(" ({})", share);
    }
    const std::string name = text_of(after != nullptr ? after->name : before->name);
    table_.rows.push_back({name, shown(before), shown(after), change});
  }

  ReportTable table_{{{"what"}, {"was", true}, {"is", true}, {"change", true}}, {}};
};

}  // namespace

int update_baseline(const CheckOptions& options, const RunManifest& manifest, const CheckedRun& run) {
  require_allowed(options, manifest, run);
  std::optional<Baseline> old;
  std::string old_text;
  std::error_code error;
  if (std::filesystem::exists(options.baseline, error)) {
    old_text = read_input(options.baseline);
    old = parse_baseline(old_text, options.baseline);
  }
  WholeFile file(options.baseline, true);  // before runs are repeated: nobody waits for what cannot be written
  const std::optional<Baseline> fresh = baseline_of(options, manifest, run, old);
  if (!fresh) {
    say(fmt::format("userqsim: interrupted by signal {}; no baseline is written", received_signal()));
    return exit_status::signal_base + received_signal();
  }
  const std::string text = baseline_text(*fresh);
  if (text == old_text) {
    say(fmt::format("userqsim: {} is as the run is", printable(options.baseline, 200)));
    return exit_status::ok;
  }
  file.write(text);
  file.publish();
  const Changes changes(old.value_or(Baseline{}), *fresh);
  const bool md = options.format == CheckFormat::md;
  write_stdout(render(changes.table(), md ? TableFormat::md : TableFormat::table));
  say(fmt::format("userqsim: {} was {}; look at the difference and commit it", printable(options.baseline, 200),
                  old ? "changed" : "made"));
  return exit_status::check_failed;
}

}  // namespace userqsim
