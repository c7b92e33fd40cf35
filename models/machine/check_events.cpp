#include <fmt/format.h>

#include <algorithm>

#include "models/machine/check_parts.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

bool is_device_wide(PressureKind kind) {
  switch (kind) {
    case PressureKind::suspend:
    case PressureKind::resume:
    case PressureKind::isolation_stop:
    case PressureKind::isolation_start:
    case PressureKind::gpu_reset:
      return true;
    case PressureKind::allocate:
    case PressureKind::invalidate_userptr:
    case PressureKind::invalidate_svm:
    case PressureKind::cpu_fault:
    case PressureKind::evict:
    case PressureKind::destroy_queue:
    case PressureKind::restore:
      return false;
  }
  return false;
}

// What happens to user queues alone, or to their eviction fence.
bool is_about_user_queues(PressureKind kind) {
  return !is_device_wide(kind) && kind != PressureKind::allocate && kind != PressureKind::cpu_fault;
}

// `key` may be given only where `allowed`; `where` says where that is.
template <class T>
void check_given_only(const std::optional<T>& field, std::string_view key, bool allowed, std::string_view where,
                      const Pointer& at, Findings& found) {
  if (field && !allowed) found.add(at / key, fmt::format(R"("{}" goes only with {})", key, where));
}

template <class T>
void check_given(const std::optional<T>& field, std::string_view key, const PressureSpec& event, const Pointer& at,
                 Findings& found) {
  if (!field) found.add(at, fmt::format(R"(an event of kind "{}" needs "{}")", name_of(event.kind), key));
}

void check_times(const MachineSpec& spec, const PressureSpec& event, const ProcessSpec* process, const Pointer& at,
                 Findings& found) {
  const bool again = event.every.has_value();
  if (event.at.has_value() == again) {
    found.add(at, fmt::format("expected exactly one of \"at\" and \"every\"; found {}", again ? "both" : "none"));
    return;
  }
  check_given_only(event.from, "from", again, "\"every\"", at, found);
  check_given_only(event.until, "until", again, "\"every\"", at, found);
  check_given_only(event.count, "count", again, "\"every\"", at, found);
  if (again && check_distribution(*event.every, at / "every", found) && mean_of(*event.every) <= Duration{0}) {
    found.add(at / "every", "the mean must be positive");
  }
  if (event.from && event.until && *event.until <= *event.from) {
    found.add(at / "until",
              fmt::format("{} is not after \"from\", {}", to_text(*event.until), to_text(*event.from)));
  }
  if (!event.at) return;
  if (*event.at > spec.horizon) {
    found.add(at / "at", fmt::format("{} is after the horizon, {}", to_text(*event.at), to_text(spec.horizon)));
  } else if (process != nullptr && *event.at < process->start) {
    found.add(at / "at", fmt::format("{} is before the start of process \"{}\", {}", to_text(*event.at),
                                     process->name, to_text(process->start)));
  } else if (process != nullptr && process->stop && *event.at >= *process->stop) {
    found.add(at / "at", fmt::format("{} is not before the stop of process \"{}\", {}", to_text(*event.at),
                                     process->name, to_text(*process->stop)));
  }
}

void check_kind(const MachineSpec& spec, const PressureSpec& event, const Pointer& at, Findings& found) {
  const PressureKind kind = event.kind;
  const bool allocates = kind == PressureKind::allocate;
  const bool svm = event.kind == PressureKind::invalidate_svm;
  const bool invalidates = event.kind == PressureKind::invalidate_userptr || svm;
  check_given_only(event.buffer, "buffer", allocates, "kind \"allocate\"", at, found);
  check_given_only(event.hold, "hold", allocates, "kind \"allocate\"", at, found);
  check_given_only(event.size, "size", invalidates, "kind \"invalidate_userptr\" or \"invalidate_svm\"", at, found);
  const bool device_wide = is_device_wide(kind);
  check_given_only(event.process, "process", !device_wide, "a kind that happens to one process", at, found);
  if (!device_wide) check_given(event.process, "process", event, at, found);
  const bool destroys = kind == PressureKind::destroy_queue;
  check_given_only(event.queue, "queue", destroys, "kind \"destroy_queue\"", at, found);
  if (destroys) check_given(event.queue, "queue", event, at, found);
  const bool faults = kind == PressureKind::cpu_fault;
  check_given_only(event.touches, "touches", faults, "kind \"cpu_fault\"", at, found);
  if (faults) check_given(event.touches, "touches", event, at, found);
  check_given_only(event.sleep, "sleep", kind == PressureKind::suspend, "kind \"suspend\"", at, found);
  check_given_only(event.method, "method", kind == PressureKind::gpu_reset, "kind \"gpu_reset\"", at, found);
  if (allocates) check_given(event.buffer, "buffer", event, at, found);
  if (invalidates) check_given(event.size, "size", event, at, found);
  if (svm && !spec.kernel.userptr_quiesce) {
    found.add(at / "kind",
              fmt::format("SVM ranges are KFD's, and kernel \"{}\" has no userptr_quiesce", spec.kernel.name));
  }
  if (event.buffer) check_buffer(*event.buffer, event.process.value_or(""), spec, at / "buffer", found);
  if (event.hold) check_distribution(*event.hold, at / "hold", found);
}

// A queue is destroyed once.
void check_destroyed(const PressureSpec& event, const ProcessSpec& process, const Pointer& at, Findings& found) {
  std::vector<std::string> queues;
  for (const QueueSpec& queue : process.queues) queues.push_back(queue.name);
  if (std::find(queues.begin(), queues.end(), *event.queue) == queues.end()) {
    found.add(at / "queue",
              no_such("queue", *event.queue, fmt::format(" in process \"{}\"", process.name), queues));
  }
  if (event.every) found.add(at / "every", "a queue is destroyed once; give \"at\"");
}

// Its own buffers, and those that it is given later.
void check_touched(const MachineSpec& spec, const PressureSpec& event, const ProcessSpec& process,
                   const Pointer& at, Findings& found) {
  std::vector<std::string> buffers;
  for (const BufferSpec& buffer : process.vram) buffers.push_back(buffer.name);
  for (const PressureSpec& other : spec.events) {
    if (other.buffer && other.process == process.name) buffers.push_back(other.buffer->name);
  }
  if (std::find(buffers.begin(), buffers.end(), *event.touches) != buffers.end()) return;
  found.add(at / "touches",
            no_such("buffer", *event.touches, fmt::format(" in process \"{}\"", process.name), buffers));
}

}  // namespace

void check_events(const MachineSpec& spec, Findings& found) {
  std::vector<std::string> process_names;
  std::vector<std::set<std::string>> buffer_names;  // of each process
  for (const ProcessSpec& process : spec.processes) {
    process_names.push_back(process.name);
    buffer_names.emplace_back();
    for (const BufferSpec& buffer : process.vram) buffer_names.back().insert(buffer.name);
  }
  for (std::size_t e = 0; e < spec.events.size(); ++e) {
    const PressureSpec& event = spec.events[e];
    const Pointer at = Pointer{"/events"} / e;
    const auto name = std::find(process_names.begin(), process_names.end(), event.process);
    const auto index = static_cast<std::size_t>(name - process_names.begin());
    const bool known = name != process_names.end();
    if (event.process && !known) {
      found.add(at / "process", no_such("process", *event.process, " in this scenario", process_names));
    }
    check_times(spec, event, known ? &spec.processes[index] : nullptr, at, found);
    check_kind(spec, event, at, found);
    const bool of_kernel = known && spec.processes[index].submission == Submission::kernel;
    if (of_kernel && is_about_user_queues(event.kind)) {
      found.add(at / "process", fmt::format("\"{}\" is about user queues, and \"{}\" submits through the kernel",
                                            name_of(event.kind), *event.process));
    }
    if (known && event.touches) check_touched(spec, event, spec.processes[index], at, found);
    if (known && event.queue && event.kind == PressureKind::destroy_queue) {
      check_destroyed(event, spec.processes[index], at, found);
    }
    if (known && event.buffer) {
      check_name(event.buffer->name, "process", buffer_names[index], at / "buffer" / "name", found);
    }
  }
}

}  // namespace userqsim
