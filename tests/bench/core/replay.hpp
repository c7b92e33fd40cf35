// A recorded mix (record_mix.cpp) played to the engine and to heaps: what a scenario's own posts, moves, cancels
// and pops cost with nothing else around them. All keep the engine's order, so all do the same.
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
  std::uint64_t posts = 0, moves = 0, cancels = 0, pops = 0;
  std::uint64_t pending_sum = 0;  // over pops

  static Mix read(const std::string& path) {
    Mix mix;
    std::ifstream file(path);
    Operation operation;
    std::int64_t pending = 0;
    while (file >> operation.kind) {
      if (operation.kind == 'p' || operation.kind == 'm') {
        const bool is_post = operation.kind == 'p';
        int phase = 0;
        file >> phase >> operation.delay >> operation.index;
        operation.phase = static_cast<userqsim::Phase>(phase);
        mix.slots = std::max(mix.slots, operation.index + 1);
        ++(is_post ? mix.posts : mix.moves);
        pending += is_post ? 1 : 0;
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
  void move(Handle& handle, std::int64_t delay, userqsim::Phase) {
    handle = *engine.reschedule(handle, engine.now() + userqsim::Duration{delay});
  }
  void cancel(Handle handle) { engine.cancel(handle); }
  std::uint64_t next() { return engine.next(userqsim::SimTime::max())->key.sequence; }
};

// The engine's rule for rounds, for what knows only of keys.
struct Clock {
  std::int64_t now = 0;
  std::uint32_t round = 0;
  userqsim::Phase phase = 0;
  bool running = false;

  std::uint32_t round_of(std::int64_t delay, userqsim::Phase of) const {
    return running && delay == 0 ? round + (of <= phase ? 1U : 0U) : 0U;
  }
  std::uint64_t rank(std::int64_t delay, userqsim::Phase of) const { return rank_of(round_of(delay, of), of); }
  // Of a key with a rank; its sequence.
  std::uint64_t go_to(Key key) {
    const auto low = static_cast<std::uint64_t>(key);
    *this = {time_of(key), static_cast<std::uint32_t>(low >> 44), static_cast<userqsim::Phase>(low >> 40 & 15U),
             true};
    return low & ((std::uint64_t{1} << 40) - 1);
  }
};

struct PlainHeapSide {
  using Handle = userqsim::EventHandle;
  userqsim::test::HeapQueue queue;
  Clock clock;
  std::uint64_t sequence = 0;

  userqsim::EventKey key(std::int64_t delay, userqsim::Phase phase) {
    return {userqsim::SimTime{userqsim::Duration{clock.now + delay}}, clock.round_of(delay, phase), phase,
            sequence++};
  }
  Handle post(std::int64_t delay, userqsim::Phase phase) {
    return queue.push({key(delay, phase), 0, userqsim::Payload{}});
  }
  void move(Handle& handle, std::int64_t delay, userqsim::Phase phase) {
    handle = queue.move(handle, key(delay, phase));
  }
  void cancel(Handle handle) { queue.remove(handle); }
  std::uint64_t next() {
    const userqsim::EventKey key = queue.pop().key;
    clock = {key.time.time_since_epoch().count(), key.round, key.phase, true};
    return key.sequence;
  }
};

struct LazyHeapSide {
  using Handle = LazyHeap::Handle;
  LazyHeap heap;
  Clock clock;

  Handle post(std::int64_t delay, userqsim::Phase phase) {
    return heap.push(clock.now + delay, {}, clock.rank(delay, phase));
  }
  void move(Handle& handle, std::int64_t delay, userqsim::Phase phase) {
    heap.reschedule(handle, clock.now + delay, clock.rank(delay, phase));
  }
  void cancel(Handle handle) { heap.cancel(handle); }
  std::uint64_t next() {
    userqsim::Payload payload;
    return clock.go_to(heap.pop_key(payload));
  }
};

struct IndexedHeapSide {
  using Handle = std::uint32_t;
  IndexedHeap heap;
  Clock clock;

  Handle post(std::int64_t delay, userqsim::Phase phase) {
    return heap.push(clock.now + delay, {}, clock.rank(delay, phase));
  }
  void move(Handle handle, std::int64_t delay, userqsim::Phase phase) {
    heap.move(handle, clock.now + delay, clock.rank(delay, phase));
  }
  void cancel(Handle handle) { heap.cancel(handle); }
  std::uint64_t next() {
    userqsim::Payload payload;
    return clock.go_to(heap.pop_key(payload));
  }
};

// Plays the mix once; what came out in which order, as one number.
template <class Side>
std::uint64_t play(const Mix& mix) {
  Side side;
  std::vector<typename Side::Handle> handles(mix.slots);
  std::uint64_t order = 0;
  for (const Operation& operation : mix.operations) {
    if (operation.kind == 'p') {
      handles[operation.index] = side.post(operation.delay, operation.phase);
    } else if (operation.kind == 'm') {
      side.move(handles[operation.index], operation.delay, operation.phase);
    } else if (operation.kind == 'c') {
      side.cancel(handles[operation.index]);
    } else {
      order = order * 31 + side.next();
    }
  }
  return order;
}

// Nanoseconds for each event popped, with all that was done in between.
template <class Side>
double replay(const Mix& mix, std::uint64_t& sum) {
  return ns_each(events_for(100, mix.pops), [&](std::uint64_t count) {
    for (std::uint64_t done = 0; done < count; done += mix.pops) sum += play<Side>(mix);
  });
}

}  // namespace bench
