#include "scenarios/cli/study_commands.hpp"

#include <limits>
#include <memory>

#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/cli/usage.hpp"
#include "scenarios/load/study.hpp"

namespace userqsim {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

// REQUIRES: the sweep's other options are there already.
void add_spread(CLI::App& sweep, SpreadOptions& spread) {
  CLI::Option* emit =
      sweep
          .add_option(
              "--emit", spread.engine,
              "Run nothing; print the script that runs the study on many machines: slurm, parallel or mpirun")
          ->check(one_of("engine", {"slurm", "parallel", "mpirun"}))
          ->type_name("slurm|parallel|mpirun");
  for (const char* other : {"--jobs", "--force", "--resume", "--shard", "--timeout", "--dry-run"}) {
    emit->excludes(sweep.get_option(other));
  }
  sweep.add_option("--shards", spread.shards, "With --emit: shards; default: as many as each take some minutes")
      ->check(whole_number(1, 1'000'000))
      ->needs(emit);
  sweep.add_option("--at-once", spread.at_once, "With --emit: at most so many shards at a time")
      ->check(whole_number(1, 1'000'000))
      ->needs(emit);
  sweep.add_option("--cpus", spread.cpus, "With --emit: processors of each shard")
      ->capture_default_str()
      ->check(whole_number(1, 4096))
      ->needs(emit);
  sweep
      .add_option("--time-limit", spread.time_limit,
                  "With --emit slurm: real time of each shard: 30min; default: from a pilot run")
      ->needs(emit);
}

void add_sweep(CLI::App& app, std::function<int()>& command, const std::vector<std::string>& argv) {
  const auto options = std::make_shared<SweepCommand>();
  const auto format = std::make_shared<std::string>("table");
  CLI::App* sweep = app.add_subcommand("sweep", "Run a study: a scenario at many points");
  sweep->add_option("study", options->study, "Study file, or - for standard input")->required();
  sweep->add_option("-j,--jobs", options->jobs, "Threads; 0: one for each processor. Results do not depend on it")
      ->capture_default_str()
      ->check(whole_number(0, 4096));
  sweep
      ->add_option("--out", options->out,
                   "Directory of the results; default: out/<study's name>, of a shard "
                   "out/<study's name>.shard-<i>-of-<n>")
      ->check(not_empty("the name of a directory"));
  sweep->add_flag("--force", options->force, "Replace a directory that is not empty, and begin anew");
  sweep->add_flag("--resume", options->resume, "Go on with what an earlier sweep has done, if there is anything")
      ->excludes("--force");
  sweep->add_option("--shard", options->shard, "Run only every n-th run, from the i-th on, i from 0; see merge")
      ->type_name("i/n");
  sweep->add_option("--max-events", options->max_events, "Stop each run after this many events; 0: no limit")
      ->check(whole_number(0, largest));
  sweep->add_option("--timeout", options->timeout, "Stop after this much real time: 90min");
  CLI::Option* dry_run = sweep->add_flag("--dry-run", options->dry_run,
                                         "Print the points and how many runs there are, and run nothing");
  add_spread(*sweep, options->spread);
  sweep->add_option("--profiles", options->profiles,
                    "Directory of profiles that add to the built-in ones and replace those of the same name");
  sweep->add_option("--format", *format, "With --dry-run: form of what is printed: table, csv, json or md")
      ->check(one_of("format", {"table", "csv", "json", "md"}))
      ->needs(dry_run);
  sweep->callback([&command, options, format, argv] {
    command = [options, format, argv] {
      options->argv = argv;
      options->format = *table_format(*format);
      return cmd_sweep(*options);
    };
  });
}

void add_merge(CLI::App& app, std::function<int()>& command, const std::vector<std::string>& argv) {
  const auto options = std::make_shared<MergeCommand>();
  CLI::App* merge = app.add_subcommand("merge", "Put the shards of a sweep together");
  merge->add_option("directory", options->directories, "What sweep --shard wrote, one directory a shard")
      ->required();
  merge->add_option("--out", options->out, "Directory of the whole; default: out/<study's name>")
      ->check(not_empty("the name of a directory"));
  merge->add_flag("--force", options->force, "Replace a directory that is not empty");
  merge->callback([&command, options, argv] {
    command = [options, argv] {
      options->argv = argv;
      return cmd_merge(*options);
    };
  });
}

void add_study_schema(CLI::App& app, std::function<int()>& command) {
  const auto of_a_study = std::make_shared<bool>(false);
  CLI::App* schema = app.get_subcommand("schema");
  schema->add_flag("--study", *of_a_study, "Of a study instead");
  schema->callback([&command, of_a_study] {
    command = [of_a_study] {
      if (!*of_a_study) return cmd_schema();
      write_stdout(study_schema());
      return 0;
    };
  });
}

}  // namespace

void add_study_commands(CLI::App& app, std::function<int()>& command, const std::vector<std::string>& argv) {
  add_sweep(app, command, argv);
  add_merge(app, command, argv);
  add_study_schema(app, command);
}

}  // namespace userqsim
