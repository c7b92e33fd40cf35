// Hold on SimGrid: n actors, each of which sleeps for one increment after the other. Lines as those of
// userqsim_bench.
#include <simgrid/s4u.hpp>

#include <cstdlib>

#include "tests/bench/core/timing.hpp"

namespace {

namespace s4u = simgrid::s4u;

struct Hold {
  bench::Increments increments;
  std::uint64_t count = 0, done = 0;
  double ns = 0.0;
  bool over = false;

  void happen() {
    ++done;
    if (done == count / 2) ns = -bench::cpu_ns();
    if (done == count / 2 + count) {
      ns += bench::cpu_ns();
      over = true;
    }
  }
};

}  // namespace

// One engine a process is all that SimGrid has: which n is told on the command line.
int main(int argc, char** argv) {
  s4u::Engine engine(&argc, argv);
  if (argc < 2) return 2;
  const std::uint64_t n = std::strtoull(argv[1], nullptr, 10);
  Hold hold;
  hold.count = bench::events_for(1500, n);
  auto* zone = s4u::create_full_zone("zone");
  auto* host = zone->create_host("host", 1e9)->seal();
  zone->seal();
  for (std::uint64_t i = 0; i < n; ++i) {
    s4u::Actor::create("actor", host, [&hold] {
      while (!hold.over) {
        s4u::this_actor::sleep_for(static_cast<double>(hold.increments.next()) * 1e-9 * 1e3);
        hold.happen();
      }
    });
  }
  engine.run();
  bench::print("hold/simgrid", n, hold.ns / static_cast<double>(hold.count));
  return 0;
}
