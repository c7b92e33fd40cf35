#include <fmt/format.h>

#include "models/machine/check_parts.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

// What goes with a kind of fault.
struct Shape {
  bool needs_process = false;  // with `at` and `eviction`
  bool needs_queue = false;    // the same
  bool at = true;
  bool by_eviction = true;  // `eviction` and `probability`
  bool time = false;
  bool needs_time = false;
  bool packet = false;
  bool code = false;
};

Shape shape_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::hang:
      return {.needs_process = true, .needs_queue = true, .by_eviction = false};
    case FaultKind::no_preempt:
      return {};
    case FaultKind::slow_preempt:
      return {.time = true, .needs_time = true};
    case FaultKind::mes_silent:
      return {.time = true};
    case FaultKind::packet_lost:
      return {.packet = true};
    case FaultKind::packet_error:
      return {.packet = true, .code = true};
    case FaultKind::reset_fails:
      return {};
    case FaultKind::free_buffer:
      return {.needs_process = true, .needs_queue = true};
    case FaultKind::kill:
      return {.needs_process = true, .time = true};
  }
  return {};
}

class FaultCheck {
 public:
  FaultCheck(const MachineSpec& spec, const FaultSpec& fault, Pointer at, Findings& found)
      : spec_(spec), fault_(fault), at_(std::move(at)), found_(found), shape_(shape_of(fault.kind)) {}

  void run() {
    check_trigger();
    check_target();
    goes(fault_.time, "time", shape_.time);
    goes(fault_.packet, "packet", shape_.packet && !fault_.at);
    goes(fault_.code, "code", shape_.code);
    goes(fault_.nth, "nth", shape_.packet && fault_.at.has_value());
    goes(fault_.scope, "scope", fault_.kind == FaultKind::reset_fails);
    if (shape_.needs_time) needs(fault_.time, "time");
    if (fault_.kind == FaultKind::reset_fails) needs(fault_.scope, "scope");
    if (fault_.time && *fault_.time < Duration{0}) found_.add(at_ / "time", "must not be negative");
  }

 private:
  template <class T>
  void goes(const std::optional<T>& field, std::string_view key, bool allowed) {
    if (field && !allowed) {
      found_.add(at_ / key,
                 fmt::format(R"("{}" does not go with this fault of kind "{}")", key, name_of(fault_.kind)));
    }
  }
  template <class T>
  void needs(const std::optional<T>& field, std::string_view key) {
    if (!field) found_.add(at_, fmt::format(R"(a fault of kind "{}" needs "{}")", name_of(fault_.kind), key));
  }

  void check_trigger() {
    const int given = (fault_.at ? 1 : 0) + (fault_.eviction ? 1 : 0) + (fault_.probability ? 1 : 0);
    if (given != 1) {
      found_.add(at_, fmt::format(R"(expected exactly one of "at", "eviction" and "probability"; found {})",
                                  given == 0   ? "none"
                                  : given == 2 ? "two"
                                               : "all"));
      return;
    }
    const bool resets = fault_.kind == FaultKind::reset_fails;
    goes(fault_.eviction, "eviction", shape_.by_eviction && !resets);
    goes(fault_.probability, "probability", shape_.by_eviction);
    if (fault_.probability && !(*fault_.probability >= 0.0 && *fault_.probability <= 1.0)) {
      found_.add(at_ / "probability", fmt::format("{} is out of range; allowed: 0 to 1", *fault_.probability));
    }
    if (fault_.at && (*fault_.at > spec_.horizon || *fault_.at < Duration{0})) {
      found_.add(at_ / "at", fmt::format("{} is not between zero and the horizon, {}", to_text(*fault_.at),
                                         to_text(spec_.horizon)));
    }
  }

  void check_target() {
    const bool resets = fault_.kind == FaultKind::reset_fails;
    goes(fault_.process, "process", !resets && !(fault_.kind == FaultKind::mes_silent && fault_.at));
    goes(fault_.queue, "queue",
         fault_.kind != FaultKind::kill && !resets && !(fault_.kind == FaultKind::mes_silent && fault_.at));
    const bool named = fault_.at || fault_.eviction;
    if (named && (shape_.needs_process || fault_.eviction)) needs(fault_.process, "process");
    if (named && shape_.needs_queue) needs(fault_.queue, "queue");
    if (fault_.queue && !fault_.process) found_.add(at_, R"("queue" needs "process" beside it)");
    if (!fault_.process) return;
    const ProcessSpec* process = find_process(spec_, *fault_.process, at_ / "process", found_);
    if (process != nullptr && fault_.queue) find_queue(*process, *fault_.queue, at_ / "queue", found_);
  }

  const MachineSpec& spec_;
  const FaultSpec& fault_;
  Pointer at_;
  Findings& found_;
  Shape shape_;
};

}  // namespace

void check_faults(const MachineSpec& spec, Findings& found) {
  for (std::size_t f = 0; f < spec.faults.size(); ++f) {
    FaultCheck(spec, spec.faults[f], Pointer{"/faults"} / f, found).run();
  }
}

}  // namespace userqsim
