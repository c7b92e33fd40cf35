#include "results/calibrate/trace_samples.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace userqsim {

std::uint64_t LineCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void LineCounts::add_lost(std::uint64_t events) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  lost_ += std::min(events, most - lost_);
}

std::uint64_t TraceSamples::flushes() const {
  return std::accumulate(flushes_left_out.begin(), flushes_left_out.end(), std::uint64_t{tlb_flush.size()});
}

bool TraceSamples::any() const {
  const bool served = std::any_of(services.begin(), services.end(),
                                  [](const ServiceSamples& service) { return !service.served.empty(); });
  return served || !worker_latency.empty() || !mes_api.empty() || !tlb_flush.empty() || !queue_reset.empty();
}

}  // namespace userqsim
