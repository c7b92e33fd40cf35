// `sweep --emit`: what somebody else's scheduler is to run. Nothing is submitted here, and no scheduler's library
// is needed: a shard is a command with a number in it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "scenarios/cli/shell.hpp"
#include "scenarios/cli/sweep_parts.hpp"
#include "scenarios/cli/terminal.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr double shard_seconds = 600.0;      // a scheduler's own work is small beside it
constexpr std::uint64_t shards_most = 1000;  // a Slurm array has 1001 elements unless its site says otherwise
constexpr double headroom = 3.0;             // a pilot is one machine and a few runs

struct Spread {
  std::string name;
  std::uint64_t shards = 1;
  std::uint64_t cpus = 1;
  std::uint64_t minutes = 0;  // of each shard
  std::string at_once;        // "%4", or nothing
  std::string sweep;          // the command without shard and --out
  std::string merge;
  std::string out;  // not quoted
};

std::string quoted_path(const std::string& path) { return quoted_for_shell(fs::absolute(path).lexically_normal()); }

std::uint64_t minutes_of(const std::string& text) {
  const Duration limit = quantity_of("--time-limit", parse_duration(text));
  const std::int64_t minutes = ceil_div(limit.count(), Duration{std::chrono::minutes{1}}.count());
  if (minutes < 2)
    throw InputError("--time-limit: allowed: more than 1min, the time between the signal and the end");
  return static_cast<std::uint64_t>(minutes);
}

Spread spread_of(const Study& study, const SweepCommand& command, const SweepOptions& pilot) {
  const SpreadOptions& given = command.spread;
  const bool on_slurm = given.engine == "slurm";
  Spread spread;
  spread.name = study.name;
  spread.cpus = given.cpus;
  const bool needs_pilot = !given.shards || (on_slurm && !given.time_limit);
  const double seconds = needs_pilot ? longest_run_seconds(study, pilot) / static_cast<double>(given.cpus) : 0.0;
  const double wanted = std::ceil(seconds * static_cast<double>(study.runs()) / shard_seconds);
  const std::uint64_t most = std::min(study.runs(), shards_most);
  spread.shards =
      given.shards ? *given.shards : static_cast<std::uint64_t>(std::clamp(wanted, 1.0, static_cast<double>(most)));
  if (spread.shards > study.runs()) {
    throw InputError(
        fmt::format("--shards: {} of {} runs; allowed: as many as runs, or fewer", spread.shards, study.runs()));
  }
  if (given.time_limit) {
    spread.minutes = minutes_of(*given.time_limit);
  } else {
    const double runs = std::ceil(static_cast<double>(study.runs()) / static_cast<double>(spread.shards));
    spread.minutes = static_cast<std::uint64_t>(std::ceil(headroom * seconds * runs / 60.0)) + 5;
  }
  spread.out = fs::absolute(command.out.empty() ? "out/" + study.name : command.out).lexically_normal();
  const std::string program = quoted_for_shell(program_path());
  spread.sweep = fmt::format("{} sweep {}", program, quoted_path(command.study));
  if (!command.profiles.empty()) spread.sweep += " --profiles " + quoted_path(command.profiles);
  if (command.max_events > 0) spread.sweep += fmt::format(" --max-events {}", command.max_events);
  spread.sweep += " --resume";
  spread.merge = fmt::format("{} merge \"$@\" --out {}", program, quoted_for_shell(spread.out));
  return spread;
}

// Shell lines that leave the shards' directories in "$@".
std::string list_of_shards(const Spread& spread) {
  return fmt::format(
      "set --\n"
      "i=0\n"
      "while [ \"$i\" -lt {0} ]; do\n"
      "  set -- \"$@\" {1}.shard-\"$i\"-of-{0}\n"
      "  i=$((i + 1))\n"
      "done\n",
      spread.shards, quoted_for_shell(spread.out));
}

std::string head(const Spread& spread, std::string_view engine, std::string_view how) {
  return fmt::format(
      "#!/bin/sh\n"
      "# Runs the study {} in {} {}, and merges what they leave.\n"
      "# {}\n"
      "# What a shard has done is kept: run this again to go on; a shard that is whole ends at once.\n"
      "set -eu\n"
      "mkdir -p {}\n",
      spread.name, spread.shards == 1 ? "one shard" : fmt::format("{} shards", spread.shards), engine, how,
      quoted_for_shell(fs::path{spread.out}.parent_path()));
}

// In the name of a log Slurm takes "%" for the beginning of a replacement.
std::string slurm_log(std::string path) {
  for (std::size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at + 2)) path.insert(at, "%");
  return quoted_for_shell(path);
}

std::string slurm_script(const Spread& spread) {
  const std::string log = slurm_log(spread.out);
  std::string text = head(spread, "as a Slurm array", "Submit it with: sh FILE");
  text += fmt::format(
      "array=$(sbatch --parsable --output={8}.slurm-%A_%a.log <<'SHARD'\n"
      "#!/bin/sh\n"
      "#SBATCH --job-name=userqsim-{1}\n"
      "#SBATCH --array=0-{2}{3}\n"
      "#SBATCH --cpus-per-task={4}\n"
      "#SBATCH --time={5}\n"
      "#SBATCH --signal=B:TERM@60\n"
      "#SBATCH --requeue\n"
      "#SBATCH --open-mode=append\n"
      "# A minute before the limit the sweep is told, writes what it has, and ends; it can be gone on with.\n"
      "i=$SLURM_ARRAY_TASK_ID\n"
      "exec {6} --jobs {4} --shard \"$i/{7}\" --out {0}.shard-\"$i\"-of-{7}\n"
      "SHARD\n"
      ")\n",
      quoted_for_shell(spread.out), spread.name, spread.shards - 1, spread.at_once, spread.cpus, spread.minutes,
      spread.sweep, spread.shards, log);
  text += fmt::format(
      "# However the shards ended: the merge looks itself whether every run is there.\n"
      "sbatch --parsable --dependency=afterany:\"$array\" --output={0}.slurm-%j-merge.log <<'MERGE'\n"
      "#!/bin/sh\n"
      "#SBATCH --job-name=userqsim-{1}-merge\n"
      "#SBATCH --time={2}\n"
      "{3}"
      "exec {4}\n"
      "MERGE\n",
      log, spread.name, std::max<std::uint64_t>(spread.minutes, 10), list_of_shards(spread), spread.merge);
  return text;
}

// How many shards a host has at a time: as many as its processors hold. Rounded up, so that 3 of 9 are not 2.
std::string parallel_slots(const Spread& spread) {
  if (!spread.at_once.empty()) return spread.at_once;
  if (spread.cpus == 1) return {};
  return fmt::format(" -j {:.4f}%", std::ceil(1e6 / static_cast<double>(spread.cpus)) / 1e4);
}

std::string parallel_script(const Spread& spread) {
  const std::string out = quoted_for_shell(spread.out);
  // It would replace them by a shard's number.
  if ((spread.sweep + spread.out).find('{') != std::string::npos) {
    throw InputError("--emit parallel: a path with { in it, which GNU parallel replaces; give others");
  }
  return head(spread, "with GNU parallel", "What this is given goes to parallel: sh FILE --sshlogin a,b") +
         fmt::format(
             "# However the shards end: the merge looks itself whether every run is there.\n"
             "ended=0\n"
             "seq 0 {0} | parallel -q{1} --joblog {2}.joblog \"$@\" {3} --jobs {4} --shard {{}}/{5} "
             "--out {2}.shard-{{}}-of-{5} || ended=$?\n"
             "if [ \"$ended\" -ne 0 ]; then\n"
             "  echo \"parallel ended with $ended\" >&2\n"
             "  awk -F '\\t' 'NR > 1 && ($7 != 0 || $8 != 0) {{\n"
             "    printf \"shard %d ended with %d, signal %d, on %s\\n\", $1 - 1, $7, $8, $2\n"
             "  }}' {2}.joblog >&2 || true\n"
             "fi\n",
             spread.shards - 1, parallel_slots(spread), out, spread.sweep, spread.cpus, spread.shards) +
         list_of_shards(spread) + spread.merge + "\n";
}

// A rank that fails would take the others along, so none does.
std::string mpirun_script(const Spread& spread) {
  // Else Open MPI binds a rank, and so all its threads, to one processor.
  const std::string binding = spread.cpus == 1 ? "" : fmt::format(" --map-by slot:PE={}", spread.cpus);
  return head(spread, "as ranks of one MPI job",
              "MPI only starts them. What this is given goes to mpirun: sh FILE --hostfile hosts") +
         fmt::format(
             "mpirun -np {0}{4} \"$@\" sh -c '\n"
             "  out=$1\n"
             "  shift\n"
             "  i=${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}\n"
             "  \"$@\" --shard \"$i/{0}\" --out \"$out.shard-$i-of-{0}\" || echo \"shard $i ended with $?\" >&2\n"
             "' shard {1} {2} --jobs {3}\n",
             spread.shards, quoted_for_shell(spread.out), spread.sweep, spread.cpus, binding) +
         list_of_shards(spread) + spread.merge + "\n";
}

}  // namespace

int emit_spread(const Study& study, const SweepCommand& command, const SweepOptions& pilot) {
  const SpreadOptions& given = command.spread;
  if (command.study == "-") throw InputError("--emit: other machines cannot read this standard input; name a file");
  if (given.engine != "slurm" && given.time_limit) throw InputError("--time-limit goes with --emit slurm");
  if (given.engine == "mpirun" && given.at_once) throw InputError("--at-once: mpirun starts all ranks at once");
  if (!check_points(study, missing_runs(study.runs(), {}, {}), pilot)) return report_interrupted();
  Spread spread = spread_of(study, command, pilot);
  if (given.at_once) {
    spread.at_once =
        given.engine == "slurm" ? fmt::format("%{}", *given.at_once) : fmt::format(" -j {}", *given.at_once);
  }
  if (given.engine == "slurm") write_stdout(slurm_script(spread));
  if (given.engine == "parallel") write_stdout(parallel_script(spread));
  if (given.engine == "mpirun") write_stdout(mpirun_script(spread));
  return exit_status::ok;
}

}  // namespace userqsim
