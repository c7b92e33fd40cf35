#include "results/ftrace/ftrace_text.hpp"

#include <fmt/format.h>

#include "results/record/nanoseconds.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim::ftrace {
namespace {

constexpr std::string_view device = "0000:03:00.0";
constexpr std::uint32_t kfd_node = 1;  // its gpu_id; there is one GPU

int hardware_ip(QueueType type) {
  switch (type) {
    case QueueType::gfx:
      return 0;  // AMDGPU_HW_IP_GFX
    case QueueType::compute:
      return 1;  // AMDGPU_HW_IP_COMPUTE
    case QueueType::sdma:
      return 2;  // AMDGPU_HW_IP_DMA
  }
  fail_invariant("an unknown type of queue", SourceLocation::current());
}

// enum amdgpu_userq_state; a queue that is gone has none.
int number_of(UserqState state) {
  switch (state) {
    case UserqState::unmapped:
      return 0;
    case UserqState::mapped:
      return 1;
    case UserqState::preempted:
      return 2;
    case UserqState::hung:
      return 3;
    case UserqState::invalid_va:
      return 4;
    case UserqState::gone:
      break;
  }
  fail_invariant("a trace tells the state of a queue that is gone", SourceLocation::current());
}

// TTM_PL_*. Swapped-out and dropped buffers have a resource in system memory, or none that is placed.
int placement(MemType type) {
  switch (type) {
    case MemType::gtt:
      return 1;
    case MemType::vram:
      return 2;
    case MemType::nowhere:
    case MemType::system:
    case MemType::swap:
      return 0;
  }
  fail_invariant("an unknown place of a buffer", SourceLocation::current());
}

}  // namespace

std::string dma_fence(std::string_view event, const Fence& fence) {
  return fmt::format("dma_fence_{}: driver={} timeline={} context={} seqno={}", event, fence.driver, fence.timeline,
                     fence.context, fence.seqno);
}

std::string workqueue(WorkStep step, const Work& work) {
  switch (step) {
    case WorkStep::queued:
      // 8192: WORK_CPU_UNBOUND, any CPU, where NR_CPUS is 8192 as distributions have it.
      return fmt::format("workqueue_queue_work: work struct={} function={} workqueue={} req_cpu=8192 cpu=0",
                         work.pointer, work.function, work.workqueue);
    case WorkStep::began:
      return fmt::format("workqueue_execute_start: work struct {}: function {}", work.pointer, work.function);
    case WorkStep::ended:
      return fmt::format("workqueue_execute_end: work struct {}: function {}", work.pointer, work.function);
  }
  fail_invariant("an unknown step of a work", SourceLocation::current());
}

std::string userq_state_start(const Queue& queue, UserqState from) {
  return fmt::format("amdgpu_userq_state_start: client_id={}, type={}, doorbell={}, from={}", queue.client_id,
                     hardware_ip(queue.type), queue.doorbell, number_of(from));
}

std::string userq_state_changed(const Queue& queue, UserqState to) {
  return fmt::format("amdgpu_userq_state_changed: client_id={}, type={}, doorbell={}, to={}", queue.client_id,
                     hardware_ip(queue.type), queue.doorbell, number_of(to));
}

std::string userq_life(std::string_view event, const Queue& queue, UserqState state, std::optional<int> result) {
  const std::string text = fmt::format("amdgpu_userq_{}: queue={}, doorbell={}, type={}, state={}, xcp_id=0", event,
                                       queue.pointer, queue.doorbell, hardware_ip(queue.type), number_of(state));
  return result ? fmt::format("{}, result={}", text, *result) : text;
}

std::string userq_emit_fence(const Queue& queue, std::uint64_t context, std::uint64_t seqno) {
  return fmt::format("amdgpu_userq_emit_fence: dev={}, client_id={}, type={}, doorbell={}, fence={}:{}", device,
                     queue.client_id, hardware_ip(queue.type), queue.doorbell, context, seqno);
}

std::string userq_wait_deps(const Queue& queue, std::uint64_t context, const Fence& fence) {
  return fmt::format(
      "amdgpu_userq_wait_deps: dev={}, client_id={}, type={}, doorbell={}, context={} depends on fence={}:{}",
      device, queue.client_id, hardware_ip(queue.type), queue.doorbell, context, fence.context, fence.seqno);
}

std::string bo_move(const std::string& pointer, MemType from, MemType to, Bytes size) {
  return fmt::format("amdgpu_bo_move: bo={}, from={}, to={}, size={}", pointer, placement(from), placement(to),
                     size.value);
}

std::string mes_emitted(Opcode opcode) {
  // The only MISC of the model is the TLB flush on MES's ring: a register's write and the wait for its answer.
  const std::string_view operation = opcode == Opcode::misc ? " (WAIT_REG_MEM)" : "";
  return fmt::format("console: amdgpu {}: amdgpu: MES msg={}{} was emitted", device, name_of(opcode), operation);
}

std::string mes_no_response(Opcode opcode) {
  return fmt::format("console: amdgpu {}: amdgpu: MES failed to respond to msg={}", device, name_of(opcode));
}

// Each begins with the event's number in hexadecimal: KFD_SMI_EVENT_QUEUE_EVICTION 9, QUEUE_RESTORE 10.
std::string smi_queue_eviction(SimTime time, std::uint32_t pid, SmiTrigger trigger) {
  return fmt::format("tracing_mark_write: 9 {} -{} {:x} {}", ns(time), pid, kfd_node, static_cast<int>(trigger));
}

std::string smi_queue_restore(SimTime time, std::uint32_t pid, bool rescheduled) {
  return fmt::format("tracing_mark_write: a {} -{} {:x} {}", ns(time), pid, kfd_node, rescheduled ? 'R' : '0');
}

}  // namespace userqsim::ftrace
