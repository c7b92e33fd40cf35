// A whole machine whose every fact is noted; its invariants are checked after every event.
#pragma once

#include <utility>

#include "models/machine/machine.hpp"
#include "tests/support/specs.hpp"
#include "tests/support/timeline.hpp"

namespace userqsim::test {

class MachineBench : public Timeline {
 public:
  explicit MachineBench(MachineSpec spec);

  void run_until(Duration t) { run_to(SimTime{t}); }
  // To the horizon, and states what is open there.
  void run();

  Machine machine;

 protected:
  // An event later than `t` may happen too; it is noted at its own time.
  void run_to(SimTime t) override;
};

// Which facts are meant.
inline auto packet(Opcode opcode) {
  return [opcode](const PacketEnded& p) { return p.opcode == opcode; };
}
inline auto step(EvictionStepKind kind) {
  return [kind](const EvictionStep& s) { return s.kind == kind; };
}
inline auto hazard(HazardKind kind) {
  return [kind](const Hazard& h) { return h.kind == kind; };
}
template <class Fact>
bool by_eviction(const Fact& fact) {
  return fact.eviction.has_value();
}

}  // namespace userqsim::test
