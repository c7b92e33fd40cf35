#include "scenarios/cli/check_command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <system_error>

#include "scenarios/cli/usage.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const auto& [format, name] : EnumNames<CheckFormat>::entries) names.emplace_back(name);
  return names;
}

CLI::Validator number_from_zero() {
  const auto check = [](std::string& text) -> std::string {
    double number = 0.0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error == std::errc{} && end == last && std::isfinite(number) && number >= 0.0) return {};
    return fmt::format("found {}; allowed: a number of at least 0, such as 0.01", in_quotes(text, 80));
  };
  return {check, ""};
}

void set_format(CheckOptions& options, const std::string& text) {
  for (const auto& [format, name] : EnumNames<CheckFormat>::entries) {
    if (name == text) options.format = format;
  }
}

// What is written into a baseline.
void add_update(CLI::App& check, CheckOptions& options) {
  CLI::Option* update =
      check.add_flag("--update-baselines", options.update,
                     "Write the baseline from the run and print what changed. Ends with 1 where anything did");
  check.add_flag("--force", options.force, "Write it even where CI is set, as it is by most CI systems")
      ->needs(update);
  check
      .add_option("--metric", options.metrics,
                  "A statistic that an update adds, of all policies or of one; repeatable; default, for a new "
                  "baseline: means, p99, counts and shares")
      ->allow_extra_args(false)
      ->needs(update)
      ->type_name("METRIC/ROLE/STAT[/POLICY]");
  const auto number = [&](const std::string& name, double& target, const std::string& help) {
    check.add_option(name, target, help + ", of the statistics that an update adds")
        ->capture_default_str()
        ->check(number_from_zero())
        ->needs(update)
        ->type_name("NUMBER");
  };
  number("--abs-tol", options.abs_tol, "Allowed difference, in the statistic's unit");
  number("--rel-tol", options.rel_tol, "Allowed difference, as a share of the value: 0.01");
  number("--margin", options.margin, "Under --moved: allowed difference, as a share of the mean");
  check
      .add_option("--exact-facts", options.exact_facts,
                  "Facts that the baseline tells apart one by one; beyond, it tells where two runs part ever more "
                  "coarsely; default: 1024")
      ->check(whole_number(least_exact_facts, std::numeric_limits<std::int64_t>::max()))
      ->needs(update);
}

}  // namespace

void add_check(CLI::App& app, std::function<int()>& command) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* check = app.add_subcommand("check", "Check a run against a baseline, for CI");
  check->add_option("run", options->run, "Directory that run or compare wrote")->required();
  check->add_option("--baseline", options->baseline, "File to check against")
      ->required()
      ->check(not_empty("the name of a file"));
  check
      ->add_option_function<std::string>(
          "--format", [options](const std::string& text) { set_format(*options, text); },
          "Form of what is printed: table, md, json, junit, github (annotations), gab (github-action-benchmark) or "
          "bmf "
          "(Bencher)")
      ->check(one_of("format", format_names()));
  check->add_flag(
      "--moved", options->moved,
      "The trajectory was moved on purpose: compare no digests, but statistics over replications, within "
      "their margins");
  check->add_flag("--strict", options->strict, "Fail also where a statistic got better by more than its tolerance");
  check
      ->add_option("--against", options->against,
                   "Directory of the run that the baseline was made from: where a digest differs, print the rows "
                   "that do")
      ->check(not_empty("the name of a directory"));
  check->add_option("-j,--jobs", options->jobs, "Threads, where runs are repeated; 0: one for each processor")
      ->capture_default_str()
      ->check(whole_number(0, 4096));
  check->add_option("--profiles", options->profiles,
                    "Directory of the profiles that the run was made with, where it had any of its own");
  add_update(*check, *options);
  check->callback([options, &command] { command = [options] { return cmd_check(*options); }; });
}

}  // namespace userqsim
