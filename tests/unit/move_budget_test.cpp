// What submissions through the kernel may move: worked out from amdgpu_cs_get_threshold_for_moves. At 8 MB/s a
// microsecond is worth 8 bytes, and 200 ms are the most that is saved: 1.6 MB.
#include "models/memory/move_budget.hpp"

#include "tests/support/memory_specs.hpp"

namespace userqsim::move_budget_test {
namespace {

using namespace test;

// 16 GiB, all seen by the CPU; `free` of it in MiB. Below 128 MiB and an eighth nothing is given.
VramState vram_with(std::int64_t free) { return {mib(16384), mib(free), mib(16384), mib(free)}; }
SimTime at(Duration t) { return SimTime{t}; }

TEST_CASE("the purse fills with time up to 200 ms", "[memory][submission]") {
  MoveBudget budget(8, false);
  CHECK(budget.threshold(at(0ns), vram_with(127)).any.value == 0);
  CHECK(budget.threshold(at(100ms), vram_with(127)).any.value == 800'000);
  CHECK(budget.threshold(at(200ms), vram_with(0)).any.value == 1'600'000);
  CHECK(budget.threshold(at(10s), vram_with(0)).any.value == 1'600'000);
}

// 64 MiB are worth 8,388,608 us.
TEST_CASE("one buffer may be larger than the purse, and its debt is paid with time", "[memory][submission]") {
  MoveBudget budget(8, false);
  CHECK(budget.threshold(at(1s), vram_with(0)).any.value == 1'600'000);
  budget.pay(mib(64), mib(0));
  const Duration even = 1s + 8'388'608us - 200ms;
  CHECK(budget.threshold(at(even), vram_with(0)).any.value == 0);
  CHECK(budget.threshold(at(even + 1us), vram_with(0)).any.value == 8);
}

TEST_CASE("much free VRAM fills the purse with a quarter of it", "[memory][submission]") {
  MoveBudget budget(8, false);
  CHECK(budget.threshold(at(0ns), vram_with(128)).any == mib(32));
  budget.pay(mib(4096), mib(0));
  CHECK(budget.threshold(at(0ns), vram_with(1024)).any == mib(256));
  // An eighth is much, too, where that is less than 128 MiB.
  CHECK(budget.threshold(at(0ns), {mib(800), mib(100), mib(800), mib(100)}).any == mib(25));
  CHECK(MoveBudget(8, false).threshold(at(0ns), {mib(800), mib(99), mib(800), mib(99)}).any.value == 0);
}

TEST_CASE("an APU forgives debts where much is free, and gives nothing", "[memory][submission]") {
  MoveBudget budget(8, true);
  CHECK(budget.threshold(at(0ns), vram_with(1024)).any.value == 0);
  budget.pay(mib(64), mib(0));
  CHECK(budget.threshold(at(1s), vram_with(1024)).any.value == 0);
  CHECK(budget.threshold(at(1s + 10us), vram_with(1024)).any.value == 80);
}

TEST_CASE("the rate counts as a power of two, and 1 MB/s moves nothing", "[memory][submission]") {
  const auto [rate, bytes] = GENERATE(std::pair{1U, 0}, std::pair{2U, 400'000}, std::pair{15U, 1'600'000},
                                      std::pair{16U, 3'200'000}, std::pair{1024U, 204'800'000});
  CHECK(MoveBudget(rate, false).threshold(at(1s), vram_with(0)).any.value == bytes);
}

// 256 MiB are visible.
TEST_CASE("visible VRAM has a purse of its own where it is not all", "[memory][submission]") {
  MoveBudget budget(8, false);
  CHECK(budget.threshold(at(1s), {mib(16384), mib(0), mib(256), mib(0)}).visible.value == 0);
  CHECK(budget.threshold(at(1s + 10ms), {mib(16384), mib(1), mib(256), mib(1)}).visible.value == 80'000);
  CHECK(budget.threshold(at(1s + 10ms), {mib(16384), mib(128), mib(256), mib(128)}).visible == mib(64));
  budget.pay(mib(0), mib(64));
  CHECK(budget.threshold(at(1s + 10ms), {mib(16384), mib(1), mib(256), mib(1)}).visible.value == 0);
}

}  // namespace
}  // namespace userqsim::move_budget_test
