#include "models/machine/untimed.hpp"

#include <fmt/format.h>

#include <string_view>

#include "models/machine/parts.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

template <class Message, class... Types>
constexpr bool is_one_of = (std::is_same_v<Message, Types> || ...);

template <class Message>
constexpr bool is_outside =
    is_one_of<Message, ProcessStarts, ProcessStops, Arrive, ThinkOver, PressureTimer, FaultTimer>;
template <class Message>
constexpr bool is_patient = is_one_of<Message, WaitTimeout, HangTimeout, UnmapTimer, SilenceTimer>;

template <class F>
decltype(auto) visit_message(const Event& event, F&& f) {
  switch (static_cast<Part>(event.part)) {
    case Part::hardware:
      return std::visit(f, event.payload.as<HardwareEvent>());
    case Part::firmware:
      return std::visit(f, event.payload.as<FirmwareEvent>());
    case Part::memory:
      return std::visit(f, event.payload.as<MemoryEvent>());
    case Part::driver:
      return std::visit(f, event.payload.as<DriverEvent>());
    case Part::workload:
      break;
  }
  return std::visit(f, event.payload.as<WorkloadEvent>());
}

// Each happening in words.
class Words {
 public:
  explicit Words(const MachineView& machine) : machine_(machine) {}

  std::string operator()(const Wake& m) const {
    for (const ThreadWait& wait : machine_.driver.waits()) {
      if (wait.thread == m.thread) return wait.name + " goes on";
    }
    return machine_.driver.name_of(m.thread) + " wakes up for nothing";
  }
  std::string operator()(const WaitTimeout& m) const {
    return machine_.driver.name_of(m.thread) + " gives up its wait";
  }
  std::string operator()(const HangTimeout& m) const {
    return "the time-out of " + of(m.queue) + "'s oldest fence";
  }
  std::string operator()(const ExitProcess& m) const { return of(m.process) + " is killed"; }
  std::string operator()(const ApiTimer& m) const {
    const Packet* packet = machine_.firmware.in_service(m.pipe);
    if (packet == nullptr) return fmt::format("MES is through on pipe {}", m.pipe);
    return fmt::format("MES is through with {}{}", name_of(packet->opcode),
                       packet->queue.exists() ? " of " + of(packet->queue) : std::string{});
  }
  std::string operator()(const QuantumTimer& m) const { return "the quantum of " + of(m.queue) + " is over"; }
  std::string operator()(const DiscoverTimer& m) const { return "MES finds work of " + of(m.queue); }
  std::string operator()(const QuietTimer& m) const {
    return fmt::format("the {} queues of higher levels have been idle", name_of(m.type));
  }
  std::string operator()(const UnmapTimer& m) const {
    return "MES gives up to unmap " + (m.queue.exists() ? of(m.queue) : "all gangs");
  }
  std::string operator()(const SilenceTimer&) const { return "MES answers again"; }
  std::string operator()(const SlotTimer& m) const {
    const QueueId queue = machine_.hardware.queue_in(m.slot);
    return fmt::format("slot {} is done {}{}", m.slot.value, name_of(machine_.hardware.state_of(m.slot)),
                       queue.exists() ? " " + of(queue) : std::string{});
  }
  std::string operator()(const ShareTimer& m) const {
    return m.copy ? "a copy is done" : "the running jobs are done";
  }
  std::string operator()(const PipeTimer& m) const { return fmt::format("the quantum of pipe {} is over", m.pipe); }
  std::string operator()(const PagesDone&) const { return "the CPU has copied pages"; }
  std::string operator()(const RequestBound& m) const {
    return fmt::format("request {} is in the page tables", m.request.value);
  }
  std::string operator()(const HoldOver& m) const { return fmt::format("request {} is freed", m.request.value); }
  std::string operator()(const TablesWritten& m) const {
    return fmt::format("the page tables for job {} are written", m.job.value);
  }
  std::string operator()(const ProcessStarts& m) const { return of(m.process) + " starts"; }
  std::string operator()(const ProcessStops& m) const { return of(m.process) + " ends"; }
  std::string operator()(const Arrive& m) const {
    return "a job for " + of(machine_.layout.streams[m.stream.index()].queue);
  }
  std::string operator()(const ThinkOver& m) const {
    return fmt::format("client {} wants a job of {}", m.client,
                       of(machine_.layout.streams[m.stream.index()].queue));
  }
  std::string operator()(const PressureTimer& m) const {
    const PressureSpec& entry = machine_.spec.events[m.pressure.index()];
    return fmt::format("/events/{}: {}{}", m.pressure.index(), name_of(entry.kind),
                       entry.process ? " of " + *entry.process : std::string{});
  }
  std::string operator()(const FaultTimer& m) const {
    return fmt::format("/faults/{}: {}", m.fault.index(), name_of(machine_.spec.faults[m.fault.index()].kind));
  }
  template <class Message>
  std::string operator()(const Message&) const {
    fail_invariant("what is told at once does not wait to happen", SourceLocation::current());
  }

 private:
  std::string of(ProcessId process) const { return machine_.layout.process(process).name; }
  std::string of(QueueId queue) const { return full_name(machine_.layout, queue); }

  const MachineView& machine_;
};

// Whose lane each happening is in, where a sequence is drawn.
class Actor {
 public:
  explicit Actor(const Driver& driver) : driver_(driver) {}

  std::string operator()(const Wake& m) const { return driver_.name_of(m.thread); }
  std::string operator()(const WaitTimeout& m) const { return driver_.name_of(m.thread); }
  std::string operator()(const ShareTimer& m) const { return m.copy ? "memory" : "slots"; }
  template <class Message>
  std::string operator()(const Message&) const {
    if (is_outside<Message> || std::is_same_v<Message, ExitProcess>) return "scenario";
    if (is_one_of<Message, SlotTimer, PipeTimer>) return "slots";
    if (is_one_of<Message, PagesDone, RequestBound, HoldOver, TablesWritten>) return "memory";
    return std::is_same_v<Message, HangTimeout> ? "time-outs" : "MES";
  }

 private:
  const Driver& driver_;
};

std::string why(const Event& event, const Driver& driver) {
  return visit_message(event, [&]<class Message>(const Message& m) {
    if constexpr (std::is_same_v<Message, Wake>) {
      for (const ThreadWait& wait : driver.waits()) {
        if (wait.thread == m.thread) return "it waited for " + wait.what;
      }
    }
    return std::string{};
  });
}

struct NoCost {
  void required(std::string_view, Cost& cost, std::string_view, Limits = {}) { cost.value = constant(Duration{0}); }
  void required(std::string_view, Factor&, std::string_view, Limits = {}) {}
};

}  // namespace

Pace pace_of(const Event& event) {
  return visit_message(event, []<class Message>(const Message&) {
    if (is_outside<Message>) return Pace::outside;
    return is_patient<Message> ? Pace::patient : Pace::prompt;
  });
}

std::optional<ProcessId> start_of(const Event& event) {
  if (static_cast<Part>(event.part) != Part::workload) return std::nullopt;
  const auto message = event.payload.as<WorkloadEvent>();
  const auto* start = std::get_if<ProcessStarts>(&message);
  return start != nullptr ? std::optional(start->process) : std::nullopt;
}

Told tell(const Event& event, const MachineView& machine) {
  return {visit_message(event, Actor(machine.driver)), visit_message(event, Words(machine)),
          why(event, machine.driver)};
}

std::string words_of(const Told& told) {
  return told.why.empty() ? told.what : fmt::format("{} ({})", told.what, told.why);
}

MachineSpec untimed(MachineSpec spec) {
  spec.untimed = true;
  NoCost none;
  describe(none, spec.costs);
  for (ProcessSpec& process : spec.processes) {
    for (QueueSpec& queue : process.queues) {
      if (!queue.jobs) continue;
      if (auto* trace = std::get_if<TraceArrival>(&queue.jobs->arrival)) {
        for (TraceArrival::Row& row : trace->rows) row.work.reset();
      }
      for (JobSpec& job : queue.jobs->graph) {
        job.work = constant(Duration{0});
        job.grain.reset();
        job.shape.reset();
      }
    }
  }
  for (FaultSpec& fault : spec.faults) {
    if (fault.at) fault.at = Duration{0};
    if (fault.time) fault.time = Duration{0};
  }
  spec.device.link = spec.device.vram_bandwidth = Bandwidth{};
  spec.device.link_in.reset();
  spec.kernel.min_run = Duration{0};
  spec.kernel.back_off.reset();
  spec.kernel.thrash_pin.reset();
  spec.firmware.process_quantum = spec.firmware.gang_quantum = spec.firmware.low_idle_time = Duration{0};
  return spec;
}

std::vector<SpecProblem> check_untimed(const MachineSpec& spec) {
  std::vector<SpecProblem> found;
  for (std::size_t p = 0; p < spec.processes.size(); ++p) {
    const ProcessSpec& process = spec.processes[p];
    if (process.submission == Submission::kernel) {
      found.push_back(
          {fmt::format("/processes/{}/submission", p),
           "submissions through the kernel go by the clock and cannot be explored; allowed: user_queues"});
    }
    for (std::size_t q = 0; q < process.queues.size(); ++q) {
      const auto& jobs = process.queues[q].jobs;
      if (!jobs || jobs->count || std::holds_alternative<TraceArrival>(jobs->arrival)) continue;
      found.push_back({fmt::format("/processes/{}/queues/{}/jobs/count", p, q),
                       "is missing; exploring needs an end to the jobs"});
    }
  }
  for (std::size_t e = 0; e < spec.events.size(); ++e) {
    if (spec.events[e].every && !spec.events[e].count)
      found.push_back({fmt::format("/events/{}/count", e), "is missing; exploring needs an end to the events"});
  }
  return found;
}

}  // namespace userqsim
