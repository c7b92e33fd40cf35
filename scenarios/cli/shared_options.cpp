#include "scenarios/cli/shared_options.hpp"

#include "scenarios/cli/usage.hpp"

namespace userqsim {

void add_traces(CLI::App& app, ExperimentOptions& options) {
  app.add_flag("--slices", options.slices, "Also write slices.csv and counters.csv: time lines for scripts");
  app.add_option_function<std::string>(
         "--trace", [&options](const std::string& text) { options.trace = split_at_commas(text); },
         "Also write the first replication's time lines for viewers: pftrace (Perfetto), json (Chrome's format, "
         "compressed), or both")
      ->type_name("FORMAT,...");
  app.add_option("--trace-window", options.trace_window, "Of time lines, keep this simulated time alone: 8s..8.1s")
      ->type_name("FROM..TO");
  app.add_option_function<std::string>(
         "--trace-filter", [&options](const std::string& text) { options.trace_filter = split_at_commas(text); },
         "Of time lines, keep these tracks alone: paths, with * and ?, such as slot,process/game/*")
      ->type_name("PATTERN,...");
}

void add_precision(CLI::App& app, ExperimentOptions& options) {
  CLI::Option* until =
      app.add_option(
             "--until-half-width", options.until_half_width,
             "Add replications in rounds of --reps (of ten where that is one) until half the 95 % interval is "
             "so narrow, relative to the value: 5%. compare: of the difference, relative to the first")
          ->type_name("SHARE");
  app.add_option("--metric", options.metric, "Whose mean --until-half-width is about; default: downtime_ns")
      ->type_name("METRIC[:ROLE]");
  app.add_option("--max-reps", options.max_reps, "At most so many replications")
      ->capture_default_str()
      ->check(whole_number(1, 1'000'000))
      ->needs(until);
}

void add_comparison(CLI::App& app, ExperimentOptions& options) {
  app.add_option_function<std::string>(
         "--equivalence", [&options](const std::string& text) { options.equivalence = split_at_commas(text); },
         "What differs by less does not matter: 5% of what the first policy has, for all metrics or for one, or a "
         "size in the metric's unit; default: 5%, of shares 0.01, of hazards and failed evictions 0")
      ->type_name("[METRIC=]SIZE,...");
  CLI::Option* fork = app.add_flag("--fork", options.fork,
                                   "Also copy the machine at the start of evictions, and let each policy deal with "
                                   "the same eviction from the same state");
  app.add_option("--fork-sample", options.fork_sample,
                 "Of each replication so many evictions, evenly spaced, or all")
      ->capture_default_str()
      ->type_name("N|all")
      ->needs(fork);
  app.add_option("--fork-window", options.fork_window,
                 "Go on for so long after the eviction is over under every policy")
      ->capture_default_str()
      ->type_name("TIME")
      ->needs(fork);
}

}  // namespace userqsim
