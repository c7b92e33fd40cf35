// Linked into the program, writes down what its machine asks of its engine, for userqsim_bench to replay: the mix
// of posts, moves, cancels and pops that a scenario makes. The linker leads the calls through here (--wrap,
// tests/CMakeLists.txt), so the engine that is measured knows nothing of it. The first engine of the process is
// written down, and no copy.
//
// Usage: USERQSIM_MIX=FILE userqsim_record run SCENARIO --reps 1 --jobs 1
//
// A line an operation: `p PHASE DELAY INDEX` a post DELAY ns from now in the slot INDEX, `m PHASE DELAY INDEX` what
// is there is moved to DELAY ns from now, `c INDEX` a cancel of what is there, `n` the next event.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "sim/core/engine.hpp"

namespace {

using userqsim::Engine;
using userqsim::Event;
using userqsim::EventHandle;
using userqsim::PartTag;
using userqsim::Phase;
using userqsim::SimTime;

const Engine* recorded = nullptr;

// Where to write what this engine is asked; nowhere when it is not the one.
std::FILE* file_of(const Engine* engine) {
  static std::FILE* const file = [] {
    const char* path = std::getenv("USERQSIM_MIX");
    return path != nullptr ? std::fopen(path, "w") : nullptr;
  }();
  if (recorded == nullptr) recorded = engine;
  return recorded == engine ? file : nullptr;
}

void write(const Engine* engine, char kind, SimTime at, Phase phase, EventHandle handle) {
  if (std::FILE* file = file_of(engine)) {
    std::fprintf(file, "%c %d %lld %u\n", kind, int{phase}, static_cast<long long>((at - engine->now()).count()),
                 handle.index);
  }
}

}  // namespace

// Each as the linker names it, a member function's object being its first argument.
#define ENGINE(function) asm("__real__ZN8userqsim6Engine" function)
#define WRAPPED(function) asm("__wrap__ZN8userqsim6Engine" function)
#define AT "ENSt6chrono10time_pointINS_8SimClockENS1_8durationIlSt5ratioILl1ELl1000000000EEEEEE"
#define AT_BEHIND "ENSt6chrono10time_pointINS_8SimClockENS2_8durationIlSt5ratioILl1ELl1000000000EEEEEE"

EventHandle real_place(Engine*, SimTime, Phase, PartTag) ENGINE("5place" AT "hh");
EventHandle real_place_later(Engine*, SimTime, Phase, PartTag) ENGINE("11place_later" AT "hh");
bool real_cancel(Engine*, EventHandle) ENGINE("6cancelENS_11EventHandleE");
std::optional<EventHandle> real_move(Engine*, EventHandle, SimTime)
    ENGINE("10rescheduleENS_11EventHandle" AT_BEHIND);
std::optional<Event> real_next(Engine*, SimTime) ENGINE("4next" AT);

EventHandle wrap_place(Engine* engine, SimTime at, Phase phase, PartTag part) WRAPPED("5place" AT "hh");
EventHandle wrap_place(Engine* engine, SimTime at, Phase phase, PartTag part) {
  const EventHandle handle = real_place(engine, at, phase, part);
  write(engine, 'p', at, phase, handle);
  return handle;
}

EventHandle wrap_place_later(Engine* engine, SimTime at, Phase phase, PartTag part)
    WRAPPED("11place_later" AT "hh");
EventHandle wrap_place_later(Engine* engine, SimTime at, Phase phase, PartTag part) {
  const EventHandle handle = real_place_later(engine, at, phase, part);
  write(engine, 'p', at, phase, handle);
  return handle;
}

std::optional<EventHandle> wrap_move(Engine* engine, EventHandle handle, SimTime at)
    WRAPPED("10rescheduleENS_11EventHandle" AT_BEHIND);
std::optional<EventHandle> wrap_move(Engine* engine, EventHandle handle, SimTime at) {
  const std::optional<EventHandle> moved = real_move(engine, handle, at);
  if (moved) write(engine, 'm', at, engine->pending().key(*moved).phase, *moved);
  return moved;
}

bool wrap_cancel(Engine* engine, EventHandle handle) WRAPPED("6cancelENS_11EventHandleE");
bool wrap_cancel(Engine* engine, EventHandle handle) {
  const bool was_pending = real_cancel(engine, handle);
  std::FILE* file = file_of(engine);
  if (was_pending && file != nullptr) std::fprintf(file, "c %u\n", handle.index);
  return was_pending;
}

std::optional<Event> wrap_next(Engine* engine, SimTime horizon) WRAPPED("4next" AT);
std::optional<Event> wrap_next(Engine* engine, SimTime horizon) {
  std::optional<Event> event = real_next(engine, horizon);
  std::FILE* file = file_of(engine);
  if (event && file != nullptr) std::fputs("n\n", file);
  return event;
}
