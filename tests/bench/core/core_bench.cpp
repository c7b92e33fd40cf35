// Micro-benchmarks of the event core and of what it is measured against: each line is `name n ns`, CPU time an
// event. One pass over all; who wants medians runs it several times, interleaved with others
// (tests/bench/compare_peers.sh).
//
// Usage: userqsim_bench [WORKLOAD [N]]: of all, those of one workload, at one size.
//        userqsim_bench replay FILE: what userqsim_record has written of a scenario.
#include <cstdlib>
#include <string>

#include "sim/core/draw.hpp"
#include "sim/core/engine.hpp"
#include "tests/bench/core/baselines.hpp"
#include "tests/bench/core/replay.hpp"
#include "tests/bench/core/timing.hpp"
#include "tests/support/heap_queue.hpp"

namespace bench {
namespace {

using namespace userqsim;

constexpr std::uint64_t sizes[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
constexpr std::uint64_t cancel_sizes[] = {100, 1'000, 10'000};
constexpr PartTag tag = 0;
constexpr Phase phase = 0;

struct Token {
  std::uint32_t number;
};

std::uint64_t seen = 0;  // printed at the end: nothing may be left out

SimTime at(std::int64_t ns) { return SimTime{Duration{ns}}; }

// ---- hold: n events; the first is taken, and another put in one increment later.

double hold_engine(std::uint64_t n, std::int64_t step) {
  Engine engine;
  Increments increments;
  const auto increment = [&] { return Duration{step != 0 ? step : increments.next()}; };
  for (std::uint32_t i = 0; i < n; ++i) engine.post(SimTime{increment()}, phase, tag, Payload::of(Token{i}));
  return ns_each(events_for(40, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Event> event = engine.next(SimTime::max());
      const auto token = event->payload.as<Token>();
      seen += token.number;
      engine.post(event->key.time + increment(), phase, tag, Payload::of(token));
    }
  });
}

double hold_bare_heap(std::uint64_t n) {
  QuadHeap<Key> heap;
  Increments increments;
  std::uint64_t sequence = 0;
  for (; sequence < n; ++sequence) heap.push(key_of(increments.next(), sequence));
  return ns_each(events_for(60, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const Key key = heap.pop();
      seen += static_cast<std::uint64_t>(key);
      heap.push(key_of(time_of(key) + increments.next(), sequence++));
    }
  });
}

double hold_plain_heap(std::uint64_t n) {
  test::HeapQueue queue;
  Increments increments;
  std::uint64_t sequence = 0;
  const auto push = [&](SimTime time, Token token) {
    queue.push({{time, 0, phase, sequence++}, tag, Payload::of(token)});
  };
  for (std::uint32_t i = 0; i < n; ++i) push(at(increments.next()), {i});
  return ns_each(events_for(100, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const Event event = queue.pop();
      seen += event.payload.as<Token>().number;
      push(event.key.time + Duration{increments.next()}, event.payload.as<Token>());
    }
  });
}

// Of the baselines that carry a payload.
template <class Heap>
double hold_heap(std::uint64_t n) {
  Heap heap;
  Increments increments;
  for (std::uint32_t i = 0; i < n; ++i) heap.push(increments.next(), Payload::of(Token{i}));
  return ns_each(events_for(80, n), [&](std::uint64_t count) {
    Payload payload;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t now = heap.pop(payload);
      seen += payload.as<Token>().number;
      heap.push(now + increments.next(), payload);
    }
  });
}

double hold_function(std::uint64_t n) {
  FunctionQueue queue;
  Increments increments;
  struct Again {
    FunctionQueue* queue;
    Increments* increments;
    void operator()(std::int64_t now) const {
      ++seen;
      queue->push(now + increments->next(), *this);
    }
  };
  for (std::uint64_t i = 0; i < n; ++i) queue.push(increments.next(), Again{&queue, &increments});
  return ns_each(events_for(120, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) queue.run_one();
  });
}

// ---- phold: n events among n/4 places; each changes its place's state and goes on to another place.

double phold_engine(std::uint64_t n) {
  struct Place {
    std::uint64_t visits = 0;
    std::int64_t last = 0;
  };
  Engine engine;
  Increments increments;
  Choice choice;
  const auto places = static_cast<std::uint32_t>(n / 4 + 1);
  std::vector<Place> state(places);
  for (std::uint32_t i = 0; i < n; ++i) {
    engine.post(at(increments.next()), phase, tag, Payload::of(Token{choice.below(places)}));
  }
  return ns_each(events_for(50, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Event> event = engine.next(SimTime::max());
      Place& place = state[event->payload.as<Token>().number];
      seen += ++place.visits;
      place.last = event->key.time.time_since_epoch().count();
      engine.post(event->key.time + Duration{increments.next()}, phase, tag,
                  Payload::of(Token{choice.below(places)}));
    }
  });
}

// ---- ping: one event, which two parts send to each other; every other post is for now, in the next round.

double ping_engine() {
  Engine engine;
  engine.post(SimTime{}, 0, 0, Payload::of(Token{0}));
  return ns_each(events_for(20, 1), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Event> event = engine.next(SimTime::max());
      const bool there = event->part == 0;
      seen += event->payload.as<Token>().number;
      engine.post(there ? event->key.time : event->key.time + Duration{1000}, there ? 1 : 0, there ? 1 : 0,
                  Payload::of(Token{event->payload.as<Token>().number + 1}));
    }
  });
}

// ---- M/M/1 at a load of 0.8, with the simulator's own draws.

double mm1_engine() {
  enum Kind : PartTag { arrival, departure };
  Engine engine;
  const Draws draws(1, 0);
  const Distribution between = ExponentialDuration{Duration{1'000'000}},
                     service = ExponentialDuration{Duration{800'000}};
  std::uint64_t arrivals = 0, departures = 0, queued = 0;
  const auto arrive = [&](SimTime now) {
    engine.post(now + draws.sample(between, {0, 0, arrivals++}), phase, arrival, Payload::of(Token{0}));
  };
  const auto serve = [&](SimTime now) {
    engine.post(now + draws.sample(service, {1, 0, departures++}), phase, departure, Payload::of(Token{1}));
  };
  arrive(SimTime{});
  const double ns = ns_each(events_for(60, 1), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Event> event = engine.next(SimTime::max());
      if (event->part == arrival) {
        if (++queued == 1) serve(event->key.time);
        arrive(event->key.time);
      } else if (--queued > 0) {
        serve(event->key.time);
      }
    }
  });
  seen += queued;
  return ns;
}

// ---- cancel mixes: a hold, and then `mixed` of n events that are pending get another time, at random.

constexpr std::uint64_t mixed = 4;

double mix_engine(std::uint64_t n, bool in_place) {
  Engine engine;
  Increments increments;
  Choice choice;
  std::vector<EventHandle> handles;
  for (std::uint32_t i = 0; i < n; ++i) {
    handles.push_back(engine.post(at(increments.next()), phase, tag, Payload::of(Token{i})));
  }
  return ns_each(events_for(200, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Event> event = engine.next(SimTime::max());
      const auto token = event->payload.as<Token>();
      handles[token.number] =
          engine.post(event->key.time + Duration{increments.next()}, phase, tag, Payload::of(token));
      for (std::uint64_t k = 0; k < mixed; ++k) {
        const std::uint32_t which = choice.below(static_cast<std::uint32_t>(n));
        const SimTime later = engine.now() + Duration{increments.next()};
        if (in_place) {
          handles[which] = *engine.reschedule(handles[which], later);
        } else {
          seen += engine.cancel(handles[which]) ? 1U : 0U;
          handles[which] = engine.post(later, phase, tag, Payload::of(Token{which}));
        }
      }
    }
  });
}

double mix_lazy_heap(std::uint64_t n) {
  LazyHeap heap;
  Increments increments;
  Choice choice;
  std::vector<LazyHeap::Handle> handles;
  for (std::uint32_t i = 0; i < n; ++i) handles.push_back(heap.push(increments.next(), Payload::of(Token{i})));
  return ns_each(events_for(400, n), [&](std::uint64_t count) {
    Payload payload;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t now = heap.pop(payload);
      handles[payload.as<Token>().number] = heap.push(now + increments.next(), payload);
      for (std::uint64_t k = 0; k < mixed; ++k) {
        const std::uint32_t which = choice.below(static_cast<std::uint32_t>(n));
        seen += heap.reschedule(handles[which], now + increments.next()) ? 1U : 0U;
      }
    }
  });
}

double mix_indexed_heap(std::uint64_t n) {
  IndexedHeap heap;
  Increments increments;
  Choice choice;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t i = 0; i < n; ++i) slots.push_back(heap.push(increments.next(), Payload::of(Token{i})));
  return ns_each(events_for(300, n), [&](std::uint64_t count) {
    Payload payload;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t now = heap.pop(payload);
      slots[payload.as<Token>().number] = heap.push(now + increments.next(), payload);
      for (std::uint64_t k = 0; k < mixed; ++k) {
        heap.move(slots[choice.below(static_cast<std::uint32_t>(n))], now + increments.next());
      }
    }
  });
}

double mix_plain_heap(std::uint64_t n) {
  test::HeapQueue queue;
  Increments increments;
  Choice choice;
  std::vector<EventHandle> handles;
  std::uint64_t sequence = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    handles.push_back(queue.push({{at(increments.next()), 0, phase, sequence++}, tag, Payload::of(Token{i})}));
  }
  return ns_each(events_for(400, n), [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Event event = queue.pop();
      const SimTime now = event.key.time;
      event.key = {now + Duration{increments.next()}, 0, phase, sequence++};
      handles[event.payload.as<Token>().number] = queue.push(event);
      for (std::uint64_t k = 0; k < mixed; ++k) {
        EventHandle& handle = handles[choice.below(static_cast<std::uint32_t>(n))];
        handle = queue.move(handle, {now + Duration{increments.next()}, 0, phase, sequence++});
      }
    }
  });
}

// ----

// What is asked for: everything, one workload, or one workload at one size.
struct Wanted {
  std::string workload;
  std::uint64_t n = 0;
};

// The engine before each of the others at every size: what is compared is measured at nearly the same time.
void run(const Wanted& wanted) {
  const auto measure = [&](const std::string& workload, const char* name, std::uint64_t n, auto&& ns) {
    if (!wanted.workload.empty() && wanted.workload != workload) return;
    if (wanted.n == 0 || wanted.n == n) print((workload + "/" + name).c_str(), n, ns());
  };
  for (const std::uint64_t n : sizes) {
    measure("hold", "userqsim", n, [&] { return hold_engine(n, 0); });
    measure("hold", "bare-heap", n, [&] { return hold_bare_heap(n); });
    measure("hold", "plain-heap", n, [&] { return hold_plain_heap(n); });
    measure("hold", "lazy-heap", n, [&] { return hold_heap<LazyHeap>(n); });
    measure("hold", "indexed-heap", n, [&] { return hold_heap<IndexedHeap>(n); });
    measure("hold", "std-function", n, [&] { return hold_function(n); });
    measure("ties", "userqsim", n, [&] { return hold_engine(n, 1000); });
    measure("phold", "userqsim", n, [&] { return phold_engine(n); });
  }
  measure("ping", "userqsim", 1, ping_engine);
  measure("mm1", "userqsim", 1, mm1_engine);
  // Of a mix, what one event more costs that gets another time.
  const auto moving = [](double mix, double hold) { return (mix - hold) / static_cast<double>(mixed); };
  for (const std::uint64_t n : cancel_sizes) {
    measure("move", "userqsim", n, [&] { return moving(mix_engine(n, true), hold_engine(n, 0)); });
    measure("move", "hold", n, [&] { return hold_engine(n, 0); });
    measure("move", "lazy-heap", n, [&] { return moving(mix_lazy_heap(n), hold_heap<LazyHeap>(n)); });
    measure("move", "indexed-heap", n, [&] { return moving(mix_indexed_heap(n), hold_heap<IndexedHeap>(n)); });
    measure("move", "plain-heap", n, [&] { return moving(mix_plain_heap(n), hold_plain_heap(n)); });
    measure("cancel-and-post", "userqsim", n, [&] { return moving(mix_engine(n, false), hold_engine(n, 0)); });
  }
}

int replay_file(const std::string& path) {
  const Mix mix = Mix::read(path);
  if (mix.pops == 0) {
    std::fprintf(stderr, "userqsim_bench: %s holds no recorded mix\n", path.c_str());
    return 2;
  }
  const std::uint64_t order = play<EngineSide>(mix);
  if (play<PlainHeapSide>(mix) != order || play<LazyHeapSide>(mix) != order ||
      play<IndexedHeapSide>(mix) != order) {
    std::fputs("userqsim_bench: not all take the events in the same order\n", stderr);
    return 1;
  }
  const auto each = [&](std::uint64_t count) { return static_cast<double>(count) / static_cast<double>(mix.pops); };
  std::fprintf(stderr, "%llu events, of each %.2f posts, %.2f moves and %.2f cancels; %u slots\n",
               static_cast<unsigned long long>(mix.pops), each(mix.posts), each(mix.moves), each(mix.cancels),
               mix.slots);
  const std::uint64_t pending = mix.pending_sum / mix.pops;
  print("replay/userqsim", pending, replay<EngineSide>(mix, seen));
  print("replay/indexed-heap", pending, replay<IndexedHeapSide>(mix, seen));
  print("replay/lazy-heap", pending, replay<LazyHeapSide>(mix, seen));
  print("replay/plain-heap", pending, replay<PlainHeapSide>(mix, seen));
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "replay") return bench::replay_file(argv[2]);
  bench::run({argc > 1 ? argv[1] : "", argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0});
  std::fprintf(stderr, "checksum %llu\n", static_cast<unsigned long long>(bench::seen));
  return 0;
}
