#include <fmt/format.h>

#include <algorithm>

#include "models/machine/check_parts.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

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

bool is_of_device(PressureKind kind) { return kind >= PressureKind::suspend; }

void check_kind(const MachineSpec& spec, const PressureSpec& event, const Pointer& at, Findings& found) {
  const bool allocates = event.kind == PressureKind::allocate;
  const bool invalidates = event.kind == PressureKind::invalidate_userptr;
  const bool destroys = event.kind == PressureKind::destroy_queue;
  check_given_only(event.buffer, "buffer", allocates, "kind \"allocate\"", at, found);
  check_given_only(event.hold, "hold", allocates, "kind \"allocate\"", at, found);
  check_given_only(event.size, "size", invalidates, "kind \"invalidate_userptr\"", at, found);
  check_given_only(event.queue, "queue", destroys, "kind \"destroy_queue\"", at, found);
  check_given_only(event.s0ix, "s0ix", event.kind == PressureKind::suspend, "kind \"suspend\"", at, found);
  check_given_only(event.method, "method", event.kind == PressureKind::gpu_reset, "kind \"gpu_reset\"", at, found);
  if (allocates) check_given(event.buffer, "buffer", event, at, found);
  if (invalidates) check_given(event.size, "size", event, at, found);
  if (destroys) check_given(event.queue, "queue", event, at, found);
  if (event.buffer) check_buffer_fits(*event.buffer, spec.device, at / "buffer", found);
  if (event.hold) check_distribution(*event.hold, at / "hold", found);
}

// The process that the event names; null when it names none, or none that there is.
const ProcessSpec* check_process(const MachineSpec& spec, const PressureSpec& event, const Pointer& at,
                                 Findings& found) {
  if (is_of_device(event.kind)) {
    check_given_only(event.process, "process", false, "what happens to one process", at, found);
    return nullptr;
  }
  if (!event.process) {
    check_given(event.process, "process", event, at, found);
    return nullptr;
  }
  return find_process(spec, *event.process, at / "process", found);
}

}  // namespace

const ProcessSpec* find_process(const MachineSpec& spec, const std::string& name, const Pointer& at,
                                Findings& found) {
  std::vector<std::string> names;
  for (const ProcessSpec& process : spec.processes) {
    if (process.name == name) return &process;
    names.push_back(process.name);
  }
  found.add(at, no_such("process", name, " in this scenario", names));
  return nullptr;
}

const QueueSpec* find_queue(const ProcessSpec& process, const std::string& name, const Pointer& at,
                            Findings& found) {
  std::vector<std::string> names;
  for (const QueueSpec& queue : process.queues) {
    if (queue.name == name) return &queue;
    names.push_back(queue.name);
  }
  found.add(at, no_such("queue", name, fmt::format(" in process \"{}\"", process.name), names));
  return nullptr;
}

void check_events(const MachineSpec& spec, Findings& found) {
  std::vector<std::set<std::string>> buffer_names;  // of each process
  for (const ProcessSpec& process : spec.processes) {
    buffer_names.emplace_back();
    for (const BufferSpec& buffer : process.vram) buffer_names.back().insert(buffer.name);
  }
  for (std::size_t e = 0; e < spec.events.size(); ++e) {
    const PressureSpec& event = spec.events[e];
    const Pointer at = Pointer{"/events"} / e;
    const ProcessSpec* process = check_process(spec, event, at, found);
    check_times(spec, event, process, at, found);
    check_kind(spec, event, at, found);
    if (process == nullptr) continue;
    if (event.queue) find_queue(*process, *event.queue, at / "queue", found);
    if (event.buffer) {
      const auto index = static_cast<std::size_t>(process - spec.processes.data());
      check_name(event.buffer->name, "process", buffer_names[index], at / "buffer" / "name", found);
    }
  }
}

}  // namespace userqsim
