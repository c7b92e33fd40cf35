#include "tests/support/shortage.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::test {

QueueSpec once(std::string name, QueueType type, Duration at, Duration work, bool whole) {
  TraceArrival arrival;
  arrival.rows.push_back({at, std::nullopt});
  JobSpec j = job(work);
  if (!whole) j.grain = 100us;
  return queue(std::move(name), type, stream(arrival, j));
}

QueueSpec busy(std::string name, QueueType type) { return once(std::move(name), type, 0ns, 1h); }

MachineSpec short_of(std::uint32_t vmids, EngineSpec compute, std::vector<ProcessSpec> processes) {
  MachineSpec spec = ideal_machine_with("7.1");
  spec.device.vmids.count = vmids;
  spec.device.compute = compute;
  spec.device.compute_units = 16;
  spec.processes = std::move(processes);
  spec.horizon = 1s;
  return spec;
}

std::map<std::uint32_t, Duration> time_running(const MachineSpec& spec) {
  const WatchedRun run = watched_run(share(spec), 0);
  CAPTURE(run.violations);
  CHECK(run.violations.empty());
  std::map<std::uint32_t, Duration> running;
  for (const QueueRow& row : run.record.queues) running.emplace(running.size(), Duration{row.running_ns});
  return running;
}

}  // namespace userqsim::test
