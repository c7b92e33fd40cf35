// Who looks at the whole machine for what is wrong with it. No part states these hazards: each of them is that what
// one part believes is not what another holds, or that nothing will ever happen again.
//
// standing() and for_ever() are functions of the state alone, so that whoever explores can ask them of any state. A
// Watch asks the first in a run by the clock, at the end of each instant that may have changed the answer, and
// states what had not stood before.
#pragma once

#include <vector>

#include "models/driver/books.hpp"
#include "models/firmware/firmware.hpp"
#include "models/hardware/hardware.hpp"
#include "models/machine/probes.hpp"
#include "models/machine/standing.hpp"
#include "models/memory/memory.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/containers.hpp"

namespace userqsim {

// The parts, to look at.
struct Observed {
  const Layout& layout;
  const Workload& workload;
  const Memory& memory;
  const Hardware& hardware;
  const Firmware& firmware;
  DriverBooks driver;
};

// What is wrong in this state, queue by queue. REQUIRES: nothing more happens in this instant.
std::vector<Standing> standing(const Observed& machine);
// What stays wrong for good. REQUIRES: nothing may happen any more.
std::vector<Standing> for_ever(const Observed& machine);

class Watch {
 public:
  explicit Watch(Duration mutex_held_limit) : mutex_held_limit_(mutex_held_limit) {}

  // Hears the facts after which something new may stand. A copy has to be subscribed anew; both outlive the watch.
  void subscribe(Probes& probes, const Observed& machine);
  // Only what is stated with a fact (work_lost): whoever explores asks standing() himself.
  void subscribe_untimed(Probes& probes, const Observed& machine);

  // Whether to look when this instant is over.
  bool is_due(const DriverBooks& driver) const { return is_due_ || driver.is_isolated() != was_isolated_; }
  void look(const Observed& machine, SimTime now, const Probe<Hazard>& hazard);
  // Looks at every queue, where look() has just been, and throws InvariantError when it finds more.
  void verify(const Observed& machine) const;
  // From here on things may have changed since the last look().
  void go_on() { is_fresh_ = false; }
  // States what the facts of this instant alone tell.
  void state_found(const Probe<Hazard>& hazard);

 private:
  void suspect(ProcessId process);
  const std::vector<QueueId>& suspected(const Observed& machine);
  void hear(const JobEnded& fact, const DriverBooks& driver);
  void hear_held(SimTime start, SimTime end, ProcessId process);

  Duration mutex_held_limit_;
  bool is_due_ = false;
  bool is_fresh_ = false;
  bool was_isolated_ = false;
  bool had_gangs_held_ = false;
  // Of whose queues the driver and MES differed at the last look, or may have come to differ since.
  FlatSet<ProcessId> suspects_;
  bool suspects_all_ = false;
  std::vector<Standing> said_;
  std::vector<Standing> stand_;      // room for look()
  std::vector<QueueId> all_, some_;  // and for suspected()
  std::vector<Hazard> found_;
};

}  // namespace userqsim
