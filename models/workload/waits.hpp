// Who waits for whom. Each part of the machine says it of itself, in points and in the waits between them;
// models/machine/wait_graph.hpp puts them together and tells it in words.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/core/id.hpp"

namespace userqsim {

// Something that somebody waits for, and that may wait itself.
struct WaitPoint {
  enum class Kind : std::uint8_t {
    thread,          // of the driver: it goes on
    notifier,        // a CPU thread in an MMU notifier, by its request: it goes on
    request,         // for memory: it is served
    move,            // the one at the head of a lane: it is over
    buffers,         // of a process: they are validated
    reservations,    // of a process's buffers: they are free
    submission,      // the oldest of a process through the kernel: its buffers are there
    allocations,     // of a process: all are served
    job,             // whose dependencies are submitted
    vram,            // it is emptied for a system suspend
    eviction_fence,  // of a process: it signals
    restart,         // of a process: its queues are started again
    queue,           // it runs what is in its ring
    mes,             // by pipe: it answers
    isolation,       // its window is closed
    resume,          // of the system
  };
  Kind kind = Kind::thread;
  std::uint32_t id = 0;

  template <class Tag>
  static WaitPoint of(Kind kind, Id<Tag> id) {
    return {kind, id.value};
  }
  auto operator<=>(const WaitPoint&) const = default;
};

struct Wait {
  WaitPoint who;
  std::string words;            // "waits for the eviction fence of a", "is HUNG; nothing restarts it"
  std::optional<WaitPoint> on;  // none: nobody stands behind it
  bool one_of = false;          // `who` waits for one of its waits to end, not for all
};

}  // namespace userqsim
