// The story of an eviction: its numbers worked out by hand on small machines.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "results/explain/story_text.hpp"
#include "scenarios/experiment/explain.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/specs.hpp"

namespace userqsim::explain_test {
namespace {

using namespace test;

std::int64_t ns(Duration time) { return time.count(); }

Story story_of(const std::shared_ptr<const MachineSpec>& spec, std::size_t number,
               std::vector<std::string> against = {}) {
  const auto replayed = replay(spec, 0, nullptr);
  REQUIRE(replayed);
  REQUIRE(number < replayed->record.evictions.size());
  const auto story = explain(spec, 0, *replayed, {number, std::move(against)}, nullptr);
  REQUIRE(story);
  return *story;
}

std::shared_ptr<const MachineSpec> one_queue(const std::string& policy) {
  LoadOptions options;
  options.sets = {"/policy=" + policy};
  return load_scenario("scenarios/library/one-queue-by-hand.json", options).machine;
}

struct Account {
  std::string part;
  std::int64_t times, ns;
  bool operator==(const Account&) const = default;
};

std::vector<Account> plain(const std::vector<StoryAccount>& accounts) {
  std::vector<Account> all;
  for (const StoryAccount& account : accounts) {
    CHECK(account.ns == account.downtime_ns);  // the first step is the first stop's packet
    all.push_back({std::string{account.part}, account.times, account.ns});
  }
  return all;
}

// The times are those of one_queue_by_hand_test.cpp, from the fence's enabling at 4250 us on. SUSPEND: acknowledged
// at 14, the round ends at 51, preempt_running 5, unmap 20: 76. RESUME: 15, until 91; map 20, connect 1: 112.
const std::vector<Account> of_suspend{{"mes_packet", 2, ns(14us) + ns(15us)},
                                      {"suspend_fence", 1, ns(62us)},
                                      {"map", 1, ns(20us)},
                                      {"connect", 1, ns(1us)}};
// REMOVE_QUEUE: seen at 78. ADD_QUEUE: 13, until 91.
const std::vector<Account> of_remove{
    {"mes_packet", 2, ns(78us) + ns(13us)}, {"map", 1, ns(20us)}, {"connect", 1, ns(1us)}};

TEST_CASE("the story of one queue, one eviction, by hand", "[explain]") {
  const Story story = story_of(one_queue("preempt_restore"), 0, {"unmap_map"});
  CHECK(story.process == "app");
  CHECK(story.from_ns == ns(4250us));  // nobody asked for memory before
  CHECK(plain(story.accounts) == of_suspend);

  REQUIRE(story.packets.size() == 2);
  CHECK(story.packets[0].row.opcode == "SUSPEND");
  CHECK(story.packets[0].row.acked_ns == ns(4264us));
  CHECK(story.packets[0].row.done_ns == ns(4326us));
  CHECK(story.packets[1].row.opcode == "RESUME");
  CHECK(story.packets[1].row.issued_ns == ns(4326us));
  CHECK(story.packets[1].row.done_ns == ns(4341us));

  REQUIRE(story.queues.size() == 1);
  CHECK(story.queues[0].had_work);
  CHECK(story.queues[0].stopped_ns == ns(4326us));
  CHECK(story.queues[0].ready_ns == ns(4341us));
  CHECK(story.queues[0].mapped_ns == ns(4361us));
  CHECK(story.queues[0].ran_ns == ns(4362us));
  CHECK(story.queues[0].restored_ns == ns(4362us));
  CHECK(story.moves.empty());
  CHECK(story.waits.empty());

  // The suspend fence waited for the slot: asked at 14 (MES serves it for so long), the round's end at 51.
  const auto fence = std::find_if(story.parts.begin(), story.parts.end(),
                                  [](const StoryPart& part) { return part.row.part == "suspend_fence"; });
  REQUIRE(fence != story.parts.end());
  CHECK(fence->told == "its slot: drain 37.0 us, context_save 5.00 us and unmap 20.0 us");

  REQUIRE(story.others.size() == 1);
  CHECK(story.others[0].row.evict_latency_ns == ns(78us));
  CHECK(story.others[0].row.downtime_ns == ns(112us));
  CHECK(plain(story.others[0].accounts) == of_remove);
}

TEST_CASE("from a copy of its machine an eviction is what a run under that policy makes of it", "[explain]") {
  const Story suspended = story_of(one_queue("preempt_restore"), 0, {"preempt_restore", "unmap_map"});
  const Story removed = story_of(one_queue("unmap_map"), 0, {"preempt_restore"});
  REQUIRE(plain(removed.accounts) == of_remove);
  // Nothing came before the only eviction, so all that differs is the policy.
  CHECK(plain(suspended.others[0].accounts) == of_suspend);
  CHECK(plain(suspended.others[1].accounts) == of_remove);
  CHECK(plain(removed.others[0].accounts) == of_suspend);
  for (const StoryFigure& figure : figures_of(suspended, suspended.others[0])) CHECK(figure.here == figure.there);
  // Under the other policy: the latency, MES's own time (10 + 2 + 13 for 14 + 15), the mutex (78 + 14 for 14 + 16),
  // and the parts that the SUSPEND's second fence makes two of.
  std::vector<std::string> differ;
  for (const StoryFigure& figure : figures_of(suspended, suspended.others[1])) {
    if (figure.here != figure.there) differ.push_back(figure.name);
  }
  CHECK(differ == std::vector<std::string>{"evict_latency_ns", "restore_latency_ns", "mes_busy_ns",
                                           "mes_lock_hold_ns", "part mes_packet", "part suspend_fence"});
}

// A job of 3 ms whose fence the worker waits for without limit: evicted at 1 ms, it had run for that long.
TEST_CASE("a wait for a last fence names the job and how long it had run", "[explain]") {
  MachineSpec spec = ideal_machine();
  spec.kernel.pre_wait = PreWait::unbounded;
  JobSpec fenced = job(3ms);
  fenced.fence = true;
  spec.processes = {process("app", {queue("q0", QueueType::compute, stream(PeriodicArrival{1h}, fenced, 1))})};
  spec.events = {evict_at(1ms, "app")};
  spec.horizon = 10ms;
  const Story story = story_of(share(spec), 0);
  REQUIRE(story.accounts.size() == 1);
  CHECK(story.accounts[0].part == "fence_wait");
  CHECK(story.accounts[0].ns == ns(2ms));
  CHECK(story.accounts[0].downtime_ns == 0);  // before the first stop
  REQUIRE(story.parts.size() == 1);
  CHECK(story.parts[0].told == "job 0's, which had begun 1.00 ms before; 1 fence pending");
}

// Two idle processes are evicted at 1 ms; each REMOVE_QUEUE takes MES 10 us, seen on a 2 us grid. The second waits
// for the device's mutex while the first holds it, and the first's ADD_QUEUE, issued at 10, is behind the second's
// REMOVE.
MachineSpec two_victims() {
  MachineSpec spec = ideal_machine();
  spec.policy = "unmap_map";
  spec.kernel.api_poll = 2us;
  spec.costs.mes_api = cost(10us);
  spec.device.compute = {1, 2};
  spec.processes = {process("first", {queue("q0", QueueType::compute)}),
                    process("second", {queue("q0", QueueType::compute)})};
  spec.events = {evict_at(1ms, "first"), evict_at(1ms, "second")};
  spec.horizon = 10ms;
  return spec;
}

TEST_CASE("a wait for the MES mutex names who held it and for which packet", "[explain]") {
  const auto spec = share(two_victims());
  const Story second = story_of(spec, 1);
  REQUIRE(second.process == "second");
  REQUIRE(!second.parts.empty());
  CHECK(second.parts[0].row.part == "mes_lock");
  CHECK(second.parts[0].row.end_ns - second.parts[0].row.start_ns == ns(10us));
  CHECK(second.parts[0].told == "held by first for REMOVE_QUEUE q0 (10.0 us)");

  const Story first = story_of(spec, 0);
  REQUIRE(first.process == "first");
  // REMOVE 0 to 10, the other's REMOVE 10 to 20, ADD 20 to 30, while which the other, stopped at 20, wants to
  // restart.
  REQUIRE(first.waits.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(first.waits[i].who == "eviction 0 of second");
    CHECK(first.waits[i].waited_for == "the MES mutex, which this eviction held");
    CHECK(first.waits[i].start_ns == ns(1ms) + static_cast<std::int64_t>(i) * ns(20us));
    CHECK(first.waits[i].end_ns == first.waits[i].start_ns + ns(10us));
  }
  CHECK(plain(first.accounts) == std::vector<Account>{{"mes_packet", 2, ns(20us)}, {"mes_lock", 1, ns(10us)}});
}

// VRAM is 8 MiB, of which the victim has 6 in three buffers; 4 more are asked for at 5 ms: one buffer has to leave.
TEST_CASE("the story says who asked for memory, and what had to leave for it", "[explain]") {
  MachineSpec spec = ideal_machine();
  spec.device.vram = Bytes{8 << 20};
  spec.device.gtt = Bytes{64 << 20};
  spec.device.compute = {1, 2};
  ProcessSpec victim = process("victim", {queue("q0", QueueType::compute)});
  victim.vram = {BufferSpec{"textures", Bytes{6 << 20}, 3, Domain::vram}};
  spec.processes = {victim, process("other", {queue("q0", QueueType::compute)})};
  PressureSpec wanted = event_at(5ms, PressureKind::allocate, "other");
  wanted.buffer = BufferSpec{"batch", Bytes{4 << 20}, 1, Domain::vram};
  spec.events = {wanted};
  spec.horizon = 10ms;
  const Story story = story_of(share(spec), 0);
  CHECK(story.process == "victim");
  CHECK_THAT(story.asked, Catch::Matchers::StartsWith("other asked for 4.00 MiB (batch) at 0 "));
  CHECK_THAT(story.asked, Catch::Matchers::Contains("VRAM held 6.00 MiB of 8.00 MiB just before"));
  CHECK_THAT(story.chosen, Catch::Matchers::Contains("1 buffer of victim, 2.00 MiB (textures), from vram to gtt."));
  REQUIRE(!story.moves.empty());
  CHECK(story.moves[0].buffers == 1);
  CHECK(story.moves[0].bytes == 2 << 20);
  CHECK(story.moves[0].owner == "victim");
}

}  // namespace
}  // namespace userqsim::explain_test
