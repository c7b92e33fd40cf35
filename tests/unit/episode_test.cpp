// The chain from an allocation to the last restart of those whom it stopped, in the rows of a whole machine.
#include "tests/support/catch.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/watched_run.hpp"

namespace userqsim::episode_test {
namespace {

using namespace test;

// Each stop takes 50 us and each copy 100. b is asked for when a's copy is done, and both settle in GTT.
TEST_CASE("a request's episode lasts until the last whom it stopped runs again", "[record]") {
  MachineSpec spec = ideal_machine_with("7.0");
  spec.device.vram = Bytes{std::int64_t{100} << 20};
  spec.device.link = {(std::int64_t{1} << 20) * 500'000};
  spec.costs.preempt_idle = cost(50us);
  for (const char* name : {"a", "b", "c"}) {
    ProcessSpec p = process(name, {queue("q", QueueType::compute)});
    p.vram = {{"buffer", Bytes{std::int64_t{50} << 20}, 1, Domain::vram}};
    spec.processes.push_back(p);
  }
  spec.processes[2].start = 1ms;
  spec.processes[2].vram.front().size = Bytes{std::int64_t{100} << 20};
  const RunRecord run = watched_run(share(spec), 0).record;
  const RequestRow& request = run.requests.at(2);
  CHECK(request.evictions == 2);
  CHECK(request.episode_ns == Duration{300us}.count());
  CHECK_FALSE(run.requests.at(0).episode_ns.has_value());
  REQUIRE(run.evictions.size() == 2);
  for (const EvictionRow& row : run.evictions) CHECK(row.request == request.request);
  std::vector<PartRow> queued;
  for (const PartRow& part : run.parts) {
    if (part.part == "queued") queued.push_back(part);
  }
  REQUIRE(queued.size() == 1);  // a's has no length
  CHECK(queued[0].process == 1);
  CHECK(queued[0].start_ns == Duration{1ms}.count());
  CHECK(queued[0].end_ns == Duration{1150us}.count());
  CHECK_FALSE(queued[0].critical);
}

}  // namespace
}  // namespace userqsim::episode_test
