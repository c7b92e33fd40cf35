// `check`: a run against a baseline.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "models/machine/model_version.hpp"
#include "results/check/csv_difference.hpp"
#include "scenarios/cli/check_command.hpp"
#include "scenarios/cli/check_trail.hpp"
#include "scenarios/cli/check_update.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/baseline_file.hpp"
#include "scenarios/load/checked_run.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

constexpr std::size_t most_files = 3;   // whose rows are printed
constexpr std::size_t most_fields = 4;  // of each

int interrupted_check() {
  say(fmt::format("userqsim: interrupted by signal {}; nothing is checked", received_signal()));
  return exit_status::signal_base + received_signal();
}

std::string rows_that_differ(const std::string& was, const std::string& is, const CheckedDigest& of) {
  const std::vector<RowDifference> all = row_differences(was, is, of.policy, of.replication);
  if (all.empty()) return fmt::format("; no row of replication {} differs from those in {}", of.replication, was);
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), most_files); ++i) {
    std::vector<std::string> fields = all[i].fields;
    const std::size_t more = fields.size() - std::min(fields.size(), most_fields);
    fields.resize(fields.size() - more);
    text += fmt::format("; {} row {} of the replication: {}{}", all[i].file, all[i].row, fmt::join(fields, ", "),
                        more > 0 ? fmt::format(" and {} fields more", more) : "");
  }
  if (all.size() > most_files) text += fmt::format("; {} files more differ", all.size() - most_files);
  return text;
}

// Another run's rows would be told as where this one leaves the baseline's way.
void require_origin(const Baseline& baseline, const CheckOptions& options) {
  const CheckedRun run = read_checked_run(read_run_manifest(options.against));
  for (const BaselineDigest& of : baseline.digests) {
    const auto same = [&](const CheckedDigest& each) {
      return each.policy == of.policy && each.replication == of.replication && each.digest == of.digest;
    };
    if (std::any_of(run.digests.begin(), run.digests.end(), same)) continue;
    throw InputError(fmt::format(
        "--against {}: is not the run that {} was made from: it has no replication {} under {} of the digest "
        "{:016x}",
        printable(options.against, 200), printable(options.baseline, 200), of.replication, of.policy, of.digest));
  }
}

// Of each policy whose digests differ, where the first replication that does leaves the baseline's way. False when
// a signal came.
bool locate(const CheckOptions& options, const RunManifest& manifest, const CheckedRun& run,
            const Baseline& baseline, CheckReport& report) {
  std::vector<CheckedDigest> which;
  std::vector<const BaselineDigest*> trails;
  std::vector<CheckItem*> items;
  for (CheckItem& item : report.items) {
    if (!is_digest(item) || item.outcome == Outcome::passed) continue;
    const auto mismatch = first_mismatch(baseline, run, item.name.policy);
    if (!mismatch || mismatch->found == nullptr) continue;
    which.push_back(*mismatch->found);
    trails.push_back(mismatch->expected);
    items.push_back(&item);
  }
  if (which.empty()) return true;
  if (run.model_version != model_version) {
    report.notes.push_back(
        {"not_located", fmt::format("this program has model {} and the run was made by model {}: "
                                    "where it parts from the baseline is told by the program "
                                    "that made it",
                                    model_version, run.model_version)});
    return true;
  }
  ReplayPlan plan;
  try {
    plan = plan_replay(manifest, which, options.profiles, options.jobs);
  } catch (const InputError& error) {  // such as a profile of the run's own: what is wrong is told all the same
    report.notes.push_back({"not_located", fmt::format("the run cannot be repeated: {}", error.what())});
    return true;
  }
  const auto departures = departures_of(plan, trails, baseline.exact_facts);
  if (!departures) return false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Departure& departure = (*departures)[i];
    if (departure.digest != which[i].digest) {
      report.notes.push_back(
          {"not_reproduced",
           fmt::format("this program is not the one that made the run: replication {} under {} has the digest "
                       "{:016x} when it is run again, so where it parts from the baseline is not known",
                       which[i].replication, which[i].policy, departure.digest)});
    } else if (departure.divergence) {
      items[i]->divergence = departure.divergence;
      items[i]->text += "; " + words_for(*departure.divergence, *trails[i]);
    }
    if (!options.against.empty()) items[i]->text += rows_that_differ(options.against, options.run, which[i]);
  }
  return true;
}

}  // namespace

int cmd_check(const CheckOptions& options) {
  const RunManifest manifest = read_run_manifest(options.run);
  const CheckedRun run = read_checked_run(manifest);
  if (options.update) return update_baseline(options, manifest, run);
  std::error_code error;
  if (!std::filesystem::exists(options.baseline, error)) {
    throw InputError(
        fmt::format("{}: no such baseline; --update-baselines makes it", printable(options.baseline, 200)));
  }
  const std::string text = read_input(options.baseline);
  const Baseline baseline = parse_baseline(text, options.baseline);
  if (!options.against.empty()) require_origin(baseline, options);
  CheckReport report = check_run(baseline, run, options.moved);
  report.baseline = options.baseline;
  report.strict = options.strict;
  if (!locate(options, manifest, run, baseline, report)) return interrupted_check();
  write_stdout(render_check(report, options.format, text));
  if (passed(report)) return exit_status::ok;
  say(fmt::format("userqsim: check {}",
                  report.comparable()
                      ? summary_of(report)
                      : fmt::format("of {} against {}: not comparable: {}", printable(options.run, 200),
                                    printable(options.baseline, 200), report.problems.front().text)));
  return report.comparable() ? exit_status::check_failed : exit_status::bad_input;
}

}  // namespace userqsim
