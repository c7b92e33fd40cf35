// Which orders of what may happen need not be tried, for nothing can tell them apart (docs/exploration.md says why
// of each; a test compares what is found with and without).
//
// What is a part's own business reads and writes nothing that another happening does, now or later, until it has
// happened itself; so every order leads to where the one leads in which it is first, and past the same hazards.
#pragma once

#include "models/machine/untimed.hpp"
#include "models/workload/workload.hpp"

namespace userqsim {

// REQUIRES: the event is held.
bool is_own_business(const Event& event, const MachineView& machine, const Workload& workload);

// An event of the scenario that would only wait behind what the thread for suspend, resume and isolation is at:
// when it comes while that is busy, nobody can tell it from coming right after.
bool waits_in_line(const PressureSpec& event, const Driver& driver);

}  // namespace userqsim
