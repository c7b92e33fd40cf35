// Memory over time: each process's residency, as it changes.
#include "results/record/recorder.hpp"
#include "tests/support/memory_specs.hpp"

namespace userqsim {
namespace {

using namespace test;

struct Seen {
  std::string track;
  std::int64_t time_ns;
  Bytes value;
  bool operator==(const Seen&) const = default;
};

// At 1 ms b's 60 MiB push a's out of VRAM.
TEST_CASE("counters have the residency of each process over time", "[recorder]") {
  MachineSpec spec = memory_machine({{vram(60)}, {vram(60)}});
  spec.processes.back().start = 1ms;
  Machine machine(share(std::move(spec)), 0);
  Recorder recorder(machine.probes(), machine.layout(), machine.spec().device, {.slices = true});
  machine.run();
  const RunRecord run = recorder.finish(machine.now());
  std::vector<Seen> of_a, of_b, of_device;
  for (const CounterRow& row : run.counters) {
    (row.process == 0   ? of_a
     : row.process == 1 ? of_b
                        : of_device)
        .push_back({std::string(row.track), row.time_ns, {row.value}});
  }
  constexpr std::int64_t ms = 1'000'000;
  CHECK(of_a == std::vector<Seen>{{"vram_used", 0, mib(60)},
                                  {"vram_used", ms, mib(0)},
                                  {"gtt_used", ms, mib(60)},
                                  {"displaced", ms, mib(60)}});
  CHECK(of_b == std::vector<Seen>{{"vram_used", ms, mib(60)}});
  CHECK(of_device == std::vector<Seen>{{"vram_used", 0, mib(60)}, {"gtt_used", ms, mib(60)}});
}

}  // namespace
}  // namespace userqsim
