#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "models/machine/check_parts.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

// What may, and what must, stand beside a kind.
struct Rule {
  FaultKind kind;
  bool at, eviction, probability;  // triggers it may have
  bool queue;                      // it may name a queue
  bool needs_queue;                // it is about one queue: with `at` and `eviction` it must name it
  bool time, needs_time;
  bool packet;  // it is about a packet
};

constexpr std::array<Rule, 9> rules{{
    {FaultKind::hang, true, false, false, true, true, false, false, false},
    {FaultKind::no_preempt, true, true, true, true, true, false, false, false},
    {FaultKind::slow_preempt, true, true, true, true, true, true, true, false},
    {FaultKind::mes_silent, true, true, true, true, false, true, false, false},
    {FaultKind::packet_lost, true, true, true, true, false, false, false, true},
    {FaultKind::packet_error, true, true, true, true, false, false, false, true},
    {FaultKind::reset_fails, true, false, true, false, false, false, false, false},
    {FaultKind::free_buffer, true, true, true, true, true, false, false, false},
    {FaultKind::kill, true, true, true, false, false, true, false, false},
}};

const Rule& rule_of(FaultKind kind) {
  return *std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.kind == kind; });
}

class FaultCheck {
 public:
  FaultCheck(const MachineSpec& spec, const FaultSpec& fault, Pointer at, Findings& found)
      : spec_(spec), fault_(fault), rule_(rule_of(fault.kind)), at_(std::move(at)), found_(found) {}

  void run() {
    if (!check_trigger()) return;
    check_target();
    check_fields();
    check_at();
  }

 private:
  std::string kind() const { return fmt::format(R"(kind "{}")", name_of(fault_.kind)); }

  template <class T>
  void only(const std::optional<T>& field, std::string_view key, bool allowed, std::string_view where) {
    if (field && !allowed) found_.add(at_ / key, fmt::format(R"("{}" goes only with {})", key, where));
  }
  template <class T>
  void needs(const std::optional<T>& field, std::string_view key, std::string_view with = "") {
    if (field) return;
    found_.add(at_, fmt::format(R"(a fault of {}{} needs "{}")", kind(), with, key));
  }

  // Exactly one, and one that the kind can have.
  bool check_trigger() {
    std::string given, allowed;
    std::size_t count = 0;
    bool fits = true;
    const auto look = [&](std::string_view key, bool there, bool may_be) {
      if (there) given += (count++ > 0 ? ", " : "") + std::string(key);
      if (may_be) allowed += (allowed.empty() ? "" : ", ") + std::string(key);
      fits = fits && (!there || may_be);
    };
    look("at", fault_.at.has_value(), rule_.at);
    look("eviction", fault_.eviction.has_value(), rule_.eviction);
    look("probability", fault_.probability.has_value(), rule_.probability);
    if (count != 1) {
      found_.add(at_, fmt::format("expected exactly one of at, eviction, probability; found {}",
                                  count == 0 ? "none" : given));
      return false;
    }
    if (!fits) {
      found_.add(at_ / given,
                 fmt::format(R"(a fault of {} cannot be triggered by "{}"; allowed: {})", kind(), given, allowed));
      return false;
    }
    if (fault_.probability && !(*fault_.probability >= 0.0 && *fault_.probability <= 1.0)) {
      found_.add(at_ / "probability", fmt::format("{} is out of range; allowed: 0 to 1", *fault_.probability));
    }
    return true;
  }

  // Whom it names, and whether there is such a one.
  void check_target() {
    const bool whole_device =
        fault_.kind == FaultKind::reset_fails || (fault_.kind == FaultKind::mes_silent && fault_.at);
    only(fault_.process, "process", !whole_device, "a fault of one process");
    only(fault_.queue, "queue", rule_.queue && !whole_device, "a fault of one queue");
    if (whole_device) return;
    const bool one = !fault_.probability;
    const bool any_packet = rule_.packet && fault_.at;
    if (one && !any_packet) needs(fault_.process, "process");
    if (one && rule_.needs_queue) needs(fault_.queue, "queue");
    if (fault_.queue && !fault_.process) {
      if (!one || any_packet) found_.add(at_ / "queue", R"("queue" goes only with "process": names are its own)");
      return;
    }
    if (fault_.process) check_names();
  }

  void check_names() {
    std::vector<std::string> processes;
    for (const ProcessSpec& process : spec_.processes) processes.push_back(process.name);
    const auto found = std::find(processes.begin(), processes.end(), *fault_.process);
    if (found == processes.end()) {
      found_.add(at_ / "process", no_such("process", *fault_.process, " in this scenario", processes));
      return;
    }
    process_ = &spec_.processes[static_cast<std::size_t>(found - processes.begin())];
    const bool hits =
        process_->submission == Submission::user_queues || (fault_.kind == FaultKind::kill && fault_.at);
    if (!hits) {
      found_.add(at_ / "process",
                 fmt::format("faults hit user queues, and \"{}\" submits through the kernel; allowed: "
                             "kind \"kill\" with \"at\"",
                             *fault_.process));
    }
    if (!fault_.queue) return;
    std::vector<std::string> queues;
    for (const QueueSpec& queue : process_->queues) queues.push_back(queue.name);
    if (std::find(queues.begin(), queues.end(), *fault_.queue) != queues.end()) return;
    found_.add(at_ / "queue",
               no_such("queue", *fault_.queue, fmt::format(" in process \"{}\"", process_->name), queues));
  }

  void check_fields() {
    only(fault_.time, "time", rule_.time, R"(kinds "slow_preempt", "mes_silent", "kill")");
    if (rule_.needs_time) needs(fault_.time, "time");
    const bool error = fault_.kind == FaultKind::packet_error;
    only(fault_.code, "code", error, R"(kind "packet_error")");
    if (error) needs(fault_.code, "code");
    only(fault_.packet, "packet", rule_.packet && !fault_.at,
         R"(kinds "packet_lost", "packet_error" and a trigger other than "at")");
    only(fault_.nth, "nth", rule_.packet && fault_.at, R"(kinds "packet_lost", "packet_error" and "at")");
    const bool reset = fault_.kind == FaultKind::reset_fails;
    only(fault_.scope, "scope", reset, R"(kind "reset_fails")");
    if (reset) needs(fault_.scope, "scope");
  }

  void check_at() {
    if (!fault_.at) return;
    const Duration last = fault_.kind == FaultKind::kill ? fault_.time.value_or(Duration{0}) : Duration{0};
    if (*fault_.at > spec_.horizon || last > spec_.horizon - *fault_.at) {
      found_.add(at_ / "at", fmt::format("{}{} is after the horizon, {}", to_text(*fault_.at),
                                         last > Duration{0} ? " and \"time\", " + to_text(last) + "," : "",
                                         to_text(spec_.horizon)));
    } else if (process_ != nullptr && *fault_.at < process_->start) {
      found_.add(at_ / "at", fmt::format("{} is before the start of process \"{}\", {}", to_text(*fault_.at),
                                         process_->name, to_text(process_->start)));
    } else if (process_ != nullptr && process_->stop && *fault_.at >= *process_->stop) {
      found_.add(at_ / "at", fmt::format("{} is not before the stop of process \"{}\", {}", to_text(*fault_.at),
                                         process_->name, to_text(*process_->stop)));
    }
  }

  const MachineSpec& spec_;
  const FaultSpec& fault_;
  const Rule& rule_;
  Pointer at_;
  Findings& found_;
  const ProcessSpec* process_ = nullptr;
};

}  // namespace

void check_faults(const MachineSpec& spec, Findings& found) {
  for (std::size_t f = 0; f < spec.faults.size(); ++f) {
    FaultCheck(spec, spec.faults[f], Pointer{"/faults"} / f, found).run();
  }
}

}  // namespace userqsim
