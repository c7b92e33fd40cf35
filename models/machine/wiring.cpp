#include "models/machine/wiring.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "models/machine/parts.hpp"

namespace userqsim {

namespace {

// Connects the channels of one part and, when asked, notes each connection for the drawing.
class Connector {
 public:
  struct Connection {
    Part from;
    Part to;
    std::string_view message;
  };

  Connector(Engine& engine, std::vector<Connection>* notes) : engine_(&engine), notes_(notes) {}

  Connector& from(Part part) {
    from_ = part;
    return *this;
  }
  template <class PartEvent, class Message>
  Connector& to(Channel<Message>& channel, std::string_view message) {
    constexpr Part part = part_of<PartEvent>();
    channel = Channel<Message>::template to<PartEvent>(*engine_, static_cast<PartTag>(part), phase_of(part));
    if (notes_ != nullptr) notes_->push_back({from_, part, message});
    return *this;
  }

 private:
  Engine* engine_;
  std::vector<Connection>* notes_;
  Part from_ = Part::workload;
};

namespace {

void connect_driver(Wiring& w, Connector connector) {
  connector.from(Part::driver)
      .to<DriverEvent>(w.driver.wake, "Wake")
      .to<DriverEvent>(w.driver.timeout, "WaitTimeout")
      .to<DriverEvent>(w.driver.hang_timeout, "HangTimeout")
      .to<FirmwareEvent>(w.driver.mes, "Packet")
      .to<FirmwareEvent>(w.driver.firmware_reset, "FirmwareReset")
      .to<HardwareEvent>(w.driver.doorbell, "Doorbell")
      .to<HardwareEvent>(w.driver.drop_ring, "DropRing")
      .to<HardwareEvent>(w.driver.gpu_reset, "GpuReset")
      .to<HardwareEvent>(w.driver.cancel_fenced, "CancelFenced")
      .to<MemoryEvent>(w.driver.allocate, "Allocate")
      .to<MemoryEvent>(w.driver.cpu_fault, "CpuFault")
      .to<MemoryEvent>(w.driver.fence_signaled, "FenceSignaled")
      .to<MemoryEvent>(w.driver.validate, "Validate")
      .to<MemoryEvent>(w.driver.rearmed, "Rearmed")
      .to<MemoryEvent>(w.driver.unlocked, "Unlocked")
      .to<MemoryEvent>(w.driver.empty_vram, "EmptyVram")
      .to<MemoryEvent>(w.driver.release, "ReleaseProcess")
      .to<MemoryEvent>(w.driver.submit, "Submit")
      .to<MemoryEvent>(w.driver.submission_done, "SubmissionDone")
      .to<HardwareEvent>(w.driver.run_kernel_job, "RunKernelJob")
      .to<WorkloadEvent>(w.driver.job_dropped, "JobDropped")
      .to<DriverEvent>(w.driver.exit, "ExitProcess")
      .to<DriverEvent>(w.driver.rings_dropped, "RingsDropped")
      .to<WorkloadEvent>(w.driver.gone, "ProcessGone");
}

}  // namespace

void connect(Wiring& w, Connector connector) {
  connector.from(Part::workload)
      .to<WorkloadEvent>(w.workload.starts, "ProcessStarts")
      .to<WorkloadEvent>(w.workload.stops, "ProcessStops")
      .to<WorkloadEvent>(w.workload.arrive, "Arrive")
      .to<WorkloadEvent>(w.workload.think, "ThinkOver")
      .to<WorkloadEvent>(w.workload.pressure_timer, "PressureTimer")
      .to<DriverEvent>(w.workload.open, "OpenProcess")
      .to<DriverEvent>(w.workload.exit, "ExitProcess")
      .to<DriverEvent>(w.workload.submit, "SubmitJob")
      .to<DriverEvent>(w.workload.pressure, "PressureDue")
      .to<HardwareEvent>(w.workload.dependency, "DependencyMet")
      .to<DriverEvent>(w.workload.unblocked, "SubmissionUnblocked")
      .to<WorkloadEvent>(w.workload.fault_timer, "FaultTimer")
      .to<DriverEvent>(w.workload.fault_due, "FaultDue")
      .to<FirmwareEvent>(w.workload.mes_fault, "MesFault")
      .to<HardwareEvent>(w.workload.hang, "Hang");
  connector.from(Part::memory)
      .to<DriverEvent>(w.memory.fence_needed, "FenceNeeded")
      .to<DriverEvent>(w.memory.allocation_ready, "AllocationReady")
      .to<DriverEvent>(w.memory.validated, "Validated")
      .to<DriverEvent>(w.memory.emptied, "Emptied")
      .to<DriverEvent>(w.memory.submission_ready, "SubmissionReady")
      .to<HardwareEvent>(w.memory.start_copy, "StartCopy")
      .to<MemoryEvent>(w.memory.pages_done, "PagesDone")
      .to<MemoryEvent>(w.memory.request_bound, "RequestBound")
      .to<MemoryEvent>(w.memory.hold_over, "HoldOver")
      .to<MemoryEvent>(w.memory.tables_written, "TablesWritten");
  connector.from(Part::hardware)
      .to<HardwareEvent>(w.hardware.slot_timer, "SlotTimer")
      .to<HardwareEvent>(w.hardware.share_timer, "ShareTimer")
      .to<HardwareEvent>(w.hardware.pipe_timer, "PipeTimer")
      .to<FirmwareEvent>(w.hardware.connected, "QueueConnected")
      .to<FirmwareEvent>(w.hardware.disconnected, "QueueDisconnected")
      .to<FirmwareEvent>(w.hardware.slot_freed, "SlotFreed")
      .to<FirmwareEvent>(w.hardware.idle, "QueueIdle")
      .to<FirmwareEvent>(w.hardware.has_work, "QueueHasWork")
      .to<WorkloadEvent>(w.hardware.job_done, "JobDone")
      .to<WorkloadEvent>(w.hardware.job_dropped, "JobDropped")
      .to<DriverEvent>(w.hardware.job_retired, "JobRetired")
      .to<MemoryEvent>(w.hardware.copy_done, "CopyDone");
  connector.from(Part::firmware)
      .to<DriverEvent>(w.firmware.api_fence, "ApiFence")
      .to<DriverEvent>(w.firmware.suspend_fence, "SuspendFence")
      .to<HardwareEvent>(w.firmware.map, "MapQueue")
      .to<HardwareEvent>(w.firmware.unmap, "UnmapQueue")
      .to<HardwareEvent>(w.firmware.reset, "ResetQueue")
      .to<FirmwareEvent>(w.firmware.api_timer, "ApiTimer")
      .to<FirmwareEvent>(w.firmware.quantum_timer, "QuantumTimer")
      .to<FirmwareEvent>(w.firmware.discover_timer, "DiscoverTimer")
      .to<FirmwareEvent>(w.firmware.quiet_timer, "QuietTimer")
      .to<FirmwareEvent>(w.firmware.unmap_timer, "UnmapTimer")
      .to<FirmwareEvent>(w.firmware.silence_timer, "SilenceTimer");
  connect_driver(w, connector);
}

void connect_probes(Wiring& w, Probes& p) {
  w.workload.job_ended = &p.job_ended;
  w.memory.buffer_moved = &p.buffer_moved;
  w.memory.request_ended = &p.request_ended;
  w.memory.memory_used = &p.memory_used;
  w.memory.residency_changed = &p.residency_changed;
  w.hardware.slot_changed = &p.slot_changed;
  w.hardware.queue_ran = &p.queue_ran;
  w.hardware.queue_stopped = &p.queue_stopped;
  w.hardware.context_moved = &p.context_moved;
  w.hardware.hazard = &p.hazard;
  w.firmware.packet_ended = &p.packet_ended;
  w.firmware.queue_stopped = &p.queue_stopped;
  w.firmware.gang_ready = &p.gang_ready;
  w.firmware.slot_waited = &p.slot_waited;
  w.driver.started = &p.eviction_started;
  w.driver.step = &p.eviction_step;
  w.driver.signaled = &p.eviction_signaled;
  w.driver.aborted = &p.eviction_aborted;
  w.driver.resumed = &p.eviction_resumed;
  w.driver.transition = &p.queue_transition;
  w.driver.mes_lock_held = &p.mes_lock_held;
  w.driver.exited = &p.process_exited;
  w.driver.request_ended = &p.request_ended;
  w.driver.hazard = &p.hazard;
  w.hardware.fault_injected = &p.fault_injected;
  w.firmware.fault_injected = &p.fault_injected;
  w.driver.fault_injected = &p.fault_injected;
  w.driver.reset_done = &p.gpu_reset_done;
  w.driver.userq_lock_held = &p.userq_lock_held;
  w.driver.worker_moved = &p.worker_moved;
  w.driver.fence_armed = &p.fence_armed;
  w.driver.job_submitted = &p.job_submitted;
  w.firmware.mes_served = &p.mes_served;
  w.memory.move_queued = &p.move_queued;
}

}  // namespace

Wiring make_wiring(const Wired& wired) {
  Wiring w;
  connect(w, Connector(wired.engine, nullptr));
  connect_probes(w, wired.probes);
  w.workload.draws = &wired.draws;
  w.workload.faults = &wired.faults;
  w.memory.costs = &wired.costs;
  w.memory.draws = &wired.draws;
  w.memory.workload = &wired.workload;
  w.hardware.costs = &wired.costs;
  w.hardware.workload = &wired.workload;
  w.hardware.memory = &wired.memory;
  w.hardware.faults = &wired.faults;
  w.firmware.costs = &wired.costs;
  w.firmware.workload = &wired.workload;
  w.firmware.hardware = &wired.hardware;
  w.firmware.faults = &wired.faults;
  w.driver.costs = &wired.costs;
  w.driver.workload = &wired.workload;
  w.driver.hardware = &wired.hardware;
  w.driver.faults = &wired.faults;
  return w;
}

LabelledGraph wiring_graph() {
  Engine engine;
  Wiring wiring;
  std::vector<Connector::Connection> connections;
  connect(wiring, Connector(engine, &connections));
  std::map<std::pair<Part, Part>, std::string> edges;
  for (const Connector::Connection& c : connections) {
    std::string& label = edges[{c.from, c.to}];
    label += label.empty() ? std::string(c.message) : fmt::format("\n{}", c.message);
  }
  std::vector<std::string> names;
  for (const auto& [part, name] : EnumNames<Part>::entries) names.emplace_back(name);
  Digraph graph(names.size());
  for (const auto& [ends, label] : edges) {
    graph.add_edge(static_cast<Digraph::Vertex>(ends.first), static_cast<Digraph::Vertex>(ends.second), label);
  }
  return {"wiring", graph, names};
}

}  // namespace userqsim
