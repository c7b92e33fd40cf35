#include "scenarios/experiment/warm_up.hpp"

#include <algorithm>
#include <utility>

#include "models/machine/machine.hpp"
#include "sim/stats/series.hpp"

namespace userqsim {

std::optional<Duration> find_warm_up(const std::vector<std::shared_ptr<const MachineSpec>>& machines,
                                     const std::atomic<bool>* interrupt) {
  Duration latest{0};
  for (const auto& spec : machines) {
    std::vector<std::pair<Duration, double>> jobs;  // submission and latency
    Machine machine(spec, 0);
    machine.probes().job_ended.subscribe([&](const JobEnded& job) {
      if (job.outcome != JobOutcome::finished) return;
      jobs.emplace_back(job.submitted.time_since_epoch(),
                        static_cast<double>((*job.finished - job.submitted).count()));
    });
    if (machine.run(0, interrupt) != StopReason::horizon) return std::nullopt;
    std::stable_sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<double> latencies;
    latencies.reserve(jobs.size());
    for (const auto& job : jobs) latencies.push_back(job.second);
    const std::optional<std::size_t> left_out = mser5(latencies);
    if (!left_out) return std::nullopt;
    if (*left_out > 0) latest = std::max(latest, jobs[*left_out].first);
  }
  return latest;
}

}  // namespace userqsim
