// Which events of a trace belong together, and what is left out, by traces written by hand.
#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/trace_text.hpp"

namespace userqsim::trace_pairing_test {
namespace {

using namespace test;
using Times = std::vector<std::int64_t>;

std::uint64_t known(const ReadTrace& trace, Service service, StartKnown how) {
  return trace.samples.of(service).known[static_cast<std::size_t>(how)];
}

TEST_CASE("a call's states say what it was", "[calibrate]") {
  const ReadTrace trace = read_trace({Text()
                                          .start(0, 1, 0)
                                          .changed(14, 1, 1)
                                          .start(100, 1, 1)
                                          .changed(132, 1, 2)
                                          .start(200, 1, 2)
                                          .changed(216, 1, 1)
                                          .start(300, 1, 1)
                                          .changed(334, 1, 0)
                                          .text});
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
  CHECK(trace.samples.of(Service::suspend).served == Times{32'000});
  CHECK(trace.samples.of(Service::resume).served == Times{16'000});
  CHECK(trace.samples.of(Service::remove).served == Times{34'000});
  CHECK(known(trace, Service::add, StartKnown::alone) == 1);
  CHECK(trace.lines.of(LineFate::used) == 8);
  CHECK(trace.lines.total() == 8);
}

TEST_CASE("service begins at the packet's emission", "[calibrate]") {
  const ReadTrace trace = read_trace({Text()
                                          .start(0, 1, 0)
                                          .start(2, 2, 0)
                                          .emitted(6, "ADD_QUEUE")
                                          .changed(20, 1, 1)
                                          .emitted(21, "ADD_QUEUE")
                                          .changed(39, 2, 1)
                                          .text});
  // 20 - 6 and 39 - 21: the first to come is the first to be emitted.
  CHECK(trace.samples.of(Service::add).served == Times{14'000, 18'000});
  CHECK(trace.samples.of(Service::add).whole == Times{20'000, 37'000});
  CHECK(known(trace, Service::add, StartKnown::emission) == 2);
}

TEST_CASE("without it, when the call before it ended", "[calibrate]") {
  const ReadTrace trace = read_trace({Text()
                                          .start(0, 1, 0)
                                          .start(2, 2, 0)
                                          .start(3, 3, 2)
                                          .changed(14, 1, 1)
                                          .changed(30, 2, 1)
                                          .changed(47, 3, 1)
                                          .text});
  CHECK(trace.samples.of(Service::add).served == Times{14'000, 16'000});
  CHECK(trace.samples.of(Service::resume).served == Times{17'000});
  CHECK(known(trace, Service::add, StartKnown::alone) == 1);
  CHECK(known(trace, Service::add, StartKnown::queued) == 1);
  CHECK(known(trace, Service::resume, StartKnown::queued) == 1);
}

TEST_CASE("behind a SUSPEND it is not known when the mutex came free", "[calibrate]") {
  Text text;
  text.start(0, 1, 1).start(2, 2, 0).changed(32, 1, 2).changed(40, 2, 1);
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.of(Service::suspend).served == Times{32'000});
  CHECK(trace.samples.of(Service::add).served.empty());
  CHECK(trace.samples.of(Service::add).whole == Times{38'000});
  CHECK(left_out(trace, Service::add, LeftOut::not_separated) == 1);
}

TEST_CASE("with the emission it is, but MES may be busy with the SUSPEND", "[calibrate]") {
  Text text;
  text.start(0, 1, 1).emitted(0, "SUSPEND").start(2, 2, 0).emitted(14, "ADD_QUEUE").changed(32, 1, 2);
  text.changed(48, 2, 1);
  const ReadTrace overlaps = read_trace({text.text});
  CHECK(overlaps.samples.of(Service::suspend).served == Times{32'000});
  CHECK(left_out(overlaps, Service::add, LeftOut::mes_busy) == 1);
  Text later;
  later.start(0, 1, 1).emitted(0, "SUSPEND").start(2, 2, 0).changed(32, 1, 2).emitted(32, "ADD_QUEUE");
  CHECK(read_trace({later.changed(46, 2, 1).text}).samples.of(Service::add).served == Times{14'000});
}

TEST_CASE("a call that fails is no sample", "[calibrate]") {
  const ReadTrace trace =
      read_trace({Text().start(0, 1, 1).changed(2100, 1, 3).start(3000, 2, 0).changed(3014, 2, 1).text});
  CHECK(trace.samples.of(Service::remove).whole.empty());
  CHECK(left_out(trace, Service::remove, LeftOut::failed) == 1);
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
}

TEST_CASE("a call that takes no time has called nobody", "[calibrate]") {
  const ReadTrace trace =
      read_trace({Text().start(0, 1, 2).changed(20, 1, 1).start(20, 2, 2).changed(20, 2, 1).text});
  CHECK(trace.samples.of(Service::resume).served == Times{20'000});
  CHECK(left_out(trace, Service::resume, LeftOut::no_packet) == 1);
}

TEST_CASE("which packet failed is known by its emission", "[calibrate]") {
  Text text;
  text.start(0, 1, 1).emitted(0, "SUSPEND").changed(2100, 1, 3).start(3000, 2, 2).changed(3014, 2, 3);
  const ReadTrace trace = read_trace({text.text});
  CHECK(left_out(trace, Service::suspend, LeftOut::failed) == 1);
  CHECK(left_out(trace, Service::resume, LeftOut::failed) == 1);
}

TEST_CASE("INVALID_VA has no start and is no unpaired end", "[calibrate]") {
  const ReadTrace trace = read_trace({Text().changed(5, 1, 4).text});
  CHECK(trace.samples.invalid_va == 1);
  CHECK(trace.lines.of(LineFate::used) == 1);
  CHECK(trace.lines.of(LineFate::unpaired_end) == 0);
}

TEST_CASE("a stop with a job's fence pending is not an idle one", "[calibrate]") {
  const std::string emit = "amdgpu_userq_emit_fence: dev=d, client_id=1, type=1, doorbell=10, fence=8:5";
  Text text;
  text.line(0, emit).start(10, 1, 1).changed(900, 1, 2).start(1000, 1, 2).changed(1016, 1, 1);
  text.fence(2000, "dma_fence_signaled", 8, 5, "amdgpu_userq_fence").start(2010, 1, 1).changed(2040, 1, 2);
  const ReadTrace trace = read_trace({text.text});
  CHECK(left_out(trace, Service::suspend, LeftOut::fence_pending) == 1);
  CHECK(trace.samples.of(Service::suspend).served == Times{30'000});
  CHECK(trace.samples.of(Service::resume).served == Times{16'000});
}

TEST_CASE("a graphics queue's stop may save its context", "[calibrate]") {
  const ReadTrace trace =
      read_trace({Text().start(0, 1, 1, 0).changed(40, 1, 0).start(50, 1, 0, 0).changed(64, 1, 1).text});
  CHECK(left_out(trace, Service::remove, LeftOut::graphics) == 1);
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
}

TEST_CASE("eviction fences: how long to stop, and to the next fence", "[calibrate]") {
  Text text;
  text.evicts(0, "init", 1).evicts(100, "enable_signal", 1).evicts(350, "signaled", 1).evicts(900, "init", 2);
  text.fence(950, "dma_fence_init", 3, 1, "amdgpu");  // a fence that is nobody's eviction fence
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.evict_latency == Times{250'000});
  CHECK(trace.samples.restore == Times{550'000});
  CHECK(trace.lines.of(LineFate::other_event) == 1);
  CHECK(read_trace({Text().evicts(0, "enable_signal", 1).text}).lines.of(LineFate::unpaired_start) == 1);
  CHECK(read_trace({Text().evicts(0, "signaled", 1).text}).lines.of(LineFate::unpaired_end) == 1);
}

TEST_CASE("worker latency is from the queueing to the start of the same work", "[calibrate]") {
  const std::string queue = "workqueue_queue_work: work struct={} function={} workqueue=events req_cpu=1 cpu=1";
  const std::string begin = "workqueue_execute_start: work struct {}: function {}";
  const std::string suspend = "amdgpu_eviction_fence_suspend_worker", restore = "amdgpu_userq_restore_worker";
  Text text;
  text.line(0, fmt::format(fmt::runtime(queue), "aa", suspend))
      .line(5, fmt::format(fmt::runtime(queue), "bb", restore));
  text.line(30, fmt::format(fmt::runtime(begin), "bb", restore))
      .line(70, fmt::format(fmt::runtime(begin), "aa", suspend));
  text.line(80, fmt::format(fmt::runtime(begin), "cc", suspend))
      .line(81, fmt::format(fmt::runtime(begin), "dd", "other"));
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.worker_latency == Times{25'000, 70'000});
  CHECK(trace.lines.of(LineFate::unpaired_end) == 1);
  CHECK(trace.lines.of(LineFate::other_event) == 1);
}

// A line at whole seconds.
std::string second(int s, const std::string& event) {
  return fmt::format("  a-1 [000] ..... {}.000000: {}\n", s, event);
}

TEST_CASE("what lies more than 10 s apart is no pair", "[calibrate]") {
  const auto console = [](int s, const std::string& opcode) {
    return second(s, "console: amdgpu 0000:03:00.0: amdgpu: MES msg=" + opcode + " was emitted");
  };
  const std::string queue = "client_id=1, type=1, doorbell=10, ";
  const std::string work = "amdgpu_userq_restore_worker";
  const auto fence = [](int s, const std::string& event, int seqno) {
    return second(
        s, fmt::format("dma_fence_{}: driver=amdgpu_eviction_fence timeline=t context=1 seqno={}", event, seqno));
  };
  const auto trace_over = [&](int s) {
    return read_trace(
        {second(0, "amdgpu_userq_state_start: " + queue + "from=0") +
             second(s, "amdgpu_userq_state_changed: " + queue + "to=1"),
         second(0, "workqueue_queue_work: work struct=aa function=" + work + " workqueue=e") +
             second(s, "workqueue_execute_start: work struct aa: function " + work),
         console(0, "SET_HW_RSRC") + console(s, "QUERY_SCHEDULER_STATUS"),
         console(0, "RESET") + console(s, "REMOVE_QUEUE"),
         fence(0, "enable_signal", 1) + fence(0, "signaled", 1) + console(0, "MISC") + fence(s, "init", 2),
         fence(0, "enable_signal", 1) + fence(s, "signaled", 1)},
        Recordings::separate, {true, 60'000'000'000});
  };
  const Times ten{10'000'000'000};
  const ReadTrace near = trace_over(10);
  CHECK(near.samples.of(Service::add).served == ten);
  CHECK(near.samples.worker_latency == ten);
  CHECK(near.samples.mes_api == ten);
  CHECK(near.samples.queue_reset == ten);
  CHECK(near.samples.tlb_flush == ten);
  const ReadTrace far = trace_over(11);
  CHECK(far.samples.of(Service::add).whole.empty());
  CHECK_FALSE(far.samples.any());
  CHECK(far.lines.of(LineFate::unpaired_start) == 2);  // the call and the work
  CHECK(far.lines.of(LineFate::unpaired_end) == 2);
  CHECK(far.samples.evict_latency == Times{0, 11'000'000'000});  // an eviction may wait for work
}

TEST_CASE("MES set up, and a queue reset", "[calibrate]") {
  Text text;
  text.emitted(0, "SET_HW_RSRC").emitted(12, "QUERY_SCHEDULER_STATUS");
  text.emitted(20, "SET_HW_RSRC").emitted(24, "SET_HW_RSRC_1").emitted(30, "QUERY_SCHEDULER_STATUS");
  text.emitted(100, "RESET").emitted(1100, "REMOVE_QUEUE");
  text.emitted(2000, "RESET").start(2010, 1, 1).emitted(2012, "REMOVE_QUEUE").changed(2040, 1, 0);
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.mes_api == Times{12'000});
  CHECK(trace.samples.queue_reset == Times{1'000'000});
}

TEST_CASE("nothing is paired across lost events", "[calibrate]") {
  Text text;
  text.start(0, 1, 0).text += "CPU:0 [LOST 3 EVENTS]\n";
  text.changed(14, 1, 1).start(20, 1, 1).changed(50, 1, 0);
  const ReadTrace trace = read_trace({text.text});
  CHECK(trace.samples.of(Service::add).served.empty());
  CHECK(trace.samples.of(Service::remove).served == Times{30'000});
  CHECK(trace.lines.of(LineFate::unpaired_start) == 1);
  CHECK(trace.lines.of(LineFate::unpaired_end) == 1);
  CHECK(trace.lines.of(LineFate::lost_events) == 1);
  CHECK(trace.lines.lost() == 3);
  CHECK(trace.lines.total() == 5);
}

TEST_CASE("a line of an earlier time is left out, and a clock that was set back is believed", "[calibrate]") {
  const ReadTrace once = read_trace({Text().start(10, 1, 0).start(5, 2, 0).changed(24, 1, 1).text});
  CHECK(once.samples.of(Service::add).served == Times{14'000});
  CHECK(once.lines.of(LineFate::out_of_order) == 1);
  Text text;
  text.start(900'000, 1, 0);
  for (int i = 0; i < 8; ++i) text.start(100 * i, 1, 0).changed(100 * i + 14, 1, 1);  // 16 lines
  text.start(900, 1, 0).changed(914, 1, 1);
  const ReadTrace back = read_trace({text.text});
  CHECK(back.lines.of(LineFate::out_of_order) == 16);
  CHECK(back.lines.of(LineFate::unpaired_start) == 1);
  CHECK(back.samples.of(Service::add).served == Times{14'000});
}

TEST_CASE("a start that comes again, or never ends, is unpaired", "[calibrate]") {
  const ReadTrace trace =
      read_trace({Text().start(0, 1, 0).start(20, 1, 0).changed(34, 1, 1).start(40, 2, 0).text});
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
  CHECK(trace.lines.of(LineFate::unpaired_start) == 2);
}

TEST_CASE("files are recordings of their own, or parts of one", "[calibrate]") {
  const std::string trace = Text().start(0, 1, 0).start(2, 2, 0).changed(20, 1, 1).changed(40, 2, 1).text;
  const std::string log =
      "[    1.000006] amdgpu 0000:03:00.0: amdgpu: MES msg=ADD_QUEUE was emitted\n"
      "[    1.000022] amdgpu 0000:03:00.0: MES msg=ADD_QUEUE was emitted\n";
  CHECK(read_trace({log, trace}, Recordings::together).samples.of(Service::add).served == Times{14'000, 18'000});
  CHECK(read_trace({log, trace}).samples.of(Service::add).served == Times{20'000, 20'000});
  CHECK(read_trace({trace, trace}).samples.of(Service::add).served == Times{20'000, 20'000, 20'000, 20'000});
}

// A lost something between 10 and 100 us, so B's start at 50 us says nothing of A's end at 100 us, and its end at
// 60 us nothing of its start at 20 us.
TEST_CASE("a hole of one file is one of all that are read together", "[calibrate]") {
  const std::string hole = "CPU:0 [LOST 3 EVENTS]\n";
  const std::string a = Text().changed(10, 9, 4).text + hole + Text().changed(100, 1, 1).text;
  const std::string b = Text().start(20, 2, 0).start(50, 1, 0).changed(60, 2, 1).text;
  const std::string after = Text().start(100, 3, 0).changed(114, 3, 1).text;
  const ReadTrace trace = read_trace({a, b + after}, Recordings::together);
  CHECK(trace.samples.of(Service::add).served == Times{14'000});
  CHECK(trace.lines.of(LineFate::unpaired_start) == 2);
  CHECK(trace.lines.of(LineFate::unpaired_end) == 2);
  CHECK(read_trace({a, Text().start(50, 1, 0).text}, Recordings::together).lines.of(LineFate::unpaired_start) == 1);
  // Without another event of its file the hole has no end.
  const ReadTrace open = read_trace({Text().changed(10, 9, 4).text + hole, after}, Recordings::together);
  CHECK(open.samples.of(Service::add).whole.empty());
}

TEST_CASE("lost events are counted up to what a number holds", "[calibrate]") {
  std::string text;
  for (int i = 0; i < 3; ++i) text += "CPU:0 [LOST 9223372036854775807 EVENTS]\n";
  CHECK(read_trace({text}).lines.lost() == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("whether to go on is asked every 4096 lines, whatever they hold", "[calibrate]") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "# comment\n";
  std::istringstream file(text);
  TraceSamples samples;
  LineCounts lines;
  int asked = 0;
  read_traces({&file}, Recordings::together, {}, samples, lines, [&asked] { return ++asked > 1; });
  CHECK(asked == 1);
  CHECK(lines.total() == 4095);
}

TEST_CASE("carriage returns, long lines and a cut end", "[calibrate]") {
  Text text;
  text.start(0, 1, 0).changed(14, 1, 1);
  std::string windows;
  for (const char c : text.text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(read_trace({windows}).samples.of(Service::add).served == Times{14'000});
  const ReadTrace odd =
      read_trace({std::string(LineSource::longest + 1, 'x') + "\n" + text.text + "  a-1 [000] ....."});
  CHECK(odd.lines.of(LineFate::too_long) == 1);
  CHECK(odd.lines.of(LineFate::truncated) == 1);
  CHECK(odd.lines.total() == 4);
  CHECK(odd.samples.of(Service::add).served == Times{14'000});
}

}  // namespace
}  // namespace userqsim::trace_pairing_test
