#include "tests/support/machine_bench.hpp"

namespace userqsim::test {

MachineBench::MachineBench(MachineSpec spec) : machine(share(std::move(spec)), 0) {
  machine.probes().each([this]<class Fact>(Probe<Fact>& probe) {
    probe.subscribe([this](const Fact& fact) { note(machine.now(), fact); });
  });
}

void MachineBench::run() {
  while (machine.step()) machine.verify();
  machine.run();
}

void MachineBench::run_to(SimTime t) {
  while (machine.now() <= t && machine.step()) machine.verify();
}

}  // namespace userqsim::test
