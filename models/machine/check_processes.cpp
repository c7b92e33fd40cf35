#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "models/machine/check_parts.hpp"
#include "sim/config/units.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

constexpr std::size_t queues_most = 512;          // AMDGPU_MAX_USERQ_COUNT
constexpr std::int64_t page = 4096;               // the least a buffer can be
constexpr Wide bytes_shown_most = Wide{1} << 60;  // the largest size that has a text

struct EngineOfType {
  QueueType type;
  const EngineSpec& engine;
  std::uint32_t slots;  // of a pipe
  // The kernel has a slot of its own on each pipe.
  bool has_slots(Submission by) const { return engine.pipes > 0 && (slots > 0 || by == Submission::kernel); }
};

std::array<EngineOfType, 3> engines_of(const DeviceSpec& device) {
  const auto engine = [&](QueueType type, const EngineSpec& spec) {
    return EngineOfType{type, spec, user_slots(device, spec)};
  };
  return {engine(QueueType::gfx, device.gfx), engine(QueueType::compute, device.compute),
          engine(QueueType::sdma, device.sdma)};
}

void check_slots(const QueueSpec& queue, Submission by, const DeviceSpec& device, const Pointer& at,
                 Findings& found) {
  std::string usable;
  bool has_slots = false;
  for (const EngineOfType& engine : engines_of(device)) {
    if (!engine.has_slots(by)) continue;
    usable += (usable.empty() ? "" : ", ") + std::string(name_of(engine.type));
    has_slots |= engine.type == queue.type;
  }
  if (has_slots) return;
  found.add(at / "type", fmt::format("the device \"{}\" has no slot for {} queues; types with slots: {}",
                                     device.name, name_of(queue.type), usable.empty() ? "none" : usable));
}

std::string size_text(Wide bytes) {
  return to_text(Bytes{static_cast<std::int64_t>(std::min(bytes, bytes_shown_most))});
}

// Buffers may leave VRAM, so a process may ask for more than there is of it, but not for more than of all memory.
void check_memory(const ProcessSpec& process, const MachineSpec& spec, const Pointer& at, Findings& found) {
  const DeviceSpec& device = spec.device;
  Wide gtt_only = 0;
  Wide all = 0;
  std::set<std::string> names;
  for (std::size_t b = 0; b < process.vram.size(); ++b) {
    const BufferSpec& buffer = process.vram[b];
    check_name(buffer.name, "process", names, at / "vram" / b / "name", found);
    check_buffer(buffer, process.name, spec, at / "vram" / b, found);
    all += buffer.size.value;
    if (buffer.domain == Domain::gtt) gtt_only += buffer.size.value;
  }
  if (gtt_only > device.gtt.value) {
    found.add(at / "vram", fmt::format("the buffers that may live only in gtt take {}; the device \"{}\" has {}",
                                       size_text(gtt_only), device.name, to_text(device.gtt)));
  }
  const Bytes host = device.page_limit.value_or(device.gtt) + device.swap;
  if (all > Wide{device.vram.value} + host.value) {
    found.add(at / "vram",
              fmt::format("the buffers take {}; the device \"{}\" has {} of vram, and {} of the host's",
                          size_text(all), device.name, to_text(device.vram), to_text(host)));
  }
}

// The kernel's scheduler knows three levels, and a fence of every job.
void check_kernel_submission(const MachineSpec& spec, const ProcessSpec& process, const Pointer& at,
                             Findings& found) {
  if (!spec.device.kernel_queues) {
    found.add(at / "submission",
              fmt::format("the device \"{}\" has kernel_queues false: there are no kernel queues "
                          "to submit to; allowed: user_queues",
                          spec.device.name));
  }
  for (std::size_t q = 0; q < process.queues.size(); ++q) {
    const QueueSpec& queue = process.queues[q];
    const Pointer here = at / "queues" / q;
    if (queue.priority == Priority::medium || queue.priority == Priority::realtime) {
      found.add(here / "priority", fmt::format("no level of the kernel's queues: {}; allowed: low, normal, high",
                                               name_of(queue.priority)));
    }
    for (const JobSpec& job : queue.jobs ? queue.jobs->graph : std::vector<JobSpec>{}) {
      if (!job.fence) continue;
      found.add(here / "jobs",
                "the kernel emits a fence for every job of its queues: \"fence\" is for user queues");
      break;
    }
  }
}

void check_process(const MachineSpec& spec, const ProcessSpec& process, const Pointer& at, Findings& found) {
  if (process.start >= spec.horizon) {
    found.add(at / "start",
              fmt::format("{} is not before the horizon, {}", to_text(process.start), to_text(spec.horizon)));
  }
  if (process.stop && *process.stop <= process.start) {
    found.add(at / "stop", fmt::format("{} is not after the process's start, {}", to_text(*process.stop),
                                       to_text(process.start)));
  }
  check_memory(process, spec, at, found);
  if (process.queues.size() > queues_most) {
    found.add(at / "queues",
              fmt::format("{} queues; the driver allows a process {}", process.queues.size(), queues_most));
  }
  if (process.submission == Submission::kernel) check_kernel_submission(spec, process, at, found);
  std::set<std::string> names;
  for (std::size_t q = 0; q < process.queues.size(); ++q) {
    const QueueSpec& queue = process.queues[q];
    const Pointer here = at / "queues" / q;
    check_name(queue.name, "process", names, here / "name", found);
    check_slots(queue, process.submission, spec.device, here, found);
    if (queue.jobs) check_stream(spec, process, queue, here / "jobs", found);
  }
}

// MES maps real-time queues for good: four of them, and one a pipe (MES specification, real-time band).
void check_realtime(const MachineSpec& spec, Findings& found) {
  if (spec.firmware.scheduler == Scheduler::hws) return;  // it knows no levels
  constexpr std::size_t most = 4;
  std::size_t all = 0;
  std::map<QueueType, std::size_t> of_type;
  for (std::size_t p = 0; p < spec.processes.size(); ++p) {
    for (std::size_t q = 0; q < spec.processes[p].queues.size(); ++q) {
      const QueueSpec& queue = spec.processes[p].queues[q];
      if (queue.priority != Priority::realtime) continue;
      const Pointer at = Pointer{"/processes"} / p / "queues" / q / "priority";
      if (++all > most) found.add(at, fmt::format("more than {} realtime queues; MES has {} at most", most, most));
      for (const EngineOfType& engine : engines_of(spec.device)) {
        if (engine.type != queue.type || ++of_type[queue.type] <= engine.engine.pipes) continue;
        found.add(at,
                  fmt::format(
                      "more realtime {} queues than the device \"{}\" has pipes for them, {}; MES maps one a pipe",
                      name_of(queue.type), spec.device.name, engine.engine.pipes));
      }
    }
  }
}

}  // namespace

void check_buffer(const BufferSpec& buffer, const std::string& owner, const MachineSpec& spec, const Pointer& at,
                  Findings& found) {
  const DeviceSpec& device = spec.device;
  const Bytes one{buffer.size.value / std::max<std::int64_t>(buffer.count, 1)};
  if (one.value < page) {
    found.add(at / "count", fmt::format("{} cut into {} buffers is less than a 4KiB page each",
                                        to_text(buffer.size), buffer.count));
  }
  const Bytes memory = buffer.domain == Domain::vram  ? device.vram
                       : buffer.domain == Domain::gtt ? device.gtt
                                                      : std::max(device.vram, device.gtt);
  if (one > memory) {
    found.add(at / "size", fmt::format("a buffer of {} does not fit into the {} of {} that the device \"{}\" has",
                                       to_text(one), to_text(memory), name_of(buffer.domain), device.name));
  }
  if (buffer.pinned && buffer.discardable) {
    found.add(at / "discardable", "a pinned buffer cannot be dropped: give one of \"pinned\" and \"discardable\"");
  }
  if (buffer.contiguous && !device.vram_blocks) {
    found.add(at / "contiguous",
              fmt::format("the VRAM of device \"{}\" is one sum, in which every buffer is one piece; "
                          "it needs vram_blocks",
                          device.name));
  }
  if (buffer.cpu_access && buffer.domain == Domain::gtt) {
    found.add(at / "cpu_access", "the CPU sees all of GTT: it is for buffers that may live in vram");
  }
  if (!buffer.shared_with.empty() && buffer.reservation == Reservation::vm) {
    found.add(at / "reservation", "a shared buffer has a reservation of its own; allowed: own");
  }
  if (buffer.shared_with.empty()) return;
  std::vector<std::string> processes;
  for (const ProcessSpec& process : spec.processes) processes.push_back(process.name);
  std::set<std::string> names{owner};
  for (std::size_t i = 0; i < buffer.shared_with.size(); ++i) {
    const std::string& name = buffer.shared_with[i];
    const bool known = std::find(processes.begin(), processes.end(), name) != processes.end();
    if (!known) found.add(at / "shared_with" / i, no_such("process", name, " in this scenario", processes));
    if (!names.insert(name).second) found.add(at / "shared_with" / i, fmt::format("\"{}\" has it already", name));
  }
}

void check_processes(const MachineSpec& spec, Findings& found) {
  const Pointer at{"/processes"};
  if (spec.processes.empty()) found.add(at, "expected at least one process, found none");
  std::set<std::string> names;
  for (std::size_t p = 0; p < spec.processes.size(); ++p) {
    check_name(spec.processes[p].name, "scenario", names, at / p / "name", found);
    check_process(spec, spec.processes[p], at / p, found);
  }
  check_realtime(spec, found);
}

}  // namespace userqsim
