#include <fmt/format.h>

#include <cstdio>

#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/experiment_commands.hpp"
#include "scenarios/cli/terminal.hpp"

namespace userqsim {
namespace {

std::string summary(const LoadedScenario& loaded) {
  std::size_t queues = 0;
  for (const ProcessSpec& process : loaded.machine->processes) queues += process.queues.size();
  return fmt::format("{}: ok: {} ({} processes, {} queues, {} events; device {}, kernel {}, policy {})\n",
                     loaded.path, loaded.scenario.name, loaded.machine->processes.size(), queues,
                     loaded.machine->events.size(), loaded.scenario.device, loaded.scenario.kernel,
                     loaded.machine->policy);
}

}  // namespace

int cmd_validate(const std::vector<std::string>& paths, const LoadOptions& options) {
  int status = exit_status::ok;
  for (const std::string& path : paths) {
    try {
      write_stdout(summary(load_scenario(path, options)));
    } catch (const InputError& error) {
      say(error.what());
      status = exit_status::bad_input;
    }
  }
  return status;
}

}  // namespace userqsim
