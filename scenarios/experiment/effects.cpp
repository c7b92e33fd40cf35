#include "scenarios/experiment/effects.hpp"

#include <fmt/format.h>

#include <utility>

namespace userqsim {
namespace {

std::string words_of(const Layout& layout, const QueueTransition& fact) {
  std::string how(name_of(fact.operation));
  if (fact.helper != Primitive::nothing) how += fmt::format(": {}", name_of(fact.helper));
  if (fact.result != PacketResult::ok) how += " fails";
  return fmt::format("{}: {} -> {} ({})", full_name(layout, fact.queue), name_of(fact.from), name_of(fact.to), how);
}

}  // namespace

Effects::Effects(Machine& machine) : layout_(machine.layout()) {
  Probes& probes = machine.probes();
  const auto eviction_of = [this](const EvictionId& id) {
    return fmt::format("eviction {} of {}", id.ordinal, layout_.process(id.process).name);
  };
  probes.eviction_started.subscribe([this, eviction_of](const EvictionStarted& fact) {
    add(fmt::format("{} begins, for {}", eviction_of(fact.eviction), name_of(fact.trigger)));
  });
  probes.eviction_signaled.subscribe([this, eviction_of](const EvictionSignaled& fact) {
    add(fmt::format("the fence of {} signals", eviction_of(fact.eviction)));
  });
  probes.eviction_aborted.subscribe([this, eviction_of](const EvictionAborted& fact) {
    add(fmt::format("{} is given up: its fence will not signal", eviction_of(fact.eviction)));
  });
  probes.eviction_resumed.subscribe([this, eviction_of](const EvictionResumed& fact) {
    add(fmt::format("the restart after {} is done", eviction_of(fact.eviction)));
  });
  probes.queue_transition.subscribe([this](const QueueTransition& fact) { add(words_of(layout_, fact)); });
  probes.fault_injected.subscribe(
      [this](const FaultInjected& fact) { add(fmt::format("the fault takes effect: {}", name_of(fact.kind))); });
  probes.process_exited.subscribe(
      [this](const ProcessExited& fact) { add(layout_.process(fact.process).name + " is gone"); });
  probes.gpu_reset_done.subscribe([this](const GpuResetDone& fact) {
    add(fmt::format("the {} reset of the GPU is over{}", name_of(fact.method), fact.ok ? "" : ": it failed"));
  });
}

std::vector<std::string> Effects::take() { return std::exchange(words_, {}); }

}  // namespace userqsim
