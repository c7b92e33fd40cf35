// KFD's userptr: an invalidation stops its process in the notifier itself, at once, and lets it go after 1 ms;
// memory pressure keeps it for 100 ms; who is stopped for both waits for both. Stopping takes 50 us here, nothing
// else costs.
#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::kfd_userptr_test {
namespace {

using namespace test;

PressureSpec invalidate(Duration at, std::string process, Bytes size = {4096}) {
  PressureSpec e = evict_at(at, std::move(process));
  e.kind = PressureKind::invalidate_userptr;
  e.size = size;
  return e;
}

MachineSpec machine(std::vector<PressureSpec> events) {
  MachineSpec spec = ideal_machine_with("kfd");
  spec.kernel.api_poll = 1ns;
  spec.device.compute = {1, 2};
  spec.device.vram = Bytes{100 << 20};
  spec.device.gtt = Bytes{1000 << 20};
  spec.processes = {process("a", {queue("q0", QueueType::compute)}),
                    process("b", {queue("q0", QueueType::compute)})};
  spec.processes[0].vram = {{"data", Bytes{60 << 20}, 1, Domain::vram}};
  spec.costs.preempt_idle = cost(50us);
  spec.events = std::move(events);
  spec.horizon = 1s;
  return spec;
}

auto of_process(std::uint32_t process) {
  return [=](const auto& fact) { return fact.eviction.process.value == process; };
}

// The process was restored at 0 and would run for 10 ms at least before its memory could be evicted.
TEST_CASE("an invalidation stops its process at once and for a millisecond", "[driver][userptr][kfd]") {
  const bool svm = GENERATE(false, true);
  PressureSpec invalidation = invalidate(1ms, "a");
  if (svm) invalidation.kind = PressureKind::invalidate_svm;
  MachineBench bench(machine({invalidation}));
  CHECK(bench.expect_at<EvictionStarted>(1ms).trigger == (svm ? Trigger::svm : Trigger::userptr));
  bench.expect_at<EvictionSignaled>(1050us);
  bench.expect_at<RequestEnded>(1050us, [](const RequestEnded& r) { return r.kind == RequestKind::userptr; });
  bench.expect_at<EvictionResumed>(1050us + 1ms);
  bench.run();
  CHECK(bench.count<EvictionStarted>() == 1);
}

TEST_CASE("invalidations of other processes do not wait for it", "[driver][userptr][kfd]") {
  MachineBench bench(machine({invalidate(1ms, "a"), invalidate(1010us, "b")}));
  bench.expect_at<EvictionStarted>(1ms, of_process(0));
  bench.expect_at<EvictionStarted>(1010us, of_process(1));
  bench.run();
  CHECK(bench.count<EvictionResumed>() == 2);
}

// b asks for memory while a is stopped for its pages: a is off the machine, its buffer moves at once, and a stays
// off for 100 ms from then on. Then b makes room for it, which takes 50 us.
TEST_CASE("who is stopped for his pages and for his memory waits for both", "[driver][userptr][kfd]") {
  const Duration second = GENERATE(1020us, 1500us);  // while it is being stopped, and after
  PressureSpec allocate = evict_at(second, "b");
  allocate.kind = PressureKind::allocate;
  allocate.buffer = BufferSpec{"more", Bytes{60 << 20}, 1, Domain::vram};
  MachineBench bench(machine({invalidate(1ms, "a"), allocate}));
  bench.expect_at<EvictionSignaled>(1050us, of_process(0));
  bench.expect_at<BufferMoved>(std::max(second, Duration{1050us}));
  bench.expect_at<EvictionResumed>(std::max(second, Duration{1050us}) + 100ms + 50us, of_process(0));
}

// 1000 pages of 1 us. The second invalidation comes while they are faulted in: they are again, a millisecond later.
TEST_CASE("pages that go away while they are faulted in are tried again later", "[driver][userptr][kfd]") {
  MachineSpec spec =
      machine({invalidate(1ms, "a", Bytes{1000 * 4096}), invalidate(2500us, "a", Bytes{1000 * 4096})});
  spec.costs.userptr_page = cost(1us);
  MachineBench bench(std::move(spec));
  bench.expect_at<EvictionSignaled>(1050us);
  const Duration first = 1050us + 1ms + 1000us;
  bench.nothing_before<EvictionResumed>(first + 1ms + 1000us);
  bench.expect_at<EvictionResumed>(first + 1ms + 1000us);
  bench.run();
  CHECK(bench.count<EvictionStarted>() == 1);
}

}  // namespace
}  // namespace userqsim::kfd_userptr_test
