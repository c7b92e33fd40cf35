// The command: options in, exit status out (exit_status, in experiment_commands.hpp). Only this file,
// check_command.cpp, shared_options.cpp, study_commands.cpp and usage.cpp know the parser.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <limits>
#include <new>
#include <system_error>

#include "models/policy/policies.hpp"
#include "results/record/output_error.hpp"
#include "scenarios/cli/check_command.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/logging.hpp"
#include "scenarios/cli/shared_options.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/study_commands.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/cli/usage.hpp"
#include "scenarios/cli/version.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

constexpr std::uint32_t most_replications = 1'000'000;
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

constexpr const char* profiles_help =
    "Directory of profiles that add to the built-in ones and replace those of the same name";

// Everything that the command line can say.
struct CommandLine {
  ExperimentOptions run;
  ExperimentOptions compare;
  std::string format = "table";
  std::string log_level = "warn";
  std::string log_file;
  std::vector<std::string> validate_paths;
  std::string list_what;
  std::string graph_subject;
  std::string graph_other;
  LifecycleOptions lifecycle;
  ExplainOptions explain;
  CalibrateOptions calibrate;
  ExperimentOptions explore;
  ExploreOptions explore_limits;
  bool graph_dot = false;
  LoadOptions load;
  std::function<int()> command;
};

void add_format(CLI::App& app, CommandLine& line) {
  app.add_option("--format", line.format, "Form of what is printed: table, csv, json or md")
      ->check(one_of("format", {"table", "csv", "json", "md"}));
}

void add_log(CLI::App& app, CommandLine& line) {
  app.add_option("--log-level", line.log_level, "trace, debug (every fact), info, warn, error or off")
      ->check(one_of("level", {"trace", "debug", "info", "warn", "error", "off"}));
  app.add_option("--log-file", line.log_file, "Log to this file instead of standard error");
}

template <class Target>
void add_load(CLI::App& app, Target& sets, std::string& profiles) {
  app.add_option("--set", sets, "Change one value: /json/pointer=value; repeatable")->allow_extra_args(false);
  app.add_option("--profiles", profiles, profiles_help);
}

void add_experiment(CLI::App& app, CommandLine& line, ExperimentOptions& options) {
  app.add_option("scenario", options.scenario, "Scenario file, name in the library, or - for standard input")
      ->required();
  app.add_option("--device", options.device, "Device profile instead of the scenario's");
  app.add_option("--kernel", options.kernel, "Kernel profile instead of the scenario's");
  app.add_option("--seed", options.seed, "Seed instead of the scenario's")->check(whole_number(0, largest));
  app.add_option("--reps", options.reps, "Replications")
      ->capture_default_str()
      ->check(whole_number(1, most_replications));
  app.add_option("--first-rep", options.first_rep, "Number of the first replication")
      ->capture_default_str()
      ->check(whole_number(0, most_replications));
  app.add_option("-j,--jobs", options.jobs, "Threads; 0: one for each processor. Results do not depend on it")
      ->capture_default_str()
      ->check(whole_number(0, 4096));
  app.add_option("--out", options.out, "Directory of the results; default: out/<scenario's name>")
      ->check(not_empty("the name of a directory"));
  app.add_flag("--force", options.force, "Replace a directory that is not empty");
  app.add_option("--until", options.until, "End the simulation earlier, at this simulated time: 500ms");
  app.add_option("--max-events", options.max_events, "Stop each run after this many events; 0: no limit")
      ->check(whole_number(0, largest));
  app.add_option("--timeout", options.timeout, "Stop after this much real time: 90s");
  app.add_flag("--dry-run", options.dry_run, "Print what would be run, and run nothing");
  add_precision(app, options);
  add_traces(app, options);
  add_load(app, options.sets, options.profiles);
  add_format(app, line);
  add_log(app, line);
}

void add_experiments(CLI::App& app, CommandLine& line, const std::vector<std::string>& argv) {
  CLI::App* run = app.add_subcommand("run", "Run a scenario under one policy");
  add_experiment(*run, line, line.run);
  run->add_option_function<std::string>(
      "--policy", [&line](const std::string& name) { line.run.policies = {name}; },
      "Policy instead of the scenario's");
  run->add_option("--ftrace", line.run.ftrace,
                  "Also write the first replication to this file, as the kernel's tracepoints would print it")
      ->check(not_empty("the name of a file"));
  run->callback([&line, argv] {
    line.command = [&line, argv] {
      line.run.argv = argv;
      line.run.format = *table_format(line.format);
      return cmd_run(line.run);
    };
  });

  line.compare.reps = 10;
  CLI::App* compare = app.add_subcommand("compare", "Compare policies over the same replications");
  add_experiment(*compare, line, line.compare);
  compare
      ->add_option_function<std::string>(
          "--policies", [&line](const std::string& text) { line.compare.policies = split_at_commas(text); },
          "Two policies or more, the first being the one that the others are compared with; default: "
          "preempt_restore,unmap_map")
      ->type_name("A,B,...");
  compare
      ->add_option_function<std::string>(
          "--vary",
          [&line](const std::string& what) { line.compare.vary = what == "kernel" ? Vary::kernel : Vary::policy; },
          "What is compared: policy, or kernel, each with its native policy; default: policy")
      ->check(one_of("knob", {"policy", "kernel"}))
      ->type_name("policy|kernel");
  compare
      ->add_option_function<std::string>(
          "--kernels", [&line](const std::string& text) { line.compare.kernels = split_at_commas(text); },
          "With --vary kernel: two kernel profiles or more, the first being the one that the others are compared "
          "with; default: all, by name")
      ->type_name("K,L,...");
  add_comparison(*compare, line.compare);
  compare->callback([&line, argv] {
    line.command = [&line, argv] {
      line.compare.argv = argv;
      line.compare.format = *table_format(line.format);
      return cmd_compare(line.compare);
    };
  });
}

void add_explain(CLI::App& app, CommandLine& line) {
  ExplainOptions& options = line.explain;
  CLI::App* explain = app.add_subcommand("explain", "Tell one eviction of a run as a story");
  explain->add_option("run", options.run, "Directory that run or compare wrote")->required();
  explain
      ->add_option(
          "--eviction", options.eviction,
          "Row of evictions.csv under that policy and replication, from 0 in order of start; or the K-th of a "
          "process, from 0")
      ->required()
      ->type_name("N|PROCESS/K");
  explain->add_option("--policy", options.policy, "As the column policy says; default: the first of the run");
  explain->add_option("--rep", options.rep, "Replication; default: the first of the run")
      ->check(whole_number(0, std::numeric_limits<std::uint32_t>::max() - 1));
  explain
      ->add_option_function<std::string>(
          "--against", [&options](const std::string& text) { options.against = split_at_commas(text); },
          "Under which other policies it is told too, or all; default: of preempt_restore and unmap_map the other "
          "one, of any other the kernel's own")
      ->type_name("A,B,...");
  explain->add_option("--profiles", options.profiles, profiles_help);
  add_format(*explain, line);
  add_log(*explain, line);
  explain->callback([&line] {
    line.command = [&line] {
      line.explain.format = *table_format(line.format);
      return cmd_explain(line.explain);
    };
  });
}

// `graph lifecycle --kernel K`, `graph jobs SCENARIO`, `graph wiring`.
void add_graphs(CLI::App& app, CommandLine& line) {
  CLI::App* graph = app.add_subcommand("graph", "Print a graph, a line an edge or as Graphviz text");
  graph->require_subcommand(1);
  CLI::App* lifecycle = graph->add_subcommand("lifecycle", "A queue's states and what moves it between them");
  CLI::Option* kernel = lifecycle->add_option("--kernel", line.graph_subject, "Kernel profile");
  lifecycle
      ->add_option_function<std::vector<std::string>>(
          "--diff",
          [&line](const std::vector<std::string>& two) {
            line.graph_subject = two[0];
            line.graph_other = two[1];
          },
          "Two kernel profiles: what the first alone has (-), and the second (+)")
      ->expected(2)
      ->type_name("A B")
      ->check(not_empty("the name of a kernel profile"))
      ->excludes(kernel);
  lifecycle->add_option("--profiles", line.load.profiles_dir, profiles_help);
  CLI::App* jobs = graph->add_subcommand("jobs", "A scenario's jobs and what each waits for");
  jobs->add_option("scenario", line.graph_subject, "Scenario file, name in the library, or -")->required();
  add_load(*jobs, line.load.sets, line.load.profiles_dir);
  CLI::App* wiring = graph->add_subcommand("wiring", "The machine's parts and the messages between them");
  for (CLI::App* what : {lifecycle, jobs, wiring}) {
    what->add_flag("--dot", line.graph_dot, "Graphviz text");
    what->callback([&line, name = what->get_name()] {
      if (name == "lifecycle" && line.graph_subject.empty()) throw CLI::RequiredError("--kernel or --diff");
      line.command = [&line, name] {
        return cmd_graph(name, line.graph_subject, line.graph_other, line.graph_dot, line.load);
      };
    });
  }
}

void add_lifecycle(CLI::App& app, CommandLine& line) {
  LifecycleOptions& options = line.lifecycle;
  CLI::App* lifecycle = app.add_subcommand("lifecycle", "Replay operations on a release's queue lifecycle");
  CLI::Option* file =
      lifecycle->add_option("file", options.file, "Operations, one JSON object a line; default: standard input");
  lifecycle->add_option("--kernel", options.kernel, "Kernel profile")->required();
  lifecycle->add_option("--policy", options.policy, "Policy instead of the release's own")
      ->check(one_of("policy", policy_names()));
  const auto flag = [&](const std::string& name, auto& target, const std::string& help) {
    lifecycle
        ->add_option_function<std::uint64_t>(
            name, [&target](std::uint64_t value) { target = value != 0; }, help)
        ->check(whole_number(0, 1))
        ->type_name("0|1");
  };
  flag("--gpu-recovery", options.gpu_recovery,
       "amdgpu.gpu_recovery; 0: no hang detection, no reset; default: the kernel profile's");
  flag("--per-queue-reset", options.per_queue_reset, "The device resets queues one by one; default: 1");
  flag("--vram-lost", options.vram_lost, "A reset that an operation sets off loses VRAM; default: 1");
  lifecycle->add_flag("--tables", options.tables, "Print the release's tables as Markdown, and replay nothing")
      ->excludes(file);
  lifecycle->add_option("--profiles", options.profiles, profiles_help);
  lifecycle->callback([&line] { line.command = [&line] { return cmd_lifecycle(line.lifecycle); }; });
}

void add_calibrate(CLI::App& app, CommandLine& line) {
  CalibrateOptions& options = line.calibrate;
  CLI::App* calibrate = app.add_subcommand("calibrate", "Estimate costs from traces of a real machine");
  calibrate->add_option("trace", options.traces, "Text of ftrace, trace-cmd report or dmesg; - for standard input")
      ->required();
  calibrate->add_option("-o,--output", options.output, "Write the cost profile to this file")
      ->check(not_empty("the name of a file"));
  calibrate->add_flag("--force", options.force, "Replace a file that exists");
  calibrate
      ->add_option("--base", options.base,
                   "Cost profile for what a trace does not tell: a name, or a path with / or .json")
      ->capture_default_str();
  calibrate->add_option("--kernel", options.kernel, "Kernel profile: how the driver polls, and what it waits for")
      ->capture_default_str();
  calibrate->add_option("--compare", options.compare, "Directory of a run: its times beside the recorded ones")
      ->check(not_empty("the name of a directory"));
  calibrate->add_flag("--idle", options.idle,
                      "Every queue that was stopped was idle and in a slot: only then are stops costs");
  calibrate->add_flag("--together", options.together,
                      "The files are parts of one recording on one clock, not recordings of their own");
  calibrate->add_option("--profiles", options.profiles, profiles_help);
  add_format(*calibrate, line);
  calibrate->callback([&line] {
    line.command = [&line] {
      line.calibrate.format = *table_format(line.format);
      return cmd_calibrate(line.calibrate);
    };
  });
}

void add_explore(CLI::App& app, CommandLine& line) {
  ExperimentOptions& options = line.explore;
  CLI::App* explore = app.add_subcommand("explore", "Find what can go wrong in a small scenario, in any order");
  explore->add_option("scenario", options.scenario, "Scenario file, name in the library, or - for standard input")
      ->required();
  explore->add_option("--device", options.device, "Device profile instead of the scenario's");
  explore->add_option("--kernel", options.kernel, "Kernel profile instead of the scenario's");
  explore->add_option_function<std::string>(
      "--policy", [&options](const std::string& name) { options.policies = {name}; },
      "Policy instead of the scenario's");
  const auto add_limit = [&](const char* name, auto& value, std::uint64_t most, const char* what) {
    explore->add_option(name, value, what)->capture_default_str()->check(whole_number(0, most));
  };
  add_limit("--depth", line.explore_limits.search.depth, 1'000'000, "Longest sequence of steps; 0: no limit");
  add_limit("--max-states", line.explore_limits.search.states, largest, "End after this many states; 0: no limit");
  explore
      ->add_option("--max-memory", line.explore_limits.memory, "End when the program has this much; 0B: no limit")
      ->capture_default_str();
  explore->add_option("--out", options.out, "Also write each sequence there: as a scenario, as prose, as a picture")
      ->check(not_empty("the name of a directory"));
  explore->add_flag("--force", options.force, "Replace a directory that is not empty");
  add_load(*explore, options.sets, options.profiles);
  add_format(*explore, line);
  explore->callback([&line] {
    line.command = [&line] {
      line.explore.format = *table_format(line.format);
      return cmd_explore(line.explore, line.explore_limits);
    };
  });
}

void add_others(CLI::App& app, CommandLine& line) {
  CLI::App* validate = app.add_subcommand("validate", "Check scenario files and run nothing");
  validate->add_option("scenario", line.validate_paths, "Scenario files")->required();
  add_load(*validate, line.load.sets, line.load.profiles_dir);
  validate->callback([&line] { line.command = [&line] { return cmd_validate(line.validate_paths, line.load); }; });

  CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of a scenario");
  schema->callback([&line] { line.command = [] { return cmd_schema(); }; });

  CLI::App* list = app.add_subcommand("list", "List what there is");
  list->add_option("what", line.list_what, "devices, kernels, policies, costs, metrics or scenarios")
      ->required()
      ->check(one_of("list", {"devices", "kernels", "policies", "costs", "metrics", "scenarios"}));
  list->add_option("--profiles", line.load.profiles_dir, profiles_help);
  add_format(*list, line);
  list->callback([&line] {
    line.command = [&line] { return cmd_list(line.list_what, *table_format(line.format), line.load); };
  });

  add_check(app, line.command);
  add_explain(app, line);
  add_explore(app, line);
  add_graphs(app, line);
  add_lifecycle(app, line);
  add_calibrate(app, line);
}

int parse_and_run(int argc, char** argv) {
  CommandLine line;
  CLI::App app{"Simulates how an AMD GPU's user queues are scheduled and evicted"};
  app.name("userqsim");
  app.set_version_flag("--version",
                       fmt::format("userqsim {} (model {})", build_info().version, build_info().model_version));
  app.require_subcommand(1);
  add_experiments(app, line, {argv, argv + argc});
  add_others(app, line);
  add_study_commands(app, line.command, {argv, argv + argc});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    throw InputError(usage_message(app, error));
  }
  start_logging(line.log_level, line.log_file);
  const int status = line.command();
  end_logging();
  return status;
}

int report(int status, const std::string& message) {
  say(fmt::format("userqsim: {}", message));
  return status;
}

int guarded_main(int argc, char** argv) {
  try {
    const int status = parse_and_run(argc, argv);
    write_stdout({});  // what a subcommand left in the buffer
    return status;
  } catch (const InputError& error) {
    return report(exit_status::bad_input, error.what());
  } catch (const OutputError& error) {
    return report(error.fault() == OutputFault::path ? exit_status::bad_input : exit_status::system, error.what());
  } catch (const InvariantError& error) {
    return report(exit_status::invariant,
                  fmt::format("a model invariant broke, please report it: {}", error.what()));
  } catch (const std::bad_alloc&) {
    return report(exit_status::system, "out of memory");
  } catch (const std::system_error& error) {
    return report(exit_status::system, error.what());
  } catch (const std::exception& error) {
    return report(exit_status::invariant, fmt::format("unexpected error, please report it: {}", error.what()));
  }
}

}  // namespace
}  // namespace userqsim

int main(int argc, char** argv) {
  userqsim::open_closed_descriptors();
  userqsim::install_signal_handlers();
  return userqsim::guarded_main(argc, argv);
}
