#include "models/machine/flight_recorder.hpp"

#include <string_view>

#include "sim/core/enum_names.hpp"

namespace userqsim {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<AnyFact>> fact_names{
    "JobEnded",        "RequestEnded",    "BufferMoved",      "MemoryUsed",       "SlotChanged",
    "QueueRan",        "QueueStopped",    "ContextMoved",     "PacketEnded",      "GangReady",
    "SlotWaited",      "EvictionStarted", "EvictionStep",     "EvictionSignaled", "EvictionAborted",
    "EvictionResumed", "QueueTransition", "MesLockHeld",      "ProcessExited",    "Hazard",
    "FaultInjected",   "GpuResetDone",    "ResidencyChanged", "UserqLockHeld",    "WorkerMoved",
    "FenceArmed",      "JobSubmitted",    "MesServed",        "MoveQueued"};

std::string field_text(SimTime t) { return fmt::format("{}ns", t.time_since_epoch().count()); }
std::string field_text(Duration d) { return fmt::format("{}ns", d.count()); }
template <class Tag>
std::string field_text(Id<Tag> id) {
  return id.exists() ? fmt::format("{}", id.value) : "-";
}
template <NamedEnum E>
std::string field_text(E value) {
  return std::string(name_of(value));
}
template <class T>
requires std::is_integral_v<T> std::string field_text(T value) { return fmt::format("{}", value); }
template <class T>
std::string field_text(const std::optional<T>& value) {
  return value ? field_text(*value) : "-";
}

}  // namespace

std::string describe_fact(const AnyFact& fact) {
  std::string text(fact_names[fact.index()]);
  std::visit(
      [&](const auto& f) {
        std::apply([&](const auto&... field) { ((text += ' ' + field_text(field)), ...); }, f.fields());
      },
      fact);
  return text;
}

std::string FlightRecorder::text() const {
  std::string text;
  const std::uint64_t kept = std::min<std::uint64_t>(count_, capacity);
  for (std::uint64_t i = count_ - kept; i < count_; ++i) text += "  " + describe_fact(facts_[i % capacity]) + '\n';
  return text;
}

}  // namespace userqsim
