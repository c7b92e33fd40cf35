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

// INV_TLBS goes to the second pipe, under a lock of its own ring (mes_v12_0.c); what sets MES up is sent when
// nobody else should send (mes_v1x_0_hw_init).
bool takes_mes_lock(const MesCall& call) {
  return call.packet.opcode != Opcode::inv_tlbs && !sets_up(call.packet.opcode);
}

bool is_about_all_gangs(const CallMes& call) {
  return !call.queue.exists() && (call.opcode == Opcode::suspend || call.opcode == Opcode::resume);
}

}  // namespace

Packet Driver::packet_of(ThreadId thread, const CallMes& wanted) const {
  Packet packet;
  packet.opcode = wanted.opcode;
  packet.process = wanted.process;
  packet.queue = wanted.queue;
  packet.type = wanted.type;
  packet.all_gangs = is_about_all_gangs(wanted);
  packet.after_reset = wanted.after_reset;
  packet.hub = wanted.hub;
  if (const std::optional<EvictionId> eviction = eviction_of(thread)) {
    packet.for_eviction = true;
    packet.eviction = *eviction;
  }
  return packet;
}

void Driver::edit_runlist(ThreadId thread, const CallMes& wanted, const DriverChannels& channels) {
  Packet edit = packet_of(thread, wanted);
  edit.with_next = true;
  operation_of(thread)->call.began = channels.wake.now();
  channels.mes.post(edit);
}

void Driver::begin_call(ThreadId thread, const CallMes& wanted, const DriverChannels& channels) {
  MesCall& call = operation_of(thread)->call;
  const std::uint32_t serial = call.serial + 1;
  call = MesCall{};
  call.serial = serial;
  call.step = MesCall::Step::lock;
  call.began = channels.wake.now();
  call.packet = packet_of(thread, wanted);
  call.packet.token = {thread.value, serial};
  call.wait_suspend_fence = wanted.opcode == Opcode::suspend && setup_.kernel.suspend_fence_wait;
  if (!takes_mes_lock(call) || acquire(mes_lock_, thread, channels.wake.now())) channels.wake.post({thread});
}

// Goes on with the call as far as it can; true when it is over, and call.result says how it went.
bool Driver::advance_call(ThreadId thread, MesCall& call, const DriverChannels& channels) {
  switch (call.step) {
    case MesCall::Step::idle:
      return true;
    case MesCall::Step::lock:
      if (!takes_mes_lock(call) || mes_lock_.owner == thread) issue(thread, call, channels);
      return false;
    case MesCall::Step::wait_ack:
    case MesCall::Step::wait_fence:
      return false;
    case MesCall::Step::acked:
      if (!takes_mes_lock(call)) {
        end_step(thread, EvictionStepKind::tlb_flush, QueueId::none(), channels);
        break;
      }
      end_step(thread, EvictionStepKind::mes_packet, call.packet.queue, channels);
      channels.mes_lock_held->state(
          {mes_lock_.since, channels.wake.now(), call.packet.process, eviction_of(thread)});
      release(mes_lock_, channels);
      if (!wait_for_stops(call, operation_of(thread)->stopping)) break;
      call.poll_began = channels.wake.now();
      call.step = MesCall::Step::wait_fence;
      call.timeout = channels.timeout.post_in(setup_.kernel.mes_timeout, {thread});
      return false;
    case MesCall::Step::fence_seen:
      end_step(thread, EvictionStepKind::suspend_fence, call.packet.queue, channels);
      break;
  }
  call.step = MesCall::Step::idle;
  return true;
}

// Whether the call goes on to wait for suspend fences: its own, and those of the calls before it that it waits for
// too, also when it was refused itself.
bool Driver::wait_for_stops(MesCall& call, std::vector<OperationThread::Stopping>& stopping) {
  if (!call.wait_suspend_fence) return false;
  if (call.result != PacketResult::ok) call.fence_written = true;  // there is none to come
  if (!call.overlaps) return !call.fence_written || !stopping.empty();
  if (!call.fence_written) stopping.push_back({call.serial, call.packet.queue});
  return false;
}

// Who has not stopped in time is lost: those of the calls before here, the last by the call's result.
void Driver::lose_stopping(ThreadId thread, OperationThread& op, const DriverChannels& channels) {
  for (const OperationThread::Stopping& late : std::exchange(op.stopping, {})) {
    UserqState& state = book_.at(late.queue).state;
    const UserqState before = std::exchange(state, UserqState::hung);
    state_move(thread, op, {late.queue, before, UserqState::hung, Opcode::suspend, PacketResult::timeout},
               channels);
  }
}

void Driver::issue(ThreadId thread, MesCall& call, const DriverChannels& channels) {
  end_step(thread, EvictionStepKind::mes_lock, call.packet.queue, channels);
  call.step = MesCall::Step::wait_ack;
  call.issued = channels.wake.now();
  call.timeout = channels.timeout.post_in(setup_.kernel.mes_timeout, {thread});
  channels.mes.post(call.packet);
}

void Driver::on(const ApiFence& message, const DriverChannels& channels) {
  const ThreadId thread{message.token.thread};
  MesCall& call = operation_of(thread)->call;
  if (call.serial != message.token.serial || call.step != MesCall::Step::wait_ack) return;  // nobody waits any more
  channels.timeout.cancel(call.timeout);
  call.result = message.result;
  call.hung = message.hung;
  call.step = MesCall::Step::acked;
  channels.wake.post_at(seen_at(call.issued, channels.wake.now(), setup_.kernel.api_poll), {thread});
}

void Driver::on(const SuspendFence& message, const DriverChannels& channels) {
  const ThreadId thread{message.token.thread};
  OperationThread& op = *operation_of(thread);
  MesCall& call = op.call;
  const bool stopping =
      std::erase_if(op.stopping, [&](const auto& s) { return s.serial == message.token.serial; }) > 0;
  const bool late = call.serial != message.token.serial || call.step == MesCall::Step::idle;
  if (late && !stopping && setup_.kernel.suspend_fence_wait) {
    // The driver gave up and freed the writeback slot; MES writes into whatever it holds now.
    const ThreadPlace place = place_of(thread);
    channels.hazard->state({channels.wake.now(), HazardKind::late_fence_write, place.process, place.queue});
  }
  if (call.serial == message.token.serial) {
    call.fence_written = true;
  } else if (!stopping) {
    return;
  }
  if (call.step != MesCall::Step::wait_fence || !call.fence_written || !op.stopping.empty()) return;
  channels.timeout.cancel(call.timeout);
  call.step = MesCall::Step::fence_seen;
  channels.wake.post_at(seen_at(call.poll_began, channels.wake.now(), setup_.kernel.suspend_poll), {thread});
}

// A wait has lasted too long: for MES, for a suspend fence, or for a queue's last fence. A wait that ends cancels
// its time-out, so the thread still waits.
void Driver::on(const WaitTimeout& message, const DriverChannels& channels) {
  OperationThread& op = *operation_of(message.thread);
  MesCall& call = op.call;
  if (call.step == MesCall::Step::wait_ack) {
    call.result = PacketResult::timeout;
    call.step = MesCall::Step::acked;
  } else if (call.step == MesCall::Step::wait_fence) {
    if (!call.fence_written) call.result = PacketResult::timeout;
    call.step = MesCall::Step::fence_seen;
    lose_stopping(message.thread, op, channels);
  } else if (op.waits_for == OperationThread::Wait::last_fence) {
    op.fence.timed_out = true;
  } else {
    suspend_[place_of(message.thread).process.index()].wait.timed_out = true;
  }
  run(message.thread, channels);
}

// Waits for the queue's last fence, `limit` at most.
Driver::WaitState Driver::wait_last_fence(ThreadId self, QueueId id, FenceWait& wait, std::optional<Duration> limit,
                                          const DriverChannels& channels) {
  if (queue(id).fences.empty()) {
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
  const std::optional<EvictionId> eviction = eviction_of(thread);
  if (!eviction) return;
  const std::size_t process = eviction->process.index();
  const bool suspends = place_of(thread).role == Role::suspend;
  SimTime& since = suspends ? suspend_[process].since : restore_[process].since;
  const SimTime now = channels.wake.now();
  if (now > since) channels.step->state({since, now, *eviction, kind, queue});
  since = now;
}

}  // namespace userqsim
