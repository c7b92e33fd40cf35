// A recorded mix (record_mix.cpp) played to the engine and to heaps: what a scenario's own posts, cancels and pops
// cost with nothing else around them.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "sim/core/engine.hpp"
#include "tests/bench/core/baselines.hpp"
#include "tests/bench/core/timing.hpp"
#include "tests/support/heap_queue.hpp"

namespace bench {

struct Operation {
  char kind = 'n';
  userqsim::Phase phase = 0;
  std::uint32_t index = 0;
  std::int64_t delay = 0;
};

struct Mix {
  std::vector<Operation> operations;
  std::uint32_t slots = 0;
  std::uint64_t posts = 0, cancels = 0, pops = 0;
  std::uint64_t pending_sum = 0;  // over pops

  static Mix read(const std::string& path) {
    Mix mix;
    std::ifstream file(path);
    Operation operation;
    std::int64_t pending = 0;
    while (file >> operation.kind) {
      if (operation.kind == 'p') {
        int phase = 0;
        file >> phase >> operation.delay >> operation.index;
        operation.phase = static_cast<userqsim::Phase>(phase);
        mix.slots = std::max(mix.slots, operation.index + 1);
        ++mix.posts, ++pending;
      } else if (operation.kind == 'c') {
        file >> operation.index;
        ++mix.cancels, --pending;
      } else {
        mix.pending_sum += static_cast<std::uint64_t>(pending);
        ++mix.pops, --pending;
      }
      mix.operations.push_back(operation);
    }
    return mix;
  }
};

struct EngineSide {
  using Handle = userqsim::EventHandle;
  userqsim::Engine engine;

  Handle post(std::int64_t delay, userqsim::Phase phase) {
    return engine.post(engine.now() + userqsim::Duration{delay}, phase, 0, userqsim::Payload{});
  }
  bool cancel(Handle handle) { return engine.cancel(handle); }
  std::uint64_t next() { return engine.next(userqsim::SimTime::max())->key.sequence; }
};

// The plain heap under the engine's rule for rounds.
struct PlainHeapSide {
  using Handle = userqsim::EventHandle;
  userqsim::test::HeapQueue queue;
  userqsim::EventKey now;
  std::uint64_t sequence = 0;
  bool running = false;

  Handle post(std::int64_t delay, userqsim::Phase phase) {
    const std::uint32_t round = running && delay == 0 ? now.round + (phase <= now.phase ? 1U : 0U) : 0U;
    return queue.push({{now.time + userqsim::Duration{delay}, round, phase, sequence++}, 0, userqsim::Payload{}});
  }
  bool cancel(Handle handle) { return queue.remove(handle); }
  std::uint64_t next() {
    now = queue.pop().key;
    running = true;
    return now.sequence;
  }
};

// Nanoseconds for each event popped, with all that was posted and cancelled in between.
template <class Side>
double replay(const Mix& mix, std::uint64_t& sum) {
  const auto once = [&] {
    Side side;
    std::vector<typename Side::Handle> handles(mix.slots);
    for (const Operation& operation : mix.operations) {
      if (operation.kind == 'p') {
        handles[operation.index] = side.post(operation.delay, operation.phase);
      } else if (operation.kind == 'c') {
        sum += side.cancel(handles[operation.index]) ? 1U : 0U;
      } else {
        sum += side.next();
      }
    }
  };
  return ns_each(events_for(100, mix.pops), [&](std::uint64_t count) {
    for (std::uint64_t done = 0; done < count; done += mix.pops) once();
  });
}

}  // namespace bench
