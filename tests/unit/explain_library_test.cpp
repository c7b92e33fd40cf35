// Every eviction of every scenario of the library under both policies, from one pass each: its story accounts for
// every nanosecond, and an eviction that is said to be over changes no more.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "results/explain/story_text.hpp"
#include "results/explain/tell.hpp"
#include "results/record/recorder.hpp"
#include "scenarios/experiment/explain.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/library.hpp"

namespace userqsim::explain_library_test {
namespace {

const EvictionRow& row_of(const RunRecord& record, const EvictionId& id) {
  const auto row = std::find_if(record.evictions.begin(), record.evictions.end(), [&](const EvictionRow& r) {
    return r.process == id.process.value && r.eviction == id.ordinal;
  });
  REQUIRE(row != record.evictions.end());
  return *row;
}

// The machine, who listens to it, and each eviction's row as it was when it was said to be over.
struct Pass {
  explicit Pass(const std::shared_ptr<const MachineSpec>& spec)
      : machine(spec, 0),
        recorder(machine.probes(), machine.layout(), spec->device),
        witness(machine.probes(), {SimTime{}, SimTime{spec->horizon}, JobId::none()}) {
    std::vector<EvictionId> under_way;
    machine.probes().eviction_started.subscribe(
        [&under_way](const EvictionStarted& fact) { under_way.push_back(fact.eviction); });
    while (machine.step()) {
      for (std::size_t i = under_way.size(); i-- > 0;) {
        if (!recorder.is_over(under_way[i])) continue;
        Probes unheard;
        over.emplace(under_way[i], row_of(Recorder(recorder, unheard).finish(machine.now()), under_way[i]));
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    machine.run();  // states what is open
    record = recorder.finish(SimTime{spec->horizon});
  }

  Machine machine;
  Recorder recorder;
  Witness witness;
  RunRecord record;
  std::map<EvictionId, EvictionRow> over;
};

void check_story(const Story& story, const RunRecord& record) {
  const EvictionRow& row = story.row;
  std::int64_t reached = row.start_ns;
  std::size_t part = 0;
  for (const PartRow& written : record.parts) {
    if (written.process != row.process || written.eviction != row.eviction) continue;
    REQUIRE(part < story.parts.size());
    const StoryPart& told = story.parts[part++];
    CHECK((told.row.part == written.part && told.row.start_ns == written.start_ns &&
           told.row.end_ns == written.end_ns && told.row.critical == written.critical));
    CHECK(!told.told.empty());
    if (!written.critical) continue;
    CHECK(written.start_ns == reached);
    reached = written.end_ns;
  }
  CHECK(part == story.parts.size());
  CHECK(reached == row.ended_ns);
  std::int64_t length = 0, downtime = 0;
  for (const StoryAccount& account : story.accounts) {
    length += account.ns;
    downtime += account.downtime_ns;
  }
  CHECK(length == row.ended_ns - row.start_ns);
  CHECK(downtime == row.downtime_ns.value_or(0));
  for (const StoryWait& wait : story.waits) {
    CHECK((wait.start_ns >= story.from_ns && wait.start_ns < wait.end_ns && wait.end_ns <= row.ended_ns));
  }
}

void check_is_final(const EvictionRow& then, const RunRecord& record, const EvictionId& id) {
  Story story;
  story.row = then;
  for (const StoryFigure& figure : figures_of(story, {"", row_of(record, id), {}})) {
    CAPTURE(figure.name);
    CHECK(figure.here == figure.there);
  }
  CHECK(then.outcome == row_of(record, id).outcome);
}

// With sanitizers every story of the library takes minutes.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t tell_every = 8;
#else
constexpr std::size_t tell_every = 1;
#endif

TEST_CASE("the stories of the library account for every nanosecond", "[explain]") {
  using Names = std::vector<std::string>;
  std::size_t stories = 0;
  for (const std::string& path : test::library_paths()) {
    const bool on_hws = load_scenario(path, {}).machine->firmware.scheduler == Scheduler::hws;
    for (const std::string& policy : on_hws ? Names{"unmap_map"} : Names{"preempt_restore", "unmap_map"}) {
      LoadOptions options;
      options.sets = {"/policy=" + policy};
      const auto spec = load_scenario(path, options).machine;
      const Pass pass(spec);
      for (std::size_t n = 0; n < pass.record.evictions.size(); n += tell_every, ++stories) {
        CAPTURE(path, policy, n);
        const EvictionRow& row = pass.record.evictions[n];
        const EvictionId id{ProcessId{row.process}, row.eviction};
        check_story(
            tell({pass.record, n, pass.recorder.facts(id), pass.witness.seen(), pass.machine.layout(), *spec}),
            pass.record);
        const auto then = pass.over.find(id);
        if (then != pass.over.end()) check_is_final(then->second, pass.record, id);
      }
    }
  }
  CHECK(stories > 400 / tell_every);
}

// A story from a bounded window says what one says that has seen the whole run.
TEST_CASE("a witness of the eviction alone has seen enough", "[explain]") {
  for (const std::string name : {"game-and-llm-on-16g", "no-room-to-come-back", "queue-that-will-not-stop"}) {
    const auto spec = load_scenario("scenarios/library/" + name + ".json", {}).machine;
    const Pass pass(spec);
    const auto replayed = replay(spec, 0, nullptr);
    REQUIRE(replayed);
    for (std::size_t n = 0; n < pass.record.evictions.size(); n += 7) {
      CAPTURE(name, n);
      const EvictionRow& row = pass.record.evictions[n];
      const EvictionId id{ProcessId{row.process}, row.eviction};
      const Story whole =
          tell({pass.record, n, pass.recorder.facts(id), pass.witness.seen(), pass.machine.layout(), *spec});
      const auto bounded = explain(spec, 0, *replayed, {n, {}}, nullptr);
      REQUIRE(bounded);
      CHECK(story_json(*bounded, {}) == story_json(whole, {}));
    }
  }
}

}  // namespace
}  // namespace userqsim::explain_library_test
