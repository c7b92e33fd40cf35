// Whose TLB flush a packet was, which eviction a fence's, and what a MES that is busy or silent spoils, by traces
// written by hand.
#include "tests/support/catch.hpp"
#include "tests/support/trace_text.hpp"

namespace userqsim::trace_fences_test {
namespace {

using namespace test;
using Times = std::vector<std::int64_t>;

// Fences of process `context`, that is evicted from the first on and has its new one at the second.
Text& evicted(Text& text, int us, int context = 1, int seqno = 1) {
  return text.fence(us, "dma_fence_signaled", context, seqno, "amdgpu_eviction_fence");
}
Text& renewed(Text& text, int us, int context = 1, int seqno = 2) {
  return text.fence(us, "dma_fence_init", context, seqno, "amdgpu_eviction_fence");
}
std::uint64_t flushes_left_out(const ReadTrace& trace, LeftOut why) {
  return trace.samples.flushes_left_out[static_cast<std::size_t>(why)];
}

TEST_CASE("a TLB flush ends with the new eviction fence", "[calibrate]") {
  Text misc;
  renewed(evicted(misc, 0).emitted(0, "MISC"), 16);
  evicted(misc, 50, 1, 2).emitted(100, "MISC").emitted(120, "ADD_QUEUE");
  renewed(misc, 140, 1, 3);
  CHECK(read_trace({misc.text}).samples.tlb_flush == Times{16'000});
  Text hubs;  // two hubs, one after the other
  renewed(evicted(hubs, 0).emitted(0, "INV_TLBS").emitted(16, "INV_TLBS"), 34);
  CHECK(read_trace({hubs.text}).samples.tlb_flush == Times{16'000, 18'000});
}

TEST_CASE("a process's first fence ends no flush", "[calibrate]") {
  const std::string alone = Text().emitted(100, "MISC (WAIT_REG_MEM)").evicts(112, "init", 1).text;
  Text text;
  text.emitted(100, "MISC (WAIT_REG_MEM)");
  renewed(text, 112, 7, 1);
  renewed(text, 300, 1, 1);
  const ReadTrace newcomers = read_trace({alone, text.text});
  CHECK(newcomers.samples.tlb_flush.empty());
  CHECK(newcomers.samples.flushes() == 0);
  Text known;  // that process 1 was evicted
  evicted(known, 90).emitted(100, "MISC (WAIT_REG_MEM)");
  renewed(known, 112, 7, 1);
  renewed(known, 300);
  CHECK(read_trace({known.text}).samples.tlb_flush == Times{200'000});
}

// INV_TLBS at 0, 214, 300, 514, 600 and 814 us, and fences at 428, 728 and 1028: three processes, two each.
TEST_CASE("of several evicted processes it is not known whose flush it is", "[calibrate]") {
  for (const bool first_two_alone : {false, true}) {
    Text text;
    evicted(text, 0, 1);
    if (!first_two_alone) evicted(evicted(text, 0, 2), 0, 3);
    text.emitted(0, "INV_TLBS").emitted(214, "INV_TLBS");
    if (first_two_alone) evicted(evicted(text, 290, 2), 290, 3);
    renewed(text.emitted(300, "INV_TLBS"), 428, 1);
    renewed(text.emitted(514, "INV_TLBS").emitted(600, "INV_TLBS"), 728, 2);
    renewed(text.emitted(814, "INV_TLBS"), 1028, 3);
    const ReadTrace trace = read_trace({text.text});
    CHECK(trace.samples.tlb_flush.empty());
    CHECK(flushes_left_out(trace, LeftOut::not_separated) == 3);
  }
  Text misc;  // process 2 restarts without a flush
  evicted(evicted(misc, 0, 1), 0, 2).emitted(10, "MISC");
  renewed(renewed(misc, 30, 2), 300, 1);
  CHECK(read_trace({misc.text}).samples.tlb_flush.empty());
}

TEST_CASE("a TLB flush that was emitted beside an open stop is left out", "[calibrate]") {
  Text text;  // SUSPEND has given the mutex back, and MES still waits for its unmap
  evicted(text, 0).start(0, 1, 1).emitted(0, "SUSPEND").emitted(14, "MISC").changed(40, 1, 2);
  evicted(renewed(text, 60), 90, 1, 2).start(100, 2, 2).emitted(101, "MISC");
  renewed(text, 117, 1, 3).emitted(118, "RESUME").changed(132, 2, 1);
  evicted(text, 190, 1, 3).start(200, 2, 2).emitted(201, "REMOVE_QUEUE").emitted(214, "MISC").changed(215, 2, 0);
  const ReadTrace trace = read_trace({renewed(text, 231, 1, 4).text});
  CHECK(trace.samples.tlb_flush == Times{16'000});
  CHECK(flushes_left_out(trace, LeftOut::mes_busy) == 2);
}

TEST_CASE("a MISC that names another operation is no TLB flush", "[calibrate]") {
  const auto with = [](const char* operation) {
    Text text;
    return renewed(evicted(text, 0).emitted(0, operation), 16);
  };
  for (const char* flush : {"MISC", "MISC (INV_GART)", "MISC (WAIT_REG_MEM)", "MISC (WRM_REG_WR_WAIT)"}) {
    CHECK(read_trace({with(flush).text}).samples.tlb_flush == Times{16'000});
  }
  for (const char* other : {"MISC (READ_REG)", "MISC (WRITE_REG)", "MISC (QUERY_STATUS)"}) {
    CHECK(read_trace({with(other).text}).samples.tlb_flush.empty());
    // It has the mutex, so the flush before it is over; but not by a fence.
    Text text;
    renewed(evicted(text, 0).emitted(0, "MISC").emitted(14, other), 30);
    CHECK(read_trace({text.text}).samples.tlb_flush.empty());
  }
}

TEST_CASE("after MES has not answered, no flush counts until a call has succeeded", "[calibrate]") {
  const std::string silent = "console: amdgpu 0000:03:00.0: amdgpu: MES failed to respond to msg=MISC";
  Text text;
  evicted(text, 0).emitted(0, "MISC").line(2100, silent);
  evicted(renewed(text, 2101), 2200, 1, 2).emitted(2210, "MISC");
  evicted(renewed(text, 2300, 1, 3), 2400, 1, 3).start(2500, 1, 0).changed(2514, 1, 1).emitted(2600, "MISC");
  const ReadTrace trace = read_trace({renewed(text, 2616, 1, 4).text});
  CHECK(trace.samples.tlb_flush == Times{16'000});
  CHECK(flushes_left_out(trace, LeftOut::failed) == 1);
  CHECK(trace.samples.mes_timeouts == 1);
}

TEST_CASE("what took as long as a time-out may be one", "[calibrate]") {
  Text text;
  text.start(0, 1, 0).changed(19'999, 1, 1).start(30'000, 1, 2).changed(49'998, 1, 1);
  evicted(text, 50'000).emitted(50'000, "MISC");
  renewed(text, 70'000);
  // Of 20 ms, where stamps are rounded: 19.999 ms may be it, 19.998 ms is not.
  const ReadTrace trace = read_trace({text.text}, Recordings::separate, {true, 20'000'000});
  CHECK(trace.samples.of(Service::add).served.empty());
  CHECK(left_out(trace, Service::add, LeftOut::failed) == 1);
  CHECK(trace.samples.of(Service::resume).served == Times{19'998'000});
  CHECK(trace.samples.tlb_flush.empty());
  CHECK(flushes_left_out(trace, LeftOut::failed) == 1);
}

// The driver goes on while MES still unmaps, for 300 us, so RESUME takes 316 us and not 16.
TEST_CASE("where the end of a SUSPEND is not seen, what follows it is left out", "[calibrate]") {
  Text text;
  text.start(0, 3, 0).changed(14, 3, 1);
  text.start(100, 1, 1).changed(112, 1, 2).start(120, 1, 2).changed(436, 1, 1);
  evicted(text, 440).emitted(450, "MISC");
  renewed(text, 466).start(500, 2, 0).changed(514, 2, 1);
  const ReadTrace trace = read_trace({text.text}, Recordings::separate, {false, 2'100'000'000});
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
  CHECK(left_out(trace, Service::add, LeftOut::mes_busy) == 1);
  CHECK(left_out(trace, Service::resume, LeftOut::mes_busy) == 1);
  CHECK(flushes_left_out(trace, LeftOut::mes_busy) == 1);
  CHECK(read_trace({text.text}).samples.of(Service::resume).served == Times{316'000});
  // A PREEMPTED queue has been suspended, perhaps before the trace began.
  const std::string resumes = Text().start(0, 1, 2).changed(16, 1, 1).text;
  const ReadTrace cut = read_trace({resumes}, Recordings::separate, {false, 2'100'000'000});
  CHECK(left_out(cut, Service::resume, LeftOut::mes_busy) == 1);
}

// RESET takes 1 ms, and MES unmaps the queue that hung for 16 us more: ADD_QUEUE takes 30 us and not 14.
TEST_CASE("the packet after a RESET may have waited in MES", "[calibrate]") {
  Text text;
  text.emitted(0, "RESET").start(900, 1, 0).emitted(1000, "ADD_QUEUE").changed(1030, 1, 1);
  text.start(1100, 2, 0).emitted(1100, "ADD_QUEUE").changed(1114, 2, 1);
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
  CHECK(left_out(trace, Service::add, LeftOut::mes_busy) == 1);
}

TEST_CASE("eviction fences are paired by context and number", "[calibrate]") {
  Text text;
  text.evicts(0, "enable_signal", 1).evicts(10, "init", 2).evicts(500, "signaled", 2);
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.evict_latency.empty());
  CHECK(trace.lines.of(LineFate::unpaired_start) == 1);
  CHECK(trace.lines.of(LineFate::unpaired_end) == 1);
  CHECK(trace.lines.of(LineFate::used) == 1);
  Text late;  // the signal of a fence that has a successor begins no restart
  late.evicts(0, "init", 1).evicts(10, "init", 2).evicts(20, "signaled", 1).evicts(90, "init", 3);
  CHECK(read_trace({late.text}).samples.restore.empty());
}

}  // namespace
}  // namespace userqsim::trace_fences_test
