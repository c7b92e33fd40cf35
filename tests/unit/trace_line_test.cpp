// The forms of a recorded line, and the events that are read from it.
#include "results/calibrate/trace_line.hpp"

#include "results/calibrate/trace_event.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::trace_line_test {
namespace {

template <class Event>
Event event_in(std::string_view text) {
  const ReadEvent read = read_trace_event(parse_trace_line(text));
  REQUIRE(read.reading == Reading::event);
  return std::get<Event>(read.event);
}

Reading reading_of(std::string_view text) { return read_trace_event(parse_trace_line(text)).reading; }

constexpr std::string_view start =
    "    kworker/u2:0-100     [000] d..1.    12.345678: amdgpu_userq_state_start: client_id=7, type=1, "
    "doorbell=40, "
    "from=2";

TEST_CASE("an event as the kernel prints it", "[calibrate]") {
  const TraceLine line = parse_trace_line(start);
  CHECK(line.form == LineForm::event);
  CHECK(line.time_ns == 12'345'678'000);
  CHECK(line.event == "amdgpu_userq_state_start");
  CHECK(line.fields == "client_id=7, type=1, doorbell=40, from=2");
}

TEST_CASE("an event as trace-cmd report prints it: no flags, micro- or nanoseconds", "[calibrate]") {
  const TraceLine micro = parse_trace_line("  app-1000  [003]     1.000002: dma_fence_init:        driver=x");
  CHECK(micro.form == LineForm::event);
  CHECK(micro.time_ns == 1'000'002'000);
  CHECK(micro.fields == "driver=x");
  const TraceLine nano = parse_trace_line("  app-1000  [003]     1.000002003: dma_fence_init: driver=x");
  CHECK(nano.time_ns == 1'000'002'003);
  CHECK(parse_trace_line("app-1 [003] 1.00002: dma_fence_init: driver=x").form == LineForm::unknown);
}

TEST_CASE("a task's name may look like anything", "[calibrate]") {
  CHECK(parse_trace_line("a [1] b: c-17  [002] .....  1.000000: e: f").event == "e");
  CHECK(parse_trace_line("<idle>-0   (-----) [002] d.h..  1.000000: irq:e: f").event == "e");
  CHECK(parse_trace_line("Web Content-9 (  12) [002] .....  1.000000: e:").event == "e");
}

// The kernel pads names to 16 bytes.
TEST_CASE("a task's name is neither a header nor a loss", "[calibrate]") {
  for (const std::string name : {"#game", "cpus=8", "version = 3", "CPU:0 [LOST 5", "CPU:0 [LOST 5]"}) {
    const std::string line = std::string(16 - name.size(), ' ') + name + "-7 [000] ..... 1.000000: e: f";
    CHECK(parse_trace_line(line).form == LineForm::event);
    CHECK(parse_trace_line(line).event == "e");
  }
  CHECK(parse_trace_line("  # tracer: nop").form == LineForm::unknown);
  CHECK(parse_trace_line("##### CPU 2 buffer started ####").form == LineForm::comment);
  CHECK(parse_trace_line("version = 7").form == LineForm::comment);
}

TEST_CASE("kernel log lines have the time since boot", "[calibrate]") {
  constexpr std::string_view plain = "[  123.456789] amdgpu 0000:03:00.0: amdgpu: MES msg=ADD_QUEUE was emitted";
  CHECK(parse_trace_line(plain).form == LineForm::kernel_log);
  CHECK(parse_trace_line(plain).time_ns == 123'456'789'000);
  CHECK(event_in<MesEmitted>(plain).opcode == Opcode::add_queue);
  CHECK(event_in<MesEmitted>("[    1.000000] amdgpu 0000:03:00.0: MES msg=SUSPEND was emitted").opcode ==
        Opcode::suspend);
  CHECK(event_in<MesEmitted>("<7>[    1.000000][  T98] amdgpu: MES(0) msg=MISC (WAIT) was emitted").opcode ==
        Opcode::misc);
  CHECK(event_in<MesEmitted>("kern  :debug : [    1.000000] amdgpu: MES msg=NEW_OPCODE was emitted").opcode ==
        std::nullopt);
  event_in<MesSilent>("[    1.000000] amdgpu 0000:03:00.0: amdgpu: MES failed to respond to msg=REMOVE_QUEUE");
  CHECK(reading_of("[    1.000000] usb 1-1: new device") == Reading::foreign);
  CHECK(parse_trace_line("[Tue Aug 12 10:00:00 2025] amdgpu: MES msg=RESUME was emitted").form ==
        LineForm::unknown);
}

TEST_CASE("what is no event is told apart", "[calibrate]") {
  CHECK(parse_trace_line("").form == LineForm::blank);
  CHECK(parse_trace_line(" \t ").form == LineForm::blank);
  CHECK(parse_trace_line("# tracer: nop").form == LineForm::comment);
  CHECK(parse_trace_line("cpus=8").form == LineForm::comment);
  CHECK(parse_trace_line("CPU:2 [LOST 17 EVENTS]").form == LineForm::lost);
  CHECK(parse_trace_line("CPU:2 [LOST 17 EVENTS]").lost == 17);
  CHECK(parse_trace_line("CPU:0 [5 EVENTS DROPPED]").lost == 5);
  CHECK(parse_trace_line("CPU:0 [LOST EVENTS]").lost == 0);
  CHECK(parse_trace_line("hello").form == LineForm::unknown);
  CHECK(parse_trace_line("a-1 [000] ..... 99999999999.000000: e: f").form == LineForm::unknown);  // no such time
  CHECK(parse_trace_line(std::string_view("\0\xff[0]\x01", 6)).form == LineForm::unknown);
}

TEST_CASE("the fields of each event", "[calibrate]") {
  const std::string before = "a-1 [000] ..... 1.000000: ";
  const auto begun = event_in<StateStart>(start);
  CHECK(begun.queue == TracedQueue{7, 40});
  CHECK(begun.type == 1);
  CHECK(begun.from == traced_state::preempted);
  const auto ended =
      event_in<StateChanged>(before + "amdgpu_userq_state_changed: client_id=7, type=1, doorbell=40, to=3");
  CHECK(ended.to == traced_state::hung);
  const auto job = event_in<JobFenceEmitted>(
      before + "amdgpu_userq_emit_fence: dev=0000:03:00.0, client_id=7, type=1, doorbell=40, fence=4294967301:12");
  CHECK(job.context == 5);  // 32 bits are what dma_fence events print
  CHECK(job.seqno == 12);
  const auto fence = event_in<FenceMoved>(
      before + "dma_fence_enable_signal: driver=amdgpu_eviction_fence timeline=a b context=9 seqno=3");
  CHECK(fence.evicts);
  CHECK(fence.move == FenceMove::enabled);
  CHECK(fence.context == 9);
  CHECK(fence.seqno == 3);
  CHECK_FALSE(
      event_in<FenceMoved>(before + "dma_fence_signaled: driver=drm_sched timeline=t context=9 seqno=3").evicts);
  CHECK(event_in<WorkQueued>(before + "workqueue_queue_work: work struct=0000000012ab34cd "
                                      "function=amdgpu_userq_restore_worker workqueue=events req_cpu=8192 cpu=0")
            .work == 0x12ab34cd);
  const auto begins = event_in<WorkBegan>(
      before + "workqueue_execute_start: work struct 0x12ab34cd: function amdgpu_userq_restore_worker");
  CHECK(begins.work == 0x12ab34cd);
  CHECK(begins.known);
}

TEST_CASE("an event of ours with damaged fields is damaged, another's is foreign", "[calibrate]") {
  const std::string before = "a-1 [000] ..... 1.000000: ";
  CHECK(reading_of(before + "amdgpu_userq_state_start: client_id=7, type=1, doorb") == Reading::damaged);
  CHECK(reading_of(before + "amdgpu_userq_state_start: client_id=7x, type=1, doorbell=40, from=1") ==
        Reading::damaged);
  CHECK(
      reading_of(before + "amdgpu_userq_state_changed: client_id=7, type=1, doorbell=99999999999999999999, to=1") ==
      Reading::damaged);
  CHECK(reading_of(before + "dma_fence_init: driver=x timeline=y context=1") == Reading::damaged);
  CHECK(reading_of(before + "console: amdgpu: MES msg=ADD_QUE") == Reading::damaged);
  CHECK(reading_of(before + "console: usb") == Reading::foreign);
  CHECK(reading_of(before + "sched_switch: prev_comm=a") == Reading::foreign);
  CHECK(reading_of(before + "workqueue_queue_work: work struct=1 function=flush_to_ldisc workqueue=e") ==
        Reading::foreign);
}

}  // namespace
}  // namespace userqsim::trace_line_test
