// The metrics that a comparison's verdict speaks of.
#pragma once

#include <array>
#include <string_view>

namespace userqsim {

struct Headline {
  std::string_view metric;
  std::string_view role;
  std::string_view subject;
  std::string_view less;
  std::string_view more;
};

constexpr std::array headlines{
    Headline{"downtime_ns", "victim", "Downtime of a victim", "shorter", "longer"},
    Headline{"evict_latency_ns", "victim", "Eviction latency", "shorter", "longer"},
    Headline{"requester_stall_ns", "requester", "Stall of the requester", "shorter", "longer"},
    Headline{"job_latency_ns", "bystander", "Job latency of bystanders", "shorter", "longer"},
    Headline{"mes_lock_hold_ns", "device", "MES mutex hold of an eviction", "shorter", "longer"},
};

}  // namespace userqsim
