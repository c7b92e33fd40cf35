// MES and the hardware under a driver that does anything at any time: random packets, hangs, resets, forced
// completions. Every packet ends once, no job is lost unseen, and after a last reset of the GPU everything runs.
#include <rapidcheck.h>

#include <map>
#include <memory>
#include <vector>

#include "tests/support/part_bench.hpp"

namespace userqsim::reset_property_test {
namespace {

using namespace test;

// Both parts are real; the driver is the test.
class DeviceBench : public PartBench {
 public:
  explicit DeviceBench(MachineSpec the_spec)
      : PartBench(std::move(the_spec)), firmware(firmware_setup(spec), layout, hardware.plan()) {
    workload.begin(wiring.workload);
  }

  void send(Packet packet) {
    packet.token = {0, ++sent};
    packet.process = ProcessId{0};
    wiring.driver.mes.post(packet);
  }
  void reset_gpu() {
    for (const bool over : {false, true}) {
      wiring.driver.gpu_reset.post({over});
      wiring.driver.firmware_reset.post({over});
    }
    Packet resources;
    resources.opcode = Opcode::set_hw_rsrc;
    send(resources);
  }

  Firmware firmware;
  std::uint32_t sent = 0;

 protected:
  using PartBench::play;
  void play(const HardwareEvent& event) override {
    hardware.handle(event, wiring.hardware);
    hardware.verify(workload);
  }
  void play(const FirmwareEvent& event) override {
    firmware.handle(event, wiring.firmware);
    firmware.verify();
  }
  void play(const WorkloadEvent& event) override { workload.handle(event, wiring.workload); }
  void play(const DriverEvent& event) override {
    if (const auto* submit = std::get_if<SubmitJob>(&event)) {
      wiring.driver.doorbell.post({workload.queue_of(submit->job), submit->job});
    }
  }
};

bool coin() { return *rc::gen::arbitrary<bool>(); }
Duration time_in(int least_us, int most_us) {
  return std::chrono::microseconds{*rc::gen::inRange(least_us, most_us + 1)};
}

MachineSpec random_device() {
  MachineSpec spec = ideal_machine();
  spec.device.compute = {*rc::gen::inRange(1U, 3U), *rc::gen::inRange(1U, 4U)};
  spec.device.compute_units = 4;
  spec.device.gfx_context = Bytes{1000};
  spec.device.link = Bandwidth{1'000'000'000};
  spec.device.wave_state = {2, Bytes{10000}, Bytes{512}, Bytes{65'536}, Bytes{64}, Bytes{12}};
  spec.device.pipe_quantum = coin() ? 0ns : Duration{50us};
  spec.kernel.cwsr = coin();
  for (Cost* each :
       {&spec.costs.mes_api, &spec.costs.unmap, &spec.costs.map, &spec.costs.connect, &spec.costs.preempt_idle,
        &spec.costs.preempt_running, &spec.costs.teardown, &spec.costs.registration, &spec.costs.queue_reset}) {
    *each = cost(time_in(0, 10));
  }
  spec.firmware.suspend_ack = coin() ? SuspendAck::before_preempt : SuspendAck::after_preempt;
  spec.firmware.api_during_unmap = coin() ? ApiDuringUnmap::blocked : ApiDuringUnmap::free;
  spec.firmware.work_discovery = coin() ? WorkDiscovery::timer : WorkDiscovery::interrupt;
  spec.firmware.unmap_timeout = time_in(50, 500);
  spec.firmware.gang_quantum = time_in(20, 200);
  spec.processes = {process("p", {})};
  const int queues = *rc::gen::inRange(1, 6);
  for (int q = 0; q < queues; ++q) {
    const QueueType type =
        *rc::gen::element(QueueType::compute, QueueType::compute, QueueType::gfx, QueueType::sdma);
    JobSpec first = job(time_in(10, 200), *rc::gen::inRange(1U, 5U)), second = first;
    if (coin()) first.grain = time_in(5, 50);
    first.fence = coin();
    second.name = "second";
    second.fence = coin();
    second.queue = "q0";
    second.after = {"job"};
    StreamSpec jobs = coin() ? stream(ClosedArrival{2, constant(time_in(0, 20))}, first, 60)
                             : stream(PeriodicArrival{time_in(20, 100)}, first, 40);
    if (coin()) jobs.graph.push_back(second);
    spec.processes[0].queues.push_back(queue("q" + std::to_string(q), type, jobs));
  }
  spec.horizon = 100s;
  return spec;
}

// One thing that a driver, or a fault, may do at any time.
void act(DeviceBench& bench) {
  const QueueId queue{*rc::gen::inRange(0U, static_cast<std::uint32_t>(bench.layout.queues.size()))};
  Packet packet;
  packet.queue = queue;
  switch (*rc::gen::inRange(0, 14)) {
    case 0:
    case 1:
      packet.opcode = Opcode::suspend;
      return bench.send(packet);
    case 2:
      packet.opcode = Opcode::remove_queue;
      packet.after_reset = coin();
      return bench.send(packet);
    case 3:
    case 4:
      packet.opcode = Opcode::resume;
      return bench.send(packet);
    case 5:
    case 6:
      packet.opcode = Opcode::add_queue;
      return bench.send(packet);
    case 7:
    case 8:
      packet.opcode = Opcode::reset;
      if (coin()) packet.queue = QueueId::none();
      packet.type = bench.layout.queue(queue).type;
      return bench.send(packet);
    case 9:
      packet.opcode = coin() ? Opcode::suspend : Opcode::resume;
      packet.queue = QueueId::none();
      packet.all_gangs = true;
      return bench.send(packet);
    case 10:
    case 11:
      return void(bench.wiring.workload.hang.post({queue}));
    case 12:
      return void(bench.wiring.driver.cancel_fenced.post({queue}));
    default:
      return bench.reset_gpu();
  }
}

TEST_CASE("whatever a driver does, every packet ends once and no job is lost unseen") {
  REQUIRE(rc::check("resets", [] {
    DeviceBench bench(random_device());
    SimTime now{};
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
      act(bench);
      if (coin()) now += time_in(0, 60);
      bench.run_until(now.time_since_epoch());
    }
    bench.reset_gpu();
    bench.run_until(now.time_since_epoch() + 1s);  // MES has its resources
    for (std::size_t q = 0; q < bench.layout.queues.size(); ++q) {
      Packet add;
      add.opcode = Opcode::add_queue;
      add.queue = QueueId::of(q);
      bench.send(add);
    }
    bench.run_until(50s);

    RC_ASSERT(bench.count<PacketEnded>() == bench.sent);
    RC_ASSERT(bench.workload.jobs_ended() == bench.workload.jobs_submitted());
    std::map<JobId, int> ends;
    for (const JobEnded& ended : bench.all<JobEnded>()) ++ends[ended.job];
    for (const auto& [id, times] : ends) RC_ASSERT(times == 1);
    for (std::size_t q = 0; q < bench.layout.queues.size(); ++q)
      RC_ASSERT(bench.hardware.ring_size(QueueId::of(q)) == 0U);
    RC_CLASSIFY(bench.count<ResetQueue>() > 0, "resets queues");
    RC_CLASSIFY(bench.count<JobEnded>([](const JobEnded& j) { return j.outcome == JobOutcome::lost; }) > 0,
                "loses jobs");
  }));
}

}  // namespace
}  // namespace userqsim::reset_property_test
