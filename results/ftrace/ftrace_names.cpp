#include "results/ftrace/ftrace_names.hpp"

#include <fmt/format.h>

namespace userqsim {
namespace {

constexpr std::size_t longest_comm = 15;  // TASK_COMM_LEN less the terminating zero
constexpr std::uint32_t first_worker_pid = 100;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string comm_of(const std::string& name) {
  std::size_t length = std::min(name.size(), longest_comm);
  while (length > 0 && length < name.size() && continues_character(name[length])) --length;
  return name.substr(0, length);
}

// Kernel addresses, each kind in a range of its own.
std::string pointer(std::uint64_t kind, std::uint32_t number) {
  return fmt::format("{:016x}", 0xffff888000000000ULL + (kind << 40U) + (std::uint64_t{number} << 8U));
}

}  // namespace

FtraceNames::FtraceNames(const Layout& layout) {
  const auto processes = static_cast<std::uint32_t>(layout.processes.size());
  add_task("<idle>", 0);
  add_task(fmt::format("kworker/0:{}", processes), first_worker_pid + processes);
  for (std::uint32_t p = 0; p < processes; ++p) {
    comms_.push_back(comm_of(layout.processes[p].name));
    add_task(comms_.back(), pid(ProcessId{p}));
    add_task(fmt::format("kworker/0:{}", p), first_worker_pid + p);
  }
}

// %16s-%-7d, in bytes as the kernel counts.
void FtraceNames::add_task(const std::string& comm, std::uint32_t pid) {
  const std::size_t missing = comm.size() < 16 ? 16 - comm.size() : 0;
  columns_.push_back(fmt::format("{}{}-{:<7}", std::string(missing, ' '), comm, pid));
}

std::string FtraceNames::queue_pointer(QueueId queue) const { return pointer(1, queue.value); }
std::string FtraceNames::buffer_pointer(BufferId buffer) const { return pointer(2, buffer.value); }
std::string FtraceNames::suspend_work_pointer(ProcessId process) const { return pointer(3, process.value); }
std::string FtraceNames::restore_work_pointer(ProcessId process) const { return pointer(4, process.value); }

}  // namespace userqsim
