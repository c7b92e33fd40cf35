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
  explicit PartBench(MachineSpec the_spec);

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

  void run_to(SimTime t) override;
};

// The hardware under test. The clients are real and ring their doorbells at once; MES is the test.
class HardwareBench : public PartBench {
 public:
  explicit HardwareBench(MachineSpec the_spec);

  void map(QueueId queue, SlotId slot) { wiring.firmware.map.post({queue, slot}); }
  void unmap(QueueId queue, SlotId slot, bool for_packet = true);
  // The kernel copies a buffer that the process has made for it.
  void copy_buffer_of(ProcessId owner, Duration work);

 protected:
  using PartBench::play;
  void play(const HardwareEvent& event) override;
  // Memory answers allocations; the copies are the test's own.
  void play(const MemoryEvent& event) override;
  void play(const WorkloadEvent& event) override { workload.handle(event, wiring.workload); }
  void play(const DriverEvent& event) override;

 private:
  static MachineSpec with_buffers(MachineSpec spec);

  std::uint32_t copies_ = 0;
};

// MES under test. The clients and the rings are real; the slots are the test's: a map and an unmap take the times
// it sets, and a queue goes idle when the test says so.
class FirmwareBench : public PartBench {
 public:
  explicit FirmwareBench(MachineSpec the_spec);

  void send(Opcode opcode, QueueId queue = QueueId::none()) { send(packet_of(opcode, queue)); }
  void send(const Packet& packet) { wiring.driver.mes.post(packet); }
  // For the test to fill in what else it says.
  Packet packet_of(Opcode opcode, QueueId queue = QueueId::none());
  void reset_gpu();
  // All jobs of the queue are done.
  void goes_idle(QueueId queue);

  Firmware firmware;
  Duration map_takes{0};
  std::vector<Duration> unmap_takes;  // by queue

 protected:
  using PartBench::play;
  void play(const FirmwareEvent& event) override;
  void play(const HardwareEvent& event) override;
  void play(const WorkloadEvent& event) override { workload.handle(event, wiring.workload); }
  void play(const DriverEvent& event) override;

 private:
  // In a reset: at once, whatever was under way.
  void empty_slot(QueueId queue, bool tell);
  // Every queue has a pipe of its own here.
  void connect_who_has_work();

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
  void allocate(ProcessId process);
  // One of the scenario's allocations.
  void allocate(PressureId pressure);
  // One of the scenario's CPU faults.
  void touch(PressureId pressure);
  void signal(ProcessId process);
  // A job of a process that submits through the kernel, and its end.
  void submit(ProcessId process, std::uint32_t job) {
    wiring.driver.submit.post({process, QueueId{0}, JobId{job}});
  }
  void job_done(ProcessId process, std::uint32_t job) { wiring.driver.submission_done.post({process, JobId{job}}); }
  void validate(ProcessId process) { wiring.driver.validate.post({process}); }
  void rearm(ProcessId process) { wiring.driver.rearmed.post({process}); }

  std::optional<Duration> stop_takes = Duration{0};

 protected:
  using PartBench::play;
  void play(const MemoryEvent& event) override;
  void play(const HardwareEvent& event) override;
  void play(const DriverEvent& event) override;

 private:
  std::vector<std::uint32_t> evictions_;  // by process
  std::uint32_t requests_ = 0;
};

}  // namespace userqsim::test
