#include "tests/support/specs.hpp"

namespace userqsim::test {

Cost cost(Duration value) { return {constant(value), "test", CostKind::assumed, {Duration{0}, 1h}}; }

MachineSpec ideal_machine() {
  MachineSpec spec;
  spec.device.name = "ideal";
  spec.device.compute_units = 1;
  spec.device.gfx = {1, 1};
  spec.device.compute = {1, 1};
  spec.device.sdma = {1, 1};
  spec.device.vram = Bytes{std::int64_t{16} << 30};
  spec.device.gtt = Bytes{std::int64_t{64} << 30};
  spec.device.tlb_flush_path = TlbFlushPath::second_pipe;
  spec.device.per_queue_reset = true;
  spec.kernel.name = "test";
  spec.kernel.lifecycle = "6.18";
  spec.kernel.native_policy = "preempt_restore";
  spec.kernel.pre_wait = PreWait::none;
  spec.firmware.work_discovery = spec.firmware.sdma_work_discovery = WorkDiscovery::interrupt;
  CostSpec& c = spec.costs;
  for (Cost* each : {&c.mes_api,     &c.preempt_idle,    &c.preempt_running,     &c.unmap,
                     &c.map,         &c.connect,         &c.context_boundary,    &c.worker_latency,
                     &c.submit,      &c.page_table_base, &c.page_table_fragment, &c.tlb_flush,
                     &c.move_window, &c.userptr_page,    &c.queue_reset,         &c.mode1_reset,
                     &c.mode2_reset, &c.teardown,        &c.registration,        &c.suspend_book,
                     &c.resume_book}) {
    *each = cost(0ns);
  }
  c.gtt_slowdown = {1.0, "test", CostKind::assumed, {1.0, 1.0}};
  c.context_fill = {1.0, "test", CostKind::assumed, {0.0, 1.0}};
  spec.policy = "preempt_restore";
  spec.horizon = 1s;
  return spec;
}

JobSpec job(Duration work, std::uint32_t width) {
  JobSpec j;
  j.work = constant(work);
  j.width = width;
  return j;
}

StreamSpec stream(Arrival arrival, JobSpec j, std::optional<std::uint64_t> count) {
  StreamSpec s;
  s.arrival = std::move(arrival);
  s.count = count;
  s.graph = {std::move(j)};
  return s;
}

QueueSpec queue(std::string name, QueueType type, std::optional<StreamSpec> jobs) {
  QueueSpec q;
  q.name = std::move(name);
  q.type = type;
  q.jobs = std::move(jobs);
  return q;
}

ProcessSpec process(std::string name, std::vector<QueueSpec> queues) {
  ProcessSpec p;
  p.name = std::move(name);
  p.queues = std::move(queues);
  return p;
}

PressureSpec event_at(Duration at, PressureKind kind, std::optional<std::string> process) {
  PressureSpec e;
  e.kind = kind;
  e.process = std::move(process);
  e.at = at;
  return e;
}

PressureSpec evict_at(Duration at, std::string process) {
  return event_at(at, PressureKind::evict, std::move(process));
}

std::shared_ptr<const MachineSpec> share(MachineSpec spec) {
  return std::make_shared<const MachineSpec>(std::move(spec));
}

}  // namespace userqsim::test
