// Machines with too few slots or VMIDs, where nothing costs anything, and what each queue gets of them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/specs.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::test {

// One job that comes at `at`; in rounds of 100 us unless `whole`.
inline QueueSpec once(std::string name, QueueType type, Duration at, Duration work, bool whole = false) {
  TraceArrival arrival;
  arrival.rows.push_back({at, std::nullopt});
  JobSpec j = job(work);
  if (!whole) j.grain = 100us;
  return queue(std::move(name), type, stream(arrival, j));
}
inline QueueSpec busy(std::string name, QueueType type) { return once(std::move(name), type, 0ns, 1h); }

inline MachineSpec short_of(std::uint32_t vmids, EngineSpec compute, std::vector<ProcessSpec> processes) {
  MachineSpec spec = ideal_machine_with("7.1");
  spec.device.vmids.count = vmids;
  spec.device.compute = compute;
  spec.device.compute_units = 16;
  spec.processes = std::move(processes);
  spec.horizon = 1s;
  return spec;
}

inline std::map<std::uint32_t, Duration> time_running(const MachineSpec& spec) {
  const WatchedRun run = watched_run(share(spec), 0);
  CAPTURE(run.violations);
  CHECK(run.violations.empty());
  std::map<std::uint32_t, Duration> running;
  for (const QueueRow& row : run.record.queues) running.emplace(running.size(), Duration{row.running_ns});
  return running;
}

}  // namespace userqsim::test
