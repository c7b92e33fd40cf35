#include "scenarios/cli/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "results/record/output_error.hpp"

namespace userqsim {

void open_closed_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      // The lowest free number is this one: those below it are open by now.
      if (open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) != descriptor) std::abort();
    }
  }
}

void write_stdout(std::string_view text) {
  errno = 0;
  const bool written = text.empty() || std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) return;
  throw OutputError(OutputFault::system, output_error("write", "standard output", errno).what());
}

void say(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

ProgressLine::ProgressLine() {
  const char* terminal = std::getenv("TERM");
  on_ = isatty(STDERR_FILENO) == 1 && (terminal == nullptr || std::string_view{terminal} != "dumb");
}

ProgressLine::~ProgressLine() {
  if (on_ && width_ > 0) std::fprintf(stderr, "\r%*s\r", static_cast<int>(width_), "");
}

void ProgressLine::show(const PoolProgress& progress) {
  if (!on_ || progress.cells == 0) return;
  std::string line = fmt::format("{}/{} runs", progress.done, progress.cells);
  if (progress.done > 0 && progress.seconds > 0.0) {
    const double left =
        progress.seconds / static_cast<double>(progress.done) * static_cast<double>(progress.cells - progress.done);
    line += fmt::format(", {:.1f} million events/s, about {:.0f} s left",
                        static_cast<double>(progress.events) / progress.seconds / 1e6, left);
  }
  const std::size_t length = line.size();
  line.resize(std::max(length, width_), ' ');  // wipe what a longer line left
  width_ = length;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

}  // namespace userqsim
