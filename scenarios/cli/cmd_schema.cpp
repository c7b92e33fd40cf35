#include <fmt/format.h>

#include <cstdio>

#include "scenarios/cli/commands.hpp"

namespace userqsim {

int cmd_schema() {
  fmt::print(stdout, "{}", scenario_schema());
  return 0;
}

}  // namespace userqsim
