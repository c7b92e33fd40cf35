// Runs a machine one event at a time and checks, after each, what must always hold; at the end, what must add up.
// Its own books are kept from the facts alone, independently of the model's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/machine/machine.hpp"
#include "results/record/recorder.hpp"

namespace userqsim::test {

struct WatchedRun {
  RunRecord record;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::uint64_t submitted = 0;          // jobs that were ever wanted
  std::vector<std::string> violations;  // empty when all is well
};

enum class TimeLine : std::uint8_t { left_out, watched };

// `verify_every`: the model's own recount after each so-many events (1: after every one).
WatchedRun watched_run(std::shared_ptr<const MachineSpec> spec, std::uint32_t replication,
                       std::uint64_t verify_every = 1, TimeLine time_line = TimeLine::left_out);

}  // namespace userqsim::test
