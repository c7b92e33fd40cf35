// The text of each event, from its name on, as the kernel prints it. Sources: the tracepoints' TP_printk of
// include/trace/events/{dma_fence,workqueue,printk}.h, of amdgpu_trace.h with the user-queue patches, and the
// formats of kfd_ioctl.h. Times are simulated, in nanoseconds where an event has its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/driver/facts.hpp"
#include "models/firmware/facts.hpp"
#include "models/memory/facts.hpp"
#include "results/ftrace/ftrace_names.hpp"

namespace userqsim::ftrace {

struct Fence {
  std::string_view driver;
  std::string_view timeline;
  std::uint64_t context = 0;
  std::uint64_t seqno = 0;
};

// `event`: init, emit, enable_signal, signaled, wait_start, wait_end or destroy.
std::string dma_fence(std::string_view event, const Fence& fence);

struct Work {
  std::string pointer;
  std::string_view function;
  std::string_view workqueue;
};
std::string workqueue(WorkStep step, const Work& work);

// A user queue, as its tracepoints name it.
struct Queue {
  std::string pointer;
  std::uint64_t client_id = 0;
  QueueType type = QueueType::compute;
  std::uint64_t doorbell = 0;
};

std::string userq_state_start(const Queue& queue, UserqState from);
std::string userq_state_changed(const Queue& queue, UserqState to);
// `event`: create_start or destroy_start; with a result (0 or -errno) create_end or destroy_end.
std::string userq_life(std::string_view event, const Queue& queue, UserqState state, std::optional<int> result);
std::string userq_emit_fence(const Queue& queue, std::uint64_t context, std::uint64_t seqno);
// A job of the queue, whose fences have `context`, waits for another queue's fence.
std::string userq_wait_deps(const Queue& queue, std::uint64_t context, const Fence& fence);

std::string bo_move(const std::string& pointer, MemType from, MemType to, Bytes size);

// The driver's messages about a packet, as printk's tracepoint has them.
std::string mes_emitted(Opcode opcode);
std::string mes_no_response(Opcode opcode);

// KFD's SMI events, as somebody who reads them writes them into trace_marker.
enum class SmiTrigger : std::uint8_t { svm = 0, userptr = 1, ttm = 2, suspend = 3 };
std::string smi_queue_eviction(SimTime time, std::uint32_t pid, SmiTrigger trigger);
std::string smi_queue_restore(SimTime time, std::uint32_t pid, bool rescheduled);

}  // namespace userqsim::ftrace
