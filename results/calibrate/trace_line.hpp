// One line of recorded text: what kind of line it is, its time, and which event it tells. Knows the forms of lines,
// not what events mean (trace_event.hpp).
//
// Read are the text of /sys/kernel/tracing/trace, that of `trace-cmd report` (no column of flags, times in micro-
// or nanoseconds), and kernel log lines whose time is that since boot ("[  123.456789] amdgpu 0000:03:00.0: ...").
#pragma once

#include <cstdint>
#include <string_view>

namespace userqsim {

enum class LineForm : std::uint8_t {
  blank,
  comment,  // "# tracer: nop", "cpus=8"
  event,
  kernel_log,
  lost,  // "CPU:2 [LOST 17 EVENTS]"
  unknown,
};

struct TraceLine {
  LineForm form = LineForm::unknown;
  std::int64_t time_ns = 0;  // of an event or a kernel log line
  std::string_view event;    // its name, without the system before a colon
  std::string_view fields;   // what follows the name; of a kernel log line the message
  std::uint64_t lost = 0;    // events; 0 where the line does not say how many
};

// Never fails: what has no known form is `unknown`, as is a time of ten years or more. The views point into `line`,
// which has no line end.
TraceLine parse_trace_line(std::string_view line);

}  // namespace userqsim
