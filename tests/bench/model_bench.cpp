// What an event of the model costs: against a hold of the engine at as many pending events, with the tables of a
// run and without, in allocations, and in bytes that stay.
//
// model_bench SCENARIO POLICY HORIZON: prints `name value`, one a line. Times are of the thread's processor time,
// medians of five rounds in which all that is compared takes turns.
#include <fmt/format.h>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/machine/machine.hpp"
#include "results/record/recorder.hpp"
#include "results/record/tables.hpp"
#include "scenarios/load/scenario.hpp"
#include "sim/core/engine.hpp"
#include "sim/core/portable_math.hpp"
#include "tests/bench/allocations.hpp"

namespace userqsim {
namespace {

constexpr std::size_t rounds = 5;

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class F>
double seconds_of(F&& f) {
  const double start = seconds();
  f();
  return seconds() - start;
}

double median(std::array<double, rounds> values) {
  std::sort(values.begin(), values.end());
  return values[rounds / 2];
}

struct Counts {
  std::uint64_t events = 0;
  std::uint64_t jobs = 0;
  std::uint64_t evictions = 0;
  double pending = 0.0;      // mean
  double allocations = 0.0;  // an event, in the second half
};

Counts count(const std::shared_ptr<const MachineSpec>& spec) {
  Counts counts;
  Machine machine(spec, 0);
  machine.probes().eviction_started.subscribe([&](const EvictionStarted&) { ++counts.evictions; });
  const SimTime middle{spec->horizon / 2};
  while (machine.now() < middle && machine.step()) counts.pending += static_cast<double>(machine.pending());
  const std::uint64_t events = machine.events();
  const std::uint64_t before = allocations();
  while (machine.step()) counts.pending += static_cast<double>(machine.pending());
  counts.allocations = static_cast<double>(allocations() - before) / static_cast<double>(machine.events() - events);
  counts.events = machine.events();
  counts.jobs = machine.jobs_submitted();
  counts.pending /= static_cast<double>(counts.events);
  return counts;
}

// By how many bytes what is held grows with each event of the second half, with a recorder and without.
double growth(const std::shared_ptr<const MachineSpec>& spec, bool with_recorder) {
  Machine machine(spec, 0);
  std::optional<Recorder> recorder;
  if (with_recorder) recorder.emplace(machine.probes(), machine.layout(), spec->device);
  const SimTime middle{spec->horizon / 2};
  while (machine.now() < middle && machine.step()) continue;
  const std::uint64_t events = machine.events();
  const std::int64_t before = live_bytes();
  while (machine.step()) continue;
  return static_cast<double>(live_bytes() - before) / static_cast<double>(machine.events() - events);
}

// Takes the earliest event and posts one exponential later, `count` times, with n pending.
double seconds_of_holds(std::size_t n, std::uint64_t count) {
  std::uint64_t state = 1;
  const auto later = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double uniform = (static_cast<double>(state >> 11U) + 0.5) * 0x1p-53;
    return Duration{1 + static_cast<std::int64_t>(-portable_log(uniform) * 1e6)};
  };
  std::vector<Duration> delays(4096);
  for (Duration& delay : delays) delay = later();
  Engine engine;
  for (std::size_t i = 0; i < n; ++i) engine.post(engine.now() + delays[i % delays.size()], 0, 0, Payload::of(i));
  return seconds_of([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto event = engine.next(SimTime::max());
      engine.post(engine.now() + delays[i % delays.size()], 0, 0, event->payload);
    }
  });
}

void run_with_tables(const std::shared_ptr<const MachineSpec>& spec, const std::filesystem::path& directory) {
  Machine machine(spec, 0);
  Recorder recorder(machine.probes(), machine.layout(), spec->device);
  machine.run();
  const RunRecord record = recorder.finish(SimTime{spec->horizon});
  RecordTables tables(directory);
  tables.write({"bench", spec->policy, 0}, record);
  tables.close();
}

int bench(const std::string& path, const std::string& policy, const std::string& horizon) {
  LoadOptions options;
  options.sets = {"/policy=" + policy, "/horizon=" + horizon};
  const auto spec = load_scenario(path, options).machine;
  const Counts counts = count(spec);
  const auto directory = std::filesystem::temp_directory_path() / fmt::format("model_bench.{}", getpid());
  std::array<double, rounds> bare{}, tables{}, holds{}, against_hold{}, against_bare{};
  for (std::size_t i = 0; i < rounds; ++i) {
    bare[i] = seconds_of([&] { Machine(spec, 0).run(); });
    holds[i] = seconds_of_holds(std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(counts.pending))),
                                counts.events);
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    tables[i] = seconds_of([&] { run_with_tables(spec, directory); });
    against_hold[i] = bare[i] / holds[i];
    against_bare[i] = tables[i] / bare[i];
  }
  std::filesystem::remove_all(directory);
  const double events = static_cast<double>(counts.events);
  fmt::print("events {}\nevents_per_job {:.2f}\nevents_per_eviction {:.0f}\npending_mean {:.1f}\n", counts.events,
             events / static_cast<double>(counts.jobs), events / static_cast<double>(counts.evictions),
             counts.pending);
  fmt::print("event_ns {:.1f}\nhold_ns {:.1f}\nratio event_to_hold {:.2f}\n", median(bare) / events * 1e9,
             median(holds) / events * 1e9, median(against_hold));
  const double machine_bytes = growth(spec, false);
  fmt::print("bytes_per_event_machine {:.2f}\nbytes_per_event_record {:.2f}\n", machine_bytes,
             growth(spec, true) - machine_bytes);
  fmt::print("ratio tables_to_none {:.3f}\nallocations_per_event {:.4f}\n", median(against_bare),
             counts.allocations);
  return 0;
}

}  // namespace
}  // namespace userqsim

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: model_bench SCENARIO POLICY HORIZON\n");
    return 2;
  }
  return userqsim::bench(argv[1], argv[2], argv[3]);
}
