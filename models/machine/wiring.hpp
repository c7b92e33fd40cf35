// Who may post what to whom: the machine's channels, made in one place.
#pragma once

#include "models/driver/driver.hpp"
#include "models/firmware/firmware.hpp"
#include "models/hardware/hardware.hpp"
#include "models/machine/probes.hpp"
#include "models/memory/memory.hpp"
#include "models/workload/workload.hpp"
#include "sim/graph/labelled_graph.hpp"

namespace userqsim {

struct Wiring {
  WorkloadChannels workload;
  MemoryChannels memory;
  HardwareChannels hardware;
  FirmwareChannels firmware;
  DriverChannels driver;
};

// What the channels lead to, and what the parts may look at; all outlive the wiring.
struct Wired {
  Engine& engine;
  Probes& probes;
  const Draws& draws;
  const CostDraws& costs;
  const Workload& workload;
  const Memory& memory;
  const Hardware& hardware;
  const FaultPlan& faults;
};

Wiring make_wiring(const Wired& wired);

// The same connections as a graph: an edge from part to part, labelled with the messages.
LabelledGraph wiring_graph();

}  // namespace userqsim
