// Calls to MES: the mutex, the packet, the polls. A poll of step p sees at issue + n * p what was written before;
// the time is computed, never ticked.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// When a poll that began at `began` with steps of `step` sees something written at `written`.
SimTime seen_at(SimTime began, SimTime written, Duration step) {
  if (written <= began) return began;
  return began + Duration{ceil_div((written - began).count(), step.count()) * step.count()};
}

}  // namespace

void Driver::begin_call(ThreadId thread, Opcode opcode, QueueId queue, const DriverChannels& channels) {
  MesCall& call = *call_of(thread);
  const std::uint32_t serial = call.serial + 1;
  call = MesCall{};
  call.serial = serial;
  call.step = MesCall::Step::lock;
  call.packet.opcode = opcode;
  call.packet.process = ProcessId::of(thread.index() / 4);
  call.packet.queue = queue;
  call.packet.token = {thread.value, serial};
  if (const std::optional<EvictionId> eviction = eviction_of(thread)) {
    call.packet.for_eviction = true;
    call.packet.eviction = *eviction;
  }
  call.wait_suspend_fence = opcode == Opcode::suspend && kernel_.suspend_fence_wait;
  if (acquire(mes_lock_, thread, channels.wake.now())) channels.wake.post({thread});
}

// Goes on with the call as far as it can; true when it is over, and call.result says how it went.
bool Driver::advance_call(ThreadId thread, MesCall& call, const DriverChannels& channels) {
  switch (call.step) {
    case MesCall::Step::idle:
      return true;
    case MesCall::Step::lock:
      if (mes_lock_.owner == thread) issue(thread, call, channels);
      return false;
    case MesCall::Step::wait_ack:
    case MesCall::Step::wait_fence:
      return false;
    case MesCall::Step::acked:
      end_step(thread, EvictionStepKind::mes_packet, call.packet.queue, channels);
      channels.mes_lock_held->state(
          {mes_lock_.since, channels.wake.now(), call.packet.process, eviction_of(thread)});
      release(mes_lock_, channels);
      if (!call.wait_suspend_fence || call.result != PacketResult::ok) break;
      call.poll_began = channels.wake.now();
      if (call.fence_written) break;
      call.step = MesCall::Step::wait_fence;
      call.timeout = channels.timeout.post_in(kernel_.mes_timeout, {thread});
      return false;
    case MesCall::Step::fence_seen:
      end_step(thread, EvictionStepKind::suspend_fence, call.packet.queue, channels);
      break;
  }
  call.step = MesCall::Step::idle;
  return true;
}

void Driver::issue(ThreadId thread, MesCall& call, const DriverChannels& channels) {
  end_step(thread, EvictionStepKind::mes_lock, call.packet.queue, channels);
  call.step = MesCall::Step::wait_ack;
  call.issued = channels.wake.now();
  call.timeout = channels.timeout.post_in(kernel_.mes_timeout, {thread});
  channels.mes.post(call.packet);
}

void Driver::on(const ApiFence& message, const DriverChannels& channels) {
  const ThreadId thread{message.token.thread};
  MesCall& call = *call_of(thread);
  if (call.serial != message.token.serial || call.step != MesCall::Step::wait_ack) return;  // nobody waits any more
  channels.timeout.cancel(call.timeout);
  call.result = message.result;
  call.step = MesCall::Step::acked;
  channels.wake.post_at(seen_at(call.issued, channels.wake.now(), kernel_.api_poll), {thread});
}

void Driver::on(const SuspendFence& message, const DriverChannels& channels) {
  const ThreadId thread{message.token.thread};
  MesCall& call = *call_of(thread);
  if (call.serial != message.token.serial) return;
  call.fence_written = true;
  if (call.step != MesCall::Step::wait_fence) return;
  channels.timeout.cancel(call.timeout);
  call.step = MesCall::Step::fence_seen;
  channels.wake.post_at(seen_at(call.poll_began, channels.wake.now(), kernel_.suspend_poll), {thread});
}

// A wait has lasted too long: for MES, for a suspend fence, or for a queue's last fence. A wait that ends cancels
// its time-out, so the thread still waits.
void Driver::on(const WaitTimeout& message, const DriverChannels& channels) {
  MesCall& call = *call_of(message.thread);
  if (call.step == MesCall::Step::wait_ack || call.step == MesCall::Step::wait_fence) {
    call.result = PacketResult::timeout;
    call.step = call.step == MesCall::Step::wait_ack ? MesCall::Step::acked : MesCall::Step::fence_seen;
  } else {
    const std::size_t process = message.thread.index() / 4;
    const bool suspend = message.thread == suspend_thread(ProcessId::of(process));
    (suspend ? suspend_[process].wait : closers_[process].wait).timed_out = true;
  }
  run(message.thread, channels);
}

// Waits for the queue's last fence, `limit` at most.
Driver::WaitState Driver::wait_last_fence(ThreadId self, QueueId id, FenceWait& wait, std::optional<Duration> limit,
                                          const DriverChannels& channels) {
  if (!queue(id).last_fence || queue(id).state == UserqState::gone) {
    if (wait.armed) channels.timeout.cancel(wait.timeout);
    wait = FenceWait{};
    return WaitState::signaled;
  }
  if (wait.timed_out) {
    wait = FenceWait{};
    return WaitState::timed_out;
  }
  if (limit && !wait.armed) {
    wait.timeout = channels.timeout.post_in(*limit, {self});
    wait.armed = true;
  }
  return WaitState::waiting;
}

// States how long the thread's eviction spent in the step that ends now; a step without duration is not stated.
void Driver::end_step(ThreadId thread, EvictionStepKind kind, QueueId queue, const DriverChannels& channels) {
  if (thread.index() >= files_.size() * 4 || thread.index() % 4 > 1) return;
  const std::size_t process = thread.index() / 4;
  SimTime& since = thread.index() % 4 == 0 ? suspend_[process].since : restore_[process].since;
  const SimTime now = channels.wake.now();
  if (now > since) channels.step->state({since, now, *eviction_of(thread), kind, queue});
  since = now;
}

// One helper on one queue, as the lifecycle tables say. The first time it makes the call, if the queue's state asks
// for one; when the call is over it moves the queue. True when there is nothing left to wait for.
bool Driver::apply(ThreadId thread, Operation operation, PlanStep step, MesCall& call,
                   const DriverChannels& channels) {
  Queue& q = queue(step.queue);
  const std::optional<PrimitiveRow> row = find_primitive(*lifecycle_, step.primitive, q.state);
  if (!row) return true;
  if (call.step == MesCall::Step::idle) {
    begin_call(thread, row->call, step.queue, channels);
    return false;
  }
  if (!advance_call(thread, call, channels)) return false;
  const UserqState from = q.state;
  q.state = call.result == PacketResult::ok ? row->ok : row->failed;
  QueueTransition fact;
  fact.time = channels.wake.now();
  fact.process = layout_->queue(step.queue).process;
  fact.queue = step.queue;
  fact.operation = operation;
  fact.from = from;
  fact.to = q.state;
  fact.call = row->call;
  fact.result = call.result;
  fact.eviction = eviction_of(thread);
  channels.transition->state(fact);
  if (q.state == UserqState::hung) {
    channels.hazard->state({fact.time, HazardKind::queue_lost, fact.process, step.queue});
  }
  return true;
}

}  // namespace userqsim
