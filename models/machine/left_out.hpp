// How a run's end is told from the end of everything: a copy of the machine runs on without the scenario's events,
// and what these could have ended does not last for ever.
#pragma once

#include <vector>

#include "models/machine/standing.hpp"
#include "models/workload/workload.hpp"
#include "sim/core/event.hpp"

namespace userqsim {

// Events of the scenario that are left out when a machine runs on behind its horizon, to see what would end by
// itself: what waits for one of them does not wait for ever.
class EventsLeftOut {
 public:
  // `layout` outlives it. `doorbells_restore`: who is kept stopped because he is idle is restored at his next
  // doorbell.
  EventsLeftOut(const Layout& layout, bool doorbells_restore)
      : layout_(&layout), doorbells_restore_(doorbells_restore), is_restored_(layout.processes.size()) {}

  // True when the event is one of them; it is noted.
  bool takes(const Event& event, const Workload& workload);
  // What of `found` none of them could end.
  std::vector<Standing> apart_from(std::vector<Standing> found) const;

 private:
  const Layout* layout_;
  bool doorbells_restore_;
  std::vector<bool> is_restored_;  // by process: somebody will need its live eviction fence
  bool any_load_ = false;
  bool may_end_all_ = false;  // an exit, a resume, a reset, a fault
};

}  // namespace userqsim
