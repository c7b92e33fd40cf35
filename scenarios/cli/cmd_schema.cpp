#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/terminal.hpp"

namespace userqsim {

int cmd_schema() {
  write_stdout(scenario_schema());
  return 0;
}

}  // namespace userqsim
