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
  // `layout` outlives it.
  explicit EventsLeftOut(const Layout& layout)
      : layout_(&layout), is_submitting_(layout.processes.size()), has_load_(layout.processes.size()) {}

  // True when the event is one of them; it is noted.
  bool takes(const Event& event, const Workload& workload);
  // What of `found` none of them could end.
  std::vector<Standing> apart_from(std::vector<Standing> found) const;

 private:
  const Layout* layout_;
  std::vector<bool> is_submitting_;  // by process: jobs of it are to come
  std::vector<bool> has_load_;       // by process: an event of it is to come, which may have it restored
  bool any_load_ = false;
  bool may_end_all_ = false;  // an exit, a resume, a reset, a fault
};

}  // namespace userqsim
