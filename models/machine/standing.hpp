// Something that is wrong with a machine as it stands (watch.hpp), and whose it is.
#pragma once

#include "models/hardware/facts.hpp"

namespace userqsim {

struct Standing {
  HazardKind kind = HazardKind::driver_mes_disagree;
  ProcessId process;
  QueueId queue;  // none where it is the whole process's
  bool operator==(const Standing&) const = default;
};

}  // namespace userqsim
