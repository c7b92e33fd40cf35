// A bench for one part of the machine: the real engine and the real wiring, the part under test in its place, and
// in every other place only what the test needs. Whatever is sent and whatever is stated is noted.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "models/machine/parts.hpp"
#include "models/machine/probes.hpp"
#include "models/machine/wiring.hpp"
#include "tests/support/specs.hpp"
#include "tests/support/timeline.hpp"

namespace userqsim::test {

// The queue is in its slot and may be connected.
inline bool is_mapped(const SlotChanged& change) {
  const bool came_in = change.from == SlotState::mapping || change.from == SlotState::loading;
  return came_in && change.to == SlotState::mapped;
}

class PartBench : public Timeline {
 public:
  explicit PartBench(MachineSpec the_spec)
      : spec(std::move(the_spec)),
        layout(make_layout(spec.processes)),
        draws(spec.seed, 0),
        costs(spec.costs, draws),
        faults(spec.faults, layout, draws),
        workload(layout, spec.processes, spec.events),
        memory(memory_spec(spec), layout, spec.processes),
        hardware(hardware_spec(spec), layout),
        wiring(make_wiring({engine, probes, draws, costs, workload, memory, hardware, faults})) {
    probes.each([this]<class Fact>(Probe<Fact>& probe) {
      probe.subscribe([this](const Fact& fact) { note(engine.now(), fact); });
    });
  }

  // Lets time pass; then the channels post at `t`.
  void run_until(Duration t) { run_to(SimTime{t}); }
  void run_for(Duration d) { run_to(engine.now() + d); }

  const MachineSpec spec;
  const Layout layout;
  const Draws draws;
  const CostDraws costs;
  const FaultPlan faults;
  Engine engine;
  Probes probes;
  Workload workload;
  Memory memory;
  Hardware hardware;
  Wiring wiring;

 protected:
  // What each part does with an event. By default nothing: the event has been noted.
  virtual void play(const HardwareEvent&) {}
  virtual void play(const FirmwareEvent&) {}
  virtual void play(const MemoryEvent&) {}
  virtual void play(const DriverEvent&) {}
  virtual void play(const WorkloadEvent&) {}

  void run_to(SimTime t) override {
    while (const std::optional<Event> event = engine.next(t)) {
      visit_event(*event, [&](const auto& part_event) {
        std::visit([&](const auto& message) { note(event->key.time, message); }, part_event);
        play(part_event);
      });
    }
  }
};

// The hardware under test. The clients are real and ring their doorbells at once; MES is the test.
class HardwareBench : public PartBench {
 public:
  explicit HardwareBench(MachineSpec the_spec) : PartBench(with_buffers(std::move(the_spec))) {
    workload.begin(wiring.workload);
  }

  void map(QueueId queue, SlotId slot) { wiring.firmware.map.post({queue, slot}); }
  void unmap(QueueId queue, SlotId slot, bool for_packet = true) {
    wiring.firmware.unmap.post({queue, slot, for_packet});
  }
  // The kernel copies a buffer that the process has made for it.
  void copy_buffer_of(ProcessId owner, Duration work) {
    memory.handle(Allocate{RequestId{copies_}, owner, PressureId::none(), 0}, wiring.memory);
    wiring.memory.start_copy.post({0, BufferId{copies_++}, work});
  }

 protected:
  using PartBench::play;
  void play(const HardwareEvent& event) override {
    hardware.handle(event, wiring.hardware);
    hardware.verify(workload);
  }
  // Memory answers allocations; the copies are the test's own.
  void play(const MemoryEvent& event) override {
    if (!std::holds_alternative<CopyDone>(event)) memory.handle(event, wiring.memory);
  }
  void play(const WorkloadEvent& event) override { workload.handle(event, wiring.workload); }
  void play(const DriverEvent& event) override {
    if (const auto* submit = std::get_if<SubmitJob>(&event)) {
      wiring.driver.doorbell.post({workload.queue_of(submit->job), submit->job});
    }
  }

 private:
  static MachineSpec with_buffers(MachineSpec spec) {
    for (ProcessSpec& p : spec.processes) {
      if (p.vram.empty()) p.vram = {{"buffer", Bytes{4096}}};
    }
    return spec;
  }

  std::uint32_t copies_ = 0;
};

// MES under test. The clients and the rings are real; the slots are the test's: a map and an unmap take the times
// it sets, and a queue goes idle when the test says so.
class FirmwareBench : public PartBench {
 public:
  explicit FirmwareBench(MachineSpec the_spec)
      : PartBench(std::move(the_spec)),
        firmware(firmware_setup(spec), layout, hardware.plan()),
        unmap_takes(layout.queues.size(), Duration{0}),
        slots_(layout.queues.size()),
        leaving_(layout.queues.size(), false),
        waits_for_work_(layout.queues.size(), false) {
    workload.begin(wiring.workload);
  }

  void send(Opcode opcode, QueueId queue = QueueId::none()) { send(packet_of(opcode, queue)); }
  void send(const Packet& packet) { wiring.driver.mes.post(packet); }
  // For the test to fill in what else it says.
  Packet packet_of(Opcode opcode, QueueId queue = QueueId::none()) {
    Packet packet;
    packet.opcode = opcode;
    packet.queue = queue;
    packet.process = ProcessId{0};
    packet.token = {0, ++serial_};
    return packet;
  }
  void reset_gpu() {
    for (const bool over : {false, true}) {
      wiring.driver.gpu_reset.post({over});
      wiring.driver.firmware_reset.post({over});
    }
    send(Opcode::set_hw_rsrc);
  }
  // All jobs of the queue are done.
  void goes_idle(QueueId queue) {
    wiring.driver.drop_ring.post({queue});
    wiring.hardware.idle.post({queue});
  }

  Firmware firmware;
  Duration map_takes{0};
  std::vector<Duration> unmap_takes;  // by queue

 protected:
  using PartBench::play;
  void play(const FirmwareEvent& event) override {
    firmware.handle(event, wiring.firmware);
    firmware.verify();
  }
  void play(const HardwareEvent& event) override {
    if (const auto* map = std::get_if<MapQueue>(&event)) {
      waits_for_work_[map->queue.index()] = !hardware.has_work(map->queue, workload);
      if (waits_for_work_[map->queue.index()]) {
        wiring.hardware.idle.post_in(map_takes, {map->queue});
      } else {
        wiring.hardware.connected.post_in(map_takes, {map->queue});
      }
      leaving_[map->queue.index()] = false;
      slots_[map->queue.index()] = map->slot;
    } else if (const auto* reset = std::get_if<ResetQueue>(&event)) {
      hardware.handle(event, wiring.hardware);
      empty_slot(reset->queue, true);
    } else if (std::holds_alternative<GpuReset>(event)) {
      hardware.handle(event, wiring.hardware);
      for (std::size_t i = 0; i < slots_.size(); ++i) empty_slot(QueueId::of(i), false);
    } else if (const auto* unmap = std::get_if<UnmapQueue>(&event)) {
      if (leaving_[unmap->queue.index()]) return;  // on its way out already
      leaving_[unmap->queue.index()] = true;
      waits_for_work_[unmap->queue.index()] = false;
      freed_[unmap->queue.index()] =
          wiring.hardware.slot_freed.post_in(unmap_takes[unmap->queue.index()], {unmap->queue, unmap->slot});
    } else {
      hardware.handle(event, wiring.hardware);
      connect_who_has_work();
    }
  }
  void play(const WorkloadEvent& event) override { workload.handle(event, wiring.workload); }
  void play(const DriverEvent& event) override {
    if (const auto* submit = std::get_if<SubmitJob>(&event)) {
      wiring.driver.doorbell.post({workload.queue_of(submit->job), submit->job});
    }
  }

 private:
  // In a reset: at once, whatever was under way.
  void empty_slot(QueueId queue, bool tell) {
    SlotId& slot = slots_[queue.index()];
    if (leaving_[queue.index()]) wiring.hardware.slot_freed.cancel(freed_[queue.index()]);
    if (tell && slot.exists()) wiring.hardware.slot_freed.post({queue, slot});
    slot = SlotId::none();
    waits_for_work_[queue.index()] = false;
  }
  // Every queue has a pipe of its own here.
  void connect_who_has_work() {
    for (std::size_t i = 0; i < waits_for_work_.size(); ++i) {
      if (!waits_for_work_[i] || !hardware.has_work(QueueId::of(i), workload)) continue;
      waits_for_work_[i] = false;
      wiring.hardware.connected.post({QueueId::of(i)});
    }
  }

  std::vector<SlotId> slots_;  // by queue
  std::vector<EventHandle> freed_ = std::vector<EventHandle>(slots_.size());
  std::vector<bool> leaving_;
  std::vector<bool> waits_for_work_;  // mapped, idle
  std::uint32_t serial_ = 0;
};

// The memory manager under test. A copy takes the time it is alone in; an eviction fence signals `stop_takes` after
// it was needed, unless the test answers itself.
class MemoryBench : public PartBench {
 public:
  explicit MemoryBench(MachineSpec the_spec)
      : PartBench(std::move(the_spec)), evictions_(layout.processes.size(), 0) {}

  // What the process allocates at its start.
  void allocate(ProcessId process) {
    wiring.driver.allocate.post({RequestId{requests_++}, process, PressureId::none(), 0});
  }
  // One of the scenario's allocations.
  void allocate(PressureId pressure) {
    wiring.driver.allocate.post({RequestId{requests_++}, workload.pressure_process(pressure), pressure, 0});
  }
  // One of the scenario's CPU faults.
  void touch(PressureId pressure) {
    wiring.driver.cpu_fault.post({RequestId{requests_++}, workload.pressure_process(pressure), pressure});
  }
  void signal(ProcessId process) {
    wiring.driver.fence_signaled.post({EvictionId{process, evictions_[process.index()]++}});
  }
  void validate(ProcessId process) { wiring.driver.validate.post({process}); }
  void rearm(ProcessId process) { wiring.driver.rearmed.post({process}); }

  std::optional<Duration> stop_takes = Duration{0};

 protected:
  using PartBench::play;
  void play(const MemoryEvent& event) override {
    memory.handle(event, wiring.memory);
    memory.verify();
  }
  void play(const HardwareEvent& event) override {
    if (const auto* copy = std::get_if<StartCopy>(&event))
      wiring.hardware.copy_done.post_in(copy->work, {copy->entity});
  }
  void play(const DriverEvent& event) override {
    const auto* needed = std::get_if<FenceNeeded>(&event);
    if (needed == nullptr || !stop_takes) return;
    const EvictionId eviction{needed->process, evictions_[needed->process.index()]++};
    wiring.driver.fence_signaled.post_in(*stop_takes, {eviction});
  }

 private:
  std::vector<std::uint32_t> evictions_;  // by process
  std::uint32_t requests_ = 0;
};

}  // namespace userqsim::test
