// Whether who steps a machine by himself is to stop, as Machine::run does.
#pragma once

#include <atomic>
#include <cstdint>

#include "models/machine/machine.hpp"

namespace userqsim {

// Looks at the flag once in 1,024 events. No flag: never.
inline bool is_interrupted(const Machine& machine, const std::atomic<bool>* interrupt) {
  constexpr std::uint64_t look_every = 1024;
  return interrupt != nullptr && machine.events() % look_every == 0 && interrupt->load(std::memory_order_relaxed);
}

}  // namespace userqsim
