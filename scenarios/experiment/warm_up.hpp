// Where a scenario's warm-up ends, found by MSER-5 in a run of its own.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "models/machine/spec.hpp"

namespace userqsim {

// When warm-up is over on every one of the machines: the latest of the times at which the first job is submitted
// that MSER-5 keeps of those that end in replication 0, in order of submission. One time for all, so that all
// policies are measured over the same span; of replication 0 always, so that it does not depend on which
// replications are run. Nothing where a series has fewer than fifty jobs or does not settle in its first half; and
// when `interrupt` became true.
std::optional<Duration> find_warm_up(const std::vector<std::shared_ptr<const MachineSpec>>& machines,
                                     const std::atomic<bool>* interrupt);

}  // namespace userqsim
