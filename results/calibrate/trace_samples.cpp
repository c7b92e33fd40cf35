#include "results/calibrate/trace_samples.hpp"

#include <algorithm>
#include <numeric>

namespace userqsim {

std::uint64_t LineCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

bool TraceSamples::any() const {
  const bool served = std::any_of(services.begin(), services.end(),
                                  [](const ServiceSamples& service) { return !service.served.empty(); });
  return served || !worker_latency.empty() || !mes_api.empty() || !tlb_flush.empty() || !queue_reset.empty();
}

}  // namespace userqsim
