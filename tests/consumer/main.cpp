// Loads the scenario named on the command line and runs its first events, through the installed headers.
#include <cstdio>

#include "models/machine/machine.hpp"
#include "scenarios/load/scenario.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const userqsim::LoadedScenario loaded = userqsim::load_scenario(argv[1], {});
  userqsim::Machine machine(loaded.machine, 0);
  for (int i = 0; i < 1000; ++i) machine.step();
  std::printf("%s: %llu events\n", loaded.scenario.name.c_str(), static_cast<unsigned long long>(machine.events()));
  return machine.events() == 0 ? 1 : 0;
}
