#include "results/record/metrics.hpp"

namespace userqsim {

const std::vector<MetricInfo>& metric_catalogue() {
  using Kind = MetricKind;
  static const std::vector<MetricInfo> metrics{
      {"evict_latency_ns", {"victim"}, "ns", "From the eviction fence's enabling to its signal"},
      {"restore_latency_ns", {"victim"}, "ns", "From the eviction fence's signal to restored"},
      {"downtime_ns",
       {"victim"},
       "ns",
       "From the first stop packet's issue to restored: its last queue runs again"},
      {"fence_wait_ns", {"victim"}, "ns", "Suspend worker's wait for last fences, before it stops queues"},
      {"lock_wait_ns", {"victim"}, "ns", "Workers' wait for the userq mutex and the MES mutex"},
      {"requester_stall_ns",
       {"requester"},
       "ns",
       "From a request for memory to its end, of requests for which somebody had to leave"},
      {"job_latency_ns", {"requester", "victim", "bystander"}, "ns", "From a job's submission to its end"},
      {"graph_excess_ns",
       {"requester", "victim", "bystander"},
       "ns",
       "A job graph's latency over what it needs alone: its critical path, or its work bound where that is longer"},
      {"slot_wait_ns",
       {"requester", "victim", "bystander"},
       "ns",
       "A queue's wait for a slot, with work and allowed to run, until it is mapped"},
      {"evictions", {"device"}, "evictions", "Evictions", Kind::count},
      {"mes_packets", {"device"}, "packets", "Packets that evictions sent to MES", Kind::cost},
      {"mes_busy_ns", {"device"}, "ns", "API processor time of those packets", Kind::cost},
      {"mes_lock_hold_ns", {"device"}, "ns", "Time that evictions held the device's MES mutex", Kind::cost},
      {"cpu_poll_ns", {"device"}, "ns", "CPU time of workers polling API and suspend fences", Kind::cost},
      {"cu_lost_ns", {"device"}, "ns", "Machine time lost to switching contexts of queues with work", Kind::cost},
      {"context_bytes", {"device"}, "bytes", "Context saved and loaded by evictions", Kind::cost},
      {"moved_bytes", {"device"}, "bytes", "Buffers copied out and back by evictions", Kind::cost},
      {"outcome_restored", {"device"}, "evictions", "Evictions that ended restored", Kind::count},
      {"outcome_re_evicted", {"device"}, "evictions", "Evictions cut off by the process's next one", Kind::count},
      {"outcome_hung", {"device"}, "evictions", "Evictions in which a queue went HUNG", Kind::count},
      {"outcome_aborted", {"device"}, "evictions", "Evictions given up; their fence never signals", Kind::count},
      {"outcome_exited", {"device"}, "evictions", "Evictions whose process exited first", Kind::count},
      {"outcome_open", {"device"}, "evictions", "Evictions under way when the run ended", Kind::count},
      {"hazards", {"device"}, "hazards", "Hazards of every kind", Kind::count},
      {"slot_used", {"device"}, "1", "Share of slot time with a queue in the slot", Kind::share},
      {"slot_running", {"device"}, "1", "Share of slot time with waves running", Kind::share},
  };
  return metrics;
}

}  // namespace userqsim
