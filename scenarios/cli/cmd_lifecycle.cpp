#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/lifecycle_tables.hpp"
#include "scenarios/cli/release.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/replay_lines.hpp"

namespace userqsim {
namespace {

constexpr std::size_t longest_line = 1U << 20U;  // an operation takes a hundred bytes

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

// The next line without its end, or false. Input without line ends is refused before it fills the memory.
bool read_line(std::istream& in, std::string& line, const std::string& file, std::size_t number) {
  line.clear();
  for (int c = in.get(); c != std::char_traits<char>::eof(); c = in.get()) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
    if (line.size() > longest_line) {
      throw InputError(fmt::format("{}: line {}: longer than {} KiB", file, number, longest_line >> 10U));
    }
  }
  return !line.empty();
}

// Answers line by line, each at once: the other end may be waiting for it. Ends with the input, by a signal, or
// when nobody reads the answers any more.
void replay(std::istream& in, const std::string& file, Replay& replay) {
  std::string line;
  for (std::size_t number = 1; read_line(in, line, file, number) && received_signal() == 0; ++number) {
    if (is_blank(line)) continue;
    const ReplayOp op = read_replay_line(line, file, number);
    if (const std::optional<std::string> problem = replay.problem(op)) {
      throw InputError(fmt::format("{}: line {}: {}", file, number, *problem));
    }
    const ReplayAnswer answer = replay.apply(op);
    if (op.kind == ReplayOpKind::fail) continue;
    write_stdout(write_replay_line(op, answer, replay) + "\n");
    if (std::ferror(stdout) != 0) return;
  }
  if (in.bad() && received_signal() == 0) throw InputError(file + ": cannot be read to its end");
}

void replay_file(const std::string& path, Replay& machine) {
  const std::string file = printable(path, 200);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw InputError(file + ": is a directory, not a file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(fmt::format("{}: cannot be read: {}", file, std::strerror(errno)));
  replay(in, file, machine);
}

}  // namespace

int cmd_lifecycle(const LifecycleOptions& options) {
  const Release release = find_release(options.kernel, options.profiles, "lifecycle --kernel");
  if (options.tables) {
    write_stdout(lifecycle_tables(*release.tables));
    return exit_status::ok;
  }
  ReplaySetup setup;
  setup.kernel = release.kernel.lifecycle;
  setup.policy = options.policy.empty() ? release.kernel.native_policy : options.policy;
  setup.recovery.enabled = options.gpu_recovery.value_or(release.kernel.gpu_recovery);
  setup.recovery.per_queue_reset = options.per_queue_reset;
  setup.vram_lost = options.vram_lost;
  Replay machine(setup);
  if (options.file == "-") {
    replay(std::cin, "standard input", machine);
  } else {
    replay_file(options.file, machine);
  }
  if (received_signal() == 0) return exit_status::ok;
  say(fmt::format("userqsim: interrupted by signal {}", received_signal()));
  return exit_status::signal_base + received_signal();
}

}  // namespace userqsim
