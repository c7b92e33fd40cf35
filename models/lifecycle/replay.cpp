#include "models/lifecycle/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/channel.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

Replay::Replay(const ReplaySetup& setup)
    : release_(&lifecycle(setup.kernel)),
      policy_(find_policy(setup.policy)),
      recovery_(setup.recovery),
      vram_lost_(setup.vram_lost) {
  ensure(policy_ != nullptr, "no policy of that name");
}

std::optional<std::string> Replay::problem(const ReplayOp& op) const {
  switch (op.kind) {
    case ReplayOpKind::destroy:
    case ReplayOpKind::hang:
    case ReplayOpKind::va_gone:
      if (op.queue.index() < book_.queues.size()) return std::nullopt;
      if (book_.queues.empty()) return fmt::format("no queue {}: none was created yet", op.queue.value);
      return fmt::format("no queue {}; there are: 0 to {}", op.queue.value, book_.queues.size() - 1);
    case ReplayOpKind::create:
      if (book_.queues.size() < queues_max) return std::nullopt;
      return fmt::format("{} queues have been created; a replay takes no more", queues_max);
    default:
      return std::nullopt;
  }
}

// Processes open the device in the order in which they create their first queue.
std::uint32_t Replay::opened(ProcessId process) {
  const auto it = std::find(processes_.begin(), processes_.end(), process);
  const auto place = static_cast<std::uint32_t>(it - processes_.begin());
  if (it == processes_.end()) processes_.push_back(process);
  return place;
}

QueueViews Replay::view_of(ProcessId process) const {
  QueueViews views;
  for (const QueueId id : walk_process(*release_, book_, process)) {
    views.push_back({id, book_.at(id).type, book_.at(id).state, false});
  }
  return views;
}

Plan Replay::stop_plan(ProcessId process) const { return policy_->plan_stop({view_of(process)}); }

Plan Replay::restart_plan(ProcessId process) const {
  const bool others =
      std::any_of(evicted_.begin(), evicted_.end(), [&](ProcessId other) { return other != process; });
  return policy_->plan_restart({view_of(process), others, gangs_held_});
}

MesAnswer Replay::call(const CallMes& packet, ReplayAnswer& answer) {
  MesAnswer mes;
  for (std::uint64_t& left : failures_) {
    if (--left == 0) mes.result = PacketResult::error;
  }
  std::erase(failures_, 0U);
  const bool ok = mes.result == PacketResult::ok;
  const bool detection = packet.opcode == Opcode::reset && !packet.queue.exists();
  if (detection && ok && hanging_.exists() && book_.at(hanging_).type == packet.type) {
    mes.hung.add(std::exchange(hanging_, QueueId::none()));
  }
  if (!packet.queue.exists() && !detection && ok) gangs_held_ = packet.opcode == Opcode::suspend;
  const std::optional<QueueType> type = detection ? std::optional(packet.type) : std::nullopt;
  answer.calls.push_back({packet.opcode, packet.queue, type, ok});
  return mes;
}

// Runs one operation to its end, and what it sets off.
void Replay::run(Operation operation, const Plan& plan, ProcessId process, ReplayAnswer& answer) {
  OperationRun run;
  run.begin(*release_, operation, plan, process, book_, recovery_);
  bool reset_later = false;
  while (!run.over()) {
    std::visit(Overloaded{
                   [&](const CallMes& packet) { run.answer(call(packet, answer)); },
                   [&](const ResetGpu& reset) {
                     if (reset.wait) run_reset(answer);
                     reset_later |= !reset.wait;
                   },
                   [&](const Moved& moved) { answer.moves.emplace_back(operation, moved); },
                   [&](const Finished& finished) { answer.error = finished.error; },
                   [&](const auto&) {},
               },
               run.next(*release_, book_));
  }
  if (reset_later) run_reset(answer);
}

void Replay::run_reset(ReplayAnswer& answer) {
  const bool error = answer.error;
  ++answer.resets;
  const auto run_on_device = [&](Operation operation) {
    run(operation, plan_operation(*release_, operation, walk_device(*release_, operation, book_)),
        ProcessId::none(), answer);
  };
  run_on_device(Operation::pre_reset);
  gangs_held_ = false;
  run_on_device(vram_lost_ ? Operation::post_reset_vram_lost : Operation::post_reset);
  answer.error = error;  // what the operation itself returns
}

// The operation on the whole device that the op is; nothing when it is none.
std::optional<Operation> Replay::device_operation(const ReplayOp& op) {
  switch (op.kind) {
    case ReplayOpKind::suspend:
      in_s0ix_ = op.s0ix;
      return op.s0ix ? Operation::suspend_s0ix : Operation::suspend_s3;
    case ReplayOpKind::resume:
      return in_s0ix_ ? Operation::resume_s0ix : Operation::resume_s3;
    case ReplayOpKind::isolation_stop:
      book_.halted = find_path(*release_, Operation::isolation_stop) != nullptr;
      return Operation::isolation_stop;
    case ReplayOpKind::isolation_start:
      book_.halted = false;
      return Operation::isolation_start;
    case ReplayOpKind::pre_reset:
      return Operation::pre_reset;
    case ReplayOpKind::post_reset:
      return op.vram_lost ? Operation::post_reset_vram_lost : Operation::post_reset;
    default:
      return std::nullopt;
  }
}

ReplayAnswer Replay::apply(const ReplayOp& op) {
  ReplayAnswer answer;
  const auto run_on = [&](Operation operation, const QueueList& queues, ProcessId process) {
    run(operation, plan_operation(*release_, operation, queues), process, answer);
  };
  if (const std::optional<Operation> operation = device_operation(op)) {
    run_on(*operation, walk_device(*release_, *operation, book_), ProcessId::none());
    return answer;
  }
  switch (op.kind) {
    case ReplayOpKind::create: {
      const auto id = QueueId::of(book_.queues.size());
      book_.queues.emplace_back();
      book_.queues.back().process = op.process;
      book_.queues.back().type = op.type;
      if (enter_queue(book_, id, opened(op.process))) run_on(Operation::create, {id}, op.process);
      break;
    }
    case ReplayOpKind::destroy:
      // A queue that was freed is found by nobody (-EINVAL), and nobody is asked who hangs.
      answer.error = !book_.at(op.queue).exists();
      if (!answer.error) run_on(Operation::destroy, {op.queue}, book_.at(op.queue).process);
      break;
    case ReplayOpKind::evict:
      std::erase(evicted_, op.process);
      evicted_.push_back(op.process);
      run(Operation::evict, stop_plan(op.process), op.process, answer);
      break;
    case ReplayOpKind::restore: {
      const Plan plan = restart_plan(op.process);
      std::erase(evicted_, op.process);
      run(Operation::restore, plan, op.process, answer);
      break;
    }
    case ReplayOpKind::hang:
      if (!recovery_.enabled || !book_.at(op.queue).exists()) break;
      hanging_ = op.queue;
      run_on(Operation::hang, {op.queue}, book_.at(op.queue).process);
      hanging_ = QueueId::none();
      break;
    case ReplayOpKind::va_gone:
      book_.at(op.queue).vas_gone = true;
      break;
    case ReplayOpKind::exit: {
      run_on(Operation::process_exit, walk_process(*release_, book_, op.process), op.process);
      std::erase(evicted_, op.process);
      // What the policy owes to others is no part of the exit's own result.
      const bool error = answer.error;
      run(Operation::restore, policy_->plan_exit({{}, !evicted_.empty(), gangs_held_}), op.process, answer);
      answer.error = error;
      break;
    }
    case ReplayOpKind::fail:
      failures_.push_back(op.nth_mes_call);
      break;
    default:
      break;
  }
  return answer;
}

}  // namespace userqsim
