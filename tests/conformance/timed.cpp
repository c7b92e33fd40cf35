#include "tests/conformance/timed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tests/support/kernels.hpp"
#include "tests/support/machine_bench.hpp"

namespace userqsim::conformance {
namespace {

using namespace test;

constexpr Duration gap = 20s;
constexpr Duration reset_time = 5s;

const Lifecycle& tables_of(const Cell& cell) { return lifecycle(cell.settings.kernel); }

bool detects(const Lifecycle& release) {
  return std::any_of(release.paths.begin(), release.paths.end(),
                     [](const PathRow& row) { return row.detect != Detect::no; });
}

// Builds the scenario step by step.
class Script {
 public:
  explicit Script(const Cell& cell) : cell_(cell), spec_(ideal_machine()) {
    std::vector<Step> steps = cell.before;
    steps.push_back(cell.tested);
    set_up();
    for (const Step& step : steps) {
      if (step.op.kind == ReplayOpKind::create) owner_.push_back(step.op.process);
    }
    for (const Step& step : steps) add(step);
    if (hang_queue_.exists()) add_hang();
    spec_.horizon = at_ + 2 * gap;
  }

  MachineSpec spec() const { return spec_; }
  Duration tested_at() const { return tested_at_; }
  // Queues that the tested creation's process created right before it; each made one call.
  std::size_t calls_before() const { return cell_.tested.op.kind == ReplayOpKind::create ? created_ - 1 : 0; }
  // When the tested operation is over: before the reset is, when it is the reset's first half.
  Duration until() const { return cell_.tested.op.kind == ReplayOpKind::pre_reset ? reset_time / 2 : gap - 1s; }

 private:
  void set_up() {
    spec_.kernel = kernel_of(cell_.settings.kernel);
    spec_.policy = cell_.settings.policy.empty() ? spec_.kernel.native_policy : cell_.settings.policy;
    // What the line does not speak of: waits, delays, giving up. The operations themselves come from the tables.
    spec_.kernel.pre_wait = PreWait::none;
    spec_.kernel.stop_failure = StopFailure::go_on;
    spec_.kernel.restore_delay = 24h * 365;
    spec_.kernel.min_run = 0s;
    spec_.kernel.exit_evicts = false;
    spec_.kernel.gpu_recovery = cell_.settings.gpu_recovery;
    spec_.kernel.hang_timer = find_path(tables_of(cell_), Operation::hang) != nullptr;
    spec_.device.gfx = spec_.device.compute = spec_.device.sdma = {4, 4};
    spec_.device.per_queue_reset = cell_.settings.per_queue_reset;
    spec_.device.reset_method = cell_.settings.vram_lost ? ResetMethod::mode1 : ResetMethod::mode2;
    spec_.costs.mode1_reset = spec_.costs.mode2_reset = cost(reset_time);
    spec_.policy_options.hybrid_wait = 0s;
    spec_.firmware.unknown_gang =
        UnknownGang::accepted;  // a line's MES refuses what the line says, and nothing else
  }

  static std::string name_of_process(ProcessId id) { return fmt::format("p{}", id.value); }
  static std::string name_of_queue(QueueId id) { return fmt::format("q{}", id.value); }
  ProcessSpec& process_of(ProcessId id) {
    for (ProcessSpec& process : spec_.processes) {
      if (process.name == name_of_process(id)) return process;
    }
    spec_.processes.push_back(process(name_of_process(id), {}));
    spec_.processes.back().start = at_;
    return spec_.processes.back();
  }

  void event(PressureKind kind, std::optional<ProcessId> process = std::nullopt, QueueId queue = QueueId::none()) {
    PressureSpec e;
    e.kind = kind;
    e.at = at_;
    if (process) e.process = name_of_process(*process);
    if (queue.exists()) e.queue = name_of_queue(queue);
    spec_.events.push_back(e);
  }
  FaultSpec fault(FaultKind kind, Duration at) {
    FaultSpec f = fault_at(at, kind);
    if (kind == FaultKind::packet_error) f.code = PacketError::error;
    return f;
  }
  // The calls from now on that fail; a process creates its queues one after the other at one instant.
  void fail(const Step& step, std::uint32_t calls_before) {
    for (const std::uint64_t nth : step.fails) {
      FaultSpec f = fault(FaultKind::packet_error, at_ - 1ns);
      f.nth = static_cast<std::uint32_t>(nth) + calls_before;
      spec_.faults.push_back(f);
    }
  }

  void add(const Step& step) {
    const ReplayOp& op = step.op;
    const bool resumes_group = op.kind == ReplayOpKind::create && group_ == op.process && !spec_.processes.empty();
    if (!resumes_group && op.kind != ReplayOpKind::post_reset) {
      at_ += gap;
      if (group_.exists()) at_ += gap;  // an idle one behind the creations
      created_ = 0;
    }
    group_ = op.kind == ReplayOpKind::create ? op.process : ProcessId::none();
    if (op.kind != ReplayOpKind::create && first_ == Duration{0}) first_ = at_;
    tested_at_ = at_;
    if (op.kind == ReplayOpKind::post_reset) return add_post_reset(step);
    if (op.kind != ReplayOpKind::create && op.kind != ReplayOpKind::hang) fail(step, 0);
    switch (op.kind) {
      case ReplayOpKind::create: {
        ProcessSpec& p = process_of(op.process);
        fail(step, created_);
        ++created_;
        p.queues.push_back(queue(name_of_queue(QueueId::of(queues_++)), op.type));
        return;
      }
      case ReplayOpKind::evict:
        return event(PressureKind::evict, op.process);
      case ReplayOpKind::restore:
        return event(PressureKind::restore, op.process);
      case ReplayOpKind::destroy:
        return event(PressureKind::destroy_queue, owner_[op.queue.index()], op.queue);
      case ReplayOpKind::suspend:
        event(PressureKind::suspend);
        spec_.events.back().sleep = op.s0ix ? Sleep::s0ix : Sleep::s3;
        return;
      case ReplayOpKind::resume:
        return event(PressureKind::resume);
      case ReplayOpKind::isolation_stop:
        return event(PressureKind::isolation_stop);
      case ReplayOpKind::isolation_start:
        return event(PressureKind::isolation_start);
      case ReplayOpKind::pre_reset:
        return event(PressureKind::gpu_reset);
      case ReplayOpKind::exit: {
        FaultSpec f = fault(FaultKind::kill, at_);
        f.process = name_of_process(op.process);
        spec_.faults.push_back(f);
        return;
      }
      case ReplayOpKind::va_gone: {
        FaultSpec f = fault(FaultKind::free_buffer, at_);
        f.process = name_of_process(owner_[op.queue.index()]);
        f.queue = name_of_queue(op.queue);
        spec_.faults.push_back(f);
        return;
      }
      case ReplayOpKind::hang:
        hang_queue_ = op.queue;
        hang_at_ = at_;
        at_ -= 1ns;
        fail(step, 0);
        at_ += 1ns;
        return;
      case ReplayOpKind::post_reset:
      case ReplayOpKind::fail:
        return;
    }
  }

  // The second half of the reset that pre_reset began.
  void add_post_reset(const Step& step) {
    tested_at_ = at_ + reset_time / 2;
    spec_.events.back().method = step.op.vram_lost ? ResetMethod::mode1 : ResetMethod::mode2;
    for (const std::uint64_t nth : step.fails) {
      FaultSpec f = fault(FaultKind::packet_error, at_ + reset_time - 1ns);
      f.nth = static_cast<std::uint32_t>(nth);
      spec_.faults.push_back(f);
    }
  }

  // A job with a fence is submitted before the first operation, in rounds of waves so short that any stop finds it
  // at the end of one; from the hang on it makes no progress, and its fence is due right then.
  void add_hang() {
    const std::string name = name_of_queue(hang_queue_);
    ProcessSpec& p = process_of(owner_[hang_queue_.index()]);
    const Duration submitted = first_ - 10ms;
    JobSpec j = job(1000h);
    j.fence = true;
    j.grain = 1ms;
    TraceArrival arrival;
    arrival.rows.push_back({submitted - p.start, std::nullopt});
    for (QueueSpec& q : p.queues) {
      if (q.name == name) q.jobs = stream(arrival, j);
    }
    FaultSpec f = fault(FaultKind::hang, hang_at_ - 2ns);
    f.process = p.name;
    f.queue = name;
    spec_.faults.push_back(f);
    const Duration timeout = hang_at_ - submitted;
    spec_.kernel.job_timeout = {timeout, timeout, timeout};
  }

  const Cell& cell_;
  MachineSpec spec_;
  std::vector<ProcessId> owner_;  // by queue
  Duration at_{0};
  Duration first_{0};  // operation that is no creation
  Duration tested_at_{0};
  ProcessId group_;  // whose queues are being created
  std::uint32_t created_ = 0;
  std::size_t queues_ = 0;
  QueueId hang_queue_;
  Duration hang_at_{0};
};

std::string text_of(const PacketEnded& packet) {
  const bool about_all = packet.opcode == Opcode::suspend || packet.opcode == Opcode::resume;
  const std::string what = packet.queue.exists() ? fmt::format(" {}", packet.queue.value) : about_all ? " all" : "";
  return fmt::format("{}{}{}", name_of(packet.opcode), what, packet.result == PacketResult::ok ? "" : "!");
}

// A process creates another queue behind something else.
bool creates_late(const Cell& cell) {
  std::vector<Step> steps = cell.before;
  steps.push_back(cell.tested);
  std::vector<ProcessId> opened;
  ProcessId group;  // whose queues are being created
  for (const Step& step : steps) {
    const bool creates = step.op.kind == ReplayOpKind::create;
    const ProcessId process = creates ? step.op.process : ProcessId::none();
    const bool known = std::find(opened.begin(), opened.end(), process) != opened.end();
    if (creates && known && process != group) return true;
    if (creates) opened.push_back(process);
    group = process;
  }
  return false;
}

// A restore, or an isolation, while the system sleeps.
bool acts_asleep(const Cell& cell) {
  std::vector<Step> steps = cell.before;
  steps.push_back(cell.tested);
  bool asleep = false;
  for (const Step& step : steps) {
    using enum ReplayOpKind;
    const ReplayOpKind kind = step.op.kind;
    if (asleep && (kind == restore || kind == isolation_stop || kind == isolation_start)) return true;
    if (kind == suspend) asleep = true;
    if (kind == resume) asleep = false;
  }
  return false;
}

}  // namespace

std::string not_timed(const Cell& cell) {
  const Lifecycle& release = tables_of(cell);
  if (creates_late(cell)) return "a process creates all its queues when it opens";
  const ReplayOpKind kind = cell.tested.op.kind;
  if (kind == ReplayOpKind::va_gone)
    return "what follows an unmap by the user is an eviction, which is its own line";
  const PrimitiveRow* row = find_primitive(release, Primitive::restore, UserqState::preempted);
  const bool may_deadlock = release.reset_cancels_restore && row != nullptr && row->on_failure == Escalation::reset;
  if (kind == ReplayOpKind::restore && may_deadlock && !cell.tested.fails.empty()) {
    return "the restore work waits for a reset that waits for the restore work";
  }
  if (acts_asleep(cell)) return "neither works nor clients run while the system sleeps";
  if (kind != ReplayOpKind::hang) return {};
  if (find_path(release, Operation::hang) == nullptr || !cell.settings.gpu_recovery)
    return "nothing looks for hangs";
  if (!detects(release)) return {};
  // MES finds what hangs in a slot, and a GPU reset of these releases waits for the very fence that hangs.
  for (const Step& step : cell.before) {
    if (step.op.kind != ReplayOpKind::create) return "MES finds only what hangs in a slot";
  }
  if (!cell.tested.fails.empty()) return "the reset waits for the fence that hangs";
  return {};
}

TimedOutcome run_timed(const Cell& cell) {
  const Script script(cell);
  MachineBench bench(script.spec());
  const SimTime from = SimTime{script.tested_at()} - 1ms, until = SimTime{script.tested_at() + script.until()};
  bench.run_until(script.tested_at() + script.until());
  TimedOutcome outcome;
  const auto about_gangs = [](const PacketEnded& p) {
    return p.opcode == Opcode::add_queue || p.opcode == Opcode::remove_queue || p.opcode == Opcode::suspend ||
           p.opcode == Opcode::resume || p.opcode == Opcode::reset;
  };
  for (const PacketEnded& packet : bench.all<PacketEnded>()) {
    if (about_gangs(packet) && packet.time >= from && packet.time <= until)
      outcome.calls.push_back(text_of(packet));
  }
  const auto skipped = static_cast<std::ptrdiff_t>(std::min(script.calls_before(), outcome.calls.size()));
  outcome.calls.erase(outcome.calls.begin(), outcome.calls.begin() + skipped);
  std::vector<UserqState> states(bench.machine.layout().queues.size(), UserqState::unmapped);
  for (const QueueTransition& t : bench.all<QueueTransition>()) {
    if (t.time <= until) states[t.queue.index()] = t.to;
  }
  for (const UserqState state : states) outcome.states.emplace_back(name_of(state));
  return outcome;
}

}  // namespace userqsim::conformance
