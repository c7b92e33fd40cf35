// Traces of any bytes: nothing in them ends the reading, and every line is counted, with one fate.
#include <fmt/format.h>

#include <algorithm>

#include "sim/core/draw.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trace_reading.hpp"

namespace userqsim::mutated_trace_test {
namespace {

using namespace test;

// Lines of every kind that is read, of several queues and at times that go on.
class Lines {
 public:
  explicit Lines(std::uint64_t seed) : draws_(seed, 0) {}

  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>(draws_.uniform({1, 1, ordinal_++}) * static_cast<double>(n));
  }

  std::string next() {
    us_ += below(40);
    const std::uint64_t client = 1 + below(5), state = below(5), number = below(6);
    const std::string at = fmt::format("  kworker/u2:{}-10{} [00{}] ..... {:5}.{:06}: ", client, client, client,
                                       us_ / 1'000'000, us_ % 1'000'000);
    const std::string queue = fmt::format("client_id={}, type={}, doorbell={}", client, below(3), 2 * client);
    const std::string fence = fmt::format("timeline=app context={} seqno={}", client, number);
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return at + "amdgpu_userq_state_start: " + queue + fmt::format(", from={}", state);
      case 3:
      case 4:
      case 5:
        return at + "amdgpu_userq_state_changed: " + queue + fmt::format(", to={}", state);
      case 6:
        return at + "amdgpu_userq_emit_fence: dev=d, " + queue + fmt::format(", fence={}:{}", client, number);
      case 7:
        return at + "dma_fence_enable_signal: driver=amdgpu_eviction_fence " + fence;
      case 8:
        return at + "dma_fence_signaled: driver=amdgpu_eviction_fence " + fence;
      case 9:
        return at + "dma_fence_init: driver=amdgpu_eviction_fence " + fence;
      case 10:
        return at + fmt::format(
                        "workqueue_queue_work: work struct={:016x} function=amdgpu_userq_restore_worker "
                        "workqueue=events req_cpu=8192 cpu=0",
                        client);
      case 11:
        return at +
               fmt::format("workqueue_execute_start: work struct {:016x}: function amdgpu_userq_restore_worker",
                           client);
      case 12:
        return at + "console: amdgpu 0000:03:00.0: amdgpu: MES msg=SUSPEND was emitted";
      case 13:
        return fmt::format("[{:5}.{:06}] amdgpu 0000:03:00.0: MES msg=ADD_QUEUE was emitted", us_ / 1'000'000,
                           us_ % 1'000'000);
      case 14:
        return "CPU:1 [LOST 4 EVENTS]";
      default:
        return "# a comment";
    }
  }

  std::string mutated(std::string line) {
    for (std::uint64_t times = below(4); times > 0; --times) {
      const auto at = static_cast<std::size_t>(below(line.size() + 1));
      switch (below(7)) {
        case 0:
          line.resize(at);
          break;
        case 1:
          line.erase(0, at);
          break;
        case 2:
          line.insert(at, 1, static_cast<char>(below(256)));
          break;
        case 3:
          if (at < line.size()) line[at] = static_cast<char>(below(256));
          break;
        case 4:
          line.insert(at, "99999999999999999999");
          break;
        case 5:
          line += line.substr(at);
          break;
        default:
          if (at < line.size()) line[at] = static_cast<char>('0' + below(10));
          break;
      }
    }
    return line;
  }

 private:
  Draws draws_;
  std::uint64_t ordinal_ = 0;
  std::uint64_t us_ = 0;
};

void check_mutated(std::size_t count, std::uint64_t seed) {
  Lines lines(seed);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += lines.mutated(lines.next()) + "\n";
  const auto written = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const ReadTrace trace = read_trace({text});
  CHECK(trace.lines.total() == written);
  for (const auto& [fate, name] : EnumNames<LineFate>::entries) {
    CAPTURE(name);
    CHECK(trace.lines.of(fate) <= written);
    if (fate != LineFate::too_long) CHECK(trace.lines.of(fate) > 0);
  }
  for (const ServiceSamples& calls : trace.samples.services) {
    CHECK(std::all_of(calls.served.begin(), calls.served.end(), [](std::int64_t ns) { return ns >= 0; }));
    CHECK(std::all_of(calls.whole.begin(), calls.whole.end(), [](std::int64_t ns) { return ns >= 0; }));
  }
}

TEST_CASE("mutated lines are counted, each once", "[calibrate]") { check_mutated(20'000, 1); }

TEST_CASE("a million mutated lines", "[calibrate][slow]") { check_mutated(1'000'000, 2); }

TEST_CASE("random bytes are no trace", "[calibrate]") {
  Lines random(3);
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += static_cast<char>(random.below(256));
  text += '\n';
  const auto written = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const ReadTrace trace = read_trace({text});
  CHECK(trace.lines.total() == written);
  CHECK_FALSE(trace.samples.any());
}

}  // namespace
}  // namespace userqsim::mutated_trace_test
