// The restore worker: validates the process's buffers, re-faults userptr pages, updates page tables, flushes the
// TLB, arms a new eviction fence, restarts the queues. Under which locks, and so what can come between the new
// fence and the restart, is the release's matter (RestoreLocks).
#include <algorithm>
#include <utility>

#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

constexpr std::int64_t page_bytes = 4096;
constexpr std::uint32_t hubs = 2;  // graphics and memory, each with TLBs

}  // namespace

// schedule_delayed_work: nothing where the work is queued already; where it runs, once more, its delay from now on.
void Driver::schedule_restore(ProcessId process, Duration delay, const DriverChannels& channels) {
  RestoreWorker& worker = restore_[process.index()];
  const SimTime now = channels.wake.now();
  if (restore_runs(process) && !worker.again) worker.again = RestoreWorker::Again{now, now + delay};
  if (worker.step == RestoreWorker::Step::idle) queue_restore(process, {now, now + delay}, channels);
}

void Driver::queue_restore(ProcessId process, RestoreWorker::Again asked, const DriverChannels& channels) {
  RestoreWorker& worker = restore_[process.index()];
  const SimTime now = channels.wake.now();
  file(process).kept_idle = false;
  worker.eviction = {process, file(process).generation};
  worker.since = asked.since;
  if (worker.cancelled) {
    channels.step->state(
        {*worker.cancelled, now, worker.eviction, EvictionStepKind::restore_cancelled, QueueId::none()});
    worker.cancelled.reset();
  }
  worker.step = RestoreWorker::Step::delayed;
  worker.timer = channels.wake.post_in(std::max(Duration{0}, asked.due - now), {thread_of(process, Role::restore)});
}

// amdgpu_userq_ensure_ev_fence: whoever needs a live eviction fence and finds it signalled queues the restore work,
// if it is not queued already.
void Driver::need_live_fence(ProcessId process, const DriverChannels& channels) {
  RestoreWorker& worker = restore_[process.index()];
  if (worker.step == RestoreWorker::Step::delayed) {
    end_step(thread_of(process, Role::restore), EvictionStepKind::restore_delay, QueueId::none(), channels);
    channels.wake.cancel(worker.timer);
    worker.step = RestoreWorker::Step::idle;
  }
  worker.needed = !restore_runs(process);  // one that runs brings it
  if (worker.step == RestoreWorker::Step::idle) schedule_restore(process, Duration{0}, channels);
}

// cancel_delayed_work_sync: a work that waits will not run. One that runs is waited for (restore_runs).
void Driver::cancel_restore(ProcessId process, const DriverChannels& channels) {
  RestoreWorker& worker = restore_[process.index()];
  const bool open = file(process).state == FileState::open;
  const SimTime now = channels.wake.now();
  const auto again = std::exchange(worker.again, std::nullopt);
  if (!restore_runs(process) && worker.step != RestoreWorker::Step::idle) {
    const bool delayed = worker.step == RestoreWorker::Step::delayed;
    const EvictionStepKind kind = delayed ? EvictionStepKind::restore_delay : EvictionStepKind::restore_start;
    if (open) end_step(thread_of(process, Role::restore), kind, QueueId::none(), channels);
    channels.wake.cancel(worker.timer);
    worker.rests = false;
    worker.step = RestoreWorker::Step::idle;
    leave_order(process, channels);
  } else if (!again) {
    return;
  } else if (open && now > again->since) {
    const EvictionId next{process, file(process).generation};
    channels.step->state({again->since, now, next, EvictionStepKind::restore_delay, QueueId::none()});
  }
  if (!open) return;
  worker.cancelled = now;
  channels.hazard->state({now, HazardKind::restore_cancelled, process, QueueId::none()});
  wake_clients(process, channels);
}

bool Driver::restore_runs(ProcessId process) const {
  const RestoreWorker::Step step = restore_[process.index()].step;
  return step != RestoreWorker::Step::idle && step != RestoreWorker::Step::delayed &&
         step != RestoreWorker::Step::queued;
}

void Driver::run(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  using Step = RestoreWorker::Step;
  const ThreadId self = thread_of(process, Role::restore);
  Lock& mutex = file(process).userq_mutex;
  for (;;) {
    switch (worker.step) {
      case Step::idle:
      case Step::validate:
        return;  // the memory manager answers with Validated
      case Step::delayed:
        end_step(self, EvictionStepKind::restore_delay, QueueId::none(), channels);
        worker.step = Step::queued;
        channels.worker_moved->state({channels.wake.now(), worker.eviction, true, WorkStep::queued});
        worker.timer = channels.wake.post_in(channels.costs->of(CostName::worker_latency, process.value,
                                                                std::uint64_t{2} * worker.eviction.ordinal + 1),
                                             {self});
        return;
      case Step::queued:
        worker.rests = asleep_ || (frozen_ && setup_.kernel.restore_freezes);
        if (worker.rests || !enter_order(process, channels)) return;
        end_step(self, EvictionStepKind::restore_start, QueueId::none(), channels);
        channels.worker_moved->state({channels.wake.now(), worker.eviction, true, WorkStep::began});
        if (stays_evicted(process)) return keep_evicted(process, worker, channels);
        worker.needed = false;
        if (setup_.kernel.restore_locks != RestoreLocks::userq_mutex)
          return begin_validation(process, worker, channels);
        worker.step = Step::lock;
        if (!acquire(mutex, self, channels.wake.now())) return;
        break;
      case Step::lock:
        if (mutex.owner != self) return;
        end_step(self, EvictionStepKind::userq_lock, QueueId::none(), channels);
        return begin_validation(process, worker, channels);
      case Step::userptr:
        end_step(self, EvictionStepKind::userptr_fault, QueueId::none(), channels);
        return begin_page_table(process, worker, channels);
      case Step::page_table:
        end_step(self, EvictionStepKind::page_table, QueueId::none(), channels);
        return begin_tlb_flush(process, worker, channels);
      case Step::tlb:
        if (!advance_call(self, worker.op.call, channels)) return;
        if (worker.hubs_flushed > 0 && worker.hubs_flushed < hubs) return flush_next_hub(process, worker, channels);
        // Invalidated again meanwhile, while the old fence could stop nobody: once more from the pages on.
        if (!file(process).userptr_invalid.empty()) {
          if (!setup_.kernel.userptr_quiesce) return begin_userptr(process, worker, channels);
          return end_attempt(process, worker, setup_.kernel.userptr_quiesce, channels);
        }
        rearm(process, channels);
        worker.step = Step::gap;
        if (setup_.kernel.restart_gap == Duration{0}) break;
        worker.timer = channels.wake.post_in(setup_.kernel.restart_gap, {self});
        return;
      case Step::gap:
        if (channels.wake.is_pending(worker.timer)) return;
        end_step(self, EvictionStepKind::restart_gap, QueueId::none(), channels);
        worker.step = Step::relock;
        if (!acquire(mutex, self, channels.wake.now())) return;
        break;
      case Step::relock:
        if (mutex.owner != self) return;
        end_step(self, EvictionStepKind::userq_lock, QueueId::none(), channels);
        begin_restart(process, worker, channels);
        break;
      case Step::restart:
        if (!advance(self, worker.op, channels)) return;
        return end_restore(process, worker, channels);
    }
  }
}

// The buffers' reservations are held from here to the new fence, so nobody evicts them meanwhile.
void Driver::begin_validation(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  if (file(process).fence != FenceState::signaled) {  // the process has exited meanwhile
    leave_restore(worker, channels);
    Lock& mutex = file(process).userq_mutex;
    if (mutex.owner == thread_of(process, Role::restore)) release(mutex, channels);
    return leave_order(process, channels);
  }
  worker.step = RestoreWorker::Step::validate;
  channels.validate.post({process});
}

void Driver::on(const Validated& message, const DriverChannels& channels) {
  Opener& opener = openers_[message.process.index()];
  if (opener.step == Opener::Step::validate) return end_validation(message, opener, channels);
  RestoreWorker& worker = restore_[message.process.index()];
  ensure(worker.step == RestoreWorker::Step::validate, "a validation ends that nobody asked for");
  end_step(thread_of(message.process, Role::restore), EvictionStepKind::move, QueueId::none(), channels);
  if (!message.ok) return fail_restore(message.process, worker, channels);
  worker.entries = message.entries;
  begin_userptr(message.process, worker, channels);
}

// There is no room for some buffer: the process stays stopped. KFD tries again after a while; amdgpu_userq logs it,
// and it is the next who needs a live fence that queues the work again; Xe kills the VM.
void Driver::fail_restore(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  const SimTime now = channels.wake.now();
  channels.hazard->state({now, HazardKind::restore_failed, process, QueueId::none()});
  end_attempt(process, worker, setup_.kernel.restore_retry, channels);
  if (setup_.kernel.restore_failure_kills) {
    channels.exit.post({process});
    return;
  }
  // A client that waits has it queued again, however often.
  for (const QueueId queue : queues_of(process)) run(queue, clients_[queue.index()], channels);
  if (worker.step != RestoreWorker::Step::idle) return;
  worker.cancelled = now;
  channels.hazard->state({now, HazardKind::restore_cancelled, process, QueueId::none()});
}

// The worker returns without a new fence, and is queued again, if at all, after `again`.
void Driver::end_attempt(ProcessId process, RestoreWorker& worker, std::optional<Duration> again,
                         const DriverChannels& channels) {
  leave_restore(worker, channels);
  channels.unlocked.post({process});
  Lock& mutex = file(process).userq_mutex;
  if (mutex.owner == thread_of(process, Role::restore)) release(mutex, channels);
  leave_order(process, channels);
  if (const auto asked = std::exchange(worker.again, std::nullopt)) {
    queue_restore(process, *asked, channels);
  } else if (again) {
    schedule_restore(process, *again, channels);
  }
  channels.wake.post({thread_of(process, Role::closer)});
  channels.wake.post({device_thread()});
  if (resetter_.step == ResetWorker::Step::quiet) channels.wake.post({resetter_thread()});
}

// amdgpu_ttm_tt_get_user_pages on the whole of every invalidated registration.
void Driver::begin_userptr(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  worker.userptr_pages = 0;
  for (const PressureId id : std::exchange(file(process).userptr_invalid, {})) {
    worker.userptr_pages += ceil_div(channels.workload->pressure_spec(id).size->value, page_bytes);
  }
  worker.step = RestoreWorker::Step::userptr;
  const Duration page = channels.costs->of(CostName::userptr_page, process.value, worker.eviction.ordinal);
  channels.wake.post_in(times(page, worker.userptr_pages), {thread_of(process, Role::restore)});
}

void Driver::begin_page_table(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  worker.step = RestoreWorker::Step::page_table;
  const std::uint64_t ordinal = (std::uint64_t{1} << 40) | worker.eviction.ordinal;
  const Duration entry = channels.costs->of(CostName::page_table_fragment, process.value, ordinal);
  const Duration update =
      plus(channels.costs->of(CostName::page_table_base, process.value, ordinal), times(entry, worker.entries));
  channels.wake.post_in(update, {thread_of(process, Role::restore)});
  worker.translations_changed = worker.entries > 0 || worker.userptr_pages > 0;
  worker.entries = 0;
}

// Where translations changed. gfx11: one MISC packet on the MES ring under the MES mutex. gfx12: an INV_TLBS packet
// for each of the two hubs on the second pipe, one after the other, under no mutex.
void Driver::begin_tlb_flush(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  worker.step = RestoreWorker::Step::tlb;
  worker.hubs_flushed = 0;
  const ThreadId self = thread_of(process, Role::restore);
  if (!worker.translations_changed) {
    channels.wake.post({self});
  } else if (setup_.tlb_path == TlbFlushPath::mes_ring) {
    begin_call(self, {Opcode::misc, process, QueueId::none()}, channels);
  } else {
    flush_next_hub(process, worker, channels);
  }
}

// gfx12: a packet for each hub, one after the other.
void Driver::flush_next_hub(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  CallMes flush{Opcode::inv_tlbs, process, QueueId::none()};
  flush.hub = worker.hubs_flushed++;
  begin_call(thread_of(process, Role::restore), flush, channels);
}

// A new eviction fence on all buffers: from here on the process can be evicted again, unless its buffers stay
// locked until the queues run.
void Driver::rearm(ProcessId process, const DriverChannels& channels) {
  File& f = file(process);
  f.fence = FenceState::live;
  ++f.generation;
  f.was_restored = true;
  f.restored_at = channels.wake.now();
  channels.fence_armed->state({f.restored_at, {process, f.generation}});
  if (setup_.kernel.restore_locks != RestoreLocks::buffers) channels.rearmed.post({process, shelter_of(process)});
}

void Driver::begin_restart(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  if (file(process).fence != FenceState::live) {
    channels.hazard->state({channels.wake.now(), HazardKind::restarted_while_evicted, process, QueueId::none()});
  }
  begin(worker.op, Operation::restore, restart_plan(process), process);
  worker.step = RestoreWorker::Step::restart;
}

void Driver::leave_restore(RestoreWorker& worker, const DriverChannels& channels) {
  worker.step = RestoreWorker::Step::idle;
  channels.worker_moved->state({channels.wake.now(), worker.eviction, true, WorkStep::ended});
}

void Driver::end_restore(ProcessId process, RestoreWorker& worker, const DriverChannels& channels) {
  leave_restore(worker, channels);
  if (setup_.kernel.restore_locks == RestoreLocks::buffers) channels.rearmed.post({process, shelter_of(process)});
  channels.resumed->state({channels.wake.now(), worker.eviction});
  release(file(process).userq_mutex, channels);
  leave_order(process, channels);
  wake_clients(process, channels);
  if (const auto again = std::exchange(worker.again, std::nullopt)) queue_restore(process, *again, channels);
  channels.wake.post({thread_of(process, Role::closer)});
  channels.wake.post({device_thread()});
  if (resetter_.step == ResetWorker::Step::quiet) channels.wake.post({resetter_thread()});
}

}  // namespace userqsim
