// A machine without durations: what takes time takes as long as whoever explores wants it to, so that everything
// that may happen next may happen in any order (docs/exploration.md).
//
// Time stands still at 0. What one part tells another at once is done at once, in the engine's order; what takes
// time (a worker on its way, a packet in MES, a slot's change, a copy, a time-out, an event of the scenario) is
// held, and is one happening among those that may be next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/driver/driver.hpp"
#include "models/machine/spec.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/event.hpp"

namespace userqsim {

// When something that is held may happen.
enum class Pace : std::uint8_t {
  prompt,   // whenever it is there: the machine is at it
  outside,  // likewise: the scenario's own
  patient,  // a time-out: when nothing prompt is left, for all that is prompt is faster
};

// REQUIRES: the event is held.
Pace pace_of(const Event& event);

// The process that starts, where that is what happens.
std::optional<ProcessId> start_of(const Event& event);

// What a happening is told from.
struct MachineView {
  const Layout& layout;
  const MachineSpec& spec;
  const Hardware& hardware;
  const Firmware& firmware;
  const Driver& driver;
};

// What happens, in words. An order that is written down names it by `what` alone, which says nothing of why.
struct Told {
  std::string actor;  // scenario, MES, slots, memory, time-outs, or the driver's thread
  std::string what;   // "MES is through with ADD_QUEUE of game/gfx0"
  std::string why;    // "it waited for userq_mutex"; empty where there is nothing to add
};
// REQUIRES: it has not happened yet.
Told tell(const Event& event, const MachineView& machine);
// "suspend worker of game goes on (it waited for userq_mutex)".
std::string words_of(const Told& told);

// The same machine with every duration 0 that a part measures by the clock. What a part waits for by an event alone
// keeps its duration, which then means nothing.
MachineSpec untimed(MachineSpec spec);

// Why there would be no end to exploring the machine: work or events without number. Empty: nothing.
std::vector<SpecProblem> check_untimed(const MachineSpec& spec);

}  // namespace userqsim
