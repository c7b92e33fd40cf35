#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/lifecycle_tables.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/profile_store.hpp"
#include "scenarios/load/replay_lines.hpp"

namespace userqsim {
namespace {

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

// Answers line by line, each at once: the other end may be waiting for it.
void replay(std::istream& in, const std::string& file, Replay& replay) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (is_blank(line)) continue;
    const ReplayOp op = read_replay_line(line, file, number);
    if (const std::optional<std::string> problem = replay.problem(op)) {
      throw InputError(fmt::format("{}: line {}: {}", file, number, *problem));
    }
    const ReplayAnswer answer = replay.apply(op);
    if (op.kind == ReplayOpKind::fail) continue;
    write_stdout(write_replay_line(op, answer, replay) + "\n");
    std::fflush(stdout);
  }
}

}  // namespace

int cmd_lifecycle(const LifecycleOptions& options) {
  const ProfileStore profiles(options.profiles);
  const KernelSpec kernel = read_kernel(profiles.find("kernels", options.kernel, Place{"lifecycle --kernel", {}}));
  if (options.tables) {
    write_stdout(lifecycle_tables(lifecycle(kernel.lifecycle)));
    return 0;
  }
  ReplaySetup setup;
  setup.kernel = kernel.lifecycle;
  setup.policy = options.policy.empty() ? kernel.native_policy : options.policy;
  setup.recovery.enabled = options.gpu_recovery;
  setup.recovery.per_queue_reset = options.per_queue_reset;
  setup.vram_lost = options.vram_lost;
  Replay machine(setup);
  if (options.file == "-") {
    replay(std::cin, "standard input", machine);
    return 0;
  }
  std::ifstream in(options.file);
  if (!in) throw InputError(fmt::format("{}: cannot be read", printable(options.file, 200)));
  replay(in, options.file, machine);
  if (in.bad()) throw InputError(fmt::format("{}: cannot be read to its end", printable(options.file, 200)));
  return 0;
}

}  // namespace userqsim
