// Hold on SystemC: n events, each notified again one increment later by the method it wakes. Lines as those of
// userqsim_bench.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#define SC_INCLUDE_DYNAMIC_PROCESSES
#include <systemc>

#include "tests/bench/core/timing.hpp"

namespace {

// One simulation a process is all that SystemC has: which one is told on the command line.
class Hold : public sc_core::sc_module {
 public:
  Hold(const sc_core::sc_module_name& name, std::uint64_t n) : sc_module(name), events_(n) {
    count_ = bench::events_for(400, n);
    for (std::uint64_t i = 0; i < n; ++i) {
      events_[i] = std::make_unique<sc_core::sc_event>();
      sc_core::sc_spawn_options options;
      options.spawn_method();
      options.dont_initialize();
      options.set_sensitivity(events_[i].get());
      sc_core::sc_spawn([this, i] { happen(i); }, nullptr, &options);
      post(i);
    }
  }
  double ns_each() const { return ns_ / static_cast<double>(count_); }

 private:
  void post(std::uint64_t i) {
    events_[i]->notify(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(increments_.next())));
  }
  void happen(std::uint64_t i) {
    ++done_;
    if (done_ == count_ / 2) ns_ = -bench::cpu_ns();
    if (done_ == count_ / 2 + count_) {
      ns_ += bench::cpu_ns();
      sc_core::sc_stop();
    }
    post(i);
  }

  bench::Increments increments_;
  std::vector<std::unique_ptr<sc_core::sc_event>> events_;
  std::uint64_t count_ = 0, done_ = 0;
  double ns_ = 0.0;
};

}  // namespace

int sc_main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::uint64_t n = std::strtoull(argv[1], nullptr, 10);
  Hold hold("hold", n);
  sc_core::sc_start();
  bench::print("hold/systemc", n, hold.ns_each());
  return 0;
}
