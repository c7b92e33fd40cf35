#include "tests/support/part_bench.hpp"

namespace userqsim::test {

PartBench::PartBench(MachineSpec the_spec)
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

void PartBench::run_to(SimTime t) {
  while (const std::optional<Event> event = engine.next(t)) {
    visit_event(*event, [&](const auto& part_event) {
      std::visit([&](const auto& message) { note(event->key.time, message); }, part_event);
      play(part_event);
    });
  }
}

HardwareBench::HardwareBench(MachineSpec the_spec) : PartBench(with_buffers(std::move(the_spec))) {
  workload.begin(wiring.workload);
}

void HardwareBench::unmap(QueueId queue, SlotId slot, bool for_packet) {
  wiring.firmware.unmap.post({queue, slot, for_packet});
}

void HardwareBench::copy_buffer_of(ProcessId owner, Duration work) {
  memory.handle(Allocate{RequestId{copies_}, owner, PressureId::none(), 0}, wiring.memory);
  wiring.memory.start_copy.post({0, BufferId{copies_++}, work});
}

void HardwareBench::play(const HardwareEvent& event) {
  hardware.handle(event, wiring.hardware);
  hardware.verify(workload);
}

void HardwareBench::play(const MemoryEvent& event) {
  if (!std::holds_alternative<CopyDone>(event)) memory.handle(event, wiring.memory);
}

void HardwareBench::play(const DriverEvent& event) {
  if (const auto* submit = std::get_if<SubmitJob>(&event)) {
    wiring.driver.doorbell.post({workload.queue_of(submit->job), submit->job});
  }
}

MachineSpec HardwareBench::with_buffers(MachineSpec spec) {
  for (ProcessSpec& p : spec.processes) {
    if (p.vram.empty()) p.vram = {{"buffer", Bytes{4096}}};
  }
  return spec;
}

FirmwareBench::FirmwareBench(MachineSpec the_spec)
    : PartBench(std::move(the_spec)),
      firmware(firmware_setup(spec), layout, hardware.plan()),
      unmap_takes(layout.queues.size(), Duration{0}),
      slots_(layout.queues.size()),
      leaving_(layout.queues.size(), false),
      waits_for_work_(layout.queues.size(), false) {
  workload.begin(wiring.workload);
}

Packet FirmwareBench::packet_of(Opcode opcode, QueueId queue) {
  Packet packet;
  packet.opcode = opcode;
  packet.queue = queue;
  packet.process = ProcessId{0};
  packet.token = {0, ++serial_};
  return packet;
}

void FirmwareBench::reset_gpu() {
  for (const bool over : {false, true}) {
    wiring.driver.gpu_reset.post({over});
    wiring.driver.firmware_reset.post({over});
  }
  send(Opcode::set_hw_rsrc);
}

void FirmwareBench::goes_idle(QueueId queue) {
  wiring.driver.drop_ring.post({queue});
  wiring.hardware.idle.post({queue});
}

void FirmwareBench::play(const FirmwareEvent& event) {
  firmware.handle(event, wiring.firmware);
  firmware.verify();
}

void FirmwareBench::play(const HardwareEvent& event) {
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

void FirmwareBench::play(const DriverEvent& event) {
  if (const auto* submit = std::get_if<SubmitJob>(&event)) {
    wiring.driver.doorbell.post({workload.queue_of(submit->job), submit->job});
  }
}

void FirmwareBench::empty_slot(QueueId queue, bool tell) {
  SlotId& slot = slots_[queue.index()];
  if (leaving_[queue.index()]) wiring.hardware.slot_freed.cancel(freed_[queue.index()]);
  if (tell && slot.exists()) wiring.hardware.slot_freed.post({queue, slot});
  slot = SlotId::none();
  waits_for_work_[queue.index()] = false;
}

void FirmwareBench::connect_who_has_work() {
  for (std::size_t i = 0; i < waits_for_work_.size(); ++i) {
    if (!waits_for_work_[i] || !hardware.has_work(QueueId::of(i), workload)) continue;
    waits_for_work_[i] = false;
    wiring.hardware.connected.post({QueueId::of(i)});
  }
}

void MemoryBench::allocate(ProcessId process) {
  wiring.driver.allocate.post({RequestId{requests_++}, process, PressureId::none(), 0});
}

void MemoryBench::allocate(PressureId pressure) {
  wiring.driver.allocate.post({RequestId{requests_++}, workload.pressure_process(pressure), pressure, 0});
}

void MemoryBench::touch(PressureId pressure) {
  wiring.driver.cpu_fault.post({RequestId{requests_++}, workload.pressure_process(pressure), pressure});
}

void MemoryBench::signal(ProcessId process) {
  wiring.driver.fence_signaled.post({EvictionId{process, evictions_[process.index()]++}});
}

void MemoryBench::play(const MemoryEvent& event) {
  memory.handle(event, wiring.memory);
  memory.verify();
}

void MemoryBench::play(const HardwareEvent& event) {
  if (const auto* copy = std::get_if<StartCopy>(&event))
    wiring.hardware.copy_done.post_in(copy->work, {copy->entity});
}

void MemoryBench::play(const DriverEvent& event) {
  const auto* needed = std::get_if<FenceNeeded>(&event);
  if (needed == nullptr || !stop_takes) return;
  const EvictionId eviction{needed->process, evictions_[needed->process.index()]++};
  wiring.driver.fence_signaled.post_in(*stop_takes, {eviction});
}

}  // namespace userqsim::test
