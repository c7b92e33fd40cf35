// Arrival traces: CSV files `arrival_ns[,work_ns]` with a header line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/workload/spec.hpp"

namespace userqsim {

// Integer nanoseconds, arrivals not decreasing, at least one row; an empty work field leaves the work to be
// sampled. `file` is only for messages. Throws InputError.
std::vector<TraceArrival::Row> parse_trace(std::string_view text, const std::string& file);

}  // namespace userqsim
