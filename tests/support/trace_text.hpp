// Traces written by hand.
#pragma once

#include <fmt/format.h>

#include "tests/support/trace_reading.hpp"

namespace userqsim::test {

// Lines at whole microseconds.
class Text {
 public:
  Text& line(int us, const std::string& event) {
    text += fmt::format("  a-1 [000] ..... 1.{:06}: {}\n", us, event);
    return *this;
  }
  Text& start(int us, int client, int from, int type = 1) {
    return line(us, fmt::format("amdgpu_userq_state_start: client_id={}, type={}, doorbell={}, from={}", client,
                                type, 10 * client, from));
  }
  Text& changed(int us, int client, int to) {
    return line(us, fmt::format("amdgpu_userq_state_changed: client_id={}, type=1, doorbell={}, to={}", client,
                                10 * client, to));
  }
  Text& emitted(int us, const std::string& opcode) {
    return line(us, fmt::format("console: amdgpu 0000:03:00.0: amdgpu: MES msg={} was emitted", opcode));
  }
  Text& fence(int us, const std::string& event, int context, int seqno, const std::string& driver) {
    return line(us, fmt::format("{}: driver={} timeline=t context={} seqno={}", event, driver, context, seqno));
  }
  Text& evicts(int us, const std::string& event, int seqno) {
    return fence(us, "dma_fence_" + event, 1, seqno, "amdgpu_eviction_fence");
  }
  std::string text;
};

inline std::uint64_t left_out(const ReadTrace& trace, Service service, LeftOut why) {
  return trace.samples.of(service).left_out[static_cast<std::size_t>(why)];
}
}  // namespace userqsim::test
