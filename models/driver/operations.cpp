// Runs the operations of the lifecycle tables in simulated time: sends their packets, waits their waits, notes what
// came of them.
#include <algorithm>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

void Driver::begin(OperationThread& op, Operation operation, const Plan& plan, ProcessId process) {
  ensure(op.waits_for == OperationThread::Wait::nothing, "an operation begins while another waits");
  op.error = false;
  op.stopping.clear();
  op.run.begin(*lifecycle_, operation, plan, process, book_, recovery());
}

// An operation of the whole device, on every queue that exists.
void Driver::begin_on_device(OperationThread& op, Operation operation) {
  begin(op, operation, plan_operation(*lifecycle_, operation, walk_device(*lifecycle_, operation, book_)),
        ProcessId::none());
}

// Goes on with the operation as far as it can; true when it is over, and op.error says how it went.
bool Driver::advance(ThreadId thread, OperationThread& op, const DriverChannels& channels) {
  while (!op.run.over()) {
    if (op.waits_for != OperationThread::Wait::nothing) {
      if (!resume_wait(thread, op, channels)) return false;
      op.waits_for = OperationThread::Wait::nothing;
    }
    const Action action = op.run.next(*lifecycle_, book_);
    if (const auto* packet = std::get_if<CallMes>(&action)) {
      if (setup_.one_runlist && another_follows(op.run, *packet)) {
        edit_runlist(thread, *packet, channels);
        op.run.answer({});
        continue;
      }
      op.waits_for = OperationThread::Wait::mes;
      begin_call(thread, *packet, channels);
      op.call.overlaps = op.call.wait_suspend_fence && setup_.kernel.suspend_overlap &&
                         place_of(thread).role == Role::suspend && another_follows(op.run, *packet);
      return false;
    }
    begin_action(thread, op, action, channels);
  }
  return true;
}

// Whether the operation does the same to another queue of the process next: KFD submits both in one runlist, Xe
// waits for both at once.
bool Driver::another_follows(OperationRun run, const CallMes& call) const {
  if (call.opcode != Opcode::add_queue && call.opcode != Opcode::remove_queue && call.opcode != Opcode::suspend)
    return false;
  QueueBook book = book_;
  run.answer({});
  while (!run.over()) {
    const Action action = run.next(*lifecycle_, book);
    if (const auto* next = std::get_if<CallMes>(&action)) {
      return next->opcode == call.opcode && next->process == call.process;
    }
    if (!std::holds_alternative<Moved>(action) && !std::holds_alternative<CompleteFences>(action)) return false;
  }
  return false;
}

// True when what the operation waits for has come, and it was told.
bool Driver::resume_wait(ThreadId thread, OperationThread& op, const DriverChannels& channels) {
  switch (op.waits_for) {
    case OperationThread::Wait::nothing:
      return true;
    case OperationThread::Wait::mes:
      if (!advance_call(thread, op.call, channels)) return false;
      note_all_gangs(op.call);
      op.run.answer({op.call.result, op.call.hung});
      return true;
    case OperationThread::Wait::last_fence: {
      const std::optional<Duration> limit =
          op.fence_limited ? std::optional(setup_.kernel.destroy_wait) : std::nullopt;
      // A time-out is logged, and the driver goes on.
      if (wait_last_fence(thread, op.fence_of, op.fence, limit, channels) == WaitState::waiting) return false;
      // Now it is cancelled, under the mutex that it may wait for.
      const bool cancels = lifecycle_->hang_takes_mutex && op.run.operation() == Operation::destroy;
      return !cancels || cancel_hang_detection(op.fence_of, channels);
    }
    case OperationThread::Wait::gpu_reset:
      if (std::find(resetter_.waiters.begin(), resetter_.waiters.end(), thread) != resetter_.waiters.end()) {
        return false;
      }
      end_step(thread, EvictionStepKind::gpu_reset, QueueId::none(), channels);
      return true;
    case OperationThread::Wait::userq_mutex:
      return enter_process(device_worker_, channels);
  }
  return true;
}

void Driver::begin_action(ThreadId thread, OperationThread& op, const Action& action,
                          const DriverChannels& channels) {
  std::visit(Overloaded{
                 [&](const WaitLastFence& wait) {
                   op.waits_for = OperationThread::Wait::last_fence;
                   op.fence_of = wait.queue;
                   op.fence_limited = wait.limited;
                 },
                 [&](const CompleteFences& complete) { complete_fences(complete.queue, channels); },
                 [&](const ResetGpu& reset) {
                   const bool waits = reset.wait && thread != resetter_thread();  // that one resets next
                   request_reset({}, waits ? thread : ThreadId::none(), channels);
                   if (waits) op.waits_for = OperationThread::Wait::gpu_reset;
                 },
                 [&](const EnterProcess& enter) {
                   op.waits_for = OperationThread::Wait::userq_mutex;
                   if (device_worker_.entered.exists()) release(file(device_worker_.entered).userq_mutex, channels);
                   device_worker_.entered = enter.process;
                 },
                 [&](const Moved& moved) { state_move(thread, op, moved, channels); },
                 [&](const Finished& finished) { op.error = finished.error; },
                 [&](const CallMes&) {},
             },
             action);
}

void Driver::state_move(ThreadId thread, const OperationThread& op, const Moved& moved,
                        const DriverChannels& channels) {
  QueueTransition fact;
  fact.time = channels.wake.now();
  fact.process = layout_->queue(moved.queue).process;
  fact.queue = moved.queue;
  fact.operation = op.run.operation();
  fact.from = moved.from;
  fact.to = moved.to;
  fact.call = moved.call;
  fact.result = moved.result;
  fact.eviction = eviction_of(thread);
  fact.began = moved.call ? op.call.began : fact.time;
  fact.helper = moved.helper;
  fact.seen = moved.seen;
  if (fact.eviction && fact.eviction->process != fact.process) fact.eviction.reset();
  channels.transition->state(fact);
  if (moved.to == moved.from) return;
  if (moved.to == UserqState::hung) {
    channels.hazard->state({fact.time, HazardKind::queue_lost, fact.process, moved.queue});
  } else if (moved.to == UserqState::invalid_va) {
    channels.hazard->state({fact.time, HazardKind::queue_without_va, fact.process, moved.queue});
  } else if (moved.to == UserqState::gone) {
    // The client of a queue that is given back has its answer; nobody is left to hear of an exiting process's jobs.
    const bool exits = file(fact.process).state == FileState::exiting;
    queue(moved.queue).fences.clear();
    watch_fences(moved.queue, channels);
    channels.drop_ring.post({moved.queue, exits ? JobOutcome::exited : JobOutcome::cancelled});
  }
}

// amdgpu_userq_fence_driver_force_completion: whoever waits for a fence of the queue has it now, with -ECANCELED.
void Driver::complete_fences(QueueId id, const DriverChannels& channels) {
  Queue& q = queue(id);
  if (q.fences.empty()) return;
  q.fences.clear();
  watch_fences(id, channels);
  channels.cancel_fenced.post({id});
  for (const ThreadId thread : fence_waiters(layout_->queue(id).process)) channels.wake.post({thread});
}

// A SUSPEND or RESUME of all gangs took effect on every process.
void Driver::note_all_gangs(const MesCall& call) {
  if (!call.packet.all_gangs || call.result != PacketResult::ok) return;
  gangs_held_ = call.packet.opcode == Opcode::suspend;
  held_by_ = gangs_held_ ? file(call.packet.process).stopped_by : nullptr;
}

// As the process was stopped, by whatever policy. Where all gangs are held by the plan of another, the last who
// restarts owes them theirs.
Plan Driver::restart_plan(ProcessId process) const {
  const Policy* policy = file(process).stopped_by != nullptr ? file(process).stopped_by : setup_.policy;
  const bool others = others_stopped(process);
  Plan plan = policy->plan_restart({view_of(process), others, gangs_held_});
  if (!gangs_held_ || held_by_ == policy) return plan;
  const Plan owed = held_by_->plan_exit({{}, others, gangs_held_});
  plan.insert(plan.end(), owed.begin(), owed.end());
  return plan;
}

Plan Driver::exit_plan(ProcessId process) const {
  const Policy* policy = gangs_held_ ? held_by_ : setup_.policy;
  return policy->plan_exit({{}, others_stopped(process), gangs_held_});
}

// Whether another process's queues are stopped or about to be: its eviction fence is not live.
bool Driver::others_stopped(ProcessId process) const {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const FenceState fence = files_[i].fence;
    if (ProcessId::of(i) == process) continue;
    if (fence == FenceState::enabled || fence == FenceState::signaled || fence == FenceState::dead) return true;
  }
  return false;
}

}  // namespace userqsim
