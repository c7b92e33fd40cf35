#include "scenarios/cli/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "models/policy/policies.hpp"
#include "scenarios/cli/logging.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "scenarios/cli/shell.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/cli/version.hpp"
#include "scenarios/experiment/cells.hpp"
#include "scenarios/experiment/warm_up.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/units.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// The command that runs one cell again, alone.
std::string reproducing_command(const Cell& cell, const ExperimentOptions& options) {
  std::string command = fmt::format("userqsim run {} --policy {} --seed {} --first-rep {} --reps 1",
                                    quoted_for_shell(options.scenario), quoted_for_shell(cell.spec->policy),
                                    cell.spec->seed, cell.replication);
  for (const std::string& set : options.sets) command += " --set " + quoted_for_shell(set);
  if (options.device) command += " --device " + quoted_for_shell(*options.device);
  if (options.vary == Vary::kernel) command += " --kernel " + quoted_for_shell(cell.spec->kernel.name);
  if (options.kernel) command += " --kernel " + quoted_for_shell(*options.kernel);
  if (options.until) command += " --until " + quoted_for_shell(*options.until);
  if (!options.profiles.empty()) command += " --profiles " + quoted_for_shell(options.profiles);
  if (cell.variant != base_variant) command += fmt::format("   (in the variant {})", cell.variant);
  return command;
}

// Somebody waits for ever: no more than a few lines, once for each policy.
void warn_of_waits(const std::vector<Cell>& cells, const PoolResult& results) {
  constexpr std::size_t most = 3;
  std::set<std::string> told;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!results.cells[i] || results.cells[i]->waits.empty() || !told.insert(cells[i].policy).second) continue;
    const std::vector<std::string>& stories = results.cells[i]->waits;
    const bool is_base = cells[i].variant == base_variant;
    say(fmt::format(
        "userqsim: {}, replication {}{}: at its end there are waits that nothing will end:", cells[i].policy,
        cells[i].replication, is_base ? "" : fmt::format(", variant {}", cells[i].variant)));
    for (std::size_t s = 0; s < std::min(most, stories.size()); ++s) say(fmt::format("  {}", stories[s]));
    if (stories.size() > most) say(fmt::format("  and {} more", stories.size() - most));
  }
}

PoolResult run_with_progress(const std::vector<Cell>& cells, PoolOptions& pool) {
  ProgressLine line;
  pool.progress = [&line](const PoolProgress& progress) { line.show(progress); };
  return run_cells(cells, pool);
}

std::string stop_name(PoolStop stop) {
  switch (stop) {
    case PoolStop::none:
      return {};
    case PoolStop::interrupted:
      return "interrupt";
    case PoolStop::timeout:
      return "timeout";
    case PoolStop::event_limit:
      return "max_events";
  }
  return {};
}

std::string set_option(std::string_view pointer, const std::string& text) {
  return fmt::format("{}={}", pointer, json_string(text));  // as JSON text, whatever it looks like
}

Manifest manifest_of(const ExperimentOptions& options, const LoadedScenario& loaded, const Experiment& experiment,
                     const std::vector<std::size_t>& whole) {
  const std::vector<Cell>& cells = experiment.cells;
  const PoolResult& results = experiment.results;
  Manifest manifest;
  manifest.tool_version = build_info().version;
  manifest.model_version = build_info().model_version;
  manifest.command = experiment.command;
  manifest.scenario = loaded.scenario.name;
  manifest.question = loaded.scenario.question;
  manifest.device = loaded.scenario.device;
  if (options.vary == Vary::policy) manifest.kernel = loaded.scenario.kernel;
  manifest.varied = experiment.varied.what;
  manifest.sides = experiment.varied.sides;
  manifest.input_file = std::filesystem::path{loaded.path}.filename().string();
  manifest.input_hash = loaded.input_hash;
  manifest.sets = options.sets;
  manifest.seed = loaded.machine->seed;
  manifest.replications_asked = experiment.replications_asked;
  manifest.analysis = name_of(loaded.scenario.analysis);
  manifest.warm_up = name_of(loaded.scenario.warm_up);
  manifest.stopping = experiment.stopping;
  manifest.horizon_ns = loaded.machine->horizon.count();
  manifest.measure_from_ns = loaded.scenario.measure_from.count();
  manifest.assumptions = loaded.assumptions;
  manifest.complete = results.stop == PoolStop::none;
  manifest.stopped_by = stop_name(results.stop);
  std::set<std::uint32_t> replications;
  for (const std::size_t i : whole) replications.insert(cells[i].replication);
  manifest.replications.assign(replications.begin(), replications.end());
  for (const Cell& cell : cells) {
    std::vector<std::string>& policies = manifest.policies;
    if (std::find(policies.begin(), policies.end(), cell.policy) == policies.end()) policies.push_back(cell.policy);
  }
  for (const std::size_t i : whole) {
    const CellResult& result = *results.cells[i];
    manifest.digests.push_back(
        {cells[i].policy, cells[i].replication, cells[i].variant, result.digest, result.events});
  }
  return manifest;
}

std::vector<TimingRow> timing_of(const std::vector<Cell>& cells, const PoolResult& results) {
  std::vector<TimingRow> rows;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!results.cells[i]) continue;
    rows.push_back({cells[i].policy, cells[i].replication, cells[i].variant, results.cells[i]->wall_seconds,
                    results.cells[i]->events});
  }
  return rows;
}

LoadOptions load_options(const ExperimentOptions& options) {
  LoadOptions load{.profiles_dir = options.profiles, .sets = options.sets};
  if (options.device) load.sets.push_back(set_option("/device", *options.device));
  if (options.kernel) load.sets.push_back(set_option("/kernel", *options.kernel));
  if (options.seed) load.sets.push_back(fmt::format("/seed={}", *options.seed));
  if (options.policies.size() == 1) require_policy("--policy", options.policies.front());
  if (options.policies.size() == 1) load.sets.push_back(set_option("/policy", options.policies.front()));
  return load;
}

// Not checked again: what begins later simply does not happen.
void end_at_until(LoadedScenario& loaded, const ExperimentOptions& options) {
  if (!options.until) return;
  const Duration until = quantity_of("--until", parse_duration(*options.until));
  const Duration from = loaded.scenario.measure_from;
  if (until <= from) {
    throw InputError(
        from == Duration{0}
            ? std::string{"--until: must be later than 0"}
            : fmt::format(
                  "--until: found {}; allowed: later than {}, from when on things are measured (measure_from)",
                  format_duration(until), format_duration(from)));
  }
  auto cut = std::make_shared<MachineSpec>(*loaded.machine);
  cut->horizon = std::min(cut->horizon, until);
  loaded.machine = std::move(cut);
}

// An order has no times: a run would not follow it, and who gave it one would not know.
void require_no_order(const LoadedScenario& loaded) {
  if (!loaded.scenario.order) return;
  Place{printable(loaded.path, 200), {}}.at("order").fail(
      "an order has no times, and a run by the clock does not follow it; use explore, or take the order out");
}

}  // namespace

void settle_warm_up(LoadedScenario& loaded, const std::vector<std::shared_ptr<const MachineSpec>>& machines) {
  if (loaded.scenario.warm_up == WarmUp::none) return;
  const std::optional<Duration> found = find_warm_up(machines, interrupt_flag());
  if (!found && !*interrupt_flag()) {
    Place{printable(loaded.path, 200), {}}.at("warm_up").fail(
        fmt::format("found {}, but within {} job latencies do not settle, or fewer than 50 jobs end; allowed: a "
                    "longer horizon, or measure_from in its place",
                    name_of(loaded.scenario.warm_up), to_text(loaded.machine->horizon)));
  }
  loaded.scenario.measure_from = found.value_or(Duration{0});
  log_info(fmt::format("warm-up ends at {}", to_text(loaded.scenario.measure_from)));
}

LoadedScenario load_experiment(const ExperimentOptions& options) {
  LoadedScenario loaded = load_scenario(options.scenario, load_options(options));
  end_at_until(loaded, options);
  return loaded;
}

LoadedScenario load_timed_experiment(const ExperimentOptions& options) {
  LoadedScenario loaded = load_experiment(options);
  require_no_order(loaded);
  return loaded;
}

std::vector<LoadedScenario> load_experiment_under_kernels(const ExperimentOptions& options,
                                                          const std::vector<std::string>& kernels) {
  std::vector<LoadedScenario> scenarios = load_under_kernels(options.scenario, kernels, load_options(options));
  for (LoadedScenario& loaded : scenarios) {
    end_at_until(loaded, options);
    require_no_order(loaded);
  }
  return scenarios;
}

void require_policy(const std::string& option, const std::string& policy) {
  if (find_policy(policy) != nullptr) return;
  std::vector<std::string> names;
  for (const Policy& known : policies()) names.emplace_back(known.name);
  throw InputError(fmt::format("{}: {}", option, unknown_name("policy", policy, names)));
}

std::string output_path(const ExperimentOptions& options, const LoadedScenario& loaded) {
  if (!options.out.empty()) return options.out;
  std::string name = loaded.scenario.name;
  std::replace(name.begin(), name.end(), '/', '_');
  return "out/" + name;
}

void print_plan(const std::vector<Cell>& cells, const LoadedScenario& loaded, TableFormat format) {
  ReportTable table{{{"scenario"}, {"variant"}, {"policy"}, {"rep", true}, {"seed", true}}, {}};
  for (const Cell& cell : cells) {
    table.rows.push_back({loaded.scenario.name, cell.variant, cell.policy, fmt::format("{}", cell.replication),
                          fmt::format("{}", cell.spec->seed)});
  }
  write_stdout(render(table, format));
}

PoolResult run_experiment(const std::vector<Cell>& cells, const ExperimentOptions& options,
                          const LoadedScenario& loaded, const CellAttach& attach, double spent) {
  PoolOptions pool{.jobs = options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency()),
                   .measure_from = loaded.scenario.measure_from,
                   .keep_records = false,  // RunTables has written them
                   .batches = batches_of(loaded.scenario),
                   .max_events = options.max_events,
                   .timeout = {},
                   .interrupt = interrupt_flag(),
                   .attach = {},
                   .progress = {}};
  if (options.timeout) {
    const Duration gone{static_cast<std::int64_t>(spent * 1e9)};
    pool.timeout = std::max(Duration{0}, quantity_of("--timeout", parse_duration(*options.timeout)) - gone);
  }
  pool.attach = [&attach](Machine& machine, const Cell& cell, std::size_t index) {
    if (logs_facts()) log_facts_of(machine, cell);
    return attach(machine, cell, index);
  };
  log_info(fmt::format("{} runs of {}", cells.size(), loaded.scenario.name));
  try {
    PoolResult results = run_with_progress(cells, pool);
    warn_of_waits(cells, results);
    return results;
  } catch (const CellFailure& failure) {
    throw InvariantError(
        fmt::format("{}\nto repeat it: {}", failure.what(), reproducing_command(failure.cell(), options)));
  }
}

PoolResult run_replications(std::vector<Cell>& cells, const std::optional<PrecisionRule>& rule,
                            const ExperimentOptions& options, const LoadedScenario& loaded,
                            const CellAttach& attach, Experiment& experiment) {
  experiment.replications_asked = options.reps;
  if (!rule) return run_experiment(cells, options, loaded, attach);
  double spent = 0.0;
  Rounds rounds = run_in_rounds(cells, *rule, [&](const std::vector<Cell>& some, std::size_t first) {
    const CellAttach at = [&](Machine& machine, const Cell& cell, std::size_t index) {
      return attach(machine, cell, first + index);
    };
    PoolResult results = run_experiment(some, options, loaded, at, spent);
    spent += results.seconds;
    return results;
  });
  if (rounds.unmeasured) {
    throw InputError(
        fmt::format("--metric: {} ({}) is not measured in two of the first {} replications; allowed: a "
                    "metric that is, as summary.csv has it",
                    rule->metric, rule->role, rounds.replications));
  }
  if (!rounds.reached && rounds.results.stop == PoolStop::none) {
    fmt::print(stderr, "userqsim: after {} replications half the interval of {} is still wider than {:g} %\n",
               rounds.replications, rule->metric, rule->half_width * 100.0);
  }
  cells.resize(rounds.results.cells.size());
  experiment.replications_asked = rounds.replications;
  experiment.stopping = {rule->metric, rule->role, rule->half_width, rule->round, rule->most, rounds.reached};
  return std::move(rounds.results);
}

Published publish(RunDirectory& directory, const ExperimentOptions& options, const LoadedScenario& loaded,
                  const Experiment& experiment, ExperimentTraces& traces, RunTables& tables) {
  const std::vector<Cell>& cells = experiment.cells;
  const PoolResult& results = experiment.results;
  const std::filesystem::path& to = directory.partial();
  const std::string& scenario = loaded.scenario.name;
  const std::vector<std::size_t> whole = whole_base_cells(cells, results);
  Manifest manifest = manifest_of(options, loaded, experiment, whole);
  manifest.files.push_back(write_text(to / "scenario.resolved.json", loaded.resolved_json));
  for (const auto& [name, text] : experiment.varied.files) manifest.files.push_back(write_text(to / name, text));
  manifest.files.push_back(write_summary(to / "summary.csv", scenario, experiment.summaries));
  if (!experiment.varied.sides.empty()) {
    manifest.files.push_back(write_comparison(to / "comparison.csv", scenario, experiment.comparison));
  }
  if (experiment.forks) manifest.files.push_back(write_forks(to / "forks.csv", scenario, *experiment.forks));
  for (FileSummary& file : tables.close(whole)) manifest.files.push_back(std::move(file));
  for (FileSummary& file : traces.join(whole)) manifest.files.push_back(std::move(file));
  write_manifest(to / "manifest.json", manifest);
  write_timing(to / "timing.csv", scenario, timing_of(cells, results));
  write_provenance(to / "provenance.json", {.argv = options.argv,
                                            .tool_version = std::string{build_info().version},
                                            .build_type = std::string{build_info().build_type},
                                            .commit = std::string{build_info().commit},
                                            .started_utc = experiment.started_utc});
  directory.publish();
  Published published{output_path(options, loaded), {}};
  for (const FileSummary& file : manifest.files) published.files.push_back(file.name);
  for (const char* name : {"manifest.json", "timing.csv", "provenance.json"}) published.files.emplace_back(name);
  return published;
}

int finish(const PoolResult& results, const Published& published) {
  const std::string kept = fmt::format("the whole replications are in {} with status partial", published.directory);
  switch (results.stop) {
    case PoolStop::none:
      return exit_status::ok;
    case PoolStop::interrupted:
      say(fmt::format("userqsim: interrupted by signal {}; {}", received_signal(), kept));
      return exit_status::signal_base + received_signal();
    case PoolStop::timeout:
      say(fmt::format("userqsim: stopped by --timeout; {}", kept));
      return exit_status::limit;
    case PoolStop::event_limit:
      say(fmt::format("userqsim: stopped by --max-events; {}", kept));
      return exit_status::limit;
  }
  fail_invariant("an unknown reason to stop", SourceLocation::current());
}

}  // namespace userqsim
