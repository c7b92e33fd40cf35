#include "models/machine/going_on.hpp"

#include "models/machine/parts.hpp"

namespace userqsim {
namespace {

class GoingOn {
 public:
  explicit GoingOn(const WaitGraph::View& machine) : m_(machine), driver_(machine.driver) {}

  void operator()(const Wake& m) { add(Kind::thread, m.thread); }
  void operator()(const WaitTimeout& m) { add(Kind::thread, m.thread); }
  void operator()(const HangTimeout& m) { add(Kind::queue, m.queue); }
  void operator()(const ApiTimer& m) { found_.insert({Kind::mes, m.pipe}); }
  void operator()(const UnmapTimer&) { found_.insert({Kind::mes, 0}); }
  void operator()(const SilenceTimer&) { found_.insert({{Kind::mes, 0}, {Kind::mes, 1}}); }
  void operator()(const QuantumTimer& m) { add(Kind::queue, m.queue); }
  void operator()(const DiscoverTimer& m) { add(Kind::queue, m.queue); }
  void operator()(const QuietTimer& m) {
    each_queue([&](QueueId queue) { return m_.layout.queue(queue).type == m.type; });
  }
  void operator()(const SlotTimer& m) {
    if (m_.hardware.queue_in(m.slot).exists()) add(Kind::queue, m_.hardware.queue_in(m.slot));
  }
  // Some job runs: whoever runs goes on, unless it hangs.
  void operator()(const ShareTimer&) {
    for (std::uint32_t slot = 0; slot < m_.hardware.plan().pipe_of_slot.size(); ++slot) {
      const QueueId queue = m_.hardware.queue_in(SlotId{slot});
      const SlotState state = m_.hardware.state_of(SlotId{slot});
      const bool runs = state == SlotState::running || state == SlotState::draining;
      if (queue.exists() && runs && !m_.hardware.is_stuck(queue)) add(Kind::queue, queue);
    }
  }
  void operator()(const PipeTimer& m) {
    if (hangs_on(m.pipe)) return;
    for (std::uint32_t slot = 0; slot < m_.hardware.plan().pipe_of_slot.size(); ++slot) {
      const QueueId queue = m_.hardware.queue_in(SlotId{slot});
      if (queue.exists() && m_.hardware.plan().pipe_of_slot[slot] == m.pipe) add(Kind::queue, queue);
    }
  }
  void operator()(const RequestBound& m) { add(Kind::request, m.request); }
  void operator()(const TablesWritten& m) { add(Kind::submission, m.process); }
  // The exit takes its fences, its memory and its jobs along.
  void operator()(const ProcessStops& m) {
    add(Kind::eviction_fence, m.process);
    add(Kind::buffers, m.process);
    each_queue([&](QueueId queue) { return m_.layout.queue(queue).process == m.process; });
  }
  // The room that is freed may serve any move.
  void operator()(const HoldOver&) {
    for (std::uint32_t lane = 0; lane < m_.memory.lanes(); ++lane) found_.insert({Kind::move, lane});
  }
  void operator()(const Arrive& m) { doorbell(m_.layout.streams[m.stream.index()].process); }
  void operator()(const ThinkOver& m) { doorbell(m_.layout.streams[m.stream.index()].process); }
  void operator()(const PressureTimer& m) {
    switch (m_.spec.events[m.pressure.index()].kind) {
      case PressureKind::resume:
        found_.insert({Kind::resume, 0});
        return;
      case PressureKind::isolation_start:
        found_.insert({Kind::isolation, 0});
        return;
      case PressureKind::restore:
        return doorbell(m_.workload.pressure_process(m.pressure));
      case PressureKind::gpu_reset:
        return each_queue([](QueueId) { return true; });
      case PressureKind::allocate:
      case PressureKind::invalidate_userptr:
      case PressureKind::invalidate_svm:
      case PressureKind::cpu_fault:
      case PressureKind::evict:
      case PressureKind::destroy_queue:
      case PressureKind::suspend:
      case PressureKind::isolation_stop:
        return;
    }
  }
  template <class Message>
  void operator()(const Message&) {}

  // A copy that is under way is so without an event of its own.
  void add_moves() {
    for (const std::size_t lane : m_.memory.copying()) {
      if (m_.hardware.is_down() && !m_.memory.is_cpu(lane)) continue;
      found_.insert({Kind::move, static_cast<std::uint32_t>(lane)});
    }
  }
  const std::set<WaitPoint>& found() const { return found_; }

 private:
  using Kind = WaitPoint::Kind;
  template <class Tag>
  void add(Kind kind, Id<Tag> id) {
    found_.insert(WaitPoint::of(kind, id));
  }
  template <class F>
  void each_queue(F&& is_meant) {
    for (std::size_t q = 0; q < m_.layout.queues.size(); ++q) {
      if (is_meant(QueueId::of(q))) add(Kind::queue, QueueId::of(q));
    }
  }
  bool hangs_on(std::uint32_t pipe) const {
    for (std::uint32_t slot = 0; slot < m_.hardware.plan().pipe_of_slot.size(); ++slot) {
      if (m_.hardware.plan().pipe_of_slot[slot] != pipe) continue;
      const QueueId connected = m_.hardware.on_pipe_of(SlotId{slot});
      return connected.exists() && m_.hardware.is_stuck(connected);
    }
    return false;
  }
  // Somebody will need the live eviction fence of the process.
  void doorbell(ProcessId process) {
    if (driver_.is_restored_at_doorbell(process)) add(Kind::restart, process);
  }

  const WaitGraph::View& m_;
  DriverWaits driver_;
  std::set<WaitPoint> found_;
};

}  // namespace

std::set<WaitPoint> going_on(const WaitGraph::View& machine) {
  GoingOn found(machine);
  for (const Event& event : machine.pending.in_order()) {
    visit_event(event, [&](const auto& of_part) { std::visit(found, of_part); });
  }
  found.add_moves();
  return found.found();
}

}  // namespace userqsim
